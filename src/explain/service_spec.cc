#include "explain/service_spec.h"

namespace whylight {
namespace {

constexpr char kOverride[] = "explanationSpecOverride";

void Apply(const ExamplesParameters& examples, const IsGiven& given, ExplainOptions& options) {
  if (examples.neighbor_count && !given("neighbors")) {
    options.neighbors = *examples.neighbor_count;
  }
  if (examples.dimensions) options.dimensions = *examples.dimensions;
  if (examples.distance && !given("distance")) options.distance = *examples.distance;
  if (examples.normalize && !given("normalize")) options.normalize = *examples.normalize;
  if (examples.crowding_count && !given("crowding-count")) {
    options.crowding_count = *examples.crowding_count;
  }
  if (!examples.restrictions.empty() && !given("restrict")) {
    options.restrictions = examples.restrictions;
  }
  if (examples.return_embeddings && !given("return-embeddings")) {
    options.return_embeddings = *examples.return_embeddings;
  }
}

}  // namespace

std::string NameOf(MethodName method) {
  switch (method) {
    case MethodName::kIntegratedGradients:
      return "integrated-gradients";
    case MethodName::kSampledShapley:
      return "sampled-shapley";
    case MethodName::kXrai:
      return "xrai";
    case MethodName::kExamples:
      return "examples";
  }
  return "";
}

void ApplyParameters(const ExplanationParameters& parameters, std::string_view source,
                     const IsGiven& given, ExplainOptions& options) {
  Apply(parameters.examples, given, options);
  if (parameters.method && !given("method")) options.method = NameOf(*parameters.method);
  // The methods that services have these two for.
  const bool on_paths = options.method == "integrated-gradients" || options.method == "xrai";
  if (parameters.smooth_grad && on_paths) {
    const SmoothGradParameters& smooth = *parameters.smooth_grad;
    if (!given("noise-sigma")) {
      options.noise_sigma = smooth.noise_sigma;
      options.feature_noise_sigma = smooth.feature_noise_sigma;
    }
    if (!given("noisy-samples")) options.noisy_samples = smooth.noisy_sample_count;
  }
  if (parameters.max_blur_sigma && on_paths) {
    Baseline blurred(BaselineKind::kBlurred);
    blurred.origin = source;
    options.baselines[""] = {std::move(blurred)};
    if (!given("max-sigma")) options.max_sigma = *parameters.max_blur_sigma;
  }
  if (parameters.step_count && !given("steps")) options.steps = *parameters.step_count;
  if (parameters.path_count && !given("paths")) options.paths = *parameters.path_count;
  if (parameters.top_k && !given("top-k")) options.top_k = *parameters.top_k;
  if (!given("output-indices") && !parameters.output_indices.empty()) {
    options.output_indices = {parameters.output_indices};
  }
}

Result<std::vector<std::string>> ApplyOverride(const Json& json, ServiceLimits limits,
                                               const IsGiven& given, ExplainOptions& options) {
  if (json.is_null()) return std::vector<std::string>();
  const Result<ExplanationSpecOverride> spec = ParseExplanationSpecOverride(json, limits);
  if (!spec.ok()) return spec.status().In(kOverride);
  std::vector<std::string> notes = NotesOf(kOverride, spec->warnings);
  const std::string method = options.method;
  if (spec->parameters) ApplyParameters(*spec->parameters, kOverride, given, options);
  Apply(spec->examples, given, options);
  if (options.method != method) {
    notes.push_back(std::string(kOverride) + " explains by " + options.method + " instead of " +
                    method + "; the services refuse another method");
  }
  if (given("baseline")) return notes;
  for (const auto& [input, values] : spec->baselines) {
    std::vector<Baseline>& baselines = options.baselines[input];
    baselines.clear();
    for (const Json& value : values) {
      baselines.emplace_back(value);
      baselines.back().origin = kOverride;
    }
  }
  return notes;
}

std::vector<std::string> NotesOf(const std::string& source,
                                 const std::vector<MetadataProblem>& problems) {
  std::vector<std::string> notes;
  notes.reserve(problems.size());
  for (const MetadataProblem& problem : problems) {
    notes.push_back(source + ": " + problem.place + ": " + problem.message);
  }
  return notes;
}

}  // namespace whylight
