// Integrated Gradients of a loaded model: x and values of the shares have the shapes of the
// explained inputs.
#include "attribution/integrated_gradients.h"

#include <utility>

#include "explain/baselines.h"
#include "explain/methods/method.h"
#include "explain/score_function.h"

namespace whylight {
namespace {

Result<AttributionResult> Apply(const MethodCall& call) {
  const auto& [engine, explained, options, tasks] = call;
  std::vector<ScoreTask> scores;
  std::vector<Row> xs;
  std::vector<std::vector<Row>> baselines;
  for (const AttributionTask& task : tasks) {
    scores.push_back({.row = task.row, .target = task.target});
    xs.push_back(ExplainedValues(*task.row, explained));
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Row> of_row, BaselineRows(xs.back(), explained, options));
    baselines.push_back(std::move(of_row));
  }
  std::vector<IgTask> paths;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    IgTask path{.instance = i, .x = &xs[i], .baselines = {}};
    for (const Row& baseline : baselines[i]) path.baselines.push_back(&baseline);
    paths.push_back(std::move(path));
  }
  ScoreFunction f(engine, std::move(scores), explained.inputs);
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Attribution> attributions,
                            IntegratedGradients(f, paths, {.steps = options.steps}));
  AttributionResult result{.shares = {}, .dependence = f.dependence()};
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    result.shares.push_back({.instance_output = attributions[i].input_score,
                             .baseline_output = attributions[i].baseline_score,
                             .approximation_error = attributions[i].approximation_error,
                             .x = std::move(xs[i]),
                             .values = std::move(attributions[i].values)});
  }
  return result;
}

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  const std::string steps = std::to_string(options.steps);
  return {{.name = "steps", .json = steps, .text = steps + " Gauss-Legendre points"}};
}

}  // namespace

constexpr MethodApplication kIntegratedGradientsMethod = {"integrated-gradients", Apply, Describe};

}  // namespace whylight
