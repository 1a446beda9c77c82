#include "graph/op_registry.h"

#include <utility>

#include "graph/attr_proto.h"
#include "graph/graph.h"
#include "graph/op_list.h"
#include "util/wire.h"

namespace whylight {
namespace {

using protozero::pbf_reader;
using wire::Bytes;
using wire::Reader;
using wire::Varint;
using wire::View;

// A list attribute longer than this is no list of types but damage.
constexpr std::int64_t kMaxListLength = 1 << 20;

ArgDef ReadArg(pbf_reader message) {
  ArgDef arg;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Bytes(1):
        arg.name = message.get_string();
        break;
      case Varint(3):
        arg.type = static_cast<DType>(message.get_enum());
        break;
      case Bytes(4):
        arg.type_attr = message.get_string();
        break;
      case Bytes(5):
        arg.number_attr = message.get_string();
        break;
      case Bytes(6):
        arg.type_list_attr = message.get_string();
        break;
      case Varint(16):
        arg.is_ref = message.get_bool();
        break;
      default:
        message.skip();
    }
  }
  return arg;
}

Result<AttrDef> ReadAttrDef(pbf_reader message) {
  AttrDef attr;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Bytes(1):
        attr.name = message.get_string();
        break;
      case Bytes(2):
        attr.type = message.get_string();
        break;
      case Bytes(3): {
        WHYLIGHT_ASSIGN_OR_RETURN(attr.default_value, DecodeAttr(View(message)));
        break;
      }
      case Bytes(7): {  // Of a string too: its allowed values are not needed.
        WHYLIGHT_ASSIGN_OR_RETURN(AttrValue allowed, DecodeAttr(View(message)));
        if (auto* types = std::get_if<std::vector<DType>>(&allowed)) {
          attr.allowed_types = std::move(*types);
        }
        break;
      }
      default:
        message.skip();
    }
  }
  return attr;
}

// The attribute's value: the node's own, or the default. Errors: missing, or not a T.
template <typename T>
Result<T> AttrValueOf(const OpDef& op, const Node& node, std::string_view name) {
  const AttrValue* value = nullptr;
  if (const auto found = node.attrs.find(name); found != node.attrs.end()) {
    value = &found->second;
  } else if (const AttrDef* attr = op.FindAttr(name); attr != nullptr && attr->default_value) {
    value = &*attr->default_value;
  }
  const std::string place = op.name + " '" + node.name + "': attribute " + std::string(name);
  if (value == nullptr) return InvalidArgument(place + " is missing");
  if (const T* typed = std::get_if<T>(value)) return *typed;
  if constexpr (std::is_same_v<T, std::vector<DType>>) {
    if (std::holds_alternative<EmptyList>(*value)) return T();
  }
  const AttrDef* attr = op.FindAttr(name);
  return InvalidArgument(place + ": expected a value of kind " +
                         (attr == nullptr ? "type or int" : attr->type) + ", got " +
                         AttrToString(*value));
}

DType WithoutRef(DType dtype) {
  const int number = static_cast<int>(dtype);
  return number > kRefTypeOffset ? static_cast<DType>(number - kRefTypeOffset) : dtype;
}

}  // namespace

const AttrDef* OpDef::FindAttr(std::string_view attr) const {
  for (const AttrDef& candidate : attrs) {
    if (candidate.name == attr) return &candidate;
  }
  return nullptr;
}

Result<OpDef> ParseOpDef(std::string_view proto) {
  try {
    OpDef op;
    pbf_reader message = Reader(proto);
    while (message.next()) {
      switch (message.tag_and_type()) {
        case Bytes(1):
          op.name = message.get_string();
          break;
        case Bytes(2):
          op.inputs.push_back(ReadArg(message.get_message()));
          break;
        case Bytes(3):
          op.outputs.push_back(ReadArg(message.get_message()));
          break;
        case Bytes(4): {
          WHYLIGHT_ASSIGN_OR_RETURN(AttrDef attr, ReadAttrDef(message.get_message()));
          op.attrs.push_back(std::move(attr));
          break;
        }
        case Varint(17):
          op.is_stateful = message.get_bool();
          break;
        default:
          message.skip();
      }
    }
    return op;
  } catch (const protozero::exception& e) {
    return DataLoss(std::string("malformed op definition: ") + e.what());
  }
}

const OpRegistry& OpRegistry::Builtin() {
  static const OpRegistry* const registry = [] {
    Result<OpRegistry> parsed = Parse({kOpListBytes, kOpListSize});
    WHYLIGHT_CHECK(parsed.ok());
    return new OpRegistry(*std::move(parsed));
  }();
  return *registry;
}

Result<OpRegistry> OpRegistry::Parse(std::string_view op_list) {
  try {
    OpRegistry registry;
    pbf_reader message = Reader(op_list);
    while (message.next()) {
      if (message.tag_and_type() != Bytes(1)) {
        message.skip();
        continue;
      }
      WHYLIGHT_ASSIGN_OR_RETURN(OpDef op, ParseOpDef(View(message)));
      registry.Add(std::move(op));
    }
    return registry;
  } catch (const protozero::exception& e) {
    return DataLoss(std::string("malformed list of op definitions: ") + e.what());
  }
}

void OpRegistry::Merge(const OpRegistry& other) {
  for (const auto& [name, op] : other.ops_) ops_.try_emplace(name, op);
}

void OpRegistry::Add(OpDef op) {
  std::string name = op.name;
  ops_.insert_or_assign(std::move(name), std::move(op));
}

const OpDef* OpRegistry::Find(std::string_view op) const {
  const auto found = ops_.find(op);
  return found == ops_.end() ? nullptr : &found->second;
}

Result<std::vector<DType>> OpRegistry::ArgTypes(const OpDef& op, const ArgDef& arg,
                                                const Node& node) {
  if (!arg.type_list_attr.empty()) {
    return AttrValueOf<std::vector<DType>>(op, node, arg.type_list_attr);
  }
  DType type = arg.type;
  if (!arg.type_attr.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(type, AttrValueOf<DType>(op, node, arg.type_attr));
  }
  std::int64_t count = 1;
  if (!arg.number_attr.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(count, AttrValueOf<std::int64_t>(op, node, arg.number_attr));
  }
  if (count < 0 || count > kMaxListLength) {
    return InvalidArgument(op.name + " '" + node.name + "': attribute " + arg.number_attr +
                           ": expected a length, got " + std::to_string(count));
  }
  return std::vector<DType>(static_cast<std::size_t>(count), WithoutRef(type));
}

Result<std::vector<DType>> OpRegistry::OutputTypes(const OpDef& op, const Node& node) {
  std::vector<DType> types;
  for (const ArgDef& arg : op.outputs) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<DType> of_arg, ArgTypes(op, arg, node));
    types.insert(types.end(), of_arg.begin(), of_arg.end());
  }
  return types;
}

Result<std::vector<DType>> OpRegistry::OutputTypes(const Node& node) const {
  const OpDef* op = Find(node.op);
  if (op == nullptr) {
    return Unimplemented("op " + node.op + " (node '" + node.name + "') is unknown");
  }
  return OutputTypes(*op, node);
}

Result<OpRegistry::Slots> OpRegistry::OutputSlots(const Node& node, std::string_view arg) const {
  const OpDef* op = Find(node.op);
  if (op == nullptr) {
    return Unimplemented("op " + node.op + " (node '" + node.name + "') is unknown");
  }
  Slots slots;
  for (const ArgDef& output : op->outputs) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<DType> types, ArgTypes(*op, output, node));
    slots.count = static_cast<int>(types.size());
    if (output.name == arg) return slots;
    slots.first += slots.count;
  }
  return NotFound(op->name + " '" + node.name + "' has no output named '" + std::string(arg) + "'");
}

}  // namespace whylight
