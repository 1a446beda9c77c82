#include "explain/score_function.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>

#include "attribution/game.h"
#include "tensor/rows.h"
#include "util/lanes.h"

namespace whylight {
namespace {

// float32 kernels may add in another order for another batch size: scores repeat to about 1e-6,
// gradients to about 1e-4 of their largest element. Batch statistics move both by far more.
constexpr double kScoreTolerance = 1e-3;
constexpr double kGradientTolerance = 2e-2;

// Mixed rows that are made one by one: to find two that differ, and where they cannot be mixed.
constexpr std::size_t kCheckedPoints = 16;
constexpr std::size_t kRowsAlive = 512;

bool SameShapes(const Row& a, const Row& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].shape() != b[i].shape()) return false;
  }
  return true;
}

// Largest difference, relative to the largest element of `a`.
double RelativeDifference(const Row& a, const Row& b) {
  double difference = 0, largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t k = 0; k < a[i].elements(); ++k) {
      difference = std::max(difference, std::abs(a[i].Number(k) - b[i].Number(k)));
      largest = std::max(largest, std::abs(a[i].Number(k)));
    }
  }
  return difference == 0 ? 0 : difference / std::max(largest, 1e-30);
}

void AddTo(Row& total, const Row& part) {
  for (std::size_t i = 0; i < total.size(); ++i) {
    const std::span<double> to = total[i].data<double>();
    const std::span<const double> from = part[i].data<double>();
    for (std::size_t k = 0; k < to.size(); ++k) to[k] += from[k];
  }
}

bool AllFinite(const Row& row) {
  return std::ranges::all_of(row, [](const Tensor& value) { return IsFinite(value); });
}

// The points that come first and may share a run; `points` is what is left. nullopt at the end.
std::optional<std::span<const Point>> NextRun(std::span<const Point>& points, std::size_t limit) {
  if (points.empty()) return std::nullopt;
  std::size_t count = 1;
  while (count < std::min(limit, points.size()) &&
         SameShapes(points[count - 1].row, points[count].row)) {
    ++count;
  }
  const std::span<const Point> run = points.first(count);
  points = points.subspan(count);
  return run;
}

// The scores of all runs that `cut` makes, in order.
Result<std::vector<double>> ScoresInLanes(
    const Engine& engine, const std::function<std::optional<std::span<const Point>>()>& cut,
    const std::function<Result<std::vector<double>>(const std::span<const Point>&)>& run) {
  std::vector<double> scores;
  WHYLIGHT_RETURN_IF_ERROR((RunInLanes<std::span<const Point>, std::vector<double>>(
      engine.lanes(), cut, run, [&](const std::span<const Point>&, std::vector<double> part) {
        scores.insert(scores.end(), part.begin(), part.end());
      })));
  return scores;
}

// Tensors for all positions of a path, in the shapes that one run's have.
void MakeRoom(const PathGradients& run, std::size_t owner, PathGradients& path) {
  const auto count = static_cast<std::int64_t>(path.scores.size());
  for (const Tensor& gradient : run.gradients) {
    path.gradients.emplace_back(gradient.dtype(), gradient.shape().WithoutFirst().WithFirst(count));
  }
  for (const Tensor& change : run.change) {
    path.change.push_back(RowOf(change, static_cast<std::int64_t>(owner)));
  }
}

std::string Format(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

}  // namespace

ScoreFunction::ScoreFunction(Engine& engine, std::vector<ScoreTask> tasks,
                             std::vector<std::size_t> explained)
    : engine_(engine), tasks_(std::move(tasks)), explained_(std::move(explained)) {}

Engine::PathOwner ScoreFunction::OwnerOf(const PathSum& sum) const {
  return {.x = FullRow(sum.instance, *sum.x),
          .baseline = FullRow(sum.instance, *sum.baseline),
          .target = tasks_[sum.instance].target};
}

RowView ScoreFunction::FullRow(std::size_t task, const Row& explained) const {
  RowView view = ViewOf(*tasks_[task].row);
  for (std::size_t i = 0; i < explained_.size(); ++i) view[explained_[i]] = &explained[i];
  return view;
}

Result<std::vector<double>> ScoreFunction::Evaluate(std::span<const Point> points) {
  engine_.OptimizeIfLong();
  WHYLIGHT_RETURN_IF_ERROR(CheckScoresAreIndependent(points));
  const auto cut = [&]() { return NextRun(points, static_cast<std::size_t>(engine_.ScoreRows())); };
  const auto run = [&](const std::span<const Point>& part) {
    std::vector<RowView> rows;
    std::vector<std::int64_t> targets;
    for (const Point& point : part) {
      rows.push_back(FullRow(point.instance, point.row));
      targets.push_back(tasks_[point.instance].target);
    }
    return engine_.Scores(rows, targets);
  };
  score_rows_ += static_cast<std::int64_t>(points.size());
  return ScoresInLanes(engine_, cut, run);
}

// Mixed rows of one run of the model.
struct ScoreFunction::MixedRun {
  std::vector<MixedOwner> owners;
  std::vector<std::int32_t> owner;  // Of each point.
  std::span<const MixedPoint> points;
};

// The points that come first and may share a run; `points` is what is left. nullopt at the end.
std::optional<ScoreFunction::MixedRun> ScoreFunction::CutMixedRun(
    std::span<const MixedPoint>& points) const {
  if (points.empty()) return std::nullopt;
  MixedRun run;
  const std::size_t limit = std::min(static_cast<std::size_t>(engine_.ScoreRows()), points.size());
  std::map<const MixedRows*, std::int32_t> known;
  for (std::size_t i = 0; i < limit; ++i) {
    const MixedPoint& point = points[i];
    const auto [place, is_new] =
        known.try_emplace(point.rows, static_cast<std::int32_t>(run.owners.size()));
    if (is_new) {
      if (i > 0 && !SameShapes(points[0].rows->x, point.rows->x)) break;
      run.owners.push_back({.rows = point.rows,
                            .row = ViewOf(*tasks_[point.instance].row),
                            .target = tasks_[point.instance].target});
    }
    run.owner.push_back(place->second);
  }
  run.points = points.first(run.owner.size());
  points = points.subspan(run.owner.size());
  return run;
}

Result<std::vector<double>> ScoreFunction::EvaluateMixed(std::span<const MixedPoint> points) {
  engine_.OptimizeIfLong();
  // As rows, until two were found that do not move each other.
  const std::size_t first =
      engine_.independence().scores ? 0 : std::min(points.size(), kCheckedPoints);
  std::vector<double> scores;
  const auto add_rows = [&](std::span<const MixedPoint> part) -> Status {
    std::vector<Point> rows;
    for (const MixedPoint& point : part) {
      rows.push_back({.instance = point.instance,
                      .row = MakeMixedRow(*point.rows, point.baseline, point.present)});
    }
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<double> more, Evaluate(rows));
    scores.insert(scores.end(), more.begin(), more.end());
    return OkStatus();
  };
  if (first > 0) WHYLIGHT_RETURN_IF_ERROR(add_rows(points.first(first)));
  points = points.subspan(first);
  while (!points.empty() && !mixes()) {
    const std::size_t count = std::min(points.size(), kRowsAlive);
    WHYLIGHT_RETURN_IF_ERROR(add_rows(points.first(count)));
    points = points.subspan(count);
  }
  score_rows_ += static_cast<std::int64_t>(points.size());
  WHYLIGHT_RETURN_IF_ERROR((RunInLanes<MixedRun, std::vector<double>>(
      engine_.lanes(), [&] { return CutMixedRun(points); },
      [&](const MixedRun& run) { return engine_.MixedScores(run.owners, run.owner, run.points); },
      [&](const MixedRun&, std::vector<double> part) {
        scores.insert(scores.end(), part.begin(), part.end());
      })));
  return scores;
}

// The points of one run of the model.
struct ScoreFunction::GradientRun {
  std::vector<Engine::PathOwner> owners;
  std::vector<std::size_t> sums;    // Of each owner.
  std::vector<std::size_t> starts;  // Of each owner: its first point in this run, of its sum's.
  Engine::PathPoints points;
};

std::optional<ScoreFunction::GradientRun> ScoreFunction::CutRun(std::span<const PathSum> sums,
                                                                PathCursor& at) const {
  GradientRun run;
  const auto limit = static_cast<std::size_t>(engine_.GradientRows());
  while (at.sum < sums.size() && run.points.owner.size() < limit) {
    const PathSum& sum = sums[at.sum];
    if (at.point == sum.positions.size()) {
      ++at.sum;
      at.point = 0;
      continue;
    }
    if (run.sums.empty() || run.sums.back() != at.sum) {
      if (!run.sums.empty() && !SameShapes(*sums[run.sums.back()].x, *sum.x)) break;
      run.owners.push_back(OwnerOf(sum));
      run.sums.push_back(at.sum);
      run.starts.push_back(at.point);
    }
    run.points.owner.push_back(static_cast<std::int32_t>(run.owners.size() - 1));
    run.points.position.push_back(sum.positions[at.point]);
    run.points.weight.push_back(sum.weights[at.point]);
    ++at.point;
  }
  if (run.owners.empty()) return std::nullopt;
  return run;
}

Result<std::vector<Row>> ScoreFunction::IntegrateGradients(std::span<const PathSum> sums) {
  engine_.OptimizeIfLong();
  WHYLIGHT_RETURN_IF_ERROR(CheckGradientsAreIndependent(sums));
  std::vector<Row> totals;
  for (const PathSum& sum : sums) {
    Row zeros;
    for (const Tensor& value : *sum.x) zeros.emplace_back(DType::kFloat64, value.shape());
    totals.push_back(std::move(zeros));
  }
  PathCursor at;
  WHYLIGHT_RETURN_IF_ERROR((RunInLanes<GradientRun, std::vector<Row>>(
      engine_.lanes(), [&] { return CutRun(sums, at); },
      [&](const GradientRun& run) { return engine_.PathSums(run.owners, run.points); },
      [&](const GradientRun& run, std::vector<Row> parts) {
        gradient_rows_ += static_cast<std::int64_t>(run.points.owner.size());
        for (std::size_t i = 0; i < parts.size(); ++i) AddTo(totals[run.sums[i]], parts[i]);
      })));
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (!AllFinite(totals[i])) return NonFinite(sums[i]);
  }
  return totals;
}

Result<std::vector<PathGradients>> ScoreFunction::GradientsAlong(std::span<const PathSum> paths) {
  engine_.OptimizeIfLong();
  WHYLIGHT_RETURN_IF_ERROR(CheckGradientsAreIndependent(paths));
  std::vector<PathGradients> all;
  for (const PathSum& path : paths) {
    const std::size_t count = path.positions.size();
    PathGradients& along = all.emplace_back();
    along.scores.resize(count);
  }
  PathCursor at;
  WHYLIGHT_RETURN_IF_ERROR((RunInLanes<GradientRun, PathGradients>(
      engine_.lanes(), [&] { return CutRun(paths, at); },
      [&](const GradientRun& run) { return engine_.GradientsAlong(run.owners, run.points); },
      [&](const GradientRun& run, PathGradients part) {
        const std::vector<std::int32_t>& owner = run.points.owner;
        gradient_rows_ += static_cast<std::int64_t>(owner.size());
        for (std::size_t r = 0; r < owner.size();) {
          const auto o = static_cast<std::size_t>(owner[r]);
          std::size_t count = 1;
          while (r + count < owner.size() && owner[r + count] == owner[r]) ++count;
          PathGradients& to = all[run.sums[o]];
          if (to.gradients.empty()) MakeRoom(part, o, to);
          std::copy_n(part.scores.begin() + static_cast<std::ptrdiff_t>(r), count,
                      to.scores.begin() + static_cast<std::ptrdiff_t>(run.starts[o]));
          for (std::size_t i = 0; i < to.gradients.size(); ++i) {
            const std::size_t bytes = to.change[i].elements() * DTypeSize(to.gradients[i].dtype());
            std::ranges::copy(part.gradients[i].bytes().subspan(r * bytes, count * bytes),
                              to.gradients[i].bytes().begin() +
                                  static_cast<std::ptrdiff_t>(run.starts[o] * bytes));
          }
          r += count;
        }
      })));
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!AllFinite(all[i].gradients)) return NonFinite(paths[i]);
  }
  return all;
}

Result<std::vector<Row>> ScoreFunction::PullBack(std::span<const PathSum> paths,
                                                 std::vector<Row> sums) {
  if (!engine_.hoists()) return sums;
  std::vector<Row> pulled;
  const auto limit = static_cast<std::size_t>(engine_.GradientRows());
  for (std::size_t first = 0; first < paths.size();) {
    std::vector<Engine::PathOwner> owners = {OwnerOf(paths[first])};
    while (first + owners.size() < paths.size() && owners.size() < limit &&
           SameShapes(*paths[first].x, *paths[first + owners.size()].x)) {
      owners.push_back(OwnerOf(paths[first + owners.size()]));
    }
    WHYLIGHT_ASSIGN_OR_RETURN(
        std::vector<Row> part,
        engine_.PullBack(owners, std::span(sums).subspan(first, owners.size())));
    std::ranges::move(part, std::back_inserter(pulled));
    first += owners.size();
  }
  return pulled;
}

Status ScoreFunction::AtLayer(
    const std::function<Status(std::size_t task, const Engine::LayerRow&)>& take) {
  engine_.OptimizeIfLong();
  WHYLIGHT_RETURN_IF_ERROR(CheckLayerIsIndependent());
  struct Run {
    std::size_t first = 0, count = 0;
  };
  std::size_t next = 0;
  const auto cut = [&]() -> std::optional<Run> {
    if (next == tasks_.size()) return std::nullopt;
    Run run{.first = next, .count = 1};
    const auto limit = static_cast<std::size_t>(engine_.GradientRows());
    while (run.count < limit && run.first + run.count < tasks_.size() &&
           SameShapes(*tasks_[run.first].row, *tasks_[run.first + run.count].row)) {
      ++run.count;
    }
    next += run.count;
    return run;
  };
  const auto at_layer = [&](const Run& run) {
    std::vector<RowView> rows;
    std::vector<std::int64_t> targets;
    for (const ScoreTask& task : std::span(tasks_).subspan(run.first, run.count)) {
      rows.push_back(ViewOf(*task.row));
      targets.push_back(task.target);
    }
    return engine_.AtLayer(rows, targets);
  };
  Status taken;
  WHYLIGHT_RETURN_IF_ERROR((RunInLanes<Run, std::vector<Engine::LayerRow>>(
      engine_.lanes(), cut, at_layer,
      [&](const Run& run, const std::vector<Engine::LayerRow>& rows) {
        gradient_rows_ += static_cast<std::int64_t>(run.count);
        for (std::size_t i = 0; i < rows.size() && taken.ok(); ++i) {
          taken = take(run.first + i, rows[i]);
        }
      })));
  return taken;
}

// Finds the positions whose gradients are not finite, one run each.
Status ScoreFunction::NonFinite(const PathSum& sum) {
  std::string positions;
  int count = 0;
  for (const double position : sum.positions) {
    const Engine::PathOwner owner = OwnerOf(sum);
    const Engine::PathPoints one{.owner = {0}, .position = {position}, .weight = {1}};
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Row> gradient, engine_.PathSums({&owner, 1}, one));
    if (AllFinite(gradient[0])) continue;
    if (++count <= 5) positions += (positions.empty() ? "" : ", ") + Format(position);
  }
  if (count > 5) positions += ", ...";
  return FailedPrecondition("the gradient is not finite at " + std::to_string(count) + " of " +
                            std::to_string(sum.positions.size()) +
                            " points of the path (positions " + positions +
                            "); choose another baseline, or --method sampled-shapley");
}

bool ScoreFunction::MayShareRuns() const {
  return engine_.max_rows() > 1 && engine_.program().layout.kind == RowLayout::Kind::kBatched;
}

Status ScoreFunction::CheckScoresAreIndependent(std::span<const Point> points) {
  if (engine_.independence().scores || !MayShareRuns() || points.empty()) return OkStatus();
  // A row of other values: beside itself a row can have the mean of the batch.
  const auto other = std::ranges::find_if(points, [&](const Point& point) {
    return SameShapes(point.row, points[0].row) && point.row != points[0].row;
  });
  if (other == points.end()) return OkStatus();
  const std::vector<RowView> rows = {FullRow(points[0].instance, points[0].row),
                                     FullRow(other->instance, other->row)};
  const std::vector<std::int64_t> targets = {tasks_[points[0].instance].target,
                                             tasks_[other->instance].target};
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<double> alone,
                            engine_.Scores({rows.data(), 1}, {targets.data(), 1}));
  const Result<std::vector<double>> both = engine_.Scores(rows, targets);
  score_rows_ += 3;
  if (!both.ok()) return RunRowsOneByOne("a run of two rows fails", both.status());
  const double scale = std::max({std::abs(alone[0]), std::abs((*both)[1]), 1e-6});
  const double change = std::abs((*both)[0] - alone[0]) / scale;
  engine_.independence().scores = change <= kScoreTolerance;
  if (change <= kScoreTolerance) return OkStatus();
  return RunRowsOneByOne("beside another row its score moves by " + Format(100 * change) + " %");
}

Status ScoreFunction::CheckGradientsAreIndependent(std::span<const PathSum> sums) {
  if (engine_.independence().gradients || !MayShareRuns() || sums.empty()) return OkStatus();
  const PathSum& sum = sums[0];
  // Another row of that shape if there is one, else another point of the same path.
  std::size_t other = 0;
  for (std::size_t i = 1; i < sums.size() && other == 0; ++i) {
    const bool differs = sums[i].instance != sum.instance || *sums[i].x != *sum.x;
    if (SameShapes(*sums[i].x, *sum.x) && differs) other = i;
  }
  const std::vector<Engine::PathOwner> owners = {OwnerOf(sum), OwnerOf(sums[other])};
  const Engine::PathPoints alone{.owner = {0}, .position = {0.75}, .weight = {1}};
  const Engine::PathPoints both{.owner = {0, 1}, .position = {0.75, 0.3}, .weight = {1, 1}};
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Row> one,
                            engine_.PathSums({owners.data(), 1}, alone));
  // The second run is warm: it tells how dear a row is, and so where to start.
  const auto start = std::chrono::steady_clock::now();
  const Result<std::vector<Row>> two = engine_.PathSums(owners, both);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  gradient_rows_ += 3;
  if (!two.ok()) return RunRowsOneByOne("a run of two rows fails", two.status());
  const double change = RelativeDifference(one[0], (*two)[0]);
  if (change > kGradientTolerance) {
    return RunRowsOneByOne("beside another row its gradient moves by " + Format(100 * change) +
                           " %");
  }
  engine_.independence().gradients = true;
  const double seconds = took.count();
  const int first = seconds < 1e-3 ? 256 : seconds < 2e-2 ? 64 : 8;
  engine_.StartGradientRows(first);
  return OkStatus();
}

Status ScoreFunction::CheckLayerIsIndependent() {
  if (engine_.independence().layer || !MayShareRuns()) return OkStatus();
  const auto other = std::ranges::find_if(tasks_, [&](const ScoreTask& task) {
    return SameShapes(*task.row, *tasks_[0].row) && *task.row != *tasks_[0].row;
  });
  if (other == tasks_.end()) return OkStatus();
  const std::vector<RowView> rows = {ViewOf(*tasks_[0].row), ViewOf(*other->row)};
  const std::vector<std::int64_t> targets = {tasks_[0].target, other->target};
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Engine::LayerRow> alone,
                            engine_.AtLayer({rows.data(), 1}, {targets.data(), 1}));
  const Result<std::vector<Engine::LayerRow>> both = engine_.AtLayer(rows, targets);
  gradient_rows_ += 3;
  if (!both.ok()) return RunRowsOneByOne("a run of two rows fails", both.status());
  const Engine::LayerRow &one = alone[0], &beside = (*both)[0];
  const double change = std::max(RelativeDifference({one.values}, {beside.values}),
                                 RelativeDifference({one.gradient}, {beside.gradient}));
  engine_.independence().layer = change <= kGradientTolerance;
  if (change <= kGradientTolerance) return OkStatus();
  return RunRowsOneByOne("beside another row the layer or its gradient moves by " +
                         Format(100 * change) + " %");
}

Status ScoreFunction::RunRowsOneByOne(std::string why, const Status& failed) {
  if (failed.code() == StatusCode::kCancelled) return failed;
  dependence_ = std::move(why) + (failed.ok() ? "" : ": " + failed.message());
  engine_.RunRowsOneByOne();
  return OkStatus();
}

Result<std::vector<double>> RequestScoreFunction::Evaluate(std::span<const Point> points) {
  const auto run = [&](const std::span<const Point>& part) -> Result<std::vector<double>> {
    std::vector<Row> requests;
    requests.reserve(part.size());
    for (const Point& point : part) requests.push_back(point.row);
    const std::vector<Result<Row>> prepared = engine_.Prepare(requests);
    std::vector<RowView> rows;
    std::vector<std::int64_t> targets;
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (!prepared[i].ok()) return prepared[i].status();
      rows.push_back(ViewOf(*prepared[i]));
      targets.push_back(targets_[part[i].instance]);
    }
    return engine_.Scores(rows, targets);
  };
  const auto cut = [&]() { return NextRun(points, static_cast<std::size_t>(engine_.ScoreRows())); };
  return ScoresInLanes(engine_, cut, run);
}

Result<std::vector<Row>> RequestScoreFunction::IntegrateGradients(std::span<const PathSum>) {
  return Unimplemented("pieces of a text have no gradient; use --method sampled-shapley");
}

Result<std::vector<PathGradients>> RequestScoreFunction::GradientsAlong(std::span<const PathSum>) {
  return Unimplemented("pieces of a text have no gradient; use --method sampled-shapley");
}

Result<std::vector<Row>> RequestScoreFunction::PullBack(std::span<const PathSum>,
                                                        std::vector<Row>) {
  return Unimplemented("pieces of a text have no gradient; use --method sampled-shapley");
}

}  // namespace whylight
