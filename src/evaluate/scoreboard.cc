#include "evaluate/scoreboard.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "whylight/status.h"

namespace whylight {
namespace {

std::optional<double> MedianOf(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace

Scoreboard::Scoreboard(std::size_t methods)
    : methods_(methods),
      sums_(methods),
      sics_(methods),
      aics_(methods),
      pair_sums_(methods * methods),
      pair_squares_(methods * methods) {}

void Scoreboard::Add(const std::vector<MethodRow>& row) {
  WHYLIGHT_CHECK(row.size() == methods_);
  ++rows_;
  std::vector<double> faithful;
  for (std::size_t m = 0; m < methods_; ++m) {
    const Curves& curves = row[m].curves;
    const double difference = curves.input_score - curves.baseline_score;
    const double sign = difference < 0 ? -1 : 1;
    if (m == 0) total_ += std::abs(difference);
    sums_[m].insertion += sign * (curves.insertion - curves.baseline_score);
    sums_[m].deletion += sign * (curves.deletion - curves.baseline_score);
    if (row[m].gap) {
      sums_[m].gap = sums_[m].gap.value_or(0) + *row[m].gap;
      sums_[m].difference += row[m].difference;
    }
    if (row[m].information.sic) sics_[m].push_back(*row[m].information.sic);
    if (row[m].information.aic) aics_[m].push_back(*row[m].information.aic);
    faithful.push_back(sign * (curves.insertion - curves.deletion));
  }
  for (std::size_t a = 0; a < methods_; ++a) {
    for (std::size_t b = 0; b < methods_; ++b) {
      const double d = faithful[a] - faithful[b];
      pair_sums_[a * methods_ + b] += d;
      pair_squares_[a * methods_ + b] += d * d;
    }
  }
}

MethodScore Scoreboard::Score(std::size_t method) const {
  const Sums& sums = sums_[method];
  MethodScore score;
  if (total_ > 0) {
    score.insertion = sums.insertion / total_;
    score.deletion = sums.deletion / total_;
    score.faithfulness = score.insertion - score.deletion;
  }
  if (sums.gap) score.gap = sums.difference > 0 ? *sums.gap / sums.difference : 0;
  score.sic = MedianOf(sics_[method]);
  score.aic = MedianOf(aics_[method]);
  return score;
}

double Scoreboard::Shortfall(std::size_t a, std::size_t b) const {
  return total_ > 0 ? pair_sums_[a * methods_ + b] / total_ : 0;
}

double Scoreboard::ShortfallError(std::size_t a, std::size_t b) const {
  if (a == b || total_ == 0) return 0;
  if (rows_ < 2) return std::numeric_limits<double>::infinity();
  const auto n = static_cast<double>(rows_);
  const double sum = pair_sums_[a * methods_ + b];
  const double squares = std::max(0.0, pair_squares_[a * methods_ + b] - sum * sum / n);
  return std::sqrt(n * squares / (n - 1)) / total_;
}

Preference Scoreboard::Judge(const std::vector<double>& costs) const {
  WHYLIGHT_CHECK(!costs.empty() && costs.size() <= methods_);
  Preference verdict;
  for (std::size_t m = 1; m < costs.size(); ++m) {
    if (Shortfall(verdict.best, m) < 0) verdict.best = m;
  }
  verdict.chosen = verdict.best;
  for (std::size_t m = 0; m < costs.size(); ++m) {
    const double noise = std::max(kLevel, 2 * ShortfallError(verdict.best, m));
    if (Shortfall(verdict.best, m) > noise) continue;
    verdict.level.push_back(m);
    if (costs[m] < costs[verdict.chosen]) verdict.chosen = m;
  }
  return verdict;
}

}  // namespace whylight
