// Integrated Gradients of a loaded model: x and values of the shares have the shapes of the
// explained inputs.
#include "attribution/integrated_gradients.h"

#include <utility>

#include "attribution/adaptive_gradients.h"
#include "explain/baselines.h"
#include "explain/methods/method.h"
#include "explain/options.h"
#include "explain/score_function.h"

namespace whylight {
namespace {

// Attributions as shares, in order of the tasks; without x.
Result<std::vector<Shares>> Integrate(ScoreFunction& f, std::span<const IgTask> paths,
                                      const ExplainOptions& options) {
  std::vector<Shares> shares;
  const auto add = [&](Attribution& a, std::optional<Effort> effort) {
    shares.push_back({.instance_output = a.input_score,
                      .baseline_output = a.baseline_score,
                      .approximation_error = a.approximation_error,
                      .effort = effort,
                      .x = {},
                      .values = std::move(a.values)});
  };
  if (options.steps) {
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Attribution> attributions,
                              IntegratedGradients(f, paths, {.steps = *options.steps}));
    for (Attribution& attribution : attributions) add(attribution, std::nullopt);
    return shares;
  }
  WHYLIGHT_ASSIGN_OR_RETURN(
      std::vector<AdaptiveAttribution> attributions,
      AdaptiveIntegratedGradients(
          f, paths, {.tolerance = options.tolerance, .max_steps = options.max_steps}));
  for (AdaptiveAttribution& adaptive : attributions) {
    add(adaptive.attribution, Effort{.steps = adaptive.steps,
                                     .probes = adaptive.probes,
                                     .estimated_error = adaptive.difference,
                                     .converged = adaptive.converged});
  }
  return shares;
}

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
  AttributionResult result;
  WHYLIGHT_ASSIGN_OR_RETURN(result.shares, Integrate(f, paths, options));
  result.dependence = f.dependence();
  for (std::size_t i = 0; i < tasks.size(); ++i) result.shares[i].x = std::move(xs[i]);
  return result;
}

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  if (options.steps) {
    const std::string steps = std::to_string(*options.steps);
    return {{.name = "steps", .json = steps, .text = steps + " Gauss-Legendre points"}};
  }
  const std::string tolerance = FormatOption(options.tolerance);
  const std::string most = std::to_string(options.max_steps);
  return {{.name = "steps", .json = "\"auto\"", .text = "points as needed, at most " + most},
          {.name = "tolerance", .json = tolerance, .text = "tolerance " + tolerance},
          {.name = "maxSteps", .json = most, .text = ""}};
}

}  // namespace

constexpr MethodApplication kIntegratedGradientsMethod = {"integrated-gradients", Apply, Describe};

}  // namespace whylight
