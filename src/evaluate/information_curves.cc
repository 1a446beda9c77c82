#include "evaluate/information_curves.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "attribution/attribution.h"

namespace whylight {
namespace {

constexpr double kThresholds[] = {0,    0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07,
                                  0.10, 0.13,  0.21, 0.34, 0.5,  0.75, 1.0};

// The blurred picture, then those of growing thresholds, then the sharp one.
std::vector<Point> PointsOf(const InformationTask& task) {
  const Tensor& sharp = (*task.x)[task.picture];
  const std::size_t pixels = task.order.size();
  const std::size_t bytes = sharp.bytes().size() / std::max<std::size_t>(pixels, 1);
  std::vector<Point> points = {{.instance = task.instance, .row = *task.blurred}};
  std::size_t revealed = 0;
  Row row = *task.blurred;
  for (const double threshold : kThresholds) {
    const auto count = static_cast<std::size_t>(std::ceil(threshold * static_cast<double>(pixels)));
    for (; revealed < count; ++revealed) {
      const std::size_t at = task.order[revealed] * bytes;
      std::memcpy(&row[task.picture].bytes()[at], &sharp.bytes()[at], bytes);
    }
    points.push_back({.instance = task.instance, .row = row});
  }
  points.push_back({.instance = task.instance, .row = *task.x});
  return points;
}

// (value - from) / (to - from), cut to [0, 1].
double Share(double value, double from, double to) {
  return std::clamp((value - from) / (to - from), 0.0, 1.0);
}

// Of points (information, performance), the ends of the curve left out.
double AreaUnder(std::vector<std::pair<double, double>> curve) {
  curve.insert(curve.begin(), {0, 0});
  curve.emplace_back(1, 1);
  std::ranges::stable_sort(curve, {}, &std::pair<double, double>::first);
  double area = 0;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    area += (curve[i].first - curve[i - 1].first) * (curve[i].second + curve[i - 1].second) / 2;
  }
  return area;
}

}  // namespace

std::span<const double> InformationThresholds() { return kThresholds; }

Result<std::vector<InformationCurves>> ComputeInformationCurves(
    Function& f, std::span<const InformationTask> tasks, const Information& information,
    const Decides& decides) {
  std::vector<InformationCurves> all;
  for (const InformationTask& task : tasks) {
    InformationCurves& curves = all.emplace_back();
    const std::vector<Point> points = PointsOf(task);
    std::vector<double> held;
    for (const Point& point : points) {
      WHYLIGHT_ASSIGN_OR_RETURN(const double of_point, information(point.row[task.picture]));
      held.push_back(of_point);
    }
    if (held.back() <= held.front()) continue;
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<double> scores, f.Evaluate(points));
    WHYLIGHT_RETURN_IF_ERROR(CheckScores(points, scores));
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<bool> decided, decides(points));
    const bool scores_fall = scores.back() > scores.front();
    const bool decision_falls = decided.back() && !decided.front();
    std::vector<std::pair<double, double>> of_scores, of_decisions;
    double highest = 0;
    for (std::size_t k = 1; k + 1 < points.size(); ++k) {
      const double share = Share(held[k], held.front(), held.back());
      if (scores_fall) highest = std::max(highest, Share(scores[k], scores.front(), scores.back()));
      of_scores.emplace_back(share, highest);
      of_decisions.emplace_back(share, decided[k] || (k > 1 && of_decisions.back().second > 0));
    }
    if (scores_fall) curves.sic = AreaUnder(std::move(of_scores));
    if (decision_falls) curves.aic = AreaUnder(std::move(of_decisions));
  }
  return all;
}

}  // namespace whylight
