// Gradient of If, Case and their stateless kinds.
#pragma once

#include "autodiff/differentiate.h"

namespace whylight {

// y = f_c(x);  dx = (df_c/dx)^T . dy, c the branch taken
//
// The node is changed in place: each branch also returns what its derivative needs, where it did
// not before. Branches share those results, by type; what a branch has no use for is a scalar.
// Arguments, and views of them, are read from where they come. A second node takes the same branch;
// where an input does not matter to a branch, its gradient is zeros.
Result<Gradients> BranchGradient(const ControlFlowArgs& args);

}  // namespace whylight
