// Gradient rules of the diagonal family; the rules and their formulas are in diagonal.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> DiagonalGradientRules();

}  // namespace whylight
