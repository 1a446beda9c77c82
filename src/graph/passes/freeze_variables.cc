#include "graph/passes/freeze_variables.h"

#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "graph/passes/constants.h"
#include "graph/passes/context_sets.h"
#include "graph/passes/variables.h"

namespace whylight {
namespace {

// What the variable declares; 0 if it does not say, so that only its value can tell.
std::size_t DeclaredBytes(const Node& variable) {
  const Shape shape = VariableShape(variable);
  std::size_t bytes = DTypeSize(VariableType(variable));
  if (!shape.IsKnown()) return 0;
  for (const std::int64_t size : shape.dims()) {
    const auto factor = static_cast<std::size_t>(size);
    if (factor != 0 && bytes > std::numeric_limits<std::size_t>::max() / factor) {
      return std::numeric_limits<std::size_t>::max();
    }
    bytes *= factor;
  }
  return bytes;
}

}  // namespace

Result<bool> FreezeVariables::Run(Graph& graph, PassContext& context) {
  const std::set<const Node*> unwritten = UnwrittenVariables(graph, context);
  const std::set<const Node*> needed = NeededNodes(graph, context);
  const ContextSets sets(context);

  std::map<const Node*, std::optional<Tensor>> values;
  const auto value_of = [&](const Node& variable) -> Result<const Tensor*> {
    const auto [place, is_new] = values.try_emplace(&variable);
    if (is_new && DeclaredBytes(variable) <= options_.max_bytes) {
      WHYLIGHT_ASSIGN_OR_RETURN(std::optional<Tensor> value, value_of_(variable));
      if (value && value->dtype() == VariableType(variable) &&
          ByteSize(*value) <= options_.max_bytes) {
        place->second = std::move(value);
      }
    }
    return place->second ? &*place->second : nullptr;
  };
  std::size_t total = 0;
  const auto fits = [&](const Tensor* value) {
    if (value == nullptr || ByteSize(*value) > options_.max_total_bytes - total) return false;
    total += ByteSize(*value);
    return true;
  };

  bool changed = false;
  std::vector<Node*> references;
  for (const auto& node : graph.nodes()) {
    if (!needed.contains(node.get()) || sets.IsFed(node.get())) continue;
    if (const Node* handle = HandleOfRead(*node); handle && unwritten.contains(handle)) {
      WHYLIGHT_ASSIGN_OR_RETURN(const Tensor* value, value_of(*handle));
      if (node->AttrOr<DType>("dtype", DType::kInvalid) != VariableType(*handle)) continue;
      if (!fits(value)) continue;
      BecomeConst(*node, *value);
      changed = true;
    } else if ((node->Is("VariableV2") || node->Is("Variable")) && unwritten.contains(node.get()) &&
               node->control_inputs.empty()) {
      references.push_back(node.get());
    }
  }
  for (Node* variable : references) {
    WHYLIGHT_ASSIGN_OR_RETURN(const Tensor* value, value_of(*variable));
    if (!fits(value)) continue;
    const Output from{.node = variable, .index = 0};
    Node* constant = graph.Add(graph.UniqueName(variable->name + "/frozen"), "Const");
    BecomeConst(*constant, *value);
    // Nodes that are not needed may ask for the reference itself (the saver's Assign).
    for (const auto& node : graph.nodes()) {
      if (!needed.contains(node.get())) continue;
      for (Output& input : node->inputs) {
        if (input == from) input = {.node = constant, .index = 0};
      }
    }
    if (context.outputs != nullptr) {
      for (Output& output : *context.outputs) {
        if (output == from) output = {.node = constant, .index = 0};
      }
    }
    changed = true;
  }
  return changed;
}

}  // namespace whylight
