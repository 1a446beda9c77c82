// Performance information curves: how much of the score of a picture comes back with how much of
// its information, while pixels of a blurred copy are made sharp in the order of an attribution.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "whylight/function.h"

namespace whylight {

// An instance with a picture among its inputs, and an order of its pixels. Borrowed until the call
// returns.
struct InformationTask {
  std::size_t instance = 0;  // As in Point: whose row it is.
  const Row* x = nullptr;
  const Row* blurred = nullptr;        // x with a blurred picture.
  std::size_t picture = 0;             // Which input: [H,W] or [H,W,C].
  std::span<const std::size_t> order;  // Each pixel once; the first is made sharp first.
};

struct InformationCurves {
  // Areas under the curves, 0 to 1. nullopt: the blurred picture scores no less than the sharp one;
  // is decided for the same class, or the sharp one for another.
  std::optional<double> sic;  // Softmax information curve: of the score.
  std::optional<double> aic;  // Accuracy information curve: of the decision for the class.
};

// What a picture holds, in any unit: the bytes of its lossless compression.
using Information = std::function<Result<double>(const Tensor& picture)>;
// For each point whether the model decides for the element of the output that is explained.
using Decides = std::function<Result<std::vector<bool>>(std::span<const Point>)>;

// The shares of the pixels that are made sharp.
std::span<const double> InformationThresholds();

// With p_k the picture whose first ceil(threshold_k * pixels) pixels of the order are sharp,
// p_blurred and p_x the blurred and the sharp one, I the information, and all quotients cut to
// [0, 1]:
//   information_k = (I(p_k) - I(p_blurred)) / (I(p_x) - I(p_blurred))
//   score_k       = max over j <= k of (F(p_j) - F(p_blurred)) / (F(p_x) - F(p_blurred))
// The curve runs through (0, 0), the points by information, and (1, 1); its area is the sum of
// trapezoids. The accuracy's curve has 1 where the decision is for the class, else 0, for the
// score. A picture whose blur holds as much information as it does has no curve: both are nullopt.
//
// Calls    f.Evaluate and `decides` once for each task, with the thresholds' rows and two more.
// Errors   A status of `f`, `information` or `decides` is returned as it came.
//          kFailedPrecondition: a score is not finite.
// Threads  No state.
// Source   Kapishnikov et al. 2019 (arXiv:1906.02825), section 3.2; PAIR saliency 0.2.1,
//          metrics/pic.py. There the blurred picture is interpolated between a random hundredth of
//          the pixels, and pictures of a score below 0.8 are refused.
Result<std::vector<InformationCurves>> ComputeInformationCurves(
    Function& f, std::span<const InformationTask> tasks, const Information& information,
    const Decides& decides);

}  // namespace whylight
