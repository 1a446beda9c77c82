// Gradient rules of the image family; the rules and their formulas are in image.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> ImageGradientRules();

}  // namespace whylight
