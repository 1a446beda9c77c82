// Gradient of While and StatelessWhile.
#pragma once

#include "autodiff/differentiate.h"

namespace whylight {

// For v_{k+1} = f(v_k), k = 0 .. n-1:  dv_k = (df/dv)(v_k)^T . dv_{k+1}, from dv_n = dy to dx =
// dv_0
//
// The node is changed in place: its body pushes what f's derivative needs of each step onto lists,
// which are loop variables behind those it has, and it counts its steps where nobody else does. A
// second loop runs the count down and takes from the lists. Of the loop variables only those on the
// path have a gradient; what the body hands on unchanged, and all that follows from such, is not
// stored but read from where it comes; what counts up by a constant is computed from the step.
// The gradient with respect to what is handed on unchanged is summed over the steps.
//
// Source  tensorflow/python/ops/while_v2.py has the same scheme.
Result<Gradients> WhileGradient(const ControlFlowArgs& args);

}  // namespace whylight
