// A method applied to a loaded model: what goes in and comes out, whatever the method.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "explain/engine.h"
#include "explain/explained.h"
#include "whylight/explainer.h"
#include "whylight/function.h"

namespace whylight {

// An output element of an instance. Borrowed until the call returns.
struct AttributionTask {
  const Row* request = nullptr;  // In order of Program::request.
  const Row* row = nullptr;      // The same, prepared: all of Program::inputs.
  std::int64_t target = 0;       // Flat index into one row of the explained output.
};

struct MethodCall {
  Engine& engine;
  const Explained& explained;
  const ExplainOptions& options;
  std::span<const AttributionTask> tasks;
};

struct Shares {
  double instance_output = 0;
  double baseline_output = 0;
  double approximation_error = 0;  // As the method defines it.
  std::optional<Effort> effort;
  Row x;                // What shares the score, in order of Explained::names.
  Row values;           // Their shares, float64.
  Row standard_errors;  // Of the values, in their shapes; empty if it has none.
  std::optional<Sampling> sampling;
  std::vector<std::vector<RegionAttribution>> regions;  // XRAI: of each of them.
};

struct AttributionResult {
  std::vector<Shares> shares;  // In order of the tasks.
  std::string dependence;      // ScoreFunction::dependence().
};

// Errors: those of the method and of its options beside this model; that of one task is the answer
// to all.
using ApplyMethod = Result<AttributionResult> (*)(const MethodCall& call);

// {"paths", 25, "paths"}: "25 paths".
MethodSetting CountSetting(std::string name, std::int64_t count, const std::string& of);
MethodSetting SeedSetting(const ExplainOptions& options);

using DescribeMethod = std::vector<MethodSetting> (*)(const ExplainOptions& options);

// How a method of attribution/list.h is applied.
struct MethodApplication {
  std::string_view name;
  ApplyMethod apply;        // nullptr: it gives no attributions (examples.h).
  DescribeMethod describe;  // The settings that it heeds.
  bool mixes = false;       // Whether its rows are mixed of instances and baselines (games.h).
};
const MethodApplication& FindMethodApplication(std::string_view name);  // One of AllMethods().

// Each stands in its own file of this folder.
extern const MethodApplication kIntegratedGradientsMethod;
extern const MethodApplication kKernelShapMethod;
extern const MethodApplication kSampledShapleyMethod;
extern const MethodApplication kXraiMethod;
extern const MethodApplication kBlurIgMethod;
extern const MethodApplication kGuidedIgMethod;
extern const MethodApplication kSmoothGradMethod;
extern const MethodApplication kGradientXInputMethod;
extern const MethodApplication kExpectedGradientsMethod;
extern const MethodApplication kOcclusionMethod;
extern const MethodApplication kGradCamMethod;
extern const MethodApplication kExamplesMethod;

}  // namespace whylight
