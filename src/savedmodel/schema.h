// The fields of TensorFlow's messages, as a table: for the text format, and for walking a
// message's structure without interpreting it.
//
// Everything that SavedModel reaches, plus what TF1 puts into collections as Any.
// Source  The descriptors of an installed TensorFlow (tools/make_proto_schema.py).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "whylight/status.h"

namespace whylight {

enum class FieldKind : std::uint8_t {
  kBool,
  kBytes,
  kDouble,
  kEnum,
  kFixed32,
  kFixed64,
  kFloat,
  kInt32,
  kInt64,
  kMessage,
  kSInt64,
  kString,
  kUInt32,
  kUInt64,
};

enum class FieldForm : std::uint8_t { kSingle, kRepeated, kPacked };

struct FieldSchema {
  std::string_view name;
  int number;
  FieldKind kind;
  FieldForm form;
  int type;  // Of a message or enum: its row. See SubMessage() and EnumNumber().
};

struct MessageSchema {
  std::string_view name;  // "tensorflow.NodeDef"
  int first_field;
  int field_count;
};

// nullptr for a message that is not in the table.
const MessageSchema* FindMessage(std::string_view full_name);
std::span<const FieldSchema> Fields(const MessageSchema& message);
const FieldSchema* FindField(const MessageSchema& message, std::string_view name);
// Needs kind kMessage.
const MessageSchema& SubMessage(const FieldSchema& field);
// Needs kind kEnum. Nothing for a name that the enum does not have.
std::optional<int> EnumNumber(const FieldSchema& field, std::string_view name);

// Walks `bytes` as a `message` and all messages in it.
// Errors: kDataLoss, with the path of the field that does not hold ("graph_def.node[3].attr[0]"),
// for lengths beyond the end, invalid tags and varints, and messages nested more than 100 deep.
Status CheckWire(const MessageSchema& message, std::string_view bytes);

}  // namespace whylight
