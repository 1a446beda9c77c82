// Integrated Gradients of a loaded model: x and values of the shares have the shapes of the
// explained inputs.
#include "attribution/integrated_gradients.h"

#include <algorithm>
#include <utility>

#include "attribution/adaptive_gradients.h"
#include "attribution/smooth_grad.h"
#include "explain/methods/method.h"
#include "explain/methods/paths.h"
#include "explain/noise.h"
#include "explain/options.h"

namespace whylight {
namespace {

// What the noisy copies of one instance took together.
Effort Joined(std::span<const Effort> copies) {
  Effort all = copies[0];
  for (const Effort& copy : copies.subspan(1)) {
    all.steps += copy.steps;
    all.probes += copy.probes;
    all.estimated_error = std::max(all.estimated_error, copy.estimated_error);
    all.converged = all.converged && copy.converged;
  }
  return all;
}

Result<AttributionResult> Apply(const MethodCall& call) {
  WHYLIGHT_ASSIGN_OR_RETURN(PathTasks tasks, PathTasksOf(call, ExplainedRows(call)));
  ScoreFunction f = ScoreFunctionOf(call);
  std::vector<Effort> efforts;  // Of each path that the adaptive rule was given.
  const PathMethod integrate =
      [&](Function& of, std::span<const IgTask> paths) -> Result<std::vector<Attribution>> {
    if (const int steps = StepsOf(call.options)) {
      const bool midpoint = call.options.point_rule == PointRule::kMidpoint;
      return IntegratedGradients(
          of, paths,
          {.steps = steps,
           .rule = midpoint ? QuadratureRule::kMidpoint : QuadratureRule::kGaussLegendre});
    }
    WHYLIGHT_ASSIGN_OR_RETURN(
        std::vector<AdaptiveAttribution> adaptive,
        AdaptiveIntegratedGradients(
            of, paths, {.tolerance = call.options.tolerance, .max_steps = call.options.max_steps}));
    std::vector<Attribution> attributions;
    for (AdaptiveAttribution& one : adaptive) {
      attributions.push_back(std::move(one.attribution));
      efforts.push_back({.steps = one.steps,
                         .probes = one.probes,
                         .estimated_error = one.difference,
                         .converged = one.converged});
    }
    return attributions;
  };
  AttributionResult result;
  if (const std::optional<NoiseOptions> noise = PathNoise(call.options, call.explained)) {
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<SmoothAttribution> smooth,
                              WithNoise(f, tasks.paths, *noise, integrate));
    result = ResultOf(f, std::move(smooth), std::move(tasks.xs), noise->samples);
  } else {
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Attribution> attributions, integrate(f, tasks.paths));
    result = ResultOf(f, std::move(attributions), std::move(tasks.xs));
  }
  const std::size_t copies = efforts.size() / result.shares.size();
  for (std::size_t i = 0; i < result.shares.size() && !efforts.empty(); ++i) {
    result.shares[i].effort = Joined(std::span(efforts).subspan(i * copies, copies));
  }
  return result;
}

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  std::vector<MethodSetting> settings;
  if (const int count = StepsOf(options)) {
    const bool midpoint = options.point_rule == PointRule::kMidpoint;
    settings = {CountSetting("steps", count, midpoint ? "midpoints" : "Gauss-Legendre points")};
    if (midpoint) settings.push_back({.name = "rule", .json = "\"midpoint\"", .text = ""});
  } else {
    const std::string tolerance = FormatOption(options.tolerance);
    const std::string most = std::to_string(options.max_steps);
    settings = {{.name = "steps", .json = "\"auto\"", .text = "points as needed, at most " + most},
                {.name = "tolerance",
                 .json = JsonOption(options.tolerance),
                 .text = "tolerance " + tolerance},
                {.name = "maxSteps", .json = most, .text = ""}};
  }
  for (MethodSetting& setting : DescribePathNoise(options)) settings.push_back(std::move(setting));
  return settings;
}

}  // namespace

constexpr MethodApplication kIntegratedGradientsMethod = {"integrated-gradients", Apply, Describe};

}  // namespace whylight
