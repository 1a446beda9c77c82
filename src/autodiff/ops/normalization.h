// Gradient rules of the normalization family; the rules and their formulas are in normalization.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> NormalizationGradientRules();

}  // namespace whylight
