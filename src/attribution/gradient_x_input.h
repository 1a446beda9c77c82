// Gradient times input: one gradient, at the instance itself.
#pragma once

#include <span>
#include <vector>

#include "attribution/attribution.h"
#include "whylight/function.h"

namespace whylight {

// One instance. Borrowed until the call returns.
struct GradientTask {
  std::size_t instance = 0;  // As in Point: whose row it is.
  const Row* x = nullptr;
};

//   values_i = x_i * dF/dx_i (x)
// In the score's unit. Where F is homogeneous (F(a x) = a F(x), as a network of ReLUs without
// biases is) the values sum to F(x); else to nothing in particular. baseline_score and
// approximation_error are 0: nothing is compared with, and nothing is approximated.
//
// Shapes   x: one floating tensor per input.
// Calls    f.Evaluate once with the instances; f.IntegrateGradients once with a point for each.
// Errors   kInvalidArgument: a value that is not finite or not of a floating dtype.
//          kFailedPrecondition: a score or a gradient is not finite.
// Threads  No state; `f` is called from this thread only.
// Source   Shrikumar et al. 2016 (arXiv:1605.01713).
Result<std::vector<Attribution>> GradientXInput(Function& f, std::span<const GradientTask> tasks);

}  // namespace whylight
