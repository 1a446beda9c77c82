#include "graph/passes/fold_constants.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "graph/passes/constants.h"
#include "graph/passes/context_sets.h"
#include "graph/passes/effects.h"
#include "graph/shapes.h"

namespace whylight {
namespace {

// What the node says of a tensor of that shape; nullopt where that is not known.
std::optional<Tensor> AnswerAboutShape(const Node& node, const Shape& shape) {
  if (!shape.has_rank()) return std::nullopt;
  if (node.Is("Rank")) return Tensor::Scalar<std::int32_t>(shape.rank());
  if (!shape.IsKnown()) return std::nullopt;
  const DType dtype = node.AttrOr<DType>("out_type", DType::kInt32);
  if (dtype != DType::kInt32 && dtype != DType::kInt64) return std::nullopt;
  if (node.Is("Size")) return Tensor::Filled(dtype, {}, static_cast<double>(shape.elements()));
  Tensor sizes(dtype, Shape{shape.rank()});
  for (int axis = 0; axis < shape.rank(); ++axis) {
    sizes.SetNumber(static_cast<std::size_t>(axis), static_cast<double>(shape.dim(axis)));
  }
  return sizes;
}

// What another node reads or the context fetches of `node`, as a new constant.
void ReplaceByConst(Graph& graph, PassContext& context, Output output, const Tensor& value) {
  Node* constant = graph.Add(
      graph.UniqueName(output.node->name + "/output_" + std::to_string(output.index)), "Const");
  BecomeConst(*constant, value);
  constant->device = output.node->device;
  Redirect(graph, context, output, {.node = constant, .index = 0});
}

bool FoldShapes(Graph& graph, PassContext& context) {
  const ContextSets sets(context);
  const bool control_flow = HasControlFlow(graph);
  bool changed = false;
  std::vector<Node*> found;
  for (const auto& node : graph.nodes()) {
    if (ReadsShapesOnly(*node) && !node->inputs.empty() && !sets.IsFed(node.get()))
      found.push_back(node.get());
  }
  for (Node* node : found) {
    std::vector<std::optional<Tensor>> answers;
    for (const Output input : node->inputs) {
      answers.push_back(AnswerAboutShape(*node, StaticShape(input)));
    }
    // A constant has no frame and no dead branch of its own: it takes its place from the tensor.
    if (!node->Is("ShapeN")) {
      Node* const asked = node->inputs[0].node;
      // ^Switch fires on both branches, its outputs on one each.
      if (!answers[0] || IsControlFlow(asked->op)) continue;
      BecomeConst(*node, *answers[0]);
      if (control_flow) node->control_inputs.push_back(asked);
      changed = true;
      continue;
    }
    // Its outputs stand and fall together: only if all are known does the node go.
    if (control_flow || !node->control_inputs.empty()) continue;
    if (!std::ranges::all_of(answers, [](const auto& answer) { return answer.has_value(); }))
      continue;
    const UseMap uses(graph);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Output output{.node = node, .index = static_cast<int>(i)};
      if (uses.Of(output).empty() && !sets.IsFetched(output)) continue;
      ReplaceByConst(graph, context, output, *answers[i]);
      changed = true;
    }
  }
  return changed;
}

// Outputs of constant nodes that somebody who is not constant needs.
std::vector<Output> Frontier(const Graph& graph, const PassContext& context,
                             const std::set<const Node*>& constant) {
  std::set<Output> seen;
  std::vector<Output> frontier;
  const auto add = [&](Output output) {
    if (constant.contains(output.node) && !output.node->Is("Const") && seen.insert(output).second) {
      frontier.push_back(output);
    }
  };
  for (const auto& node : graph.nodes()) {
    if (constant.contains(node.get())) continue;
    for (const Output input : node->inputs) add(input);
  }
  if (context.outputs != nullptr) {
    for (const Output output : *context.outputs) add(output);
  }
  return frontier;
}

}  // namespace

Result<bool> FoldConstants::Run(Graph& graph, PassContext& context) {
  bool changed = FoldShapes(graph, context);
  const std::vector<Output> frontier = Frontier(graph, context, ConstantNodes(graph, context));
  if (frontier.empty()) return changed;
  const Result<std::vector<Tensor>> values = evaluate_(graph, frontier);
  if (!values.ok()) return changed;
  if (values->size() != frontier.size()) {
    return Internal("fold_constants: expected " + std::to_string(frontier.size()) +
                    " values, got " + std::to_string(values->size()));
  }
  for (std::size_t i = 0; i < frontier.size(); ++i) {
    const Output output = frontier[i];
    const Tensor& value = (*values)[i];
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<DType> types, graph.OutputTypes(*output.node));
    if (value.dtype() != types[static_cast<std::size_t>(output.index)]) {
      return Internal("fold_constants: expected " +
                      DTypeName(types[static_cast<std::size_t>(output.index)]) + " for " +
                      output.name() + ", got " + DTypeName(value.dtype()));
    }
    if (ByteSize(value) > options_.max_bytes) continue;
    if (types.size() == 1) {
      BecomeConst(*output.node, value);
      output.node->control_inputs.clear();  // Constants all of them.
    } else {
      ReplaceByConst(graph, context, output, value);
    }
    changed = true;
  }
  return changed;
}

}  // namespace whylight
