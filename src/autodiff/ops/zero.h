// The rule of ops whose derivative is zero wherever it exists (Floor, Sign), or which have none by
// definition (StopGradient). Said in the table, so that it is never mistaken for an op that nobody
// wrote a rule for: that one is kUnimplemented.
#pragma once

#include "autodiff/registry.h"

namespace whylight {

// Used as {"Floor", ZeroGradient, true}.
inline Gradients ZeroGradient(const GradientArgs& a) { return Gradients(a.x.size()); }

}  // namespace whylight
