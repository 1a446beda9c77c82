// Gradient rules of the sparse family; the rules and their formulas are in sparse.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> SparseGradientRules();

}  // namespace whylight
