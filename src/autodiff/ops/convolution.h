// Gradient rules of the convolution family; the rules and their formulas are in convolution.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> ConvolutionGradientRules();

}  // namespace whylight
