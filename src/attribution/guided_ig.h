// Guided Integrated Gradients: a path from a baseline that avoids steep slopes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "attribution/attribution.h"
#include "attribution/integrated_gradients.h"
#include "whylight/function.h"

namespace whylight {

struct GuidedIgOptions {
  int steps = 200;  // Of the path, 1..kMaxSteps. Cost: a gradient row each, one after another.
  double fraction = 0.25;  // Of the elements that move at once, in (0, 1].
  double max_dist = 0.02;  // How far an element may be off the straight path, in [0, 1].
  std::size_t max_bytes = std::size_t{256} << 20;  // Of paths walked side by side; at least one.
};

// Shares F(x) - F(b) among the elements along a path from b to x on which at each step those
// elements move that have the least gradients. With g = dF/dx at the point p, once for step k of n:
//   a = k / n;  p may be from b + max(a - max_dist, 0) * (x - b) to b + min(a + max_dist, 1) * (x -
//   b)
//   1. elements behind that interval move to its start;
//   2. of the elements that are not at its end those with the least |g| move to its end: as many as
//      `fraction` of all elements;
//   3. that repeats until |x - p|, the sum over all elements, is (1 - a) |x - b|; the last move
//   goes
//      only as far as it must, by the same part of the way for each.
//   values_i += (move of p_i) * g_i
// max_dist 0 is the straight path, by a left Riemann sum; 1 lets elements move in any order.
// With several baselines values and baseline_score are means over them.
// approximation_error is RelativeError(F(x) - F(b) - sum of all values, F(x) - F(b)).
//
// Shapes   Any; all inputs are one point.
// Calls    f.Evaluate once; f.IntegrateGradients `steps` times for each group of paths that
//          max_bytes allow, with one point for each path. None for a path from x to itself, whose
//          values are 0.
// Errors   kInvalidArgument: an option out of range; else as IntegratedGradients.
// Threads  No state.
// Source   Kapishnikov et al. 2021 (arXiv:2106.09788), algorithm 1; saliency 0.2.1,
//          core/guided_ig.py. There a step whose target rounding has put out of reach never ends;
//          here it ends when no element can move.
Result<std::vector<Attribution>> GuidedIg(Function& f, std::span<const IgTask> tasks,
                                          const GuidedIgOptions& options);

}  // namespace whylight
