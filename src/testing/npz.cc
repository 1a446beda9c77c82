#include "testing/npz.h"

// Makes next_in a pointer to const.
#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace whylight {
namespace {

// Fields of a zip archive are little-endian, at fixed offsets of their records.
constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEndOfCentral = 0x06054b50;
constexpr std::size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22;
constexpr std::size_t kLongestComment = 0xFFFF;
constexpr std::uint32_t kInZip64 = 0xFFFFFFFF;
constexpr int kStored = 0, kDeflated = 8;
// No deflate stream gives more than 1032 bytes for one of its own.
constexpr std::size_t kMostInflated = 1032;
constexpr std::size_t kMostElements = std::size_t{1} << 40;
constexpr std::size_t kMostAxes = 64;  // NumPy's own limit.

std::uint32_t Little(std::string_view bytes, std::size_t offset, std::size_t width) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    value |= std::uint32_t{static_cast<unsigned char>(bytes[offset + i])} << (8 * i);
  }
  return value;
}

// [offset, offset + size) of `bytes`, if it lies inside.
std::optional<std::string_view> Slice(std::string_view bytes, std::size_t offset,
                                      std::size_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
  return bytes.substr(offset, size);
}

struct Entry {
  std::string name;
  int method = kStored;
  std::uint32_t crc = 0;
  std::size_t packed_size = 0;
  std::size_t size = 0;
  std::size_t offset = 0;  // Of its local header.
};

Result<std::vector<Entry>> ReadDirectory(std::string_view archive) {
  const Status damaged = DataLoss("not a whole zip archive: its directory is missing or damaged");
  if (archive.size() < kEndSize) return damaged;
  // The end record is last but for a comment of unknown length.
  std::size_t end = archive.size() - kEndSize;
  const std::size_t first = end > kLongestComment ? end - kLongestComment : 0;
  while (Little(archive, end, 4) != kEndOfCentral ||
         end + kEndSize + Little(archive, end + 20, 2) != archive.size()) {
    if (end == first) return damaged;
    --end;
  }
  const std::size_t count = Little(archive, end + 10, 2);
  std::size_t at = Little(archive, end + 16, 4);
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < count; ++i) {
    const std::optional<std::string_view> record = Slice(archive, at, kCentralSize);
    if (!record || Little(*record, 0, 4) != kCentralHeader) return damaged;
    const std::size_t name_size = Little(*record, 28, 2);
    const std::optional<std::string_view> name = Slice(archive, at + kCentralSize, name_size);
    if (!name) return damaged;
    const std::uint32_t packed_size = Little(*record, 20, 4), size = Little(*record, 24, 4);
    if (Little(*record, 8, 2) & 1) return Unimplemented(std::string(*name) + ": is encrypted");
    if (packed_size == kInZip64 || size == kInZip64) {
      return Unimplemented(std::string(*name) + ": zip64 entries are not read");
    }
    entries.push_back({.name = std::string(*name),
                       .method = static_cast<int>(Little(*record, 10, 2)),
                       .crc = Little(*record, 16, 4),
                       .packed_size = packed_size,
                       .size = size,
                       .offset = Little(*record, 42, 4)});
    at += kCentralSize + name_size + Little(*record, 30, 2) + Little(*record, 32, 2);
  }
  return entries;
}

bool Inflate(std::string_view packed, std::string& to) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;  // Negative: no zlib header.
  stream.next_in = reinterpret_cast<const Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(to.data());
  stream.avail_out = static_cast<uInt>(to.size());
  const int code = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  return code == Z_STREAM_END && stream.avail_out == 0;
}

Result<std::string> ReadEntry(std::string_view archive, const Entry& entry) {
  const Status damaged = DataLoss("damaged in the archive");
  const std::optional<std::string_view> local = Slice(archive, entry.offset, kLocalSize);
  if (!local || Little(*local, 0, 4) != kLocalHeader) return damaged;
  const std::size_t start =
      entry.offset + kLocalSize + Little(*local, 26, 2) + Little(*local, 28, 2);
  const std::optional<std::string_view> packed = Slice(archive, start, entry.packed_size);
  if (!packed) return damaged;
  std::string bytes;
  if (entry.method == kStored) {
    bytes = *packed;
    if (bytes.size() != entry.size) return damaged;
  } else if (entry.method == kDeflated) {
    if (entry.size / kMostInflated > packed->size()) return damaged;
    bytes.resize(entry.size);
    if (!Inflate(*packed, bytes)) return damaged;
  } else {
    return Unimplemented("zip method " + std::to_string(entry.method) + " is not read");
  }
  const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  if (crc != entry.crc) return DataLoss("its CRC does not match");
  return bytes;
}

// What stands behind `key` in the header, a Python dict literal as NumPy prints it:
// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
std::optional<std::string_view> ValueOf(std::string_view header, std::string_view key) {
  const std::string quoted = "'" + std::string(key) + "':";
  const std::size_t found = header.find(quoted);
  if (found == std::string_view::npos) return std::nullopt;
  std::string_view value = header.substr(found + quoted.size());
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value;
}

std::optional<std::string_view> QuotedValue(std::string_view value) {
  if (!value.starts_with('\'')) return std::nullopt;
  const std::size_t end = value.find('\'', 1);
  if (end == std::string_view::npos) return std::nullopt;
  return value.substr(1, end - 1);
}

// "(3, 4)", "(3,)", "()"; nothing if it is none of these or too large.
std::optional<Shape> ShapeValue(std::string_view value) {
  const std::size_t end = value.find(')');
  if (!value.starts_with('(') || end == std::string_view::npos) return std::nullopt;
  value = value.substr(1, end - 1);
  std::vector<std::int64_t> dims;
  std::size_t elements = 1;  // Of the axes above 0, so that no order of them overflows.
  while (!value.empty()) {
    std::size_t dim = 0;
    const auto [rest, error] = std::from_chars(value.data(), value.data() + value.size(), dim);
    if (error != std::errc() || dim > kMostElements || dims.size() == kMostAxes) {
      return std::nullopt;
    }
    if (dim > 0 && elements > kMostElements / dim) return std::nullopt;
    if (dim > 0) elements *= dim;
    dims.push_back(static_cast<std::int64_t>(dim));
    value.remove_prefix(static_cast<std::size_t>(rest - value.data()));
    const std::size_t next = value.find_first_not_of(", ");
    if (next == 0) return std::nullopt;
    value.remove_prefix(std::min(next, value.size()));
  }
  return Shape(std::move(dims));
}

struct NumberType {
  std::string_view descr;
  DType dtype;
};
constexpr NumberType kNumberTypes[] = {
    {"<f2", DType::kFloat16}, {"<f4", DType::kFloat32}, {"<f8", DType::kFloat64},
    {"|i1", DType::kInt8},    {"<i2", DType::kInt16},   {"<i4", DType::kInt32},
    {"<i8", DType::kInt64},   {"|u1", DType::kUInt8},   {"<u2", DType::kUInt16},
    {"<u4", DType::kUInt32},  {"<u8", DType::kUInt64},  {"|b1", DType::kBool},
};

Status WrongSize(const Shape& shape, std::size_t want, std::size_t found) {
  return DataLoss("shape " + shape.ToString() + " needs " + std::to_string(want) +
                  " bytes, the file holds " + std::to_string(found));
}

// |S<n>: n bytes each, filled up with NULs.
Result<Tensor> FixedWidthStrings(Shape shape, std::size_t width, std::string_view data) {
  const auto count = static_cast<std::size_t>(shape.elements());
  if (data.size() != count * width) return WrongSize(shape, count * width, data.size());
  std::vector<std::string> values;
  values.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view cell = data.substr(i * width, width);
    values.emplace_back(cell.substr(0, cell.find_last_not_of('\0') + 1));
  }
  return Tensor::Strings(std::move(shape), std::move(values));
}

Result<Tensor> ParseNpy(std::string_view npy) {
  constexpr std::string_view kMagic("\x93NUMPY", 6);
  constexpr std::size_t kPrefix = 10;  // Magic, two bytes of version, two of the header's size.
  if (npy.size() < kPrefix || !npy.starts_with(kMagic)) return DataLoss("not a .npy file");
  if (npy[6] != 1) {
    return Unimplemented(".npy version " + std::to_string(static_cast<int>(npy[6])) +
                         " is not read");
  }
  const std::optional<std::string_view> header = Slice(npy, kPrefix, Little(npy, 8, 2));
  if (!header) return DataLoss("the .npy header is cut off");
  const auto descr_value = ValueOf(*header, "descr");
  const auto order_value = ValueOf(*header, "fortran_order");
  const auto shape_value = ValueOf(*header, "shape");
  if (!descr_value || !order_value || !shape_value) {
    return DataLoss("the .npy header lacks descr, fortran_order or shape");
  }
  if (order_value->starts_with("True")) return Unimplemented("Fortran order is not read");
  if (!order_value->starts_with("False"))
    return DataLoss("fortran_order is neither True nor False");
  std::optional<Shape> shape = ShapeValue(*shape_value);
  if (!shape) return DataLoss("the .npy header has no usable shape");
  const std::optional<std::string_view> descr = QuotedValue(*descr_value);
  if (!descr) return Unimplemented("records are not read");
  const std::string_view data = npy.substr(kPrefix + header->size());

  if (descr->starts_with("|S")) {
    std::size_t width = 0;
    const auto [rest, error] =
        std::from_chars(descr->data() + 2, descr->data() + descr->size(), width);
    if (error != std::errc() || rest != descr->data() + descr->size() || width == 0 ||
        width > std::numeric_limits<std::size_t>::max() / kMostElements) {
      return DataLoss("'" + std::string(*descr) + "' is no dtype");
    }
    return FixedWidthStrings(*std::move(shape), width, data);
  }
  for (const NumberType& type : kNumberTypes) {
    if (type.descr != *descr) continue;
    const std::size_t want = static_cast<std::size_t>(shape->elements()) * DTypeSize(type.dtype);
    if (data.size() != want) return WrongSize(*shape, want, data.size());
    Tensor tensor(type.dtype, *std::move(shape));
    if (want > 0) std::memcpy(tensor.bytes().data(), data.data(), want);
    if (type.dtype == DType::kBool) {  // A bool of any other byte is no value at all in C++.
      for (std::byte& b : tensor.bytes()) b = b == std::byte{0} ? b : std::byte{1};
    }
    return tensor;
  }
  return Unimplemented("dtype '" + std::string(*descr) + "' is not read");
}

Result<Tensor> ReadArray(std::string_view archive, const Entry& entry) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string npy, ReadEntry(archive, entry));
  return ParseNpy(npy);
}

}  // namespace

Result<NpzArrays> ParseNpz(std::string_view archive) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Entry> entries, ReadDirectory(archive));
  NpzArrays arrays;
  for (const Entry& entry : entries) {
    constexpr std::string_view kSuffix = ".npy";
    std::string name = entry.name;
    if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
    Result<Tensor> array = ReadArray(archive, entry);
    if (!array.ok()) return array.status().In(name);
    arrays.insert_or_assign(std::move(name), *std::move(array));
  }
  return arrays;
}

Result<NpzArrays> ReadNpz(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return NotFound(path.string() + ": cannot be opened");
  const std::string archive{std::istreambuf_iterator<char>(file), {}};
  Result<NpzArrays> arrays = ParseNpz(archive);
  if (!arrays.ok()) return arrays.status().In(path.string());
  return arrays;
}

}  // namespace whylight
