#include "attribution/integrated_gradients.h"

#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "attribution/quadrature.h"

namespace whylight {
namespace {

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

// values += share * (x - b) * gradients
Status AddPath(const PathSum& path, const Row& gradients, double share, Row& values) {
  if (gradients.size() != values.size()) {
    return Internal(InstancePlace(path.instance) + ": expected gradients of " +
                    std::to_string(values.size()) + " inputs, got " +
                    std::to_string(gradients.size()));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Tensor& gradient = gradients[i];
    if (gradient.dtype() != DType::kFloat64 || gradient.shape() != values[i].shape()) {
      return Internal(InputPlace(path.instance, i) + ": expected a gradient of float64" +
                      values[i].shape().ToString() + ", got " + DTypeName(gradient.dtype()) +
                      gradient.shape().ToString());
    }
    const std::span<const double> from = gradient.data<double>();
    const std::span<double> to = values[i].data<double>();
    const Tensor &x = (*path.x)[i], &b = (*path.baseline)[i];
    for (std::size_t k = 0; k < to.size(); ++k) {
      if (!std::isfinite(from[k])) {
        return FailedPrecondition(InputPlace(path.instance, i) + ": the gradient of element " +
                                  std::to_string(k) + " is not finite at one of the " +
                                  std::to_string(path.positions.size()) +
                                  " points between the baseline and the input");
      }
      to[k] += share * (x.Number(k) - b.Number(k)) * from[k];
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

}  // namespace

Status CheckIgTasks(std::span<const IgTask> tasks) {
  for (const IgTask& task : tasks) {
    WHYLIGHT_RETURN_IF_ERROR(CheckFinite(task.instance, *task.x, "an input"));
    if (task.baselines.empty()) {
      return InvalidArgument(InstancePlace(task.instance) + ": expected a baseline, got none");
    }
    for (const Row* baseline : task.baselines) {
      WHYLIGHT_RETURN_IF_ERROR(CheckSameForm(task.instance, *task.x, *baseline));
      WHYLIGHT_RETURN_IF_ERROR(CheckFinite(task.instance, *baseline, "a baseline"));
    }
  }
  return OkStatus();
}

Result<std::vector<Attribution>> IntegratedGradients(Function& f, std::span<const IgTask> tasks,
                                                     const IntegratedGradientsOptions& options) {
  if (options.steps < 1 || options.steps > kMaxSteps) {
    return InvalidArgument("steps: expected 1 to " + std::to_string(kMaxSteps) + ", got " +
                           std::to_string(options.steps));
  }
  WHYLIGHT_RETURN_IF_ERROR(CheckIgTasks(tasks));
  if (tasks.empty()) return std::vector<Attribution>();
  const std::shared_ptr<const Quadrature> rule = options.rule == QuadratureRule::kMidpoint
                                                     ? Midpoint(options.steps)
                                                     : GaussLegendre(options.steps);
  std::vector<Point> points;
  std::vector<PathSum> paths;
  std::vector<std::size_t> task_of_path;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const IgTask& task = tasks[i];
    points.push_back({.instance = task.instance, .row = *task.x});
    for (const Row* baseline : task.baselines) {
      points.push_back({.instance = task.instance, .row = *baseline});
      if (*baseline == *task.x) continue;
      paths.push_back({.instance = task.instance,
                       .x = task.x,
                       .baseline = baseline,
                       .positions = rule->nodes,
                       .weights = rule->weights});
      task_of_path.push_back(i);
    }
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<double> scores, f.Evaluate(points));
  WHYLIGHT_RETURN_IF_ERROR(CheckScores(points, scores));

  std::vector<Attribution> attributions(tasks.size());
  std::size_t next_score = 0;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    Attribution& a = attributions[i];
    for (const Tensor& x : *tasks[i].x) a.values.emplace_back(DType::kFloat64, x.shape());
    a.input_score = scores[next_score++];
    const std::size_t count = tasks[i].baselines.size();
    for (std::size_t k = 0; k < count; ++k) a.baseline_score += scores[next_score++];
    a.baseline_score /= static_cast<double>(count);
  }

  if (!paths.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Row> gradients, f.IntegrateGradients(paths));
    if (gradients.size() != paths.size()) {
      return Internal("expected " + std::to_string(paths.size()) + " sums of gradients, got " +
                      std::to_string(gradients.size()));
    }
    for (std::size_t p = 0; p < paths.size(); ++p) {
      const std::size_t i = task_of_path[p];
      const double share = 1.0 / static_cast<double>(tasks[i].baselines.size());
      WHYLIGHT_RETURN_IF_ERROR(AddPath(paths[p], gradients[p], share, attributions[i].values));
    }
  }
  for (Attribution& a : attributions) {
    const double difference = a.input_score - a.baseline_score;
    a.approximation_error = RelativeError(difference - SumOf(a.values), difference);
  }
  return attributions;
}

}  // namespace whylight
