// Which tensors and nodes derivatives pass through.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

#include "autodiff/registry.h"
#include "graph/passes/custom_gradients.h"

namespace whylight {

// Variants hold lists of tensors (TensorListFromTensor ... TensorListStack), which derivatives
// pass.
inline bool CarriesGradient(DType dtype) {
  return IsFloating(dtype) || IsComplex(dtype) || dtype == DType::kVariant;
}

// Whether the op's derivative is zero by definition.
inline bool EndsPath(const Node& node) {
  const GradientRule* rule = FindGradientRule(node.op);
  return rule != nullptr && rule->zero;
}

// Whether the gradient of an output may go to an input: of an IdentityN, from a tensor to itself
// or, with a custom gradient, to what its function returns a gradient of.
inline bool PassesGradient(const Node& node, std::size_t output, std::size_t input) {
  if (!node.Is("IdentityN")) return true;
  const std::optional<AttachedGradient> custom = AttachedGradientOf(node);
  if (!custom) return output == input;
  return output < node.inputs.size() - custom->captures &&
         std::ranges::find(custom->inputs, input) != custom->inputs.end();
}

inline std::string DescribeNode(const Node& node) { return node.op + " '" + node.name + "'"; }

}  // namespace whylight
