// What the methods share: their result, and the checks of what they are given.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "whylight/function.h"

namespace whylight {

struct Attribution {
  Row values;                 // One float64 tensor per input, in its shape, in the score's unit.
  double input_score = 0;     // F(x) as the model returns it: no softmax, no sigmoid is added.
  double baseline_score = 0;  // F(b); the mean where there are several baselines.
  double approximation_error = 0;  // RelativeError of what the values miss.
};

// A difference of scores below this is taken for none, and errors are given absolutely.
inline constexpr double kNoDifference = 1e-9;

// |miss| / |difference|; |miss| itself where |difference| < kNoDifference, so 0 when both are 0.
// `difference` is F(x) - F(b).
double RelativeError(double miss, double difference);

// Sets approximation_error of attributions that should sum to F(x) - F(b): RelativeError of what
// they miss of it.
void SetGap(Attribution& attribution);

std::size_t ElementsOf(const Row& row);  // Of all inputs.
// What a row takes, and beside each element `extra` bytes more.
std::size_t BytesOf(const Row& row, std::size_t extra);
Row ZerosLike(const Row& x);  // float64, in the shapes of `x`.

// "instances[2]" and "instances[2].inputs[0]", as messages name places.
std::string InstancePlace(std::size_t instance);
std::string InputPlace(std::size_t instance, std::size_t input);

// Errors: kInvalidArgument, with the place, unless `baseline` has as many inputs as `x` and each
// the dtype and shape of its counterpart.
Status CheckSameForm(std::size_t instance, const Row& x, const Row& baseline);

// Errors: kInvalidArgument, with the place, unless all values are finite and of floating dtypes.
// `what` is "an input" or "a baseline".
Status CheckFinite(std::size_t instance, const Row& row, const char* what);

// Errors: kInternal, unless there is a float64 tensor in the shape of each of `like`.
// kFailedPrecondition for one that is not finite; `where` ends the message ("at the input").
Status CheckGradients(std::size_t instance, const Row& like, const Row& gradients,
                      const std::string& where);

// dF/dx at rows, not along paths: one call of f.IntegrateGradients. Rows are borrowed.
// Errors: that of the call, and those of CheckGradients.
struct GradientPoint {
  std::size_t instance = 0;
  const Row* row = nullptr;
};
Result<std::vector<Row>> GradientsAt(Function& f, std::span<const GradientPoint> points,
                                     const std::string& where);

double SumOf(const Row& values);  // Of all elements of float64 tensors.

// Errors: kFailedPrecondition for a score that is not finite, or when there is not one score for
// each point (kInternal).
Status CheckScores(std::span<const Point> points, std::span<const double> scores);
Status CheckScores(std::span<const MixedPoint> points, std::span<const double> scores);

}  // namespace whylight
