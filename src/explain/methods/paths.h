// What methods have in common that go along paths from baselines.
#pragma once

#include <vector>

#include "attribution/integrated_gradients.h"
#include "explain/methods/method.h"
#include "explain/score_function.h"

namespace whylight {

// The values of a call's tasks, and paths to them from their baselines, which borrow from them:
// move it, but do not copy it.
struct PathTasks {
  std::vector<Row> xs;                      // Of the explained inputs.
  std::vector<std::vector<Row>> baselines;  // Of each.
  std::vector<IgTask> paths;

  PathTasks() = default;
  PathTasks(PathTasks&&) = default;
  PathTasks& operator=(PathTasks&&) = default;
};

// Errors: those of BaselineRows.
Result<PathTasks> PathTasksOf(const MethodCall& call);

ScoreFunction ScoreFunctionOf(const MethodCall& call);

// What every attribution has; x is moved out of `tasks`.
Shares SharesOf(Attribution attribution, Row x);

}  // namespace whylight
