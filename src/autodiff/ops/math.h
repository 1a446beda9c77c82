// Gradient rules of the math family; the rules and their formulas are in math.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> MathGradientRules();

}  // namespace whylight
