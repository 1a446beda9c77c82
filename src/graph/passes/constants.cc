#include "graph/passes/constants.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "graph/passes/context_sets.h"
#include "graph/passes/effects.h"
#include "graph/passes/variables.h"

namespace whylight {
namespace {

bool CanBeConstant(DType dtype) {
  return IsNumeric(dtype) || IsComplex(dtype) || dtype == DType::kBool || dtype == DType::kString;
}

// Same inputs, same outputs.
bool IsPure(const Graph& graph, const Node& node) {
  static const std::set<std::string_view> kImpure = {"CheckNumerics",
                                                     "CheckNumericsV2",
                                                     "EagerPyFunc",
                                                     "ImmutableConst",
                                                     "MatchingFiles",
                                                     "Placeholder",
                                                     "PlaceholderV2",
                                                     "PyFunc",
                                                     "PlaceholderWithDefault",
                                                     "PyFuncStateless",
                                                     "ReadFile",
                                                     "PreventGradient",
                                                     "_Arg",
                                                     "_Retval"};
  const OpDef* op = graph.registry().Find(node.op);
  if (op == nullptr || op->is_stateful || kImpure.contains(node.op) || IsControlFlow(node.op) ||
      CallsFunctions(node) || node.op.find("Random") != std::string::npos) {
    return false;
  }
  const auto is_ref = [](const ArgDef& arg) { return arg.is_ref; };
  if (std::ranges::any_of(op->inputs, is_ref) || std::ranges::any_of(op->outputs, is_ref)) {
    return false;
  }
  const Result<std::vector<DType>> types = graph.OutputTypes(node);
  return types.ok() && std::ranges::all_of(*types, CanBeConstant);
}

}  // namespace

std::set<const Node*> ConstantNodes(const Graph& graph, const PassContext& context,
                                    Variables variables) {
  const ContextSets sets(context);
  std::set<const Node*> unwritten;
  if (variables == Variables::kStay) unwritten = UnwrittenVariables(graph, context);
  std::set<const Node*> constant;
  for (const Node* node : graph.TopologicalOrder()) {
    if (sets.IsFed(node)) continue;
    if (!std::ranges::all_of(node->control_inputs,
                             [&](const Node* input) { return constant.contains(input); })) {
      continue;
    }
    const bool known =
        node->Is("Const") || unwritten.contains(HandleOfRead(*node)) ||
        (!node->inputs.empty() &&
         std::ranges::all_of(node->inputs,
                             [&](Output input) { return constant.contains(input.node); }) &&
         IsPure(graph, *node));
    if (known) constant.insert(node);
  }
  return constant;
}

void BecomeConst(Node& node, const Tensor& value) {
  node.op = "Const";
  node.inputs.clear();
  node.attrs.clear();
  node.attrs["dtype"] = value.dtype();
  node.attrs["value"] = EncodeTensor(value);
  node.shapes = {value.shape()};
}

std::size_t ByteSize(const Tensor& tensor) {
  if (!tensor.is_string()) return tensor.bytes().size();
  std::size_t size = 0;
  for (const std::string& value : tensor.strings()) size += value.size();
  return size;
}

}  // namespace whylight
