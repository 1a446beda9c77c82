#include "explain/methods/paths.h"

#include <utility>

#include "explain/baselines.h"

namespace whylight {

Result<PathTasks> PathTasksOf(const MethodCall& call) {
  PathTasks tasks;
  for (const AttributionTask& task : call.tasks) {
    tasks.xs.push_back(ExplainedValues(*task.row, call.explained));
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Row> of_row,
                              BaselineRows(tasks.xs.back(), call.explained, call.options));
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

}  // namespace whylight
