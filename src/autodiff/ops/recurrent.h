// Gradient rules of the recurrent family; the rules and their formulas are in recurrent.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> RecurrentGradientRules();

}  // namespace whylight
