// Expected Gradients: Integrated Gradients from many baselines, by one random point on each path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attribution/attribution.h"
#include "whylight/function.h"

namespace whylight {

struct ExpectedGradientsOptions {
  int samples = 200;  // Rows that are drawn, with replacement, 1..kMaxDrawnRows.
  std::uint64_t seed = 0;
  std::size_t max_bytes = std::size_t{256} << 20;  // Of gradients alive at once; at least one.
};
inline constexpr int kMaxDrawnRows = 100000;

// One instance. Borrowed until the call returns.
struct ExpectedGradientsTask {
  std::size_t instance = 0;  // As in Point: whose row it is.
  const Row* x = nullptr;
};

struct ExpectedAttribution {
  Attribution attribution;
  Row standard_errors;  // Of the values; infinite for one sample that is not x itself.
};

// With b_s a row of `data` and t_s uniform in [0, 1):
//   v_is     = (x_i - b_is) * dF/dx_i (b_s + t_s (x - b_s))
//   values_i = mean over s of v_is
//   error_i  = sqrt(sum over s of (v_is - values_i)^2 / (samples - 1) / samples)
//   baseline_score      = mean over s of F(b_s)
//   approximation_error = RelativeError(sqrt(sum over i of error_i^2), F(x) - baseline_score)
// The expectation of the values is that of Integrated Gradients over the rows, whose sum is F(x)
// less the mean score of the rows.
// Randomness  Depends on the seed and the number of rows alone: an instance has the same values in
//             any batch, and all instances are compared with the same rows.
//
// Shapes   x and rows of data: one floating tensor per input, in one form.
// Calls    f.Evaluate once for the instances and each one's drawn rows, equal rows once;
//          f.IntegrateGradients with one point for each sample, in groups that max_bytes allow;
//          none for a row that is x.
// Errors   kInvalidArgument: samples out of range, no data, forms that differ, a value that is not
//          finite or not of a floating dtype. kFailedPrecondition: a score or a gradient is not
//          finite.
// Threads  No state; `f` is called from this thread only.
// Source   Erion et al. 2019 (arXiv:1906.10670), eq. 5.
Result<std::vector<ExpectedAttribution>> ExpectedGradients(
    Function& f, std::span<const ExpectedGradientsTask> tasks, std::span<const Row> data,
    const ExpectedGradientsOptions& options);

}  // namespace whylight
