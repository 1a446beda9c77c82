// A loaded model as the Function that attribution methods see.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "explain/engine.h"
#include "whylight/function.h"

namespace whylight {

// An instance to explain: its values and the output element whose score is shared out.
struct ScoreTask {
  const Row* row = nullptr;  // All inputs of the program, borrowed.
  std::int64_t target = 0;   // Flat index into one row of the explained output.
};

// Points are values of the explained inputs; the others are held at the task's own.
class ScoreFunction : public Function {
 public:
  // `explained`: indices into Program::inputs, the order of a Point's row.
  ScoreFunction(Engine& engine, std::vector<ScoreTask> tasks, std::vector<std::size_t> explained);

  Result<std::vector<double>> Evaluate(std::span<const Point> points) override;
  bool mixes() const override { return engine_.mixes() && MayShareRuns(); }
  Result<std::vector<double>> EvaluateMixed(std::span<const MixedPoint> points) override;
  Result<std::vector<Row>> IntegrateGradients(std::span<const PathSum> sums) override;
  Result<std::vector<PathGradients>> GradientsAlong(std::span<const PathSum> paths) override;
  Result<std::vector<Row>> PullBack(std::span<const PathSum> paths, std::vector<Row> sums) override;

  // The engine's layer at each task's own row, handed to `take` in order, from one thread.
  // Errors: whatever running the model gives; that of `take`.
  Status AtLayer(const std::function<Status(std::size_t task, const Engine::LayerRow&)>& take);

  // Why rows were run one by one, if they were ("" if not): a batch gave another answer for the
  // same row, as batch statistics, reductions over the rows and random ops do.
  const std::string& dependence() const { return dependence_; }
  // Runs so far: rows forward, rows with gradients. The checks of dependence take 3 of each.
  std::int64_t score_rows() const { return score_rows_; }
  std::int64_t gradient_rows() const { return gradient_rows_; }

 private:
  struct GradientRun;
  struct MixedRun;
  struct PathCursor {
    std::size_t sum = 0, point = 0;  // The next point: `point` of sums[sum].
  };

  RowView FullRow(std::size_t task, const Row& explained) const;
  Engine::PathOwner OwnerOf(const PathSum& sum) const;
  std::optional<MixedRun> CutMixedRun(std::span<const MixedPoint>& points) const;
  std::optional<GradientRun> CutRun(std::span<const PathSum> sums, PathCursor& at) const;
  bool MayShareRuns() const;
  // Each compares a row alone with the same row beside another, once for an engine, before rows
  // share a run.
  Status CheckScoresAreIndependent(std::span<const Point> points);
  Status CheckGradientsAreIndependent(std::span<const PathSum> sums);
  Status CheckLayerIsIndependent();
  // kCancelled if that is why it failed.
  Status RunRowsOneByOne(std::string why, const Status& failed = OkStatus());
  Status NonFinite(const PathSum& sum);

  Engine& engine_;
  std::vector<ScoreTask> tasks_;
  std::vector<std::size_t> explained_;
  std::string dependence_;
  std::int64_t score_rows_ = 0;
  std::int64_t gradient_rows_ = 0;
};

// Points are whole requests (a text with pieces left out): each is prepared, then scored.
class RequestScoreFunction : public Function {
 public:
  // One target for each instance.
  RequestScoreFunction(Engine& engine, std::vector<std::int64_t> targets)
      : engine_(engine), targets_(std::move(targets)) {}

  Result<std::vector<double>> Evaluate(std::span<const Point> points) override;
  // kUnimplemented: what lies before the inputs is not differentiated.
  Result<std::vector<Row>> IntegrateGradients(std::span<const PathSum> sums) override;
  Result<std::vector<PathGradients>> GradientsAlong(std::span<const PathSum> paths) override;
  Result<std::vector<Row>> PullBack(std::span<const PathSum> paths, std::vector<Row> sums) override;

 private:
  Engine& engine_;
  std::vector<std::int64_t> targets_;
};

}  // namespace whylight
