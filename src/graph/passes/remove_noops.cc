#include "graph/passes/remove_noops.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "graph/passes/context_sets.h"
#include "graph/passes/effects.h"

namespace whylight {
namespace {

// Nodes that a control edge must wait for.
std::set<const Node*> NodesThatMatter(const Graph& graph) {
  const bool anyone_writes = std::ranges::any_of(
      graph.nodes(), [&](const auto& node) { return MayWriteState(graph, *node); });
  std::set<const Node*> matter;
  for (const Node* node : graph.TopologicalOrder()) {
    if (HasEffect(graph, *node) || IsControlFlow(node->op) ||
        (anyone_writes && ReadsState(graph, *node)) ||
        std::ranges::any_of(node->inputs,
                            [&](const Output& input) { return matter.contains(input.node); }) ||
        std::ranges::any_of(node->control_inputs,
                            [&](const Node* input) { return matter.contains(input); })) {
      matter.insert(node);
    }
  }
  return matter;
}

// The control inputs without those that do not matter, repeat others, or are data inputs as well.
bool DropControlInputs(Node& node, const std::set<const Node*>& matter) {
  std::set<const Node*> seen;
  for (const Output& input : node.inputs) seen.insert(input.node);
  const std::size_t dropped = std::erase_if(node.control_inputs, [&](const Node* input) {
    return !matter.contains(input) || !seen.insert(input).second;
  });
  return dropped > 0;
}

// ^NoOp -> what the NoOp waits for. Producers come first in the order, so chains collapse.
bool FlattenNoOps(const Graph& graph, const std::set<const Node*>& matter) {
  std::map<const Node*, int> waiting;
  for (const auto& node : graph.nodes()) {
    for (const Node* input : node->control_inputs) ++waiting[input];
  }
  bool changed = false;
  for (Node* node : graph.TopologicalOrder()) {
    std::vector<Node*> flat;
    bool replaced = false;
    for (Node* input : node->control_inputs) {
      const bool few = input->control_inputs.size() <= 1 || waiting[input] == 1;
      if (input->Is("NoOp") && input->inputs.empty() && few) {
        flat.insert(flat.end(), input->control_inputs.begin(), input->control_inputs.end());
        replaced = true;
      } else {
        flat.push_back(input);
      }
    }
    if (!replaced) continue;
    node->control_inputs = std::move(flat);
    DropControlInputs(*node, matter);
    changed = true;
  }
  return changed;
}

bool PassesItsInputOn(const Graph& graph, const ContextSets& sets, const Node& node) {
  return (node.Is("Identity") || node.Is("Snapshot") || node.Is("PlaceholderWithDefault")) &&
         node.inputs.size() == 1 && node.control_inputs.empty() && !sets.IsFed(&node) &&
         !sets.IsTarget(&node) && !node.attrs.contains("_gradient_op_type") &&
         !HasReferenceOutput(graph.registry(), *node.inputs[0].node);
}

bool BypassIdentities(Graph& graph, PassContext& context) {
  const ContextSets sets(context);
  std::set<const Node*> awaited;
  for (const auto& node : graph.nodes()) {
    awaited.insert(node->control_inputs.begin(), node->control_inputs.end());
  }
  std::map<Output, Output> instead;  // Bypassed -> what it passes on.
  const auto resolve = [&](Output output) {
    const auto found = instead.find(output);
    return found == instead.end() ? output : found->second;
  };
  for (Node* node : graph.TopologicalOrder()) {
    if (!PassesItsInputOn(graph, sets, *node)) continue;
    const Output from{.node = node, .index = 0}, to = resolve(node->inputs[0]);
    // ^Switch fires on both branches, ^Identity(Switch:1) on one.
    if (IsControlFlow(to.node->op) && awaited.contains(node)) continue;
    if (sets.IsFetched(from) && sets.IsFed(to)) continue;
    if (to.node == node) continue;
    instead[from] = to;
  }
  if (instead.empty()) return false;
  for (const auto& node : graph.nodes()) {
    for (Output& input : node->inputs) input = resolve(input);
    for (Node*& input : node->control_inputs) {
      input = resolve({.node = input, .index = 0}).node;
    }
  }
  if (context.outputs != nullptr) {
    for (Output& output : *context.outputs) output = resolve(output);
  }
  graph.RemoveIf([&](const Node& node) {
    return instead.contains({.node = const_cast<Node*>(&node), .index = 0});
  });
  return true;
}

}  // namespace

Result<bool> RemoveNoops::Run(Graph& graph, PassContext& context) {
  bool changed = false;
  const std::set<const Node*> matter = NodesThatMatter(graph);
  for (const auto& node : graph.nodes()) changed |= DropControlInputs(*node, matter);
  changed |= FlattenNoOps(graph, matter);
  changed |= BypassIdentities(graph, context);
  return changed;
}

}  // namespace whylight
