#include "explain/methods/paths.h"

#include <utility>

#include "explain/baselines.h"

namespace whylight {

std::vector<Row> ExplainedRows(const MethodCall& call) {
  std::vector<Row> xs;
  for (const AttributionTask& task : call.tasks) {
    xs.push_back(ExplainedValues(*task.row, call.explained));
  }
  return xs;
}

Result<PathTasks> PathTasksOf(const MethodCall& call, std::vector<Row> xs) {
  PathTasks tasks;
  tasks.xs = std::move(xs);
  for (const Row& x : tasks.xs) {
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Row> of_row,
                              BaselineRows(x, call.explained, call.options));
    tasks.baselines.push_back(std::move(of_row));
  }
  for (std::size_t i = 0; i < tasks.xs.size(); ++i) {
    IgTask& path =
        tasks.paths.emplace_back(IgTask{.instance = i, .x = &tasks.xs[i], .baselines = {}});
    for (const Row& baseline : tasks.baselines[i]) path.baselines.push_back(&baseline);
  }
  return tasks;
}

ScoreFunction ScoreFunctionOf(const MethodCall& call) {
  std::vector<ScoreTask> scores;
  for (const AttributionTask& task : call.tasks) {
    scores.push_back({.row = task.row, .target = task.target});
  }
  return ScoreFunction(call.engine, std::move(scores), call.explained.inputs);
}

Shares SharesOf(Attribution attribution, Row x) {
  Shares shares;
  shares.instance_output = attribution.input_score;
  shares.baseline_output = attribution.baseline_score;
  shares.approximation_error = attribution.approximation_error;
  shares.x = std::move(x);
  shares.values = std::move(attribution.values);
  return shares;
}

AttributionResult ResultOf(const ScoreFunction& f, std::vector<Attribution> attributions,
                           std::vector<Row> xs) {
  AttributionResult result{.shares = {}, .dependence = f.dependence()};
  for (std::size_t i = 0; i < attributions.size(); ++i) {
    result.shares.push_back(SharesOf(std::move(attributions[i]), std::move(xs[i])));
  }
  return result;
}

}  // namespace whylight
