// A loaded model as a probe of chosen instances.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "explain/measured_explainer.h"
#include "explain/score_function.h"

namespace whylight {

// An output element of an instance, and what it is asked about.
struct ProbedTarget {
  Row row;                     // All inputs of the program.
  Row x;                       // Of these the probed ones,
  std::vector<Row> baselines;  // and where they start.
  std::int64_t score = 0;      // Flat index into one row of the engine's scores.
  std::size_t output = 0;      // Into Program::outputs,
  std::size_t element = 0;     // and the flat index there.
};

class ModelProbe : public Probe {
 public:
  // `engine` outlives the probe. `inputs`: those probed, into Program::inputs.
  ModelProbe(Engine& engine, std::vector<ProbedTarget> targets, std::vector<std::size_t> inputs);

  Function& function() override { return *function_; }
  Result<std::vector<bool>> Decides(std::span<const Point> points) override;
  const std::vector<Row>& x() const override { return xs_; }
  const std::vector<std::vector<Row>>& baselines() const override { return baselines_; }

 private:
  Engine& engine_;
  std::vector<ProbedTarget> targets_;  // Their rows are borrowed by `function_`.
  std::vector<std::size_t> inputs_;
  std::vector<Row> xs_;
  std::vector<std::vector<Row>> baselines_;
  std::optional<ScoreFunction> function_;
};

}  // namespace whylight
