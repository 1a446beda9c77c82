// Gradient rules of the array family; the rules and their formulas are in array.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> ArrayGradientRules();

}  // namespace whylight
