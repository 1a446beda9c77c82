#include "attribution/adaptive_gradients.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include "attribution/quadrature.h"

namespace whylight {
namespace {

constexpr int kMostOnPanel = 63;
constexpr int kBeforeProbing = 15;
constexpr int kProbeRounds = 4, kProbesPerRound = 6;
constexpr std::size_t kMostPanels = 12;
constexpr int kPointsAfterProbing = 63;
// What of F(x) - F(b) may be unaccounted for before the score is probed.
constexpr double kUnaccounted = 0.2;
constexpr std::size_t kMostBytes = std::size_t{1} << 30;
// Scores are sums in float32: differences below this share of them mean nothing.
constexpr double kScoreNoise = 4e-7;

// A part of the path with a rule of its own.
struct Panel {
  double begin = 0, end = 1;  // Positions,
  double begin_score = 0, end_score = 0;
  int wanted = 0;                  // Points of the rule that is to be evaluated next,
  int points = 0;                  // and of that which was, ascending.
  std::vector<float> slopes = {};  // [points][elements]: dF/dz.
  std::vector<double> scores = {};
  double error = 0;  // |fine - coarse|, or what is missed of the scores' difference.
};

// Adds the integral of the slopes by the rule of `points` to `sum`: all points, or every other.
void AddIntegral(const Panel& panel, int points, std::span<double> sum) {
  const std::size_t stride = points == panel.points ? 1 : 2;
  const std::shared_ptr<const Quadrature> rule = Fejer(points);
  for (std::size_t k = 0; k < rule->nodes.size(); ++k) {
    const double weight = (panel.end - panel.begin) * rule->weights[k];
    const float* slope = panel.slopes.data() + (k * stride + stride - 1) * sum.size();
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += weight * slope[i];
  }
}

// One baseline's path to one instance.
class Path {
 public:
  Path(const IgTask& task, const Row& baseline, double input_score, double baseline_score)
      : task_(task), baseline_(baseline) {
    panels_.push_back({.begin_score = baseline_score, .end_score = input_score, .wanted = 7});
    for (std::size_t i = 0; i < task.x->size(); ++i) {
      const Tensor &x = (*task.x)[i], &b = baseline[i];
      for (std::size_t k = 0; k < x.elements(); ++k) delta_.push_back(x.Number(k) - b.Number(k));
    }
    done_ = baseline == *task.x;
  }

  bool done() const { return done_; }
  bool probing() const { return !done_ && !probes_.empty(); }
  int steps() const { return steps_; }
  int probes() const { return probe_count_; }
  double difference() const { return difference_; }
  const std::vector<double>& delta() const { return delta_; }
  PathSum AsSum() const {
    return {.instance = task_.instance, .x = task_.x, .baseline = &baseline_};
  }

  // The integral of dF/dz along the path, by variables. Empty if there were no points.
  Row Integral() const {
    Row row;
    std::size_t next = 0;
    for (const Shape& shape : shapes_) {
      Tensor& tensor = row.emplace_back(DType::kFloat64, shape);
      for (double& value : tensor.data<double>()) value = integral_[next++];
    }
    return row;
  }

  // The points that the panels' next rules have and their last ones have not.
  PathSum NextPoints() const {
    PathSum sum = AsSum();
    for (const Panel& panel : panels_) {
      if (panel.wanted == panel.points) continue;
      const std::shared_ptr<const Quadrature> rule = Fejer(panel.wanted);
      for (std::size_t k = 0; k < rule->nodes.size(); k += panel.points > 0 ? 2 : 1) {
        sum.positions.push_back(panel.begin + (panel.end - panel.begin) * rule->nodes[k]);
      }
    }
    sum.weights.assign(sum.positions.size(), 0);
    return sum;
  }

  void Take(const PathGradients& along, const AdaptiveGradientsOptions& options) {
    steps_ += static_cast<int>(along.scores.size());
    if (change_.empty()) TakeVariables(along);
    std::size_t next = 0;
    for (Panel& panel : panels_) {
      if (panel.wanted == panel.points) continue;
      const std::size_t stride = panel.points > 0 ? 2 : 1;
      const std::vector<float> slopes = std::move(panel.slopes);
      const std::vector<double> scores = std::move(panel.scores);
      panel.points = panel.wanted;
      const auto points = static_cast<std::size_t>(panel.points);
      panel.slopes = std::vector<float>(points * elements_);
      panel.scores = std::vector<double>(points);
      for (std::size_t k = 0; k < points; ++k) {
        if (k % stride == 0) {
          panel.scores[k] = along.scores[next];
          CopySlopes(along, next++, panel.slopes.data() + k * elements_);
        } else {
          panel.scores[k] = scores[k / 2];
          std::copy_n(slopes.data() + k / 2 * elements_, elements_,
                      panel.slopes.data() + k * elements_);
        }
      }
    }
    Assess(options);
  }

  // Rows at the positions where the score is to be probed.
  std::vector<Point> Probes() const {
    std::vector<Point> points;
    for (const double position : probes_) {
      Point& point = points.emplace_back(Point{.instance = task_.instance, .row = baseline_});
      std::size_t next = 0;
      for (Tensor& value : point.row) {
        for (std::size_t k = 0; k < value.elements(); ++k) {
          value.SetNumber(k, value.Number(k) + position * delta_[next++]);
        }
      }
    }
    return points;
  }

  void TakeProbes(std::span<const double> scores, const AdaptiveGradientsOptions& options) {
    for (std::size_t i = 0; i < scores.size(); ++i) known_.push_back({probes_[i], scores[i]});
    std::ranges::sort(known_);
    probe_count_ += static_cast<int>(scores.size());
    ++probe_rounds_;
    probes_.clear();
    if (probe_rounds_ < kProbeRounds) {
      ChooseProbes();
    } else {
      CutIntoPanels(options);
    }
  }

 private:
  void TakeVariables(const PathGradients& along) {
    for (const Tensor& change : along.change) {
      shapes_.push_back(change.shape());
      const std::span<const double> from = change.data<double>();
      change_.insert(change_.end(), from.begin(), from.end());
    }
    elements_ = change_.size();
  }

  static void CopySlopes(const PathGradients& along, std::size_t point, float* to) {
    for (const Tensor& gradient : along.gradients) {
      const std::size_t size = gradient.elements() / along.scores.size();
      if (gradient.dtype() == DType::kFloat32) {
        to = std::ranges::copy(gradient.data<float>().subspan(point * size, size), to).out;
        continue;
      }
      for (const double slope : gradient.data<double>().subspan(point * size, size)) {
        *to++ = static_cast<float>(slope);
      }
    }
  }

  // How well the values are known, and what to do about it.
  void Assess(const AdaptiveGradientsOptions& options) {
    integral_.assign(elements_, 0);
    std::vector<double> apart(elements_, 0), panel_fine(elements_), panel_coarse(elements_);
    for (Panel& panel : panels_) {
      panel_fine.assign(elements_, 0);
      panel_coarse.assign(elements_, 0);
      AddIntegral(panel, panel.points, panel_fine);
      AddIntegral(panel, (panel.points - 1) / 2, panel_coarse);
      double panel_sum = 0, panel_apart = 0;
      for (std::size_t i = 0; i < elements_; ++i) {
        const double difference = change_[i] * (panel_fine[i] - panel_coarse[i]);
        panel_sum += change_[i] * panel_fine[i];
        panel_apart += std::abs(difference);
        integral_[i] += panel_fine[i];
        apart[i] += difference;
      }
      panel.error = std::max(panel_apart, Missed(panel.end_score, panel.begin_score, panel_sum));
    }
    double size = 0, sum = 0, differ = 0;
    for (std::size_t i = 0; i < elements_; ++i) {
      const double share = change_[i] * integral_[i];
      size += std::abs(share);
      sum += share;
      differ += std::abs(apart[i]);
    }
    const double missed = Missed(panels_.back().end_score, panels_.front().begin_score, sum);
    const double change = std::abs(panels_.back().end_score - panels_.front().begin_score);
    difference_ = std::max(Ratio(differ, size), Ratio(missed, std::max(change, size / 2)));
    if (difference_ <= options.tolerance || std::max(differ, missed) < kNoDifference) {
      done_ = true;
      return;
    }
    const bool whole = panels_.size() == 1 && panels_[0].points == kBeforeProbing;
    if (whole && missed > kUnaccounted * std::min(size, change)) {
      StartProbing();
      return;
    }
    Refine(options, options.tolerance * size / static_cast<double>(panels_.size()));
  }

  static double Ratio(double part, double whole) {
    return part == 0 ? 0 : whole == 0 ? kInfinity : part / whole;
  }

  static double Missed(double end, double begin, double sum) {
    const double noise = kScoreNoise * (std::abs(end) + std::abs(begin));
    return std::max(0.0, std::abs(end - begin - sum) - noise);
  }

  // Panels whose error is above their share, the worst ones first, as far as points last.
  void Refine(const AdaptiveGradientsOptions& options, double share) {
    std::vector<std::size_t> order(panels_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater(),
                             [&](std::size_t p) { return panels_[p].error; });
    int left = options.max_steps - steps_;
    std::vector<bool> halve(panels_.size(), false);
    bool any = false;
    for (const std::size_t p : order) {
      Panel& panel = panels_[p];
      if (any && panel.error <= share) break;
      const bool full = panel.points >= kMostOnPanel;
      const int cost = full ? 2 * kBeforeProbing : panel.points + 1;
      if (cost > left) continue;
      left -= cost;
      any = true;
      if (full) {
        halve[p] = true;
      } else {
        panel.wanted = 2 * panel.points + 1;
      }
    }
    done_ = !any;
    std::vector<Panel> next;
    for (std::size_t p = 0; p < panels_.size(); ++p) {
      if (!halve[p]) {
        next.push_back(std::move(panels_[p]));
        continue;
      }
      const Panel& whole = panels_[p];
      const double middle = (whole.begin + whole.end) / 2;
      const double score = whole.scores[static_cast<std::size_t>(whole.points / 2)];
      next.push_back({.begin = whole.begin,
                      .end = middle,
                      .begin_score = whole.begin_score,
                      .end_score = score,
                      .wanted = kBeforeProbing});
      next.push_back({.begin = middle,
                      .end = whole.end,
                      .begin_score = score,
                      .end_score = whole.end_score,
                      .wanted = kBeforeProbing});
    }
    panels_ = std::move(next);
  }

  void StartProbing() {
    const Panel& panel = panels_[0];
    const std::shared_ptr<const Quadrature> rule = Fejer(panel.points);
    known_ = {{0, panel.begin_score}, {1, panel.end_score}};
    for (std::size_t k = 0; k < rule->nodes.size(); ++k) {
      known_.push_back({rule->nodes[k], panel.scores[k]});
    }
    std::ranges::sort(known_);
    ChooseProbes();
  }

  // The middles of the intervals in which the score moves most.
  void ChooseProbes() {
    std::vector<std::size_t> order(known_.size() - 1);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater(), [&](std::size_t i) {
      return std::abs(known_[i + 1].score - known_[i].score);
    });
    order.resize(std::min<std::size_t>(order.size(), kProbesPerRound));
    for (const std::size_t i : order) {
      probes_.push_back((known_[i].position + known_[i + 1].position) / 2);
    }
  }

  // Neighbours in which the score is quiet are joined; the others get points by its movement.
  void CutIntoPanels(const AdaptiveGradientsOptions& options) {
    std::vector<double> movement;
    for (std::size_t i = 0; i + 1 < known_.size(); ++i) {
      movement.push_back(std::sqrt(std::abs(known_[i + 1].score - known_[i].score)) + 1e-9);
    }
    while (movement.size() > kMostPanels) {
      std::size_t quietest = 0;
      for (std::size_t i = 0; i + 1 < movement.size(); ++i) {
        if (movement[i] + movement[i + 1] < movement[quietest] + movement[quietest + 1]) {
          quietest = i;
        }
      }
      movement[quietest] += movement[quietest + 1];
      movement.erase(movement.begin() + static_cast<std::ptrdiff_t>(quietest) + 1);
      known_.erase(known_.begin() + static_cast<std::ptrdiff_t>(quietest) + 1);
    }
    const double all = std::accumulate(movement.begin(), movement.end(), 0.0);
    std::vector<Panel> cut;
    int points = 0;
    for (std::size_t i = 0; i < movement.size(); ++i) {
      const double share = kPointsAfterProbing * movement[i] / all;
      const int wanted = share < 4.5 ? 3 : share < 10 ? 7 : 15;
      cut.push_back({.begin = known_[i].position,
                     .end = known_[i + 1].position,
                     .begin_score = known_[i].score,
                     .end_score = known_[i + 1].score,
                     .wanted = wanted});
      points += wanted;
    }
    for (std::size_t i = 0; points > options.max_steps - steps_ && i < cut.size(); ++i) {
      points -= cut[i].wanted - 3;
      cut[i].wanted = 3;
    }
    if (points > options.max_steps - steps_) {
      done_ = true;
    } else {
      panels_ = std::move(cut);
    }
  }

  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  struct Known {
    double position = 0, score = 0;
    auto operator<=>(const Known&) const = default;
  };

  const IgTask& task_;
  const Row& baseline_;
  std::vector<double> delta_;     // x - b
  std::vector<Shape> shapes_;     // Of the variables,
  std::size_t elements_ = 0;      // all their elements,
  std::vector<double> change_;    // z(x) - z(b),
  std::vector<double> integral_;  // and of dF/dz.
  std::vector<Panel> panels_;
  std::vector<Known> known_;
  std::vector<double> probes_;  // Positions.
  int probe_rounds_ = 0, probe_count_ = 0, steps_ = 0;
  double difference_ = 0;
  bool done_ = false;
};

Status RunProbes(Function& f, std::span<Path> paths, const AdaptiveGradientsOptions& options) {
  while (true) {
    std::vector<Point> points;
    std::vector<std::pair<Path*, std::size_t>> askers;
    for (Path& path : paths) {
      if (!path.probing()) continue;
      std::vector<Point> of_path = path.Probes();
      askers.emplace_back(&path, of_path.size());
      std::ranges::move(of_path, std::back_inserter(points));
    }
    if (points.empty()) return OkStatus();
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<double> scores, f.Evaluate(points));
    WHYLIGHT_RETURN_IF_ERROR(CheckScores(points, scores));
    std::size_t next = 0;
    for (const auto& [path, count] : askers) {
      path->TakeProbes(std::span(scores).subspan(next, count), options);
      next += count;
    }
  }
}

Status RunPaths(Function& f, std::span<Path> paths, const AdaptiveGradientsOptions& options) {
  while (true) {
    WHYLIGHT_RETURN_IF_ERROR(RunProbes(f, paths, options));
    std::vector<PathSum> sums;
    std::vector<Path*> askers;
    for (Path& path : paths) {
      if (path.done()) continue;
      sums.push_back(path.NextPoints());
      askers.push_back(&path);
    }
    if (sums.empty()) return OkStatus();
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<PathGradients> along, f.GradientsAlong(sums));
    for (std::size_t i = 0; i < askers.size(); ++i) askers[i]->Take(along[i], options);
  }
}

// The attributions of tasks whose ends are scored.
Result<std::vector<AdaptiveAttribution>> RunGroup(Function& f, std::span<const IgTask> tasks,
                                                  std::span<const PathEnds> ends,
                                                  const AdaptiveGradientsOptions& options) {
  std::vector<Path> paths;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    for (std::size_t b = 0; b < tasks[t].baselines.size(); ++b) {
      paths.emplace_back(tasks[t], *tasks[t].baselines[b], ends[t].input_score,
                         ends[t].baseline_scores[b]);
    }
  }
  WHYLIGHT_RETURN_IF_ERROR(RunPaths(f, paths, options));
  std::vector<PathSum> moved;
  std::vector<Row> integrals;
  for (const Path& path : paths) {
    if (path.steps() == 0) continue;  // From x to itself.
    moved.push_back(path.AsSum());
    integrals.push_back(path.Integral());
  }
  if (!moved.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(integrals, f.PullBack(moved, std::move(integrals)));
  }

  std::vector<AdaptiveAttribution> results;
  std::size_t path = 0, integral = 0;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    AdaptiveAttribution& result = results.emplace_back();
    Attribution& a = result.attribution = AttributionFrom(tasks[t], ends[t]);
    const auto count = static_cast<double>(tasks[t].baselines.size());
    for (std::size_t b = 0; b < tasks[t].baselines.size(); ++b) {
      const Path& one = paths[path++];
      result.steps += one.steps();
      result.probes += one.probes();
      result.difference = std::max(result.difference, one.difference());
      if (one.steps() == 0) continue;
      const Row& slopes = integrals[integral++];
      std::size_t element = 0;
      for (std::size_t i = 0; i < slopes.size(); ++i) {
        const std::span<const double> slope = slopes[i].data<double>();
        const std::span<double> values = a.values[i].data<double>();
        for (std::size_t k = 0; k < values.size(); ++k) {
          values[k] += slope[k] * one.delta()[element++] / count;
        }
      }
    }
    result.converged = result.difference <= options.tolerance;
    SetGap(a);
  }
  return results;
}

}  // namespace

Result<std::vector<AdaptiveAttribution>> AdaptiveIntegratedGradients(
    Function& f, std::span<const IgTask> tasks, const AdaptiveGradientsOptions& options) {
  if (!(options.tolerance > 0 && options.tolerance < 1)) {
    return InvalidArgument("tolerance: expected a number between 0 and 1, got " +
                           std::to_string(options.tolerance));
  }
  if (options.max_steps < kLeastSteps || options.max_steps > kMaxSteps) {
    return InvalidArgument("max_steps: expected " + std::to_string(kLeastSteps) + " to " +
                           std::to_string(kMaxSteps) + ", got " +
                           std::to_string(options.max_steps));
  }
  WHYLIGHT_RETURN_IF_ERROR(CheckIgTasks(tasks));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<PathEnds> ends, ScoreEnds(f, tasks));

  std::vector<AdaptiveAttribution> all;
  for (std::size_t first = 0; first < tasks.size();) {
    std::size_t last = first, bytes = 0;
    AdaptiveGradientsOptions of_group = options;
    do {
      const std::size_t paths = tasks[last].baselines.size();
      const std::size_t of_point =
          std::max<std::size_t>(1, ElementsOf(*tasks[last].x)) * paths * sizeof(float);
      const std::size_t most = std::max<std::size_t>(kMostBytes / of_point, kLeastSteps);
      const std::size_t of_task =
          of_point * std::min(most, static_cast<std::size_t>(options.max_steps));
      if (last > first && bytes + of_task > kMostBytes) break;
      if (most < static_cast<std::size_t>(options.max_steps)) {
        of_group.max_steps = static_cast<int>(most);
      }
      bytes += of_task;
      ++last;
    } while (last < tasks.size());
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<AdaptiveAttribution> group,
                              RunGroup(f, tasks.subspan(first, last - first),
                                       std::span(ends).subspan(first, last - first), of_group));
    std::ranges::move(group, std::back_inserter(all));
    first = last;
  }
  return all;
}

}  // namespace whylight
