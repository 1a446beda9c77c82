// Pieces of files: io/files.h reads whole ones.
#pragma once

#include <cstdint>
#include <string>

#include "whylight/status.h"

namespace whylight {

// Errors name the file: kNotFound, kPermissionDenied, kUnknown with the system's words.
Result<std::uint64_t> FileSize(const std::string& path);

// Up to `size` bytes from `offset`; fewer, or none, at the end of the file.
Result<std::string> ReadFileAt(const std::string& path, std::uint64_t offset, std::uint64_t size);

}  // namespace whylight
