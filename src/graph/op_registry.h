// Definitions of ops: argument names, types, attributes and their defaults. They tell how many
// outputs a node has, of which dtype, and which output `MatMul:product:0` means.
//
// Source  tensorflow/core/framework/op_def.proto; the built-in list is that of TensorFlow 2.21
//         without its documentation (ops.pb, made by tools/make_op_list; Apache-2.0).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/attr.h"

namespace whylight {

struct Node;

// One argument: either a single tensor or a list (number_attr: N equal types; type_list_attr).
struct ArgDef {
  std::string name;
  DType type = DType::kInvalid;  // Set when the type is fixed,
  std::string type_attr;         // or the attribute that holds it.
  std::string number_attr;
  std::string type_list_attr;
  bool is_ref = false;
};

struct AttrDef {
  std::string name;
  std::string type;  // "type", "int", "list(shape)", ...
  std::optional<AttrValue> default_value;
  std::vector<DType> allowed_types;  // Of a type or a list of types; empty: any.
};

struct OpDef {
  std::string name;
  std::vector<ArgDef> inputs;
  std::vector<ArgDef> outputs;
  std::vector<AttrDef> attrs;
  bool is_stateful = false;

  const AttrDef* FindAttr(std::string_view attr) const;
};

// A serialized OpDef: of an OpList, or the signature of a function. Errors: kDataLoss.
Result<OpDef> ParseOpDef(std::string_view proto);

// Threads: const after construction.
class OpRegistry {
 public:
  static const OpRegistry& Builtin();

  // Of a serialized OpList. Errors: kDataLoss.
  static Result<OpRegistry> Parse(std::string_view op_list);

  // Adds the definitions of `other` that are not here yet (custom ops of a model).
  void Merge(const OpRegistry& other);
  void Add(OpDef op);  // Replaces one of the same name.

  const OpDef* Find(std::string_view op) const;  // nullptr for an unknown op.
  std::size_t size() const { return ops_.size(); }

  // dtypes of all outputs of a node, lists laid flat. A reference (TF1 variables) counts as the
  // type it refers to; ArgDef::is_ref tells it apart.
  // Errors: kUnimplemented for an unknown op, naming op and node; kInvalidArgument for an
  // attribute that is missing or of the wrong kind.
  Result<std::vector<DType>> OutputTypes(const Node& node) const;

  // First flat output index and count of the output argument `arg`.
  // Errors: as OutputTypes; kNotFound for an argument that the op does not have.
  struct Slots {
    int first = 0;
    int count = 1;
  };
  Result<Slots> OutputSlots(const Node& node, std::string_view arg) const;

  // Types of one argument of `node`, which is of op `op`. Errors as OutputTypes.
  static Result<std::vector<DType>> ArgTypes(const OpDef& op, const ArgDef& arg, const Node& node);
  // OutputTypes for a definition that is not in the registry (a function's signature).
  static Result<std::vector<DType>> OutputTypes(const OpDef& op, const Node& node);

 private:
  std::map<std::string, OpDef, std::less<>> ops_;
};

}  // namespace whylight
