// Gradient rules of ops that hand their input on, or end the path on purpose; the rules are in
// identity.cc.
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> IdentityGradientRules();

}  // namespace whylight
