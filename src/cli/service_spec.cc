#include "cli/service_spec.h"

#include <cstdio>

#include "io/files.h"
#include "io/json.h"
#include "whylight/metadata.h"

namespace whylight {
namespace {

constexpr char kOverride[] = "explanationSpecOverride";

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

void Apply(const ExamplesParameters& examples, const Args& given, ExplainOptions& options) {
  if (examples.neighbor_count && !given.Given("--neighbors")) {
    options.neighbors = *examples.neighbor_count;
  }
  if (examples.dimensions) options.dimensions = *examples.dimensions;
  if (examples.distance && !given.Given("--distance")) options.distance = *examples.distance;
  if (examples.normalize && !given.Given("--normalize")) options.normalize = *examples.normalize;
  if (examples.crowding_count && !given.Given("--crowding-count")) {
    options.crowding_count = *examples.crowding_count;
  }
  if (!examples.restrictions.empty() && !given.Given("--restrict")) {
    options.restrictions = examples.restrictions;
  }
  if (examples.return_embeddings && !given.Given("--return-embeddings")) {
    options.return_embeddings = *examples.return_embeddings;
  }
}

void PrintNotes(const std::string& source, const std::vector<MetadataProblem>& notes) {
  for (const MetadataProblem& note : notes) {
    std::fprintf(stderr, "whylight: %s: %s: %s\n", source.c_str(), note.place.c_str(),
                 note.message.c_str());
  }
}

void Apply(const ExplanationParameters& parameters, const std::string& source, const Args& given,
           ExplainOptions& options) {
  Apply(parameters.examples, given, options);
  if (parameters.method && !given.Given("--method")) options.method = NameOf(*parameters.method);
  // The methods that services have these two for.
  const bool on_paths = options.method == "integrated-gradients" || options.method == "xrai";
  if (parameters.smooth_grad && on_paths) {
    const SmoothGradParameters& smooth = *parameters.smooth_grad;
    if (!given.Given("--noise-sigma")) {
      options.noise_sigma = smooth.noise_sigma;
      options.feature_noise_sigma = smooth.feature_noise_sigma;
    }
    if (!given.Given("--noisy-samples")) options.noisy_samples = smooth.noisy_sample_count;
  }
  if (parameters.max_blur_sigma && on_paths) {
    Baseline blurred(BaselineKind::kBlurred);
    blurred.origin = source;
    options.baselines[""] = {std::move(blurred)};
    if (!given.Given("--max-sigma")) options.max_sigma = *parameters.max_blur_sigma;
  }
  if (parameters.step_count && !given.Given("--steps")) options.steps = *parameters.step_count;
  if (parameters.path_count && !given.Given("--paths")) options.paths = *parameters.path_count;
  if (parameters.top_k && !given.Given("--top-k")) options.top_k = *parameters.top_k;
  if (!given.Given("--output-indices") && !parameters.output_indices.empty()) {
    options.output_indices = {parameters.output_indices};
  }
}

}  // namespace

Status ReadParametersFile(const std::string& path, ServiceLimits limits, const Args& given,
                          ExplainOptions& options, std::vector<std::string>& examples) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const Result<Json> json = ParseJson(text);
  if (!json.ok()) return json.status().In(path);
  const Result<ExplanationParameters> parameters = ParseExplanationParameters(*json, limits);
  if (!parameters.ok()) return parameters.status().In(path);
  PrintNotes(path, parameters->warnings);
  Apply(*parameters, path, given, options);
  if (!given.Given("--examples")) examples = parameters->examples.uris;
  return OkStatus();
}

Status ApplyOverride(const Json& json, ServiceLimits limits, const Args& given,
                     ExplainOptions& options) {
  if (json.is_null()) return OkStatus();
  const Result<ExplanationSpecOverride> spec = ParseExplanationSpecOverride(json, limits);
  if (!spec.ok()) return spec.status().In(kOverride);
  PrintNotes(kOverride, spec->warnings);
  const std::string method = options.method;
  if (spec->parameters) Apply(*spec->parameters, kOverride, given, options);
  Apply(spec->examples, given, options);
  if (options.method != method) {
    std::fprintf(stderr,
                 "whylight: %s explains by %s instead of %s; the services refuse another method\n",
                 kOverride, options.method.c_str(), method.c_str());
  }
  if (given.Given("--baseline")) return OkStatus();
  for (const auto& [input, values] : spec->baselines) {
    std::vector<Baseline>& baselines = options.baselines[input];
    baselines.clear();
    for (const Json& value : values) {
      baselines.emplace_back(value);
      baselines.back().origin = kOverride;
    }
  }
  return OkStatus();
}

}  // namespace whylight
