#include "explain/options.h"

#include <algorithm>
#include <charconv>
#include <iostream>
#include <set>
#include <string>

#include "attribution/adaptive_gradients.h"
#include "attribution/blur_ig.h"
#include "attribution/expected_gradients.h"
#include "attribution/integrated_gradients.h"
#include "attribution/kernel_shap.h"
#include "attribution/list.h"
#include "attribution/sampled_shapley.h"
#include "attribution/smooth_grad.h"
#include "explain/warnings.h"
#include "util/strings.h"

namespace whylight {
namespace {

Status CheckTakesBaselines(const MethodInfo& method) {
  const std::string place = "--baseline: " + std::string(method.name);
  switch (method.compares_with) {
    case ComparesWith::kBaselines:
      return OkStatus();
    case ComparesWith::kBlurred:
      return InvalidArgument(place +
                             " starts from the blurred picture and takes none; --max-sigma says "
                             "how much it is blurred");
    case ComparesWith::kData:
      return InvalidArgument(place + " draws its baselines from --baseline-data and takes none");
    case ComparesWith::kNothing:
      return InvalidArgument(place + " compares with nothing and takes none");
  }
  return OkStatus();
}

Status CheckExamples(const ExplainOptions& options) {
  if (!options.examples) {
    return InvalidArgument(options.method + " searches rows of data: --examples train.csv");
  }
  if (options.neighbors < 1) {
    return InvalidArgument("--neighbors " + std::to_string(options.neighbors) +
                           ": expected 1 or more");
  }
  if (options.crowding_count < 0) {
    return InvalidArgument("--crowding-count " + std::to_string(options.crowding_count) +
                           ": expected 1 or more, or 0 for any number");
  }
  return OkStatus();
}

}  // namespace

Status CheckExplainOptions(const ExplainOptions& options) {
  const MethodInfo* method = FindMethod(options.method);
  if (method == nullptr) {
    return InvalidArgument("--method " + options.method + ": no such method; there are " +
                           MethodNames());
  }
  if (options.steps && (*options.steps < 1 || *options.steps > kMaxSteps)) {
    return InvalidArgument("--steps " + std::to_string(*options.steps) + ": expected 1 to " +
                           std::to_string(kMaxSteps) + ", or auto");
  }
  if (!options.steps && options.point_rule != PointRule::kGaussLegendre) {
    return InvalidArgument("--rule midpoint needs a number of points, such as --steps 50");
  }
  if (!(options.tolerance > 0 && options.tolerance < 1)) {
    return InvalidArgument("--tolerance " + FormatOption(options.tolerance) +
                           ": expected a number between 0 and 1, such as 0.01");
  }
  if (options.max_steps < kLeastSteps || options.max_steps > kMaxSteps) {
    return InvalidArgument("--max-steps " + std::to_string(options.max_steps) + ": expected " +
                           std::to_string(kLeastSteps) + " to " + std::to_string(kMaxSteps));
  }
  if (options.paths < 1 || options.paths > kMaxPaths) {
    return InvalidArgument("--paths " + std::to_string(options.paths) + ": expected 1 to " +
                           std::to_string(kMaxPaths) + ", exact or auto");
  }
  if (options.samples < 0 || options.samples > kMaxSamples) {
    return InvalidArgument("--samples " + std::to_string(options.samples) + ": expected 1 to " +
                           std::to_string(kMaxSamples));
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
        "--pieces goes with --method sampled-shapley, kernel-shap and occlusion: the other methods "
        "do not leave out pieces");
  }
  if (options.noise_sigma && !(*options.noise_sigma >= 0)) {
    return InvalidArgument("--noise-sigma " + FormatNumber(*options.noise_sigma) +
                           ": expected 0 or more");
  }
  if (options.noisy_samples &&
      (*options.noisy_samples < 1 || *options.noisy_samples > kMaxNoisySamples)) {
    return InvalidArgument("--noisy-samples " + std::to_string(*options.noisy_samples) +
                           ": expected 1 to " + std::to_string(kMaxNoisySamples));
  }
  if (options.window_height < 1 || options.window_width < 1) {
    return InvalidArgument("--window " + std::to_string(options.window_height) + "," +
                           std::to_string(options.window_width) + ": expected 1 or more");
  }
  if (options.stride < 1) {
    return InvalidArgument("--stride " + std::to_string(options.stride) + ": expected 1 or more");
  }
  if (method->compares_with == ComparesWith::kData && !options.baseline_data) {
    return InvalidArgument(options.method +
                           " compares with rows of data: --baseline-data train.csv");
  }
  if (method->gives_neighbors) WHYLIGHT_RETURN_IF_ERROR(CheckExamples(options));
  return options.baselines.empty() ? OkStatus() : CheckTakesBaselines(*method);
}

Status CheckOptionsAreHeeded(const IsGiven& given, const ExplainOptions& options,
                             std::span<const std::string> methods) {
  const bool blurs = std::ranges::any_of(options.baselines, [](const auto& of_input) {
    return std::ranges::count(of_input.second, BaselineKind::kBlurred, &Baseline::kind) > 0;
  });
  // Baselines too may be drawn at random, come from the data, or be blurred.
  std::set<std::string_view> seen = {"seed", "baseline-data"};
  if (blurs) seen.insert("max-sigma");
  for (const MethodInfo& other : AllMethods()) {
    for (const MethodParameter& parameter : other.parameters) {
      if (!seen.insert(parameter.name).second || !given(parameter.name)) continue;
      const bool heeded = std::ranges::any_of(methods, [&](const std::string& name) {
        return FindParameter(*FindMethod(name), parameter.name) != nullptr;
      });
      if (heeded) continue;
      std::vector<std::string> takers;
      for (const MethodInfo& one : AllMethods()) {
        if (FindParameter(one, parameter.name) != nullptr) takers.emplace_back(one.name);
      }
      return InvalidArgument("--" + std::string(parameter.name) + ": " +
                             Join({methods.begin(), methods.end()}, ", ") +
                             (methods.size() == 1 ? " does" : " do") +
                             " not have it; it goes with --method " + Join(takers, ", "));
    }
  }
  return OkStatus();
}

int StepsOf(const ExplainOptions& options) {
  return options.steps.value_or(DefaultSteps(*FindMethod(options.method)));
}

int DrawsOf(const ExplainOptions& options) {
  return options.samples > 0 ? options.samples : ExpectedGradientsOptions().samples;
}

std::string FormatOption(double value) {
  char text[64];
  const std::to_chars_result end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::fixed);
  return {text, end.ptr};
}

std::string JsonOption(double value) {
  const std::string text = FormatOption(value);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

bool NeedsGradients(const ExplainOptions& options) {
  return FindMethod(options.method)->needs_gradients;
}

bool TakesGradientsAtLayer(const ExplainOptions& options) {
  return FindMethod(options.method)->at_layer;
}

bool FindsExamples(const ExplainOptions& options) {
  return FindMethod(options.method)->gives_neighbors;
}

bool NeedsPicture(const ExplainOptions& options) {
  return FindMethod(options.method)->needs_picture;
}

bool TakesBaselines(const ExplainOptions& options) {
  return FindMethod(options.method)->compares_with == ComparesWith::kBaselines;
}

bool HasBaseline(const ExplainOptions& options) {
  return FindMethod(options.method)->compares_with != ComparesWith::kNothing;
}

bool ExplainsPieces(const ExplainOptions& options) {
  return options.players == Players::kLines || options.players == Players::kWords;
}

EngineOptions EngineOptionsOf(const ExplainOptions& options) {
  return {.session = options.session,
          .memory_limit = options.memory_limit,
          .batch_size = options.batch_size,
          .disable_passes = options.disable_passes,
          .dump_passes = options.dump_passes,
          .dump = options.dump_passes.empty() ? nullptr : &std::cerr,
          .hoist = options.hoist,
          .cancelled = options.cancelled};
}

const InputMetadata* MetadataOf(const ExplainOptions& options, std::string_view feature) {
  return options.metadata ? options.metadata->FindInput(feature) : nullptr;
}

bool IsExplainedEncoded(const InputMetadata& input, const ExplainOptions& options) {
  return !input.encoded_tensor_name.empty() && NeedsGradients(options);
}

bool IsFedAsDense(const InputMetadata& input, const ExplainOptions& options) {
  return !input.indices_tensor_name.empty() && !IsExplainedEncoded(input, options);
}

}  // namespace whylight
