#include "graph/export.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <protozero/pbf_writer.hpp>
#include <utility>

#include "graph/attr_proto.h"
#include "util/wire.h"

namespace whylight {
namespace {

using protozero::pbf_reader;
using protozero::pbf_writer;
using wire::Bytes;
using wire::Reader;
using wire::View;

// Protocol buffers' limit for one message.
constexpr std::size_t kMaxGraphBytes = std::numeric_limits<std::int32_t>::max();
// Written for graphs that came from no GraphDef: a TensorFlow of 2021, older than any we load.
constexpr int kDefaultProducer = 1000;
// Functions named within attributes of functions named within ...
constexpr int kMaxAttrDepth = 32;

std::string Quote(std::string_view name) { return "'" + std::string(name) + "'"; }

Status MalformedFunction(const protozero::exception& e) {
  return DataLoss(std::string("malformed function in the graph's library: ") + e.what());
}

// The set of functions that something exported refers to.
class ReachableFunctions {
 public:
  explicit ReachableFunctions(const FunctionLibrary& library) : library_(library) {}

  void AddFrom(const Node& node) {
    Add(node.op);
    for (const auto& [name, value] : node.attrs) AddFromAttr(value, 0);
  }

  // Follows the bodies of the functions found so far. Throws protozero::exception.
  void Close() {
    while (!pending_.empty()) {
      const FunctionDef* const function = pending_.back();
      pending_.pop_back();
      AddFromBody(function->bytes);
      if (const auto found = library_.gradients.find(function->name);
          found != library_.gradients.end()) {
        Add(wire::MapEntry(found->second).second);  // GradientDef: function_name, gradient_func.
      }
    }
  }

  const std::set<std::string>& names() const { return names_; }

 private:
  void Add(std::string_view name) {
    const FunctionDef* const function = library_.Find(name);
    if (function != nullptr && names_.insert(function->name).second) pending_.push_back(function);
  }

  void AddFromAttr(const AttrValue& value, int depth) {
    if (const auto* function = std::get_if<FunctionRef>(&value)) AddFromRef(*function, depth);
    if (const auto* functions = std::get_if<std::vector<FunctionRef>>(&value)) {
      for (const FunctionRef& function : *functions) AddFromRef(function, depth);
    }
  }

  void AddFromRef(const FunctionRef& function, int depth) {
    Add(function.name);
    if (depth == kMaxAttrDepth) return;
    pbf_reader attrs = Reader(function.attrs);
    while (wire::NextBytes(attrs, 2)) AddFromEntry(View(attrs), depth + 1);
  }

  void AddFromEntry(std::string_view entry, int depth) {
    const Result<AttrValue> value = DecodeAttr(wire::MapEntry(entry).second);
    if (value.ok()) AddFromAttr(*value, depth);
  }

  void AddFromBody(std::string_view function_def) {
    pbf_reader message = Reader(function_def);
    while (wire::NextBytes(message, 3)) {
      pbf_reader node = message.get_message();
      while (node.next()) {
        switch (node.tag_and_type()) {
          case Bytes(2):
            Add(View(node));
            break;
          case Bytes(5):
            AddFromEntry(View(node), 0);
            break;
          default:
            node.skip();
        }
      }
    }
  }

  const FunctionLibrary& library_;
  std::set<std::string> names_;
  std::vector<const FunctionDef*> pending_;
};

// Decides what the target's definitions allow.
class Target {
 public:
  Target(const Graph& graph, const OpRegistry* target) : graph_(graph), target_(target) {}

  bool any() const { return target_ != nullptr; }

  // Errors: kUnimplemented for an op that the target does not have.
  Status CheckOp(std::string_view op, std::string_view node) const {
    if (target_ == nullptr || target_->Find(op) != nullptr || graph_.library.Find(op) != nullptr) {
      return OkStatus();
    }
    return Unimplemented("op " + std::string(op) + " (node " + Quote(node) +
                         ") is not known to this TensorFlow");
  }

  // Whether the attribute is written. A dropped value that mattered is reported.
  bool Keeps(std::string_view op, std::string_view node, std::string_view attr,
             const AttrValue& value) {
    if (target_ == nullptr || attr.starts_with('_')) return true;
    const OpDef* const theirs = target_->Find(op);
    if (theirs == nullptr || theirs->FindAttr(attr) != nullptr) return true;
    const OpDef* const ours = graph_.registry().Find(op);
    const AttrDef* const def = ours == nullptr ? nullptr : ours->FindAttr(attr);
    if (def == nullptr || !def->default_value ||
        EncodeAttr(*def->default_value) != EncodeAttr(value)) {
      warnings_.push_back(std::string(op) + " " + Quote(node) + ": attribute " + std::string(attr) +
                          "=" + AttrToString(value) +
                          " is unknown to this TensorFlow and was dropped");
    }
    return false;
  }

  std::vector<std::string> TakeWarnings() { return std::move(warnings_); }

 private:
  const Graph& graph_;
  const OpRegistry* target_;
  std::vector<std::string> warnings_;
};

// A NodeDef of a function body without the attributes that the target does not know.
Result<std::string> FitNode(std::string_view node_def, Target& target) {
  std::string name, op;
  pbf_reader message = Reader(node_def);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Bytes(1):
        name = message.get_string();
        break;
      case Bytes(2):
        op = message.get_string();
        break;
      default:
        message.skip();
    }
  }
  WHYLIGHT_RETURN_IF_ERROR(target.CheckOp(op, name));
  return wire::RewriteFields(node_def, [&](pbf_reader& field, std::string& out) -> Result<bool> {
    if (field.tag_and_type() != Bytes(5)) return false;
    const std::string_view entry = View(field);
    const auto [attr, bytes] = wire::MapEntry(entry);
    WHYLIGHT_ASSIGN_OR_RETURN(const AttrValue value, DecodeAttr(bytes));
    if (target.Keeps(op, name, attr, value)) {
      pbf_writer(out).add_bytes(5, entry.data(), entry.size());
    }
    return true;
  });
}

Result<std::string> FitFunction(const FunctionDef& function, Target& target) {
  if (!target.any()) return function.bytes;
  Result<std::string> fitted =
      wire::RewriteFields(function.bytes, [&](pbf_reader& field, std::string& out) -> Result<bool> {
        if (field.tag_and_type() != Bytes(3)) return false;
        WHYLIGHT_ASSIGN_OR_RETURN(const std::string node, FitNode(View(field), target));
        pbf_writer(out).add_message(3, node);
        return true;
      });
  if (!fitted.ok()) return fitted.status().In("function " + Quote(function.name));
  return fitted;
}

// A NodeDef; `inputs` in the form of where it goes, control inputs last.
std::string NodeBytes(const Node& node, const std::vector<std::string>& inputs,
                      const Attrs& attrs) {
  std::string bytes;
  pbf_writer writer(bytes);
  writer.add_string(1, node.name);
  writer.add_string(2, node.op);
  for (const std::string& input : inputs) writer.add_string(3, input);
  if (!node.device.empty()) writer.add_string(4, node.device);
  for (const auto& [name, value] : attrs) writer.add_message(5, EncodeAttrEntry(name, value));
  return bytes;
}

// The attributes to write. Colocation with a node that is no longer there goes: TensorFlow refuses
// it.
Attrs FitAttrs(const Graph& graph, const Node& node, Target& target) {
  static constexpr std::string_view kPrefix = "loc:@";
  Attrs kept;
  for (const auto& [name, value] : node.attrs) {
    if (!target.Keeps(node.op, node.name, name, value)) continue;
    const auto* groups = std::get_if<std::vector<std::string>>(&value);
    if (name != "_class" || groups == nullptr) {
      kept.emplace(name, value);
      continue;
    }
    std::vector<std::string> alive;
    for (const std::string& group : *groups) {
      const bool is_node = group.starts_with(kPrefix);
      if (!is_node || graph.Find(std::string_view(group).substr(kPrefix.size())) != nullptr) {
        alive.push_back(group);
      }
    }
    if (!alive.empty()) kept.emplace(name, std::move(alive));
  }
  return kept;
}

Result<std::string> FitGraphNode(const Graph& graph, const Node& node, Target& target) {
  WHYLIGHT_RETURN_IF_ERROR(target.CheckOp(node.op, node.name));
  std::vector<std::string> inputs;
  for (const Output& input : node.inputs) {
    inputs.push_back(input.index == 0 ? input.node->name : input.name());
  }
  for (const Node* const control : node.control_inputs) inputs.push_back("^" + control->name);
  if (!target.any() && !node.attrs.contains("_class")) return NodeBytes(node, inputs, node.attrs);
  return NodeBytes(node, inputs, FitAttrs(graph, node, target));
}

Status TooLarge(std::size_t bytes) {
  return ResourceExhausted("the graph is larger than a GraphDef can be: " + std::to_string(bytes) +
                           " bytes of at most 2147483647; leave variables as resources");
}

std::string Versions(const Graph& graph) {
  std::string bytes;
  pbf_writer versions(bytes);
  versions.add_int32(1, graph.producer > 0 ? graph.producer : kDefaultProducer);
  if (graph.min_consumer > 0) versions.add_int32(2, graph.min_consumer);
  return bytes;
}

// Functions -------------------------------------------------------------------------------------

// `wish` as TensorFlow names arguments: [a-z][a-z0-9_]*, made unique.
std::string ArgumentName(std::string_view wish, std::set<std::string>& taken) {
  std::string name;
  for (const char c : wish) {
    const auto byte = static_cast<unsigned char>(c);
    name += std::isalnum(byte) ? static_cast<char>(std::tolower(byte)) : '_';
  }
  if (name.empty() || !std::islower(static_cast<unsigned char>(name[0]))) name = "arg_" + name;
  std::string unique = name;
  for (int suffix = 1; !taken.insert(unique).second; ++suffix) {
    unique = name + "_" + std::to_string(suffix);
  }
  return unique;
}

class FunctionWriter {
 public:
  explicit FunctionWriter(const FunctionBody& body)
      : body_(body), args_(body.args.begin(), body.args.end()) {}

  Result<FunctionDef> Run() {
    std::set<std::string> taken;  // Arguments and nodes share one space of names.
    bool is_stateful = false;
    for (const auto& node : body_.graph.nodes()) {
      if (args_.contains(node.get())) continue;
      taken.insert(node->name);
      is_stateful = is_stateful || IsStateful(*node);
    }
    std::string signature, arg_attrs, ret, control_ret;
    pbf_writer op_def(signature);
    op_def.add_string(1, body_.name);
    for (std::size_t i = 0; i < body_.args.size(); ++i) {
      const Output arg{body_.args[i], 0};
      const std::string name = ArgumentName(arg.node->name, taken);
      tensor_names_[arg] = name;
      WHYLIGHT_RETURN_IF_ERROR(WriteArg(op_def, 2, name, arg));
      WriteArgAttrs(*arg.node, static_cast<std::uint32_t>(i), arg_attrs);
    }
    std::set<std::string> result_names;
    for (const Output& result : body_.results) {
      const std::string name = ArgumentName(result.node->name, result_names);
      WHYLIGHT_RETURN_IF_ERROR(WriteArg(op_def, 3, name, result));
      WHYLIGHT_ASSIGN_OR_RETURN(const std::string tensor, TensorName(result));
      WriteStringEntry(4, name, tensor, ret);
    }
    if (is_stateful) op_def.add_bool(17, true);
    std::set<std::string> control_names;
    for (const Node* const node : body_.control_results) {
      if (args_.contains(node)) continue;
      const std::string name = ArgumentName(node->name, control_names);
      op_def.add_string(20, name);
      WriteStringEntry(6, name, node->name, control_ret);
    }

    FunctionDef function{.name = body_.name, .bytes = {}};
    pbf_writer writer(function.bytes);
    writer.add_message(1, signature);
    for (const auto& node : body_.graph.nodes()) {
      if (args_.contains(node.get())) continue;
      std::vector<std::string> inputs;
      for (const Output& input : node->inputs) {
        WHYLIGHT_ASSIGN_OR_RETURN(std::string name, TensorName(input));
        inputs.push_back(std::move(name));
      }
      for (const Node* const control : node->control_inputs) {
        // An argument is there before the body runs: nobody waits for it.
        if (!args_.contains(control)) inputs.push_back("^" + control->name);
      }
      writer.add_message(3, NodeBytes(*node, inputs, node->attrs));
    }
    function.bytes += ret + control_ret + arg_attrs;
    return function;
  }

 private:
  bool IsStateful(const Node& node) const {
    const OpDef* const op = body_.graph.registry().Find(node.op);
    return op != nullptr && op->is_stateful;
  }

  Status WriteArg(pbf_writer& op_def, std::uint32_t field, const std::string& name,
                  Output output) const {
    WHYLIGHT_ASSIGN_OR_RETURN(const DType type, body_.graph.OutputType(output));
    std::string arg;
    pbf_writer writer(arg);
    writer.add_string(1, name);
    writer.add_enum(3, static_cast<int>(type));
    op_def.add_message(field, arg);
    return OkStatus();
  }

  // _output_shapes, _handle_shapes, ...: the inverse of what ImportFunction gives the _Arg.
  static void WriteArgAttrs(const Node& arg, std::uint32_t index, std::string& out) {
    std::string attrs;
    pbf_writer writer(attrs);
    for (const auto& [name, value] : arg.attrs) {
      if (name.starts_with('_')) writer.add_message(1, EncodeAttrEntry(name, value));
    }
    if (attrs.empty()) return;
    std::string entry;
    pbf_writer entry_writer(entry);
    entry_writer.add_uint32(1, index);
    entry_writer.add_message(2, attrs);
    pbf_writer(out).add_message(7, entry);
  }

  static void WriteStringEntry(std::uint32_t field, const std::string& key,
                               const std::string& value, std::string& out) {
    std::string entry;
    pbf_writer writer(entry);
    writer.add_string(1, key);
    writer.add_string(2, value);
    pbf_writer(out).add_message(field, entry);
  }

  // "argument" or "node:result:1".
  Result<std::string> TensorName(Output output) {
    if (const auto found = tensor_names_.find(output); found != tensor_names_.end()) {
      return found->second;
    }
    const Node& node = *output.node;
    const OpDef* op = body_.graph.registry().Find(node.op);
    OpDef signature;
    if (op == nullptr) {
      const FunctionDef* const function = body_.graph.library.Find(node.op);
      if (function == nullptr) {
        return Unimplemented("op " + node.op + " (node " + Quote(node.name) + ") is unknown");
      }
      WHYLIGHT_ASSIGN_OR_RETURN(signature, FunctionSignature(*function));
      op = &signature;
    }
    int first = 0;
    for (const ArgDef& result : op->outputs) {
      WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<DType> types,
                                OpRegistry::ArgTypes(*op, result, node));
      const int count = static_cast<int>(types.size());
      if (output.index < first + count) {
        return tensor_names_[output] =
                   node.name + ":" + result.name + ":" + std::to_string(output.index - first);
      }
      first += count;
    }
    return InvalidArgument(node.op + " " + Quote(node.name) + " has " + std::to_string(first) +
                           " outputs: there is no output " + std::to_string(output.index));
  }

  const FunctionBody& body_;
  const std::set<const Node*> args_;
  std::map<Output, std::string> tensor_names_;
};

}  // namespace

Result<std::set<std::string>> CalledFunctions(const Graph& graph) {
  try {
    ReachableFunctions reachable(graph.library);
    for (const auto& node : graph.nodes()) reachable.AddFrom(*node);
    reachable.Close();
    return reachable.names();
  } catch (const protozero::exception& e) {
    return MalformedFunction(e);
  }
}

Result<ExportedGraph> ExportGraph(const Graph& graph, const ExportOptions& options) {
  try {
    Target target(graph, options.target);
    ReachableFunctions reachable(graph.library);
    ExportedGraph exported;
    std::string& bytes = exported.graph_def;
    pbf_writer writer(bytes);
    for (const auto& node : graph.nodes()) {
      if (options.only != nullptr && !options.only->contains(node.get())) continue;
      reachable.AddFrom(*node);
      WHYLIGHT_ASSIGN_OR_RETURN(const std::string node_def, FitGraphNode(graph, *node, target));
      if (bytes.size() + node_def.size() > kMaxGraphBytes) {
        return TooLarge(bytes.size() + node_def.size());
      }
      writer.add_message(1, node_def);
    }
    reachable.Close();

    std::string library;
    pbf_writer library_writer(library);
    for (const std::string& name : reachable.names()) {
      WHYLIGHT_ASSIGN_OR_RETURN(const std::string function,
                                FitFunction(*graph.library.Find(name), target));
      library_writer.add_message(1, function);
    }
    for (const auto& [name, gradient] : graph.library.gradients) {
      if (reachable.names().contains(name)) library_writer.add_message(2, gradient);
    }
    if (bytes.size() + library.size() + 64 > kMaxGraphBytes) {
      return TooLarge(bytes.size() + library.size());
    }
    if (!library.empty()) writer.add_message(2, library);
    writer.add_message(4, Versions(graph));
    exported.warnings = target.TakeWarnings();
    return exported;
  } catch (const protozero::exception& e) {
    return MalformedFunction(e);
  }
}

Result<FunctionDef> ExportFunction(const FunctionBody& body) {
  Result<FunctionDef> function = FunctionWriter(body).Run();
  if (!function.ok()) return function.status().In("function " + Quote(body.name));
  return function;
}

}  // namespace whylight
