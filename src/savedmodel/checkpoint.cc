#include "savedmodel/checkpoint.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "savedmodel/file.h"
#include "savedmodel/table.h"
#include "util/crc32c.h"
#include "util/quote.h"
#include "util/wire.h"

namespace whylight {
namespace {

using wire::Bytes;
using wire::CatchWire;
using wire::Fixed32;
using wire::Reader;
using wire::String;
using wire::Varint;
using wire::View;

constexpr std::string_view kObjectGraphKey = "_CHECKPOINTABLE_OBJECT_GRAPH";

// BundleHeaderProto
struct Header {
  int num_shards = 0;
  bool big_endian = false;
};

Header ReadHeader(std::string_view bytes) {
  Header header;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Varint(1):
        header.num_shards = reader.get_int32();
        break;
      case Varint(2):
        header.big_endian = reader.get_enum() == 1;
        break;
      default:
        reader.skip();
    }
  }
  return header;
}

Shape ReadShape(std::string_view bytes) {
  std::vector<std::int64_t> dims;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    if (reader.tag_and_type() != Bytes(2)) {
      reader.skip();
      continue;
    }
    std::int64_t size = 0;
    protozero::pbf_reader dim = Reader(View(reader));
    while (dim.next()) {
      if (dim.tag_and_type() == Varint(1)) {
        size = dim.get_int64();
      } else {
        dim.skip();
      }
    }
    dims.push_back(size);
  }
  return Shape(std::move(dims));
}

// BundleEntryProto
Checkpoint::Entry ReadEntry(std::string_view bytes) {
  Checkpoint::Entry entry;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Varint(1): {
        const int dtype = reader.get_int32();
        entry.dtype = static_cast<DType>(dtype > kRefTypeOffset ? dtype - kRefTypeOffset : dtype);
        break;
      }
      case Bytes(2):
        entry.shape = ReadShape(View(reader));
        break;
      case Varint(3):
        entry.shard = reader.get_int32();
        break;
      case Varint(4):
        entry.offset = reader.get_int64();
        break;
      case Varint(5):
        entry.size = reader.get_int64();
        break;
      case Fixed32(6):
        entry.crc32c = reader.get_fixed32();
        break;
      case Bytes(7):
        entry.sliced = true;
        reader.skip();
        break;
      default:
        reader.skip();
    }
  }
  return entry;
}

// Bytes of a dense tensor, or nothing where the product does not fit or an axis is negative.
std::optional<std::int64_t> ByteSize(const Checkpoint::Entry& entry) {
  std::int64_t size = static_cast<std::int64_t>(std::max<std::size_t>(1, DTypeSize(entry.dtype)));
  bool empty = false;
  for (const std::int64_t dim : entry.shape.dims()) {
    if (dim < 0) return std::nullopt;
    if (dim == 0) {
      empty = true;
    } else if (size > std::numeric_limits<std::int64_t>::max() / dim) {
      return std::nullopt;
    } else {
      size *= dim;
    }
  }
  return empty ? 0 : size;
}

Status CheckEntry(const Checkpoint::Entry& entry, int num_shards) {
  if (entry.shard < 0 || entry.shard >= num_shards) {
    return DataLoss("shard " + std::to_string(entry.shard) + " of " + std::to_string(num_shards));
  }
  if (entry.offset < 0 || entry.size < 0 ||
      entry.size > std::numeric_limits<std::int64_t>::max() - entry.offset) {
    return DataLoss("bytes from " + std::to_string(entry.offset) + ", " +
                    std::to_string(entry.size) + " of them");
  }
  const std::optional<std::int64_t> bytes = ByteSize(entry);
  if (!bytes) return DataLoss("shape " + entry.shape.ToString());
  // A sliced entry has a shape but no bytes of its own.
  if (!entry.sliced && DTypeSize(entry.dtype) != 0 && *bytes != entry.size) {
    return DataLoss(DTypeName(entry.dtype) + " " + entry.shape.ToString() + " is " +
                    std::to_string(*bytes) + " bytes, the index says " +
                    std::to_string(entry.size));
  }
  return OkStatus();
}

using Attributes = std::map<std::string, std::string>;

// TrackableObjectGraph.TrackableObject
Attributes ReadTrackableObject(std::string_view bytes) {
  Attributes attributes;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    if (reader.tag_and_type() != Bytes(2)) {
      reader.skip();
      continue;
    }
    std::string name, key;
    protozero::pbf_reader tensor = Reader(View(reader));  // SerializedTensor
    while (tensor.next()) {
      switch (tensor.tag_and_type()) {
        case Bytes(1):
          name = String(tensor);
          break;
        case Bytes(3):
          key = String(tensor);
          break;
        default:
          tensor.skip();
      }
    }
    attributes[std::move(name)] = std::move(key);
  }
  return attributes;
}

std::uint32_t ExtendLittleEndian(std::uint32_t crc, std::uint64_t value, int bytes) {
  char buffer[8];
  for (int i = 0; i < bytes; ++i) buffer[i] = static_cast<char>(value >> (8 * i) & 0xFF);
  return Crc32c({buffer, static_cast<std::size_t>(bytes)}, crc);
}

}  // namespace

std::string Checkpoint::data_file(int shard) const {
  char ending[64];
  std::snprintf(ending, sizeof(ending), ".data-%05d-of-%05d", shard, num_shards_);
  return prefix_ + ending;
}

Result<Checkpoint> Checkpoint::Open(const std::string& prefix) {
  Checkpoint checkpoint;
  checkpoint.prefix_ = prefix;
  const std::string index_file = prefix + ".index";
  WHYLIGHT_ASSIGN_OR_RETURN(const std::uint64_t index_size, FileSize(index_file));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string index, ReadFileAt(index_file, 0, index_size));
  const std::string place = Quote(index_file) + " (" + std::to_string(index.size()) + " bytes)";

  bool has_header = false;
  const Status status = ReadTable(index, [&](std::string_view key, std::string_view value) {
    if (!key.empty()) {
      Entry entry;
      const Status read = CatchWire([&] { entry = ReadEntry(value); });
      if (read.ok()) checkpoint.entries_.insert_or_assign(std::string(key), std::move(entry));
      return read.In(Quote(key));
    }
    Header header;
    WHYLIGHT_RETURN_IF_ERROR(CatchWire([&] { header = ReadHeader(value); }).In("its header"));
    if (header.big_endian) return Unimplemented("a big-endian checkpoint is not supported");
    if (header.num_shards < 1) {
      return DataLoss("its header says " + std::to_string(header.num_shards) + " data files");
    }
    checkpoint.num_shards_ = header.num_shards;
    has_header = true;
    return OkStatus();
  });
  if (!status.ok()) return status.In(place);
  if (!has_header) return DataLoss(place + ": it has no header");

  // Shard -> bytes that it must have, and the entry that says so.
  std::map<int, std::pair<std::int64_t, std::string_view>> needed;
  for (const auto& [key, entry] : checkpoint.entries_) {
    const Status checked = CheckEntry(entry, checkpoint.num_shards_);
    if (!checked.ok()) return checked.In(place + ": " + Quote(key));
    if (entry.sliced) continue;
    const auto it = needed.try_emplace(entry.shard, 0, key).first;
    it->second = std::max(it->second, {entry.offset + entry.size, key});
  }
  for (const auto& [shard, need] : needed) {
    const std::string file = checkpoint.data_file(shard);
    const Result<std::uint64_t> size = FileSize(file);
    if (!size.ok()) {
      return DataLoss(Quote(file) + ": the values of " + Quote(need.second) +
                      " should be here: " + size.status().message());
    }
    if (*size < static_cast<std::uint64_t>(need.first)) {
      return DataLoss(Quote(file) + ": expected at least " + std::to_string(need.first) +
                      " bytes, as the index says for " + Quote(need.second) + ", found " +
                      std::to_string(*size));
    }
  }
  return checkpoint;
}

const Checkpoint::Entry* Checkpoint::Find(std::string_view key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? nullptr : &it->second;
}

Result<Tensor> Checkpoint::Read(std::string_view key) const {
  const Entry* entry = Find(key);
  const std::string place = Quote(prefix_) + ": " + Quote(key);
  if (entry == nullptr) return NotFound(place + ": there is no such key");
  if (entry->sliced) return Unimplemented(place + ": a partitioned variable has no single value");
  const bool is_string = entry->dtype == DType::kString;
  if (!is_string && DTypeSize(entry->dtype) == 0) {
    return Unimplemented(place + ": values of type " + DTypeName(entry->dtype) + " cannot be read");
  }
  const std::string file = data_file(entry->shard);
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string bytes,
                            ReadFileAt(file, static_cast<std::uint64_t>(entry->offset),
                                       static_cast<std::uint64_t>(entry->size)));
  if (bytes.size() != static_cast<std::size_t>(entry->size)) {
    return DataLoss(place + ": expected " + std::to_string(entry->size) + " bytes in " +
                    Quote(file) + ", found " + std::to_string(bytes.size()));
  }
  if (is_string) {
    Result<Tensor> strings = ReadStrings(*entry, bytes);
    if (!strings.ok()) return strings.status().In(place);
    return strings;
  }
  if (Crc32c(bytes) != UnmaskCrc32c(entry->crc32c)) {
    return DataLoss(place + ": its bytes in " + Quote(file) + " do not match their checksum");
  }
  Tensor tensor(entry->dtype, entry->shape);
  if (tensor.bytes().size() != bytes.size()) {
    return DataLoss(place + ": " + DTypeName(entry->dtype) + " " + entry->shape.ToString() +
                    " is not " + std::to_string(bytes.size()) + " bytes");
  }
  if (!bytes.empty()) std::memcpy(tensor.bytes().data(), bytes.data(), bytes.size());
  return tensor;
}

// The lengths as varints, a checksum of the lengths as fixed 32-bit numbers (64-bit where one
// needs it), then the characters. The entry's checksum goes over the fixed lengths, that
// checksum and the characters.
Result<Tensor> Checkpoint::ReadStrings(const Entry& entry, std::string_view bytes) const {
  const std::optional<std::int64_t> elements = ByteSize(entry);
  if (!elements || static_cast<std::uint64_t>(*elements) > bytes.size()) {
    return DataLoss("string " + entry.shape.ToString() + " does not fit into " +
                    std::to_string(bytes.size()) + " bytes");
  }
  std::vector<std::uint64_t> lengths(static_cast<std::size_t>(*elements));
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  std::uint32_t crc = 0;
  WHYLIGHT_RETURN_IF_ERROR(CatchWire([&] {
    for (std::uint64_t& length : lengths) {
      length = protozero::decode_varint(&p, end);
      const bool fits = length <= std::numeric_limits<std::uint32_t>::max();
      crc = ExtendLittleEndian(crc, length, fits ? 4 : 8);
    }
  }));
  if (end - p < 4) return DataLoss("the checksum of its lengths is missing");
  std::uint32_t stored = 0;
  for (int i = 3; i >= 0; --i) stored = stored << 8 | static_cast<unsigned char>(p[i]);
  if (UnmaskCrc32c(stored) != crc) return DataLoss("its lengths do not match their checksum");
  crc = Crc32c({p, 4}, crc);
  p += 4;
  if (Crc32c({p, static_cast<std::size_t>(end - p)}, crc) != UnmaskCrc32c(entry.crc32c)) {
    return DataLoss("its bytes do not match their checksum");
  }
  std::vector<std::string> values;
  values.reserve(lengths.size());
  for (const std::uint64_t length : lengths) {
    if (length > static_cast<std::uint64_t>(end - p)) {
      return DataLoss("a string is longer than what is left");
    }
    values.emplace_back(p, static_cast<std::size_t>(length));
    p += length;
  }
  return Tensor::Strings(entry.shape, std::move(values));
}

Result<std::vector<std::map<std::string, std::string>>> Checkpoint::ObjectKeys() const {
  std::vector<Attributes> objects;
  if (Find(kObjectGraphKey) == nullptr) return objects;
  WHYLIGHT_ASSIGN_OR_RETURN(const Tensor graph, Read(kObjectGraphKey));
  const std::string place = Quote(prefix_) + ": " + Quote(kObjectGraphKey);
  if (!graph.is_string() || graph.elements() != 1) {
    return DataLoss(place + ": expected one string, found " + DTypeName(graph.dtype()) + " " +
                    graph.shape().ToString());
  }
  const Status status = CatchWire([&] {
    protozero::pbf_reader reader = Reader(graph.strings()[0]);
    while (reader.next()) {
      if (reader.tag_and_type() == Bytes(1)) {
        objects.push_back(ReadTrackableObject(View(reader)));
      } else {
        reader.skip();
      }
    }
  });
  if (!status.ok()) return status.In(place);
  return objects;
}

}  // namespace whylight
