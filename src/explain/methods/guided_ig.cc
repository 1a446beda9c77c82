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
  WHYLIGHT_ASSIGN_OR_RETURN(PathTasks tasks, PathTasksOf(call, ExplainedRows(call)));
  ScoreFunction f = ScoreFunctionOf(call);
  WHYLIGHT_ASSIGN_OR_RETURN(
      std::vector<Attribution> attributions,
      GuidedIg(
          f, tasks.paths,
          {.steps = StepsOf(options), .fraction = options.fraction, .max_dist = options.max_dist}));
  return ResultOf(f, std::move(attributions), std::move(tasks.xs));
}

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  const std::string fraction = FormatOption(options.fraction);
  const std::string distance = FormatOption(options.max_dist);
  return {
      CountSetting("steps", StepsOf(options), "steps"),
      {.name = "fraction", .json = JsonOption(options.fraction), .text = "fraction " + fraction},
      {.name = "maxDist",
       .json = JsonOption(options.max_dist),
       .text = "distance up to " + distance}};
}

}  // namespace

constexpr MethodApplication kGuidedIgMethod = {"guided-ig", Apply, Describe};

}  // namespace whylight
