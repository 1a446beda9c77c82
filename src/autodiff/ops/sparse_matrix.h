// Gradient rules of the sparse_matrix family; the rules and their formulas are in sparse_matrix.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> SparseMatrixGradientRules();

}  // namespace whylight
