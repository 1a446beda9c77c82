// SmoothGrad: gradients averaged over noisy copies of an instance; and Integrated Gradients
// averaged alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "attribution/attribution.h"
#include "attribution/integrated_gradients.h"
#include "whylight/function.h"

namespace whylight {

// Normal noise for copies of an instance. Depends on the seed, the copy and the form of the
// instance alone: an instance has the same noise in any batch, and its paths have that of their
// end.
struct NoiseOptions {
  std::vector<double> sigmas;  // Standard deviation for each input, in its own unit, >= 0.
  int samples = 3;             // Copies, 1..kMaxNoisySamples.
  std::uint64_t seed = 0;
  std::size_t max_bytes = std::size_t{256}
                          << 20;  // Of copies alive at once; at least one instance.
};
inline constexpr int kMaxNoisySamples = 10000;

struct SmoothAttribution {
  Attribution attribution;
  Row standard_errors;  // Of the values, over the copies; infinite for one copy that has noise.
};

// One instance. Borrowed until the call returns.
struct SmoothGradTask {
  std::size_t instance = 0;  // As in Point: whose row it is.
  const Row* x = nullptr;
  std::vector<double> sigmas;  // In place of those of the options, if not empty.
};

//   values_i = mean over s of g_is,  g_is = dF/dx_i (x + noise_s)
//   error_i  = sqrt(sum over s of (g_is - values_i)^2 / (samples - 1) / samples)
//   approximation_error = |error| / |values| over all elements; |error| where |values| is below
//     kNoDifference
// A gradient: the score's unit over that of the input; nothing is shared out. baseline_score is 0.
// Without noise one gradient is taken, and its error is 0.
//
// Shapes   x: one floating tensor per input.
// Calls    f.Evaluate once with the instances; f.IntegrateGradients with one point for each copy,
//          in groups that max_bytes allow.
// Errors   kInvalidArgument: options out of range, a value that is not finite or not of a floating
//          dtype. kFailedPrecondition: a score or a gradient is not finite.
// Threads  No state; `f` is called from this thread only.
// Source   Smilkov et al. 2017 (arXiv:1706.03825).
Result<std::vector<SmoothAttribution>> SmoothGrad(Function& f,
                                                  std::span<const SmoothGradTask> tasks,
                                                  const NoiseOptions& options);

// Integrated Gradients of tasks, by whatever rule.
using PathMethod =
    std::function<Result<std::vector<Attribution>>(Function&, std::span<const IgTask>)>;

// Noise at the points of paths: for each copy s the whole path is moved, from b + noise_s to
// x + noise_s, so that its points have that noise, and what `method` gives is averaged over s.
//   values_i = mean over s of v_is,  error_i as above
// input_score and baseline_score are those of x and b themselves, and approximation_error is
// RelativeError(F(x) - F(b) - sum of all values, F(x) - F(b)): with the rule's error it holds what
// the noise does to the score. An element that equals its baseline's gets 0 all the same.
//
// `method` gets the copies of a task one after another, those of a few tasks in each call. Without
// noise it gets the tasks themselves, once.
// Calls    f.Evaluate once with the instances and baselines, and those of `method`.
// Errors   As SmoothGrad and `method`.
Result<std::vector<SmoothAttribution>> WithNoise(Function& f, std::span<const IgTask> tasks,
                                                 const NoiseOptions& options,
                                                 const PathMethod& method);

}  // namespace whylight
