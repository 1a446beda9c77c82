#include "graph/passes/hoist_reads.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "graph/passes/context_sets.h"
#include "graph/passes/effects.h"
#include "graph/passes/variables.h"

namespace whylight {
namespace {

// One step of a handle's way into a loop or a branch; it is the way of a value as well.
bool IsStep(const Node& node) {
  return (node.Is("Enter") && node.AttrOr("is_constant", false)) || node.Is("Switch") ||
         node.Is("Identity");
}

// The VarHandleOp at the other end; nullptr without one, or without a step that matters.
const Node* VariableBehind(const Node& read) {
  const Node* at = read.inputs[0].node;
  bool is_inside = false;
  for (; IsStep(*at); at = at->inputs[0].node) is_inside = is_inside || !at->Is("Identity");
  return is_inside && at->Is("VarHandleOp") ? at : nullptr;
}

class Hoister {
 public:
  explicit Hoister(Graph& graph) : graph_(graph) {}

  // The variable's value, as far in as the handle is.
  Output ValueOf(Output handle) {
    // Chains are as long as loops are deep: no recursion on what a file can make long.
    std::vector<Output> way;
    while (!values_.contains(handle) && IsStep(*handle.node)) {
      way.push_back(handle);
      handle = handle.node->inputs[0];
    }
    Output value = values_.contains(handle) ? values_.at(handle) : ReadOf(*handle.node);
    values_[handle] = value;
    for (; !way.empty(); way.pop_back()) {
      const Output step = way.back();
      if (!step.node->Is("Identity")) value = {StepOf(*step.node, value), step.index};
      values_[step] = value;
    }
    return value;
  }

 private:
  Output ReadOf(Node& variable) {
    Node* const read = graph_.Add(graph_.UniqueName(variable.name + "/value"), "ReadVariableOp");
    read->device = variable.device;
    read->inputs = {{&variable, 0}};
    read->attrs["dtype"] = VariableType(variable);
    return {read, 0};
  }

  Node* StepOf(const Node& handle, Output value) {
    Node*& step = steps_[&handle];
    if (step != nullptr) return step;
    step = graph_.Add(graph_.UniqueName(handle.name + "/value"), handle.op);
    step->device = handle.device;
    step->inputs = handle.inputs;
    step->inputs[0] = value;
    step->control_inputs = handle.control_inputs;
    step->attrs = handle.attrs;
    step->attrs["T"] = *graph_.OutputType(value);
    step->attrs.erase("_class");
    step->attrs.erase("_output_shapes");  // Of a handle: a scalar's.
    return step;
  }

  Graph& graph_;
  std::map<Output, Output> values_;
  std::map<const Node*, Node*> steps_;
};

}  // namespace

Result<bool> HoistReads::Run(Graph& graph, PassContext& context) {
  if (!HasControlFlow(graph)) return false;
  const std::set<const Node*> unwritten = UnwrittenVariables(graph, context);
  const std::set<const Node*> needed = NeededNodes(graph, context);
  const ContextSets sets(context);
  std::vector<Node*> reads;
  for (const auto& node : graph.nodes()) {
    if (!node->Is("ReadVariableOp") || !needed.contains(node.get())) continue;
    const Node* const variable = VariableBehind(*node);
    if (variable == nullptr || !unwritten.contains(variable) || sets.IsFed(variable)) continue;
    if (node->AttrOr("dtype", DType::kInvalid) == VariableType(*variable)) {
      reads.push_back(node.get());
    }
  }
  Hoister hoister(graph);
  for (Node* const read : reads) {
    const Output value = hoister.ValueOf(read->inputs[0]);
    read->op = "Identity";
    read->inputs = {value};
    std::erase_if(read->attrs, [](const auto& attr) { return !attr.first.starts_with('_'); });
    read->attrs["T"] = *graph.OutputType(value);
    read->attrs.erase("_class");
  }
  return !reads.empty();
}

}  // namespace whylight
