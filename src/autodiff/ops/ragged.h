// Gradient rules of the ragged family; the rules and their formulas are in ragged.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> RaggedGradientRules();

}  // namespace whylight
