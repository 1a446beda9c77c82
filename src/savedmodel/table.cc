#include "savedmodel/table.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "savedmodel/snappy.h"
#include "util/crc32c.h"
#include "util/wire.h"

namespace whylight {
namespace {

using wire::CatchWire;

constexpr std::size_t kFooterBytes = 48;
constexpr std::size_t kBlockTrailerBytes = 5;  // Compression type, checksum.
constexpr char kSnappy = 1;
constexpr std::uint64_t kMagic = 0xdb4775248b80fb57;

std::uint64_t LittleEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

// Takes a varint off the front of `bytes`.
Status TakeVarint(std::string_view& bytes, std::uint64_t& value) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  WHYLIGHT_RETURN_IF_ERROR(CatchWire([&] { value = protozero::decode_varint(&p, end); }));
  bytes.remove_prefix(static_cast<std::size_t>(p - bytes.data()));
  return OkStatus();
}

struct BlockHandle {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

Status TakeHandle(std::string_view& bytes, BlockHandle& handle) {
  WHYLIGHT_RETURN_IF_ERROR(TakeVarint(bytes, handle.offset));
  return TakeVarint(bytes, handle.size);
}

// The contents of a block, without trailer: a piece of `table`, or of `storage` if the block is
// compressed.
Result<std::string_view> ReadBlock(std::string_view table, const BlockHandle& handle,
                                   std::string& storage) {
  const std::string place = "the block at byte " + std::to_string(handle.offset);
  if (handle.offset > table.size() || handle.size > table.size() - handle.offset ||
      table.size() - handle.offset - handle.size < kBlockTrailerBytes) {
    return DataLoss(place + " says " + std::to_string(handle.size) + " bytes of " +
                    std::to_string(table.size()));
  }
  const std::string_view block =
      table.substr(static_cast<std::size_t>(handle.offset),
                   static_cast<std::size_t>(handle.size) + kBlockTrailerBytes);
  const std::string_view contents = block.substr(0, block.size() - kBlockTrailerBytes);
  const auto stored = static_cast<std::uint32_t>(LittleEndian(block.substr(block.size() - 4)));
  if (Crc32c(block.substr(0, block.size() - 4)) != UnmaskCrc32c(stored)) {
    return DataLoss(place + " does not match its checksum");
  }
  const char compression = block[contents.size()];
  if (compression == kSnappy) {
    Result<std::string> uncompressed = SnappyUncompress(contents);
    if (!uncompressed.ok()) return uncompressed.status().In(place);
    storage = *std::move(uncompressed);
    return std::string_view(storage);
  }
  if (compression != 0) {
    return DataLoss(place + " has the unknown compression " +
                    std::to_string(static_cast<unsigned char>(compression)));
  }
  return contents;
}

// Entries, each a key that shares a prefix with the one before; then the restart points, which
// only a search needs.
Status WalkBlock(std::string_view block, const TableVisitor& visit) {
  if (block.size() < 4) return DataLoss("a block is too short");
  const std::uint64_t restarts = LittleEndian(block.substr(block.size() - 4));
  if (restarts > (block.size() - 4) / 4) return DataLoss("a block has too many restart points");
  std::string_view left =
      block.substr(0, block.size() - 4 - static_cast<std::size_t>(restarts) * 4);
  std::string key;
  while (!left.empty()) {
    std::uint64_t shared = 0, added = 0, value_size = 0;
    WHYLIGHT_RETURN_IF_ERROR(TakeVarint(left, shared));
    WHYLIGHT_RETURN_IF_ERROR(TakeVarint(left, added));
    WHYLIGHT_RETURN_IF_ERROR(TakeVarint(left, value_size));
    if (shared > key.size() || added > left.size() || value_size > left.size() - added) {
      return DataLoss("an entry after key '" + key + "' is longer than its block");
    }
    key.resize(static_cast<std::size_t>(shared));
    key += left.substr(0, static_cast<std::size_t>(added));
    left.remove_prefix(static_cast<std::size_t>(added));
    WHYLIGHT_RETURN_IF_ERROR(visit(key, left.substr(0, static_cast<std::size_t>(value_size))));
    left.remove_prefix(static_cast<std::size_t>(value_size));
  }
  return OkStatus();
}

}  // namespace

Status ReadTable(std::string_view table, const TableVisitor& visit) {
  if (table.size() < kFooterBytes) {
    return DataLoss("expected a footer of 48 bytes, found " + std::to_string(table.size()) +
                    " bytes");
  }
  std::string_view footer = table.substr(table.size() - kFooterBytes);
  if (LittleEndian(footer.substr(kFooterBytes - 8)) != kMagic) {
    return DataLoss("the end is not that of a table: the file is truncated or of another kind");
  }
  BlockHandle meta_index, index;
  std::string index_storage;
  WHYLIGHT_RETURN_IF_ERROR(TakeHandle(footer, meta_index));
  WHYLIGHT_RETURN_IF_ERROR(TakeHandle(footer, index));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string_view index_block,
                            ReadBlock(table, index, index_storage));
  return WalkBlock(index_block, [&](std::string_view, std::string_view value) -> Status {
    BlockHandle handle;
    std::string storage;
    WHYLIGHT_RETURN_IF_ERROR(TakeHandle(value, handle));
    WHYLIGHT_ASSIGN_OR_RETURN(const std::string_view block, ReadBlock(table, handle, storage));
    return WalkBlock(block, visit);
  });
}

}  // namespace whylight
