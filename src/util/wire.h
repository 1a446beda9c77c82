// Reading the protobuf wire format with protozero. For .cc files of savedmodel/, graph/ and io/
// only.
//
// protozero throws on malformed data, and asserts when a field is read as a type that its wire
// type does not allow. So: switch on tag_and_type() with Bytes(n), Varint(n), and read inside
// CatchWire. A field of an unexpected wire type is skipped as an unknown one, as protobuf does.
#pragma once

#include <cstdint>
#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "whylight/status.h"

namespace whylight::wire {

constexpr std::uint32_t Bytes(std::uint32_t field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::length_delimited);
}
constexpr std::uint32_t Varint(std::uint32_t field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::varint);
}
constexpr std::uint32_t Fixed32(std::uint32_t field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::fixed32);
}
constexpr std::uint32_t Fixed64(std::uint32_t field) {
  return protozero::tag_and_type(field, protozero::pbf_wire_type::fixed64);
}

inline protozero::pbf_reader Reader(std::string_view bytes) {
  return protozero::pbf_reader(bytes.data(), bytes.size());
}

// Goes to the next length-delimited field of that number; false if there is none.
inline bool NextBytes(protozero::pbf_reader& reader, std::uint32_t field) {
  return reader.next(field, protozero::pbf_wire_type::length_delimited);
}

// The current field, which is length-delimited.
inline std::string_view View(protozero::pbf_reader& reader) {
  const protozero::data_view view = reader.get_view();
  return {view.data(), view.size()};
}
inline std::string String(protozero::pbf_reader& reader) { return std::string(View(reader)); }

// One entry of a map<string, message or string>.
inline std::pair<std::string, std::string_view> MapEntry(std::string_view bytes) {
  std::pair<std::string, std::string_view> entry;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(1):
        entry.first = String(reader);
        break;
      case Bytes(2):
        entry.second = View(reader);
        break;
      default:
        reader.skip();
    }
  }
  return entry;
}

// Writes all fields of `message` but those for which `rewrite(reader, out)` returns true, having
// read the field and written what stands for it. `rewrite` returns Result<bool>.
template <typename Rewrite>
Result<std::string> RewriteFields(std::string_view bytes, Rewrite rewrite) {
  std::string out;
  protozero::pbf_reader message = Reader(bytes);
  const char* start = bytes.data();
  while (message.next()) {
    WHYLIGHT_ASSIGN_OR_RETURN(const bool rewritten, rewrite(message, out));
    if (!rewritten) message.skip();
    const char* const end = bytes.data() + (bytes.size() - message.length());
    if (!rewritten) out.append(start, end);
    start = end;
  }
  return out;
}

// Runs `read`; what protozero throws becomes kDataLoss.
template <typename Read>
Status CatchWire(Read&& read) {
  try {
    std::forward<Read>(read)();
    return OkStatus();
  } catch (const protozero::end_of_buffer_exception&) {
    return DataLoss("a field is longer than what is left of its message");
  } catch (const protozero::exception& e) {
    return DataLoss(std::string("not a protocol buffer message (") + e.what() + ")");
  }
}

}  // namespace whylight::wire
