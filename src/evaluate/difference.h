// How far attributions are from others of the same units, in size and in sign.
#pragma once

#include <cstddef>
#include <span>

namespace whylight {

struct Difference {
  double absolute = 0;  // sum |a_i - b_i|
  // absolute / max(sum |a_i|, sum |b_i|): 0 for equal ones, 1 where one of them is all zeros, at
  // most 2. 0 where both are all zeros.
  double relative = 0;
  std::size_t sign_flips = 0;  // Units with a_i * b_i < 0, both above the noise.
};

// a, b: as many. `noise`: a unit's sign means something where both sizes are above it.
// What is not finite makes both differences NaN.
Difference DifferenceOf(std::span<const double> a, std::span<const double> b, double noise);

// Below a hundredth of the greatest |a_i| and |b_i| a sign means nothing.
double NoiseOf(std::span<const double> a, std::span<const double> b);

// Mean and extremes of figures that come one by one. All are 0 before the first; once a figure was
// NaN, all are.
class Spread {
 public:
  void Add(double value);

  std::size_t count() const { return count_; }
  double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  double min() const { return min_; }
  double max() const { return max_; }

 private:
  std::size_t count_ = 0;
  double sum_ = 0, min_ = 0, max_ = 0;
};

}  // namespace whylight
