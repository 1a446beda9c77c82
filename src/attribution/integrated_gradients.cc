#include "attribution/integrated_gradients.h"

#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "attribution/quadrature.h"

namespace whylight {
namespace {

// values += share * (x - b) * gradients
Status AddPath(const PathSum& path, const Row& gradients, double share, Row& values) {
  WHYLIGHT_RETURN_IF_ERROR(CheckGradients(path.instance, values, gradients,
                                          "at one of the " + std::to_string(path.positions.size()) +
                                              " points between the baseline and the input"));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::span<const double> from = gradients[i].data<double>();
    const std::span<double> to = values[i].data<double>();
    const Tensor &x = (*path.x)[i], &b = (*path.baseline)[i];
    for (std::size_t k = 0; k < to.size(); ++k) {
      to[k] += share * (x.Number(k) - b.Number(k)) * from[k];
    }
  }
  return OkStatus();
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

Result<std::vector<PathEnds>> ScoreEnds(Function& f, std::span<const IgTask> tasks) {
  std::vector<Point> points;
  for (const IgTask& task : tasks) {
    points.push_back({.instance = task.instance, .row = *task.x});
    for (const Row* baseline : task.baselines) {
      points.push_back({.instance = task.instance, .row = *baseline});
    }
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<double> scores, f.Evaluate(points));
  WHYLIGHT_RETURN_IF_ERROR(CheckScores(points, scores));
  std::vector<PathEnds> ends;
  std::size_t next = 0;
  for (const IgTask& task : tasks) {
    PathEnds& of_task = ends.emplace_back();
    of_task.input_score = scores[next++];
    for (std::size_t b = 0; b < task.baselines.size(); ++b) {
      of_task.baseline_scores.push_back(scores[next++]);
    }
  }
  return ends;
}

Attribution AttributionFrom(const IgTask& task, const PathEnds& ends) {
  Attribution attribution{.values = ZerosLike(*task.x), .input_score = ends.input_score};
  for (const double score : ends.baseline_scores) attribution.baseline_score += score;
  attribution.baseline_score /= static_cast<double>(ends.baseline_scores.size());
  return attribution;
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
  std::vector<PathSum> paths;
  std::vector<std::size_t> task_of_path;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    for (const Row* baseline : tasks[i].baselines) {
      if (*baseline == *tasks[i].x) continue;
      paths.push_back({.instance = tasks[i].instance,
                       .x = tasks[i].x,
                       .baseline = baseline,
                       .positions = rule->nodes,
                       .weights = rule->weights});
      task_of_path.push_back(i);
    }
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<PathEnds> ends, ScoreEnds(f, tasks));
  std::vector<Attribution> attributions;
  attributions.reserve(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    attributions.push_back(AttributionFrom(tasks[i], ends[i]));
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
  for (Attribution& attribution : attributions) SetGap(attribution);
  return attributions;
}

}  // namespace whylight
