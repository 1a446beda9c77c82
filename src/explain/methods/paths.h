// What methods have in common that share the score of the explained inputs' elements.
#pragma once

#include <utility>
#include <vector>

#include "attribution/integrated_gradients.h"
#include "explain/methods/method.h"
#include "explain/score_function.h"

namespace whylight {

// The values of the explained inputs of each task.
std::vector<Row> ExplainedRows(const MethodCall& call);

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

// `xs`: ExplainedRows. Errors: those of BaselineRows.
Result<PathTasks> PathTasksOf(const MethodCall& call, std::vector<Row> xs);

ScoreFunction ScoreFunctionOf(const MethodCall& call);

// What every attribution has.
Shares SharesOf(Attribution attribution, Row x);
// Of all tasks, in order.
AttributionResult ResultOf(const ScoreFunction& f, std::vector<Attribution> attributions,
                           std::vector<Row> xs);
// With the standard errors over `samples` of each.
template <typename Sampled>  // Has an `attribution` and its `standard_errors`.
AttributionResult ResultOf(const ScoreFunction& f, std::vector<Sampled> sampled,
                           std::vector<Row> xs, int samples) {
  std::vector<Attribution> attributions;
  for (Sampled& one : sampled) attributions.push_back(std::move(one.attribution));
  AttributionResult result = ResultOf(f, std::move(attributions), std::move(xs));
  for (std::size_t i = 0; i < sampled.size(); ++i) {
    result.shares[i].standard_errors = std::move(sampled[i].standard_errors);
    result.shares[i].sampling = Sampling{.samples = samples};
  }
  return result;
}

}  // namespace whylight
