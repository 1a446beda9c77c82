// Expected Gradients of a loaded model: x and values of the shares have the shapes of the explained
// inputs.
#include "attribution/expected_gradients.h"

#include <utility>

#include "explain/methods/method.h"
#include "explain/methods/paths.h"
#include "explain/options.h"

namespace whylight {
namespace {

Result<AttributionResult> Apply(const MethodCall& call) {
  std::vector<Row> xs;
  for (const AttributionTask& task : call.tasks) {
    xs.push_back(ExplainedValues(*task.row, call.explained));
  }
  std::vector<ExpectedGradientsTask> tasks;
  for (std::size_t i = 0; i < xs.size(); ++i) tasks.push_back({.instance = i, .x = &xs[i]});
  ScoreFunction f = ScoreFunctionOf(call);
  WHYLIGHT_ASSIGN_OR_RETURN(
      std::vector<ExpectedAttribution> attributions,
      ExpectedGradients(f, tasks, call.explained.data->rows,
                        {.samples = DrawsOf(call.options), .seed = call.options.seed}));
  AttributionResult result;
  for (std::size_t i = 0; i < attributions.size(); ++i) {
    result.shares.push_back(SharesOf(std::move(attributions[i].attribution), std::move(xs[i])));
  }
  result.dependence = f.dependence();
  return result;
}

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  const std::string samples = std::to_string(DrawsOf(options));
  const std::string seed = std::to_string(options.seed);
  return {{.name = "samples", .json = samples, .text = samples + " samples"},
          {.name = "seed", .json = seed, .text = "seed " + seed}};
}

}  // namespace

constexpr MethodApplication kExpectedGradientsMethod = {"expected-gradients", Apply, Describe};

}  // namespace whylight
