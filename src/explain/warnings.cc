#include "explain/warnings.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "util/strings.h"

namespace whylight {
namespace {

// What Google's notebooks and SDK warn at.
constexpr double kSmallDifference = 0.05;
constexpr double kLargeError = 0.05;
constexpr double kSaturated = 0.999;

void CheckDomain(const FeatureAttribution& feature, const InputMetadata& metadata,
                 std::vector<Warning>& warnings) {
  if (!metadata.domain || !metadata.domain->min || !metadata.domain->max) return;
  if (!IsNumeric(feature.input.dtype())) return;
  for (std::size_t i = 0; i < feature.input.elements(); ++i) {
    const double value = feature.input.Number(i);
    if (value >= *metadata.domain->min && value <= *metadata.domain->max) continue;
    warnings.push_back({.rule = "outside-domain",
                        .message = "'" + feature.name + "' holds " + FormatNumber(value) +
                                   ", outside its declared domain [" +
                                   FormatNumber(*metadata.domain->min) + ", " +
                                   FormatNumber(*metadata.domain->max) + "]",
                        .fix = "check the unit and the scaling of the request"});
    return;
  }
}

}  // namespace

std::string FormatNumber(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

void AddWarnings(const WarningContext& context, OutputAttribution& attribution) {
  const double difference = attribution.instance_output - attribution.baseline_output;
  if (attribution.has_baseline && std::abs(difference) < kSmallDifference) {
    attribution.warnings.push_back(
        {.rule = "small-difference",
         .message = "the score moves only by " + FormatNumber(difference) +
                    " from the baseline to the instance, so there is little to explain",
         .fix = "choose another baseline (--baseline), another class, or --logits"});
  }
  if (attribution.approximation_error > kLargeError) {
    const std::string percent = FormatNumber(100 * attribution.approximation_error) + " %";
    if (context.method->error == ErrorKind::kGap) {
      attribution.warnings.push_back(
          {.rule = "large-gap",
           .message = "the attributions miss the score's difference by " + percent,
           .fix = context.has_noise
                      ? "lower --noise-sigma, which moves the scores along the path, or raise "
                        "--noisy-samples or --steps"
                      : "raise --steps, or choose another baseline"});
    } else {
      attribution.warnings.push_back(
          {.rule = "sampling-error",
           .message = "the standard error is " + percent + " of the " +
                      (attribution.has_baseline ? "score's difference" : "attributions"),
           .fix = "raise " + std::string(context.method->samples)});
    }
  }
  if (attribution.effort && !attribution.effort->converged) {
    attribution.warnings.push_back(
        {.rule = "not-converged",
         .message = "after " + std::to_string(attribution.effort->steps) +
                    " points the attributions may still be " +
                    FormatNumber(100 * attribution.effort->estimated_error) + " % off",
         .fix = "raise --max-steps or --tolerance, choose another baseline, or look at regions "
                "instead of single elements"});
  }
  if (context.saturates && attribution.instance_output > kSaturated) {
    attribution.warnings.push_back(
        {.rule = "saturated-softmax",
         .message = "the score is " + FormatNumber(attribution.instance_output) +
                    ": near 1 it hardly moves, and small features look like nothing",
         .fix = "explain the logits instead: --logits"});
  }
  if (context.metadata == nullptr) return;
  for (const FeatureAttribution& feature : attribution.features) {
    const InputMetadata* input = context.metadata->FindInput(feature.name);
    if (input != nullptr) CheckDomain(feature, *input, attribution.warnings);
  }
}

Warning ZeroBaselineWarning(const std::vector<std::string>& inputs) {
  return {
      .rule = "zero-baseline",
      .message = "the baseline of " + Join(inputs, ", ") +
                 " is zeros, which nobody chose; in a table zero is seldom \"nothing\"",
      .fix =
          "give typical values, such as the medians: --baseline median --baseline-data train.csv, "
          "or --baseline NAME=JSON"};
}

std::vector<Warning> DroppedAttributeWarnings(const std::vector<std::string>& dropped) {
  std::vector<Warning> warnings;
  warnings.reserve(dropped.size());
  for (const std::string& message : dropped) {
    warnings.push_back({.rule = "dropped-attribute", .message = message, .fix = ""});
  }
  return warnings;
}

Warning RowsNotIndependentWarning(const std::string& what) {
  return {.rule = "rows-not-independent",
          .message = "a row's answer depends on the rows beside it (" + what +
                     "), so rows are run one by one, which is slow",
          .fix =
              "save the model in inference mode (training=False), without reductions over the "
              "batch"};
}

}  // namespace whylight
