// Gradient rules of the random family; the rules and their formulas are in random.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> RandomGradientRules();

}  // namespace whylight
