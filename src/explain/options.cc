#include "explain/options.h"

#include <string>

#include "attribution/blur_ig.h"
#include "attribution/integrated_gradients.h"
#include "attribution/list.h"
#include "attribution/sampled_shapley.h"
#include "explain/warnings.h"

namespace whylight {

Status CheckExplainOptions(const ExplainOptions& options) {
  const MethodInfo* method = FindMethod(options.method);
  if (method == nullptr) {
    return InvalidArgument("--method " + options.method + ": no such method; there are " +
                           MethodNames());
  }
  if (options.steps < 1 || options.steps > kMaxSteps) {
    return InvalidArgument("--steps " + std::to_string(options.steps) + ": expected 1 to " +
                           std::to_string(kMaxSteps));
  }
  if (options.paths < 1 || options.paths > kMaxPaths) {
    return InvalidArgument("--paths " + std::to_string(options.paths) + ": expected 1 to " +
                           std::to_string(kMaxPaths));
  }
  if (!(options.max_sigma > 0 && options.max_sigma <= kMaxBlurSigma)) {
    return InvalidArgument("--max-sigma " + FormatNumber(options.max_sigma) +
                           ": expected a number above 0, up to " + FormatNumber(kMaxBlurSigma));
  }
  if (!(options.fraction > 0 && options.fraction <= 1)) {
    return InvalidArgument("--fraction " + FormatNumber(options.fraction) +
                           ": expected a number above 0, up to 1");
  }
  if (!(options.max_dist >= 0 && options.max_dist <= 1)) {
    return InvalidArgument("--max-dist " + FormatNumber(options.max_dist) + ": expected 0 to 1");
  }
  if (options.top_k == 0 || options.top_k < -1) {
    return InvalidArgument("--top-k " + std::to_string(options.top_k) +
                           ": expected 1 or more, or -1 for all");
  }
  if (!options.feature_names.empty() && options.players != Players::kElements) {
    return InvalidArgument(
        "--feature-names names elements of the input, which --players inputs and --pieces do not "
        "share the score among");
  }
  if (ExplainsPieces(options) && method->needs_gradients) {
    return InvalidArgument(
        "--pieces goes with --method sampled-shapley: leaving out a piece has no gradient");
  }
  if (!options.baselines.empty() && !TakesBaselines(options)) {
    return InvalidArgument("--baseline: " + options.method +
                           " starts from the blurred picture and takes none; --max-sigma says how "
                           "much it is blurred");
  }
  return OkStatus();
}

std::vector<NamedValue> MethodParametersOf(const ExplainOptions& options) {
  if (options.method == "xrai") {
    const bool fast = options.region_ranking == RegionRanking::kFast;
    return {{.name = "xraiAlgorithm", .value = Tensor::ScalarString(fast ? "fast" : "full")}};
  }
  if (options.method == "blur-ig") {
    return {{.name = "maxSigma", .value = Tensor::Scalar(options.max_sigma)}};
  }
  if (options.method == "guided-ig") {
    return {{.name = "fraction", .value = Tensor::Scalar(options.fraction)},
            {.name = "maxDist", .value = Tensor::Scalar(options.max_dist)}};
  }
  return {};
}

bool NeedsGradients(const ExplainOptions& options) {
  return FindMethod(options.method)->needs_gradients;
}

bool NeedsPicture(const ExplainOptions& options) {
  return FindMethod(options.method)->needs_picture;
}

bool TakesBaselines(const ExplainOptions& options) { return options.method != "blur-ig"; }

bool ExplainsPieces(const ExplainOptions& options) {
  return options.players == Players::kLines || options.players == Players::kWords;
}

const InputMetadata* MetadataOf(const ExplainOptions& options, std::string_view feature) {
  return options.metadata ? options.metadata->FindInput(feature) : nullptr;
}

}  // namespace whylight
