#include "attribution/attribution.h"

#include <cmath>

namespace whylight {

double RelativeError(double miss, double difference) {
  const double size = std::abs(difference);
  return size < kNoDifference ? std::abs(miss) : std::abs(miss) / size;
}

std::string InstancePlace(std::size_t instance) {
  return "instances[" + std::to_string(instance) + "]";
}

std::string InputPlace(std::size_t instance, std::size_t input) {
  return InstancePlace(instance) + ".inputs[" + std::to_string(input) + "]";
}

Status CheckSameForm(std::size_t instance, const Row& x, const Row& baseline) {
  if (x.size() != baseline.size()) {
    return InvalidArgument(InstancePlace(instance) + ": expected a baseline of " +
                           std::to_string(x.size()) + " inputs, got " +
                           std::to_string(baseline.size()));
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i].dtype() != baseline[i].dtype() || x[i].shape() != baseline[i].shape()) {
      return InvalidArgument(InputPlace(instance, i) + ": expected a baseline of " +
                             DTypeName(x[i].dtype()) + x[i].shape().ToString() + ", got " +
                             DTypeName(baseline[i].dtype()) + baseline[i].shape().ToString());
    }
  }
  return OkStatus();
}

Status CheckScores(std::span<const Point> points, std::span<const double> scores) {
  if (points.size() != scores.size()) {
    return Internal("expected " + std::to_string(points.size()) + " scores, got " +
                    std::to_string(scores.size()));
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!std::isfinite(scores[i])) {
      return FailedPrecondition(InstancePlace(points[i].instance) +
                                ": expected a finite score, the model gave " +
                                std::to_string(scores[i]));
    }
  }
  return OkStatus();
}

}  // namespace whylight
