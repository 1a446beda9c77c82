#include "graph/verify.h"

#include <algorithm>
#include <cctype>
#include <unordered_set>

#include "graph/import.h"

namespace whylight {
namespace {

std::string Quote(std::string_view name) { return "'" + std::string(name) + "'"; }

// TensorFlow's rule for node names: [A-Za-z0-9.][A-Za-z0-9_.\-/>]*, an underscore in front for
// nodes that graphs make for themselves.
bool IsWellFormed(std::string_view name) {
  const auto is_first = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_';
  };
  const auto is_later = [&](char c) { return is_first(c) || c == '-' || c == '/' || c == '>'; };
  return !name.empty() && is_first(name.front()) &&
         std::all_of(name.begin() + 1, name.end(), is_later);
}

class Verifier {
 public:
  explicit Verifier(const Graph& graph) : graph_(graph) {}

  Status Run() {
    std::unordered_set<std::string_view> names;
    for (const auto& node : graph_.nodes()) {
      nodes_.insert(node.get());
      if (!IsWellFormed(node->name)) {
        return Internal("node " + Quote(node->name) +
                        ": expected a name of letters, digits and ._-/>");
      }
      if (!names.insert(node->name).second) {
        return Internal("two nodes are named " + Quote(node->name));
      }
      if (graph_.Find(node->name) != node.get()) {
        return Internal("node " + Quote(node->name) +
                        " cannot be found by its name: it was renamed behind the graph's back");
      }
    }
    for (const auto& node : graph_.nodes()) WHYLIGHT_RETURN_IF_ERROR(CheckEnds(*node));
    for (const auto& node : graph_.nodes()) WHYLIGHT_RETURN_IF_ERROR(CheckInputs(*node));
    return CheckOrder();
  }

 private:
  // Every edge ends in this graph.
  Status CheckEnds(const Node& node) const {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (!nodes_.contains(node.inputs[i].node) || node.inputs[i].index < 0) {
        return Internal(Place(node, i) + ": expected a tensor of this graph");
      }
    }
    for (const Node* const control : node.control_inputs) {
      if (!nodes_.contains(control)) {
        return Internal("node " + Quote(node.name) +
                        ": a control input: expected a node of this graph");
      }
    }
    return OkStatus();
  }

  // As many inputs as the op takes, of the types it takes.
  Status CheckInputs(const Node& node) const {
    const OpDef* op = graph_.registry().Find(node.op);
    OpDef signature;
    if (op == nullptr) {
      const FunctionDef* const function = graph_.library.Find(node.op);
      if (function == nullptr) return OkStatus();  // A custom op: nobody here knows its inputs.
      WHYLIGHT_ASSIGN_OR_RETURN(signature, FunctionSignature(*function));
      op = &signature;
    }
    std::size_t next = 0;
    for (const ArgDef& arg : op->inputs) {
      const Result<std::vector<DType>> types = OpRegistry::ArgTypes(*op, arg, node);
      if (!types.ok()) return Internal(types.status().message());
      for (const DType expected : *types) {
        if (next == node.inputs.size()) break;
        WHYLIGHT_RETURN_IF_ERROR(CheckInput(node, next, arg, expected));
        ++next;
      }
    }
    std::size_t expected = 0;
    for (const ArgDef& arg : op->inputs) {
      expected += OpRegistry::ArgTypes(*op, arg, node)->size();
    }
    if (expected != node.inputs.size()) {
      return Internal(node.op + " " + Quote(node.name) + ": expected " + std::to_string(expected) +
                      " inputs, found " + std::to_string(node.inputs.size()));
    }
    return OkStatus();
  }

  Status CheckInput(const Node& node, std::size_t index, const ArgDef& arg, DType expected) const {
    const Output input = node.inputs[index];
    const Result<DType> found = graph_.OutputType(input);
    if (!found.ok()) {
      // Only the runtime knows the outputs of a custom op.
      if (found.status().code() == StatusCode::kUnimplemented) return OkStatus();
      return Internal(Place(node, index) + ": " + found.status().message());
    }
    if (*found != expected) {
      return Internal(Place(node, index) + " (" + arg.name + "): expected " + DTypeName(expected) +
                      ", found " + DTypeName(*found) + " from " + input.node->op + " " +
                      Quote(input.name()));
    }
    if (arg.is_ref && !IsReference(input)) {
      return Internal(Place(node, index) + " (" + arg.name + "): expected a reference, found " +
                      input.node->op + " " + Quote(input.name()));
    }
    return OkStatus();
  }

  bool IsReference(Output output) const {
    const OpDef* const op = graph_.registry().Find(output.node->op);
    if (op == nullptr) return true;
    int first = 0;
    for (const ArgDef& arg : op->outputs) {
      const auto types = OpRegistry::ArgTypes(*op, arg, *output.node);
      if (!types.ok()) return true;
      first += static_cast<int>(types->size());
      if (output.index < first) return arg.is_ref;
    }
    return true;
  }

  // Producers come before consumers in the order, or there is a cycle.
  Status CheckOrder() const {
    std::unordered_set<const Node*> done;
    for (const Node* const node : graph_.TopologicalOrder()) {
      done.insert(node);
      const bool is_merge = node->Is("Merge") || node->Is("RefMerge");
      for (const Output& input : node->inputs) {
        const bool is_back_edge =
            is_merge && (input.node->Is("NextIteration") || input.node->Is("RefNextIteration"));
        if (!is_back_edge && !done.contains(input.node)) return Cycle(*node, *input.node);
      }
      for (const Node* const control : node->control_inputs) {
        if (!done.contains(control)) return Cycle(*node, *control);
      }
    }
    return OkStatus();
  }

  static Status Cycle(const Node& node, const Node& producer) {
    return Internal("there is a cycle through " + node.op + " " + Quote(node.name) +
                    " and its input " + Quote(producer.name));
  }

  static std::string Place(const Node& node, std::size_t input) {
    return node.op + " " + Quote(node.name) + ": input " + std::to_string(input);
  }

  const Graph& graph_;
  std::unordered_set<const Node*> nodes_;
};

}  // namespace

Status VerifyGraph(const Graph& graph) { return Verifier(graph).Run(); }

}  // namespace whylight
