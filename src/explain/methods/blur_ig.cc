// Blur Integrated Gradients of a loaded model: x and values of the shares have the shapes of the
// explained pictures.
#include "attribution/blur_ig.h"

#include <utility>

#include "explain/methods/method.h"
#include "explain/methods/paths.h"
#include "explain/options.h"
#include "util/system.h"

namespace whylight {
namespace {

Result<AttributionResult> Apply(const MethodCall& call) {
  const ExplainOptions& options = call.options;
  std::vector<Row> xs = ExplainedRows(call);
  for (const Row& x : xs) WHYLIGHT_RETURN_IF_ERROR(CheckPictures(x, call.explained, options));
  std::vector<BlurIgTask> paths;
  paths.reserve(xs.size());
  for (std::size_t i = 0; i < xs.size(); ++i) paths.push_back({.instance = i, .x = &xs[i]});
  const int threads = options.session.threads > 0 ? options.session.threads : AllowedCores();
  ScoreFunction f = ScoreFunctionOf(call);
  WHYLIGHT_ASSIGN_OR_RETURN(
      std::vector<Attribution> attributions,
      BlurIg(f, paths,
             {.steps = StepsOf(options), .max_sigma = options.max_sigma, .threads = threads}));
  return ResultOf(f, std::move(attributions), std::move(xs));
}

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  const std::string sigma = FormatOption(options.max_sigma);
  return {
      CountSetting("steps", StepsOf(options), "blurs"),
      {.name = "maxSigma", .json = JsonOption(options.max_sigma), .text = "sigma up to " + sigma}};
}

}  // namespace

constexpr MethodApplication kBlurIgMethod = {"blur-ig", Apply, Describe};

}  // namespace whylight
