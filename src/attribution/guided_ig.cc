#include "attribution/guided_ig.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace whylight {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kClose = 1e-9;  // Relative and absolute, of distances.

Status Check(std::span<const IgTask> tasks, const GuidedIgOptions& options) {
  if (options.steps < 1 || options.steps > kMaxSteps) {
    return InvalidArgument("steps: expected 1 to " + std::to_string(kMaxSteps) + ", got " +
                           std::to_string(options.steps));
  }
  if (!(options.fraction > 0 && options.fraction <= 1)) {
    return InvalidArgument("fraction: expected a number above 0, up to 1, got " +
                           std::to_string(options.fraction));
  }
  if (!(options.max_dist >= 0 && options.max_dist <= 1)) {
    return InvalidArgument("max_dist: expected 0 to 1, got " + std::to_string(options.max_dist));
  }
  return CheckIgTasks(tasks);
}

std::vector<double> Flat(const Row& row) {
  std::vector<double> flat;
  for (const Tensor& tensor : row) {
    for (std::size_t i = 0; i < tensor.elements(); ++i) flat.push_back(tensor.Number(i));
  }
  return flat;
}

bool IsClose(double a, double b) {
  return std::abs(a - b) <= std::max(kClose * std::max(std::abs(a), std::abs(b)), kClose);
}

// The path from one baseline. All inputs lie flat in one vector.
class Walk {
 public:
  Walk(const Row& x, const Row& baseline, const GuidedIgOptions& options)
      : options_(options),
        x_(Flat(x)),
        b_(Flat(baseline)),
        at_(b_),
        values_(x_.size(), 0.0),
        point_(baseline) {
    for (std::size_t i = 0; i < x_.size(); ++i) total_ += std::abs(x_[i] - b_[i]);
  }

  const Row& point() const { return point_; }
  const std::vector<double>& values() const { return values_; }

  // Step `step` of 0 .. steps - 1, with the gradient at point().
  void Step(int step, const std::vector<double>& gradient) {
    const double to = (step + 1.0) / options_.steps;
    alpha_least_ = std::max(to - options_.max_dist, 0.0);
    alpha_most_ = std::min(to + options_.max_dist, 1.0);
    const double target = total_ * (1 - (step + 1.0) / options_.steps);
    std::vector<double> steepness;
    steepness.reserve(gradient.size());
    for (const double slope : gradient) steepness.push_back(std::abs(slope));
    bool moved = true;
    while (moved) {
      const std::vector<double> before = at_;
      moved = Move(target, steepness);
      for (std::size_t i = 0; i < at_.size(); ++i) values_[i] += (at_[i] - before[i]) * gradient[i];
    }
    SetPoint();
  }

 private:
  double Along(std::size_t i, double alpha) const { return b_[i] + (x_[i] - b_[i]) * alpha; }

  // False when the step is at its end. `steepness` of elements that cannot go on becomes infinite.
  bool Move(double target, std::vector<double>& steepness) {
    double distance = 0;
    for (std::size_t i = 0; i < at_.size(); ++i) {
      const bool differs = x_[i] != b_[i];
      if (differs && (at_[i] - b_[i]) / (x_[i] - b_[i]) < alpha_least_) {
        at_[i] = Along(i, alpha_least_);
      }
      distance += std::abs(at_[i] - x_[i]);
      if (at_[i] == Along(i, alpha_most_)) steepness[i] = kInfinity;
    }
    if (IsClose(target, distance)) return false;

    std::vector<double> sorted = steepness;
    const auto rank = static_cast<std::ptrdiff_t>(
        std::floor(static_cast<double>(sorted.size() - 1) * options_.fraction));
    std::ranges::nth_element(sorted, sorted.begin() + rank);
    const double threshold = sorted[static_cast<std::size_t>(rank)];
    const auto may_move = [&](std::size_t i) {
      return steepness[i] <= threshold && steepness[i] != kInfinity;
    };
    double reach = 0;
    for (std::size_t i = 0; i < at_.size(); ++i) {
      if (may_move(i)) reach += std::abs(at_[i] - Along(i, alpha_most_));
    }
    const double part = (distance - target) / reach;
    if (!(reach > 0 && part > 0)) return false;
    for (std::size_t i = 0; i < at_.size(); ++i) {
      if (!may_move(i)) continue;
      const double end = Along(i, alpha_most_);
      at_[i] = part > 1 ? end : at_[i] + (end - at_[i]) * part;
    }
    return part > 1;
  }

  void SetPoint() {
    std::size_t next = 0;
    for (Tensor& tensor : point_) {
      for (std::size_t i = 0; i < tensor.elements(); ++i) tensor.SetNumber(i, at_[next++]);
    }
  }

  const GuidedIgOptions& options_;
  std::vector<double> x_, b_, at_, values_;
  Row point_;  // at_, in the inputs' own form.
  double total_ = 0, alpha_least_ = 0, alpha_most_ = 0;
};

struct Route {
  std::size_t task = 0;
  const Row* baseline = nullptr;
};

// Walks the routes side by side; values of their tasks grow by their shares.
Status WalkAll(Function& f, std::span<const IgTask> tasks, std::span<const Route> routes,
               const GuidedIgOptions& options, std::vector<Attribution>& attributions) {
  std::vector<Walk> walks;
  for (const Route& route : routes) {
    walks.emplace_back(*tasks[route.task].x, *route.baseline, options);
  }
  std::vector<GradientPoint> points;
  points.reserve(walks.size());
  for (std::size_t w = 0; w < walks.size(); ++w) {
    points.push_back({.instance = tasks[routes[w].task].instance, .row = &walks[w].point()});
  }
  for (int step = 0; step < options.steps; ++step) {
    WHYLIGHT_ASSIGN_OR_RETURN(
        const std::vector<Row> gradients,
        GradientsAt(f, points, "at step " + std::to_string(step) + " of the path"));
    for (std::size_t w = 0; w < walks.size(); ++w) walks[w].Step(step, Flat(gradients[w]));
  }
  for (std::size_t w = 0; w < walks.size(); ++w) {
    const IgTask& task = tasks[routes[w].task];
    std::size_t next = 0;
    for (Tensor& values : attributions[routes[w].task].values) {
      for (double& value : values.data<double>()) {
        value += walks[w].values()[next++] / static_cast<double>(task.baselines.size());
      }
    }
  }
  return OkStatus();
}

// Bytes of a walk beside the point's own row: six vectors of doubles and the gradient.
constexpr std::size_t kWalkBytes = 64;

}  // namespace

Result<std::vector<Attribution>> GuidedIg(Function& f, std::span<const IgTask> tasks,
                                          const GuidedIgOptions& options) {
  WHYLIGHT_RETURN_IF_ERROR(Check(tasks, options));
  if (tasks.empty()) return std::vector<Attribution>();
  std::vector<Route> routes;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    for (const Row* baseline : tasks[t].baselines) {
      if (*baseline != *tasks[t].x) routes.push_back({.task = t, .baseline = baseline});
    }
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<PathEnds> ends, ScoreEnds(f, tasks));
  std::vector<Attribution> attributions;
  attributions.reserve(tasks.size());
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    attributions.push_back(AttributionFrom(tasks[t], ends[t]));
  }
  for (std::size_t first = 0; first < routes.size();) {
    std::size_t end = first, bytes = 0;
    do {
      bytes += BytesOf(*tasks[routes[end++].task].x, kWalkBytes);
    } while (end < routes.size() &&
             bytes + BytesOf(*tasks[routes[end].task].x, kWalkBytes) <= options.max_bytes);
    WHYLIGHT_RETURN_IF_ERROR(
        WalkAll(f, tasks, std::span(routes).subspan(first, end - first), options, attributions));
    first = end;
  }
  for (Attribution& attribution : attributions) SetGap(attribution);
  return attributions;
}

}  // namespace whylight
