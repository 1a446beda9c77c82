// Gradient rules of the quantization family; the rules and their formulas are in quantization.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> QuantizationGradientRules();

}  // namespace whylight
