// Gradient rules of the ctc family; the rules and their formulas are in ctc.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> CtcGradientRules();

}  // namespace whylight
