// What a service holds of a model's explanations in one document, as it stands: an ExplanationSpec,
//
//   {"parameters": {"integratedGradientsAttribution": {"stepCount": 50}},
//    "metadata": {"inputs": {...}, "outputs": {...}}}
//
// or what gcloud prints with --format=json of
//   ai models describe                {"artifactUri": "gs://...", "explanationSpec": {...}, ...}
//   ai endpoints describe             {"deployedModels": [{"id": "7", "explanationSpec": {...}}]}
//   ai-platform versions describe     {"deploymentUri": "gs://...", "explanationConfig": {...},
//   ...}
// and of batch jobs; in camelCase or snake_case.
//
// Threads Values; no shared state.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "whylight/json.h"
#include "whylight/metadata.h"
#include "whylight/status.h"

namespace whylight {

// What became of one field.
struct SpecField {
  enum class Use {
    kUsed,
    kTranslated,  // Into options.
    kDropped,
  };
  // Which part of the document it belongs to: another source of the whole part wins over it.
  enum class Part { kModel, kParameters, kMetadata, kOther };
  Part part = Part::kOther;
  std::string place;  // "explanationSpec.parameters.topK"
  Use use = Use::kUsed;
  std::string option;  // Without dashes: wins over the field where it is given; or empty.
  std::string text;    // "--top-k 2" of a translated field, of a dropped one why.
};

struct ExplanationSpec {
  std::string source;  // The file, for messages.
  std::string model;   // artifactUri or deploymentUri: a path or gs://...; empty without one.
  // As written, null without them: for ParseExplanationParameters and ParseExplanationMetadata.
  Json parameters, metadata;
  std::string parameters_source, metadata_source;  // "spec.json: explanationSpec.parameters"
  std::vector<SpecField> fields;
};

// `deployed_model`: the id or display name of one of an endpoint's models; empty: the one that has
// a specification. Errors  kInvalidArgument: no such document (says which option takes what this
// one is); no
//         specification in it; several deployed models (names them). What stands inside parameters
//         and metadata is not judged here.
Result<ExplanationSpec> ParseExplanationSpec(const Json& json, const std::string& source,
                                             const std::string& deployed_model = "");
// Of a file. Errors: as reading gives, too.
Result<ExplanationSpec> ReadExplanationSpec(const std::string& path,
                                            const std::string& deployed_model = "");

// "spec.json: parameters.topK: translated to --top-k 2", for each field. `given` knows options by
// their names ("top-k", "metadata"), and MODEL: what was given wins over the field.
std::vector<std::string> NotesOf(const ExplanationSpec& spec,
                                 const std::function<bool(std::string_view)>& given);

// An ExplanationSpec as Vertex takes it: metadata without what the message has no field for (see
// ExplanationMetadataToJson), parameters in its words, whichever they were in; null leaves them
// out.
Json ExplanationSpecToJson(const ExplanationMetadata& metadata, const Json& parameters,
                           std::vector<std::string>* foreign = nullptr);

}  // namespace whylight
