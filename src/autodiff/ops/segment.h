// Gradient rules of the segment family; the rules and their formulas are in segment.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> SegmentGradientRules();

}  // namespace whylight
