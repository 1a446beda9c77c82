// Gradient rules of the pooling family; the rules and their formulas are in pooling.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> PoolingGradientRules();

}  // namespace whylight
