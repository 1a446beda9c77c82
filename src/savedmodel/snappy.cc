#include "savedmodel/snappy.h"

#include <cstddef>
#include <cstdint>

namespace whylight {
namespace {

// A copy of 64 bytes takes 2 or more, so a longer result is damage, not to be allocated for.
constexpr std::uint64_t kMaxExpansion = 64;

Status Damaged() { return DataLoss("not a Snappy block"); }

// Takes `count` bytes off the front of `bytes`, as a little-endian number.
bool Take(std::string_view& bytes, std::size_t count, std::uint64_t& value) {
  if (bytes.size() < count) return false;
  value = 0;
  for (std::size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  bytes.remove_prefix(count);
  return true;
}

bool TakeVarint32(std::string_view& bytes, std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    std::uint64_t byte = 0;
    if (!Take(bytes, 1, byte)) return false;
    value |= (byte & 0x7F) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

}  // namespace

Result<std::string> SnappyUncompress(std::string_view compressed) {
  std::string_view left = compressed;
  std::uint64_t size = 0;
  if (!TakeVarint32(left, size) || size > kMaxExpansion * compressed.size()) return Damaged();
  std::string out;
  out.reserve(static_cast<std::size_t>(size));
  while (!left.empty()) {
    std::uint64_t tag = 0, length = 0, offset = 0;
    if (!Take(left, 1, tag)) return Damaged();
    if ((tag & 3) == 0) {  // A literal; its length is in the tag or in the 1 to 4 bytes behind it.
      length = tag >> 2;
      if (length >= 60 && !Take(left, static_cast<std::size_t>(length - 59), length)) {
        return Damaged();
      }
      ++length;
      if (length > left.size() || length > size - out.size()) return Damaged();
      out += left.substr(0, static_cast<std::size_t>(length));
      left.remove_prefix(static_cast<std::size_t>(length));
      continue;
    }
    // A copy of what came `offset` bytes before. It may run into itself: that repeats.
    if ((tag & 3) == 1) {
      length = (tag >> 2 & 7) + 4;
      if (!Take(left, 1, offset)) return Damaged();
      offset |= (tag >> 5) << 8;
    } else {
      length = (tag >> 2) + 1;
      if (!Take(left, (tag & 3) == 2 ? 2 : 4, offset)) return Damaged();
    }
    if (offset == 0 || offset > out.size() || length > size - out.size()) return Damaged();
    for (std::size_t from = out.size() - static_cast<std::size_t>(offset); length > 0; --length) {
      out += out[from++];
    }
  }
  if (out.size() != size) return Damaged();
  return out;
}

}  // namespace whylight
