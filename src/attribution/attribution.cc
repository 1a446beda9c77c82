#include "attribution/attribution.h"

#include <cmath>

namespace whylight {
namespace {

template <typename AnyPoint>
Status CheckScoresOf(std::span<const AnyPoint> points, std::span<const double> scores) {
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

}  // namespace

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

Status CheckFinite(std::size_t instance, const Row& row, const char* what) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!IsFloating(row[i].dtype())) {
      return InvalidArgument(InputPlace(instance, i) + ": expected " + what +
                             " of floating numbers, got " + DTypeName(row[i].dtype()));
    }
    for (std::size_t k = 0; k < row[i].elements(); ++k) {
      if (const double value = row[i].Number(k); !std::isfinite(value)) {
        return InvalidArgument(InputPlace(instance, i) + ": expected " + what +
                               " of finite numbers, got " + std::to_string(value) + " at element " +
                               std::to_string(k));
      }
    }
  }
  return OkStatus();
}

Status CheckGradients(std::size_t instance, const Row& like, const Row& gradients,
                      const std::string& where) {
  if (gradients.size() != like.size()) {
    return Internal(InstancePlace(instance) + ": expected gradients of " +
                    std::to_string(like.size()) + " inputs, got " +
                    std::to_string(gradients.size()));
  }
  for (std::size_t i = 0; i < like.size(); ++i) {
    const Tensor& gradient = gradients[i];
    if (gradient.dtype() != DType::kFloat64 || gradient.shape() != like[i].shape()) {
      return Internal(InputPlace(instance, i) + ": expected a gradient of float64" +
                      like[i].shape().ToString() + ", got " + DTypeName(gradient.dtype()) +
                      gradient.shape().ToString());
    }
    const std::span<const double> values = gradient.data<double>();
    for (std::size_t k = 0; k < values.size(); ++k) {
      if (!std::isfinite(values[k])) {
        return FailedPrecondition(InputPlace(instance, i) + ": the gradient of element " +
                                  std::to_string(k) + " is not finite " + where);
      }
    }
  }
  return OkStatus();
}

double SumOf(const Row& values) {
  double sum = 0;
  for (const Tensor& tensor : values) {
    for (const double value : tensor.data<double>()) sum += value;
  }
  return sum;
}

Status CheckScores(std::span<const Point> points, std::span<const double> scores) {
  return CheckScoresOf(points, scores);
}

Status CheckScores(std::span<const MixedPoint> points, std::span<const double> scores) {
  return CheckScoresOf(points, scores);
}

void SetGap(Attribution& attribution) {
  const double difference = attribution.input_score - attribution.baseline_score;
  attribution.approximation_error =
      RelativeError(difference - SumOf(attribution.values), difference);
}

std::size_t ElementsOf(const Row& row) {
  std::size_t elements = 0;
  for (const Tensor& input : row) elements += input.elements();
  return elements;
}

std::size_t BytesOf(const Row& row, std::size_t extra) {
  std::size_t bytes = 0;
  for (const Tensor& input : row) bytes += input.elements() * (DTypeSize(input.dtype()) + extra);
  return bytes;
}

Row ZerosLike(const Row& x) {
  Row zeros;
  for (const Tensor& input : x) zeros.emplace_back(DType::kFloat64, input.shape());
  return zeros;
}

Result<std::vector<Row>> GradientsAt(Function& f, std::span<const GradientPoint> points,
                                     const std::string& where) {
  std::vector<PathSum> sums;
  for (const GradientPoint& point : points) {
    sums.push_back({.instance = point.instance,
                    .x = point.row,
                    .baseline = point.row,
                    .positions = {1},
                    .weights = {1}});
  }
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Row> gradients, f.IntegrateGradients(sums));
  if (gradients.size() != points.size()) {
    return Internal("expected " + std::to_string(points.size()) + " gradients, got " +
                    std::to_string(gradients.size()));
  }
  for (std::size_t p = 0; p < points.size(); ++p) {
    WHYLIGHT_RETURN_IF_ERROR(
        CheckGradients(points[p].instance, *points[p].row, gradients[p], where));
  }
  return gradients;
}

}  // namespace whylight
