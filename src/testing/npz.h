// Reads NumPy's .npz files: how tests get at the numbers that TensorFlow itself gave.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

// Arrays by name, without the ".npy" that NumPy adds inside the file.
using NpzArrays = std::map<std::string, Tensor, std::less<>>;

// The arrays of an .npz file: a zip archive, stored or deflated, of .npy files of version 1.
//   f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1  the same numbers
//   S<n>                                 strings; NULs at the end are padding and are dropped
// Errors  kNotFound: no such file. kDataLoss: truncated or damaged (every CRC is checked).
//         kUnimplemented: another dtype, big-endian or Fortran order, an encrypted, zip64 or
//         otherwise compressed entry. The message names the array.
// Memory  Never more than the archive can hold: a size that deflate cannot reach is refused.
// Source  PKWARE APPNOTE 6.3.10, sections 4.3.12 and 4.3.16; NumPy NEP 1.
Result<NpzArrays> ReadNpz(const std::filesystem::path& path);
Result<NpzArrays> ParseNpz(std::string_view archive);

}  // namespace whylight
