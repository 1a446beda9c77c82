// Integrated Gradients of a loaded model: x and values of the shares have the shapes of the
// explained inputs.
#include "attribution/integrated_gradients.h"

#include <utility>

#include "attribution/adaptive_gradients.h"
#include "explain/methods/method.h"
#include "explain/methods/paths.h"
#include "explain/options.h"

namespace whylight {
namespace {

Result<AttributionResult> Apply(const MethodCall& call) {
  WHYLIGHT_ASSIGN_OR_RETURN(PathTasks tasks, PathTasksOf(call));
  ScoreFunction f = ScoreFunctionOf(call);
  AttributionResult result;
  if (const int steps = StepsOf(call.options)) {
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Attribution> attributions,
                              IntegratedGradients(f, tasks.paths, {.steps = steps}));
    for (std::size_t i = 0; i < attributions.size(); ++i) {
      result.shares.push_back(SharesOf(std::move(attributions[i]), std::move(tasks.xs[i])));
    }
  } else {
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<AdaptiveAttribution> attributions,
                              AdaptiveIntegratedGradients(f, tasks.paths,
                                                          {.tolerance = call.options.tolerance,
                                                           .max_steps = call.options.max_steps}));
    for (std::size_t i = 0; i < attributions.size(); ++i) {
      AdaptiveAttribution& adaptive = attributions[i];
      result.shares.push_back(SharesOf(std::move(adaptive.attribution), std::move(tasks.xs[i])));
      result.shares.back().effort = Effort{.steps = adaptive.steps,
                                           .probes = adaptive.probes,
                                           .estimated_error = adaptive.difference,
                                           .converged = adaptive.converged};
    }
  }
  result.dependence = f.dependence();
  return result;
}

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  if (const int count = StepsOf(options)) {
    const std::string steps = std::to_string(count);
    return {{.name = "steps", .json = steps, .text = steps + " Gauss-Legendre points"}};
  }
  const std::string tolerance = FormatOption(options.tolerance);
  const std::string most = std::to_string(options.max_steps);
  return {{.name = "steps", .json = "\"auto\"", .text = "points as needed, at most " + most},
          {.name = "tolerance",
           .json = JsonOption(options.tolerance),
           .text = "tolerance " + tolerance},
          {.name = "maxSteps", .json = most, .text = ""}};
}

}  // namespace

constexpr MethodApplication kIntegratedGradientsMethod = {"integrated-gradients", Apply, Describe};

}  // namespace whylight
