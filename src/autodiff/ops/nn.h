// Gradient rules of the nn family; the rules and their formulas are in nn.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> NnGradientRules();

}  // namespace whylight
