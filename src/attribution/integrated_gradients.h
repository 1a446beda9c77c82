// Integrated Gradients: the score's change from a baseline, shared by the gradient along the path.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "attribution/attribution.h"
#include "whylight/function.h"

namespace whylight {

enum class QuadratureRule {
  kGaussLegendre,
  kMidpoint,  // For comparison with other tools.
};

struct IntegratedGradientsOptions {
  // Points on each path, 1..kMaxSteps. Cost for an instance and a baseline: `steps` gradient rows
  // and 1 score row, and 1 score row for the instance.
  int steps = 50;
  QuadratureRule rule = QuadratureRule::kGaussLegendre;
};
inline constexpr int kMaxSteps = 10000;

// One instance and where its paths start. Borrowed until the call returns.
struct IgTask {
  std::size_t instance = 0;  // As in Point: whose row it is.
  const Row* x = nullptr;
  std::vector<const Row*> baselines;  // At least one, in the form of x.
};

// Errors: kInvalidArgument, with the place: no baseline, forms that differ, a value that is not
// finite or not of a floating dtype.
Status CheckIgTasks(std::span<const IgTask> tasks);

// F at the ends of a task's paths.
struct PathEnds {
  double input_score = 0;
  std::vector<double> baseline_scores;  // In order of the baselines.
};
// By one call of f.Evaluate. Errors: that of the call, and those of CheckScores.
Result<std::vector<PathEnds>> ScoreEnds(Function& f, std::span<const IgTask> tasks);
// F(x), the mean F(b), and zeros for values.
Attribution AttributionFrom(const IgTask& task, const PathEnds& ends);

// Shares F(x) - F(b) among the elements of each instance, along the straight path from b to x:
//   values_i = (x_i - b_i) * sum over k < n of w_k * dF/dx_i(b + t_k * (x - b)),  n = steps
// t_k, w_k: Gauss-Legendre nodes and weights on [0, 1]. Exact for a polynomial F of degree 2n.
// With several baselines values, baseline_score and F(x) - F(b) are means over them.
// approximation_error is RelativeError(F(x) - F(b) - sum of all values, F(x) - F(b)).
//
// Shapes   x, baselines: one floating tensor per input, without a row axis.
// Calls    f.Evaluate once with all instances and baselines; f.IntegrateGradients once with all
//          paths but those from x to itself, whose values are 0.
// Errors   kInvalidArgument: forms differ, steps out of range, a value that is not finite or
//          not of a floating dtype, no baseline. kFailedPrecondition: a score or a gradient is
//          not finite. A status of `f` is returned as it came.
// Threads  No state. Owns nothing after the return; `f` is called from this thread only.
// Source   Sundararajan, Taly, Yan 2017 (arXiv:1703.01365), eq. 3.
Result<std::vector<Attribution>> IntegratedGradients(Function& f, std::span<const IgTask> tasks,
                                                     const IntegratedGradientsOptions& options);

}  // namespace whylight
