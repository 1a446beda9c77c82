// Gradient times input of a loaded model: x and values of the shares have the shapes of the
// explained inputs.
#include "attribution/gradient_x_input.h"

#include <utility>

#include "explain/methods/method.h"
#include "explain/methods/paths.h"

namespace whylight {
namespace {

Result<AttributionResult> Apply(const MethodCall& call) {
  std::vector<Row> xs = ExplainedRows(call);
  std::vector<GradientTask> tasks;
  tasks.reserve(xs.size());
  for (std::size_t i = 0; i < xs.size(); ++i) tasks.push_back({.instance = i, .x = &xs[i]});
  ScoreFunction f = ScoreFunctionOf(call);
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Attribution> attributions, GradientXInput(f, tasks));
  return ResultOf(f, std::move(attributions), std::move(xs));
}

std::vector<MethodSetting> Describe(const ExplainOptions&) { return {}; }

}  // namespace

constexpr MethodApplication kGradientXInputMethod = {"gradient-x-input", Apply, Describe};

}  // namespace whylight
