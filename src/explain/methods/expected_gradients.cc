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
  std::vector<Row> xs = ExplainedRows(call);
  std::vector<ExpectedGradientsTask> tasks;
  tasks.reserve(xs.size());
  for (std::size_t i = 0; i < xs.size(); ++i) tasks.push_back({.instance = i, .x = &xs[i]});
  ScoreFunction f = ScoreFunctionOf(call);
  WHYLIGHT_ASSIGN_OR_RETURN(
      std::vector<ExpectedAttribution> expected,
      ExpectedGradients(f, tasks, call.explained.data->rows,
                        {.samples = DrawsOf(call.options), .seed = call.options.seed}));
  return ResultOf(f, std::move(expected), std::move(xs), DrawsOf(call.options));
}

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  return {CountSetting("samples", DrawsOf(options), "samples"), SeedSetting(options)};
}

}  // namespace

constexpr MethodApplication kExpectedGradientsMethod = {"expected-gradients", Apply, Describe};

}  // namespace whylight
