#include "evaluate/difference.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "whylight/status.h"

namespace whylight {
namespace {

constexpr double kNoise = 0.01;  // Of the greatest.

double GreatestOf(std::span<const double> values) {
  double greatest = 0;
  for (const double value : values) greatest = std::max(greatest, std::abs(value));
  return greatest;
}

}  // namespace

Difference DifferenceOf(std::span<const double> a, std::span<const double> b, double noise) {
  WHYLIGHT_CHECK(a.size() == b.size());
  Difference difference;
  double size_a = 0, size_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference.absolute += std::abs(a[i] - b[i]);
    size_a += std::abs(a[i]);
    size_b += std::abs(b[i]);
    const bool is_flip =
        (a[i] < 0) != (b[i] < 0) && std::abs(a[i]) > noise && std::abs(b[i]) > noise;
    if (is_flip) ++difference.sign_flips;
  }
  const double size = std::max(size_a, size_b);
  if (!std::isfinite(size_a + size_b)) {
    difference.absolute = difference.relative = std::numeric_limits<double>::quiet_NaN();
  } else if (size > 0) {
    difference.relative = difference.absolute / size;
  }
  return difference;
}

double NoiseOf(std::span<const double> a, std::span<const double> b) {
  return kNoise * std::max(GreatestOf(a), GreatestOf(b));
}

void Spread::Add(double value) {
  sum_ += value;
  if (count_++ == 0 || std::isnan(value)) {
    min_ = max_ = value;
  } else if (!std::isnan(min_)) {
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
  }
}

}  // namespace whylight
