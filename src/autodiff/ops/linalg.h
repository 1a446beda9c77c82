// Gradient rules of the linalg family; the rules and their formulas are in linalg.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> LinalgGradientRules();

}  // namespace whylight
