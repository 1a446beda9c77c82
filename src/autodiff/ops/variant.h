// Gradient rules of the variant family; the rules and their formulas are in variant.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> VariantGradientRules();

}  // namespace whylight
