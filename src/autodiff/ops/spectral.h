// Gradient rules of the spectral family; the rules and their formulas are in spectral.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> SpectralGradientRules();

}  // namespace whylight
