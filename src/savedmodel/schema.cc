#include "savedmodel/schema.h"

#include <array>
#include <cstddef>
#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <vector>

#include "util/wire.h"

namespace whylight {
namespace {

using wire::CatchWire;
using wire::Reader;
using wire::View;

struct EnumValue {
  std::string_view name;
  int number;
};

struct EnumSchema {
  int first_value;
  int value_count;
};

#include "savedmodel/schema_table.inc"

constexpr int kMaxDepth = 100;  // Protobuf's own limit.

// What lies around the field that is being walked.
struct Place {
  const Place* parent;
  std::string_view field;
  int index;  // -1: not repeated.
  int depth;
};

std::string PathOf(const Place* place) {
  if (place == nullptr || place->parent == nullptr) return {};
  std::string path = PathOf(place->parent);
  if (!path.empty()) path += '.';
  path += place->field;
  if (place->index >= 0) path += '[' + std::to_string(place->index) + ']';
  return path;
}

Status Damaged(const Place* place, std::string_view what) {
  const std::string path = PathOf(place);
  return DataLoss((path.empty() ? std::string() : path + ": ") + std::string(what));
}

Status Walk(const MessageSchema& message, std::string_view bytes, const Place& place) {
  if (place.depth > kMaxDepth) return Damaged(&place, "messages are nested more than 100 deep");
  const std::span<const FieldSchema> fields = Fields(message);
  std::vector<int> seen(fields.size());
  std::vector<std::pair<std::size_t, std::string_view>> inner;
  const Status status = CatchWire([&] {
    protozero::pbf_reader reader = Reader(bytes);
    while (reader.next()) {
      std::size_t row = 0;
      while (row < fields.size() && fields[row].number != static_cast<int>(reader.tag())) ++row;
      const bool is_message = row < fields.size() && fields[row].kind == FieldKind::kMessage &&
                              reader.wire_type() == protozero::pbf_wire_type::length_delimited;
      if (is_message) {
        inner.emplace_back(row, View(reader));
      } else {
        reader.skip();
      }
    }
  });
  if (!status.ok()) return Damaged(&place, status.message());
  for (const auto& [row, view] : inner) {
    const bool repeated = fields[row].form != FieldForm::kSingle;
    const Place next{.parent = &place,
                     .field = fields[row].name,
                     .index = repeated ? seen[row]++ : -1,
                     .depth = place.depth + 1};
    WHYLIGHT_RETURN_IF_ERROR(Walk(SubMessage(fields[row]), view, next));
  }
  return OkStatus();
}

}  // namespace

const MessageSchema* FindMessage(std::string_view full_name) {
  for (const MessageSchema& message : kMessages) {
    if (message.name == full_name) return &message;
  }
  return nullptr;
}

std::span<const FieldSchema> Fields(const MessageSchema& message) {
  return std::span<const FieldSchema>(kFields).subspan(
      static_cast<std::size_t>(message.first_field), static_cast<std::size_t>(message.field_count));
}

const FieldSchema* FindField(const MessageSchema& message, std::string_view name) {
  for (const FieldSchema& field : Fields(message)) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

const MessageSchema& SubMessage(const FieldSchema& field) {
  WHYLIGHT_CHECK(field.kind == FieldKind::kMessage);
  return kMessages[static_cast<std::size_t>(field.type)];
}

std::optional<int> EnumNumber(const FieldSchema& field, std::string_view name) {
  WHYLIGHT_CHECK(field.kind == FieldKind::kEnum);
  const EnumSchema& schema = kEnums[static_cast<std::size_t>(field.type)];
  for (int i = 0; i < schema.value_count; ++i) {
    const EnumValue& value = kEnumValues[static_cast<std::size_t>(schema.first_value + i)];
    if (value.name == name) return value.number;
  }
  return std::nullopt;
}

Status CheckWire(const MessageSchema& message, std::string_view bytes) {
  return Walk(message, bytes, {.parent = nullptr, .field = {}, .index = -1, .depth = 0});
}

}  // namespace whylight
