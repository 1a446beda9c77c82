// Explanation metadata and parameters: which tensors are explained, how, and from what baseline.
//
// Two written forms, told apart by their keys: the legacy file explanation_metadata.json
// (snake_case; keys match whatever their case) and the ExplanationMetadata message of Vertex
// (camelCase, or the message's own snake_case names).
//
// Threads Values; no shared state.
// Source  The readers of explainable_ai_sdk 1.3.3 (common/explain_metadata.py) and
//         google/cloud/aiplatform/v1/{explanation_metadata,explanation}.proto.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "whylight/json.h"
#include "whylight/neighbors.h"
#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

enum class MetadataForm { kLegacy, kVertex };

// What one feature is, and what comes back for it.
enum class Encoding {
  kIdentity,             // The tensor as it is: an attribution for each element.
  kBagOfFeatures,        // A vector; each index is a feature with a name.
  kBagOfFeaturesSparse,  // The same; a zero is an absent feature.
  kIndicator,            // 0/1 vector; each index that holds 1 is a feature.
  kCombinedEmbedding,    // Ids to one vector: a single attribution, the vector's sum.
  kConcatEmbedding,      // k ids to k vectors: an attribution for each id.
};
enum class Modality { kNumeric, kImage, kText, kStructured, kCategorical };

// A key of the legacy form as `form` writes it: "encoded_tensor_name", "encodedTensorName";
// "domain" and the like have another word in Vertex's.
std::string MetadataKey(MetadataForm form, std::string_view legacy_key);
std::string_view EncodingName(Encoding encoding);  // "bag_of_features"
std::string_view ModalityName(Modality modality);  // "numeric"

struct FeatureDomain {
  std::optional<double> min, max;  // Both or neither.
  std::optional<double> original_mean, original_stddev;
  bool operator==(const FeatureDomain&) const = default;
};

struct InputMetadata {
  std::string name;               // The key of `inputs`, and of the attributions that come back.
  std::string input_tensor_name;  // TF2: the signature's key. TF1: "op:0".
  Encoding encoding = Encoding::kIdentity;
  std::optional<Modality> modality;  // As written; absent means numeric.
  // Each one a number for all elements, or a value of the tensor's shape. Baseline i of a run is
  // made of baseline i of every input. BaselineFromJson makes tensors of them.
  std::vector<Json> input_baselines;
  std::vector<Json> encoded_baselines;
  std::vector<std::string> index_feature_mapping;
  std::string encoded_tensor_name;      // Where gradients are taken instead of at the input.
  std::string indices_tensor_name;      // These two with input_tensor_name (values) are a sparse
  std::string dense_shape_tensor_name;  // tensor.
  std::string weight_values_name;       // Weighted categorical columns: all three or none.
  std::string weight_indices_name;
  std::string weight_dense_shape_name;
  std::optional<FeatureDomain> domain;
  // null, or an object in the legacy form's words (color_map, pink_green), whichever was read.
  Json visualization;
  std::string group_name;  // Inputs of one group get one joint attribution.
  bool is_sequential = false;
  // Legacy keys that only Google's model preparer writes (*_dtype, gradient_tensor_names, ...).
  Json::Object prepared;

  Modality modality_or_default() const { return modality.value_or(Modality::kNumeric); }
};

struct OutputMetadata {
  std::string name;
  std::string output_tensor_name;
  Json index_name_mapping;             // null, or an array (nested as the output) of strings.
  std::string index_name_mapping_key;  // The output that carries the names instead.
  Json::Object prepared;
};

struct ExplanationMetadata {
  MetadataForm form = MetadataForm::kLegacy;  // As it was written.
  std::vector<InputMetadata> inputs;          // In the file's order.
  std::vector<OutputMetadata> outputs;
  std::string framework;  // Lower case: tensorflow, tensorflow2, ...; empty in the Vertex form.
  std::vector<std::string> tags;
  std::string serving_sigdef_key;               // Legacy, written by the preparer.
  std::string feature_attributions_schema_uri;  // Vertex.
  std::string latent_space_source;              // Vertex.
  Json::Object prepared;  // embeddings, sigdef_inputs, preparer_version, as written.

  const InputMetadata* FindInput(std::string_view name) const;
};

struct MetadataProblem {
  bool is_error =
      true;             // Otherwise a warning: it can be explained, but the old service refused it.
  std::string place;    // "inputs.age.input_tensor_nam"
  std::string message;  // "unknown key; did you mean 'input_tensor_name'?"
};

// What the services refuse and Whylight can do: more than 100 steps, 50 paths, 50 noisy samples or
// 10 baselines of an input.
enum class ServiceLimits {
  kKept,   // Beyond them is an error.
  kNoted,  // Beyond them is a warning.
};

struct ParsedMetadata {
  ExplanationMetadata metadata;           // What could be read, even beside errors.
  std::vector<MetadataProblem> problems;  // All of them, in the file's order; cross rules last.

  // OK if no problem is an error; else kInvalidArgument with every error, one a line.
  Status status() const;
};

// Reads either form. Unknown keys, wrong types, unknown enum values, and the cross rules of
// section "Cross rules" (docs/formats/metadata.md) are errors, more than 10 baselines as `limits`
// says; more than one output and fields that the framework ignores are warnings.
ParsedMetadata ParseExplanationMetadata(const Json& json,
                                        ServiceLimits limits = ServiceLimits::kKept);
ParsedMetadata ParseExplanationMetadata(const Json& json, MetadataForm form,
                                        ServiceLimits limits = ServiceLimits::kKept);
// From text. A syntax error is the status; other problems are in the result.
Result<ParsedMetadata> ParseExplanationMetadataText(std::string_view text,
                                                    ServiceLimits limits = ServiceLimits::kKept);

struct MetadataJsonOptions {
  // Write what the form has no field for under a member "whylight", so that it reads back. Readers
  // of the services refuse a key that they do not know; without this it is left out.
  bool keep = false;
  // If set: gets the paths of what the form has no field for, kept or not.
  std::vector<std::string>* foreign = nullptr;
};

// The file in the asked form. Vertex's has no field for framework, tags, weights, is_sequential,
// some settings of drawings, and what the preparer wrote; the legacy one none for URIs.
Json ExplanationMetadataToJson(const ExplanationMetadata& metadata, MetadataForm form,
                               const MetadataJsonOptions& options = {});

// A baseline as a tensor of `shape`: a number (or, for string tensors, a string or {"b64": ...})
// for all elements, or nested lists of exactly that shape. `shape` may hold unknowns, which a
// nested list settles; a scalar with unknowns is an error. `place` begins the messages.
// Errors  kInvalidArgument: "inputs.age.input_baselines[0]: expected 3 values, got 2".
Result<Tensor> BaselineFromJson(const Json& json, DType dtype, const Shape& shape,
                                std::string_view place);

enum class MethodName { kIntegratedGradients, kSampledShapley, kXrai, kExamples };

struct SmoothGradParameters {
  double noise_sigma = 0.1;
  // Per feature; not empty: features that are not listed get no noise, and noise_sigma is unused.
  std::vector<std::pair<std::string, double>> feature_noise_sigma;
  int noisy_sample_count = 3;  // >= 1
};

// `examples` of the parameters, and `examplesOverride` of a request; what is not given is nullopt.
struct ExamplesParameters {
  std::vector<std::string> uris;  // exampleGcsSource.gcsSource.uris
  std::optional<int> neighbor_count;
  std::optional<int> dimensions;
  std::optional<Distance> distance;  // distanceMeasureType
  std::optional<bool> normalize;     // featureNormType: UNIT_L2_NORM
  std::optional<int> crowding_count;
  std::vector<Restriction> restrictions;
  std::optional<bool> return_embeddings;
};

// As requests and specs write it; what is not given is nullopt.
struct ExplanationParameters {
  std::optional<MethodName> method;
  std::optional<int> step_count;  // Integrated gradients, XRAI. >= 1.
  std::optional<int> path_count;  // Sampled Shapley. >= 1.
  std::optional<SmoothGradParameters> smooth_grad;
  std::optional<double> max_blur_sigma;  // blurBaselineConfig
  std::optional<int> top_k;              // >= 1, or -1 for all outputs.
  std::vector<std::int64_t> output_indices;
  ExamplesParameters examples;
  std::vector<MetadataProblem> warnings;  // Beyond the services' limits, if these are but noted.
};

// Vertex's ExplanationParameters, or the legacy explanationConfig (numIntegralSteps, numPaths);
// camelCase or snake_case. The search of examples is exact: what only tunes an approximate one
// (presets, algorithmConfig, approximateNeighborsCount) is read and changes nothing.
// Errors  kInvalidArgument with every problem: unknown key (did you mean), two methods, a count
//         that is no integer or out of range, also of the services' as `limits` says.
Result<ExplanationParameters> ParseExplanationParameters(
    const Json& json, ServiceLimits limits = ServiceLimits::kKept);

// What one request changes of its model's specification: Vertex's ExplanationSpecOverride.
struct ExplanationSpecOverride {
  std::optional<ExplanationParameters> parameters;
  std::vector<std::pair<std::string, std::vector<Json>>> baselines;  // By input; not empty.
  ExamplesParameters examples;                                       // examplesOverride
  std::vector<MetadataProblem> warnings;  // All of them, those of the parameters too.
};
// Errors: kInvalidArgument with every problem, as ParseExplanationParameters. kUnimplemented: the
// data format EMBEDDINGS of examples.
Result<ExplanationSpecOverride> ParseExplanationSpecOverride(
    const Json& json, ServiceLimits limits = ServiceLimits::kKept);

}  // namespace whylight
