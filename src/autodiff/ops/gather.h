// Gradient rules of the gather family; the rules and their formulas are in gather.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> GatherGradientRules();

}  // namespace whylight
