#include "explain/model_probe.h"

#include <utility>

namespace whylight {
namespace {

bool IsGreatest(const Tensor& output, std::size_t element) {
  if (output.elements() == 1) return output.Number(0) >= 0.5;
  for (std::size_t k = 0; k < output.elements(); ++k) {
    const double other = output.Number(k), own = output.Number(element);
    if (other > own || (other == own && k < element)) return false;
  }
  return true;
}

}  // namespace

ModelProbe::ModelProbe(Engine& engine, std::vector<ProbedTarget> targets,
                       std::vector<std::size_t> inputs)
    : engine_(engine), targets_(std::move(targets)), inputs_(std::move(inputs)) {
  std::vector<ScoreTask> tasks;
  for (ProbedTarget& target : targets_) {
    xs_.push_back(std::move(target.x));
    baselines_.push_back(std::move(target.baselines));
    tasks.push_back({.row = &target.row, .target = target.score});
  }
  function_.emplace(engine_, std::move(tasks), inputs_);
}

Result<std::vector<bool>> ModelProbe::Decides(std::span<const Point> points) {
  std::vector<Row> rows;
  for (const Point& point : points) {
    Row& row = rows.emplace_back(targets_[point.instance].row);
    for (std::size_t i = 0; i < inputs_.size(); ++i) row[inputs_[i]] = point.row[i];
  }
  const std::vector<Result<Row>> outputs = engine_.Outputs(rows);
  std::vector<bool> decided;
  for (std::size_t i = 0; i < points.size(); ++i) {
    WHYLIGHT_RETURN_IF_ERROR(outputs[i].status());
    const ProbedTarget& target = targets_[points[i].instance];
    decided.push_back(IsGreatest((*outputs[i])[target.output], target.element));
  }
  return decided;
}

}  // namespace whylight
