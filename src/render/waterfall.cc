#include "render/waterfall.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace whylight {
namespace {

constexpr double kDrawnGap = 0.005;

}  // namespace

std::vector<WaterfallStep> Waterfall(double baseline_score, double score,
                                     std::span<const double> totals, std::size_t max_features) {
  const auto total = [&](std::size_t i) { return std::isfinite(totals[i]) ? totals[i] : 0; };
  std::vector<std::size_t> order(totals.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater(),
                           [&](std::size_t i) { return std::abs(total(i)); });
  double sum = 0;
  for (const std::size_t i : order) sum += total(i);

  std::vector<WaterfallStep> steps;
  double at = baseline_score;
  const auto add = [&](WaterfallStep::Kind kind, std::size_t feature, double by) {
    steps.push_back({.kind = kind, .feature = feature, .from = at, .to = at + by});
    at += by;
  };
  const double gap = score - baseline_score - sum;
  if (std::abs(gap) > kDrawnGap * std::abs(score - baseline_score)) {
    add(WaterfallStep::Kind::kGap, 0, gap);
  }
  if (order.size() > max_features) {
    double rest = 0;
    for (std::size_t k = max_features; k < order.size(); ++k) rest += total(order[k]);
    add(WaterfallStep::Kind::kOthers, order.size() - max_features, rest);
    order.resize(max_features);
  }
  for (std::size_t k = order.size(); k-- > 0;) {
    add(WaterfallStep::Kind::kFeature, order[k], total(order[k]));
  }
  return steps;
}

}  // namespace whylight
