#include "savedmodel/file.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "util/quote.h"

namespace whylight {
namespace {

Status FromSystem(const std::string& path, const std::error_code& error) {
  const std::string message = Quote(path) + ": " + error.message();
  if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) {
    return NotFound(message);
  }
  if (error == std::errc::permission_denied) {
    return Status(StatusCode::kPermissionDenied, message);
  }
  return Status(StatusCode::kUnknown, message);
}

}  // namespace

Result<std::uint64_t> FileSize(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return FromSystem(path, error);
  return std::uint64_t{size};
}

Result<std::string> ReadFileAt(const std::string& path, std::uint64_t offset, std::uint64_t size) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::uint64_t file_size, FileSize(path));
  std::string bytes(std::min(size, file_size - std::min(offset, file_size)), '\0');
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return FromSystem(path, std::error_code(errno, std::generic_category()));
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (file.bad()) return Status(StatusCode::kUnknown, Quote(path) + ": cannot be read");
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

}  // namespace whylight
