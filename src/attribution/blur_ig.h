// Blur Integrated Gradients: the score's change while a picture is blurred.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "attribution/attribution.h"
#include "whylight/function.h"

namespace whylight {

struct BlurIgOptions {
  int steps = 100;        // Blurs along the path, 1..kMaxSteps. Cost: a gradient row each.
  double max_sigma = 50;  // Of the strongest blur, in pixels; above 0, up to kMaxBlurSigma.
  std::size_t max_bytes = std::size_t{64} << 20;  // Of points alive at once; at least one is.
  int threads = 1;  // That blur at once, >= 1; the numbers do not hang on them.
};
inline constexpr double kMaxBlurSigma = 1000;

struct BlurIgTask {
  std::size_t instance = 0;  // As in Point: whose row it is.
  const Row* x = nullptr;    // Borrowed until the call returns.
};

// Shares F(x) - F(b), b the picture blurred with max_sigma, among the elements of x, along the path
// on which the picture grows sharp. With x(s) the picture blurred with sigma s, zeros around it:
//   values_i = - sum over k < n of (max_sigma / n) * dx_i/ds(s_k) * dF/dx_i(x(s_k))
//   s_k = k * max_sigma / n,  dx/ds(s) = (x(s + h) - x(s)) / h,  n = steps, h = 0.01
// approximation_error is RelativeError(F(x) - F(b) - sum of all values, F(x) - F(b)).
// Inputs are blurred together.
//
// Shapes   Each input a picture, [H,W] or [H,W,C], of a floating dtype.
// Calls    f.Evaluate once; f.IntegrateGradients with as many points as max_bytes allow, those left
//          out where nothing moves: the first one always, as a blur of 0.01 is none.
// Errors   kInvalidArgument: an option out of range, no picture, a value that is not finite.
//          kFailedPrecondition: a score or a gradient is not finite. A status of `f` as it came.
// Threads  No state; `f` is called from this thread only.
// Source   Xu, Venugopalan, Sundararajan 2020 (arXiv:2004.03383), eq. 6; saliency 0.2.1,
//          core/blur_ig.py, with sqrt=False.
Result<std::vector<Attribution>> BlurIg(Function& f, std::span<const BlurIgTask> tasks,
                                        const BlurIgOptions& options);

}  // namespace whylight
