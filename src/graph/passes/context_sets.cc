#include "graph/passes/context_sets.h"

namespace whylight {

ContextSets::ContextSets(const PassContext& context) {
  if (context.inputs != nullptr) {
    for (const Output output : *context.inputs) {
      fed_.insert(output);
      fed_nodes_.insert(output.node);
    }
  }
  if (context.outputs != nullptr) {
    for (const Output output : *context.outputs) {
      fetched_.insert(output);
      fetched_nodes_.insert(output.node);
    }
  }
  if (context.targets != nullptr) targets_.insert(context.targets->begin(), context.targets->end());
}

std::set<const Node*> NeededNodes(const Graph& graph, const PassContext& context) {
  std::vector<Output> roots;
  if (context.outputs != nullptr) roots = *context.outputs;
  if (context.targets != nullptr) {
    for (Node* target : *context.targets) roots.push_back({.node = target, .index = 0});
  }
  if (!roots.empty()) return graph.Ancestors(roots);
  std::set<const Node*> all;
  for (const auto& node : graph.nodes()) all.insert(node.get());
  return all;
}

void Redirect(Graph& graph, PassContext& context, Output from, Output to) {
  graph.ReplaceUses(from, to);
  if (context.outputs == nullptr) return;
  for (Output& output : *context.outputs) {
    if (output == from) output = to;
  }
}

}  // namespace whylight
