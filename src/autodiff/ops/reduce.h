// Gradient rules of the reduce family; the rules and their formulas are in reduce.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> ReduceGradientRules();

}  // namespace whylight
