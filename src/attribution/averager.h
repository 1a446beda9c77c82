// Means and standard errors of attributions that come one by one.
#pragma once

#include <cstddef>
#include <utility>

#include "attribution/attribution.h"
#include "whylight/function.h"

namespace whylight {

// sqrt of the sum of all elements' squares.
double NormOf(const Row& values);

// Welford's recurrence, element by element: no large sums are subtracted from each other.
class Averager {
 public:
  explicit Averager(const Row& like) : mean_(ZerosLike(like)), squares_(ZerosLike(like)) {}

  void Add(const Row& values);  // float64, in the shapes of `like`.

  Row TakeMean() { return std::move(mean_); }
  // sqrt(sum of (value - mean)^2 / (n - 1) / n). One sample tells nothing of its error, which is
  // then infinite; 0 without a sample.
  Row TakeErrors();

 private:
  Row mean_, squares_;
  std::size_t count_ = 0;
};

}  // namespace whylight
