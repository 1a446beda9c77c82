// Which tensors and nodes derivatives pass through.
#pragma once

#include <string>

#include "autodiff/registry.h"

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

inline std::string DescribeNode(const Node& node) { return node.op + " '" + node.name + "'"; }

}  // namespace whylight
