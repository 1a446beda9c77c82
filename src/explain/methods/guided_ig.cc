// Guided Integrated Gradients of a loaded model: x and values of the shares have the shapes of the
// explained inputs.
#include "attribution/guided_ig.h"

#include <utility>

#include "explain/methods/method.h"
#include "explain/methods/paths.h"
#include "explain/options.h"

namespace whylight {
namespace {

Result<AttributionResult> Apply(const MethodCall& call) {
  const ExplainOptions& options = call.options;
  WHYLIGHT_ASSIGN_OR_RETURN(PathTasks tasks, PathTasksOf(call));
  ScoreFunction f = ScoreFunctionOf(call);
  WHYLIGHT_ASSIGN_OR_RETURN(
      std::vector<Attribution> attributions,
      GuidedIg(
          f, tasks.paths,
          {.steps = StepsOf(options), .fraction = options.fraction, .max_dist = options.max_dist}));
  AttributionResult result;
  for (std::size_t i = 0; i < attributions.size(); ++i) {
    result.shares.push_back(SharesOf(std::move(attributions[i]), std::move(tasks.xs[i])));
  }
  result.dependence = f.dependence();
  return result;
}

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  const std::string steps = std::to_string(StepsOf(options));
  const std::string fraction = FormatOption(options.fraction);
  const std::string distance = FormatOption(options.max_dist);
  return {
      {.name = "steps", .json = steps, .text = steps + " steps"},
      {.name = "fraction", .json = JsonOption(options.fraction), .text = "fraction " + fraction},
      {.name = "maxDist",
       .json = JsonOption(options.max_dist),
       .text = "distance up to " + distance}};
}

}  // namespace

constexpr MethodApplication kGuidedIgMethod = {"guided-ig", Apply, Describe};

}  // namespace whylight
