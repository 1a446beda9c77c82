#include "metadata/explanation_spec.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "io/files.h"
#include "io/json.h"
#include "metadata/json_members.h"
#include "util/strings.h"

namespace whylight {
namespace {

using Use = SpecField::Use;
using Part = SpecField::Part;

constexpr char kExact[] = "the search of examples is exact and needs no index";
constexpr char kUnread[] = "is checked, and changes nothing here";

// A field by its path in snake case, with * for the names of inputs and outputs. Of translated ones
// `text` begins the option, and the value follows where `has_value`.
struct FieldRow {
  std::string_view path;
  Use use;
  const char* option;
  const char* text;
  bool has_value = true;
};

constexpr FieldRow kOfPaths[] = {
    {"step_count", Use::kTranslated, "steps", "--steps"},
    {"num_integral_steps", Use::kTranslated, "steps", "--steps"},
    {"smooth_grad_config.noise_sigma", Use::kTranslated, "noise-sigma", "--noise-sigma"},
    {"smooth_grad_config.feature_noise_sigma", Use::kUsed, "noise-sigma", ""},
    {"smooth_grad_config.noisy_sample_count", Use::kTranslated, "noisy-samples", "--noisy-samples"},
    {"blur_baseline_config.max_blur_sigma", Use::kTranslated, "baseline",
     "--baseline blurred --max-sigma"},
};

constexpr FieldRow kParameters[] = {
    {"integrated_gradients_attribution", Use::kTranslated, "method",
     "--method integrated-gradients", false},
    {"xrai_attribution", Use::kTranslated, "method", "--method xrai", false},
    {"sampled_shapley_attribution", Use::kTranslated, "method", "--method sampled-shapley", false},
    {"sampled_shapley_attribution.path_count", Use::kTranslated, "paths", "--paths"},
    {"sampled_shapley_attribution.num_paths", Use::kTranslated, "paths", "--paths"},
    {"top_k", Use::kTranslated, "top-k", "--top-k"},
    {"output_indices", Use::kTranslated, "output-indices", "--output-indices"},
    {"examples", Use::kTranslated, "method", "--method examples", false},
    {"examples.example_gcs_source.gcs_source.uris", Use::kTranslated, "examples", "--examples"},
    {"examples.example_gcs_source.data_format", Use::kUsed, "examples", ""},
    {"examples.gcs_source.uris", Use::kTranslated, "examples", "--examples"},
    {"examples.neighbor_count", Use::kTranslated, "neighbors", "--neighbors"},
    {"examples.presets", Use::kDropped, "", kExact},
    {"examples.nearest_neighbor_search_config.contents_delta_uri", Use::kDropped, "", kExact},
    {"examples.nearest_neighbor_search_config.is_complete_overwrite", Use::kDropped, "", kExact},
    {"examples.nearest_neighbor_search_config.config.dimensions", Use::kUsed, "", ""},
    {"examples.nearest_neighbor_search_config.config.distance_measure_type", Use::kTranslated,
     "distance", "--distance"},
    {"examples.nearest_neighbor_search_config.config.feature_norm_type", Use::kTranslated,
     "normalize", "--normalize for"},
    {"examples.nearest_neighbor_search_config.config.approximate_neighbors_count", Use::kDropped,
     "", kExact},
    {"examples.nearest_neighbor_search_config.config.algorithm_config", Use::kDropped, "", kExact},
    {"examples.nearest_neighbor_search_config.config.shard_size", Use::kDropped, "", kExact},
};

// All other fields of metadata are used.
constexpr FieldRow kMetadata[] = {
    {"inputs.*.input_baselines", Use::kUsed, "baseline", ""},
    {"inputs.*.feature_value_domain.original_mean", Use::kDropped, "", kUnread},
    {"inputs.*.feature_value_domain.original_stddev", Use::kDropped, "", kUnread},
    {"outputs.*.index_display_name_mapping", Use::kUsed, "labels", ""},
    {"feature_attributions_schema_uri", Use::kDropped, "", kUnread},
    {"latent_space_source", Use::kDropped, "", kUnread},
    {"framework", Use::kDropped, "", kUnread},
    {"tags", Use::kDropped, "", kUnread},
};

const FieldRow* RowOf(std::span<const FieldRow> rows, std::string_view path) {
  const auto row = std::ranges::find(rows, path, &FieldRow::path);
  return row == rows.end() ? nullptr : &*row;
}

const FieldRow* RowOfParameter(std::string_view path) {
  for (const std::string_view method : {"integrated_gradients_attribution.", "xrai_attribution."}) {
    if (path.starts_with(method)) return RowOf(kOfPaths, path.substr(method.size()));
  }
  return RowOf(kParameters, path);
}

std::string Joined(const std::string& place, std::string_view key) {
  return place.empty() ? std::string(key) : place + "." + std::string(key);
}

// The member of either spelling.
const Json* Member(const Json& json, std::string_view snake) {
  const Json* const found = json.Find(CamelCase(snake));
  return found != nullptr ? found : json.Find(snake);
}

std::string TextOf(const Json* value) {
  return value != nullptr && value->is_string() ? value->string() : "";
}

// "3,7" of a list, as options take it; a name without the service's suffix: SQUARED_L2_DISTANCE.
std::string OptionValue(const Json& value) {
  if (value.is_array()) {
    std::vector<std::string> pieces;
    for (const Json& one : value.array()) pieces.push_back(OptionValue(one));
    return Join(pieces, ",");
  }
  if (!value.is_string()) return WriteJson(value);
  std::string_view text = value.string();
  constexpr std::string_view kSuffix = "_DISTANCE";
  if (!text.ends_with(kSuffix)) return Printable(text);
  text.remove_suffix(kSuffix.size());
  std::string name = AsciiLower(text);
  std::ranges::replace(name, '_', '-');
  return name;
}

// Paths in snake case with * for names, in the order that they come in, and where each stands.
using PathPlaces = std::vector<std::pair<std::string, std::vector<std::string>>>;

void FindPlaces(const Json& json, const std::string& place, const std::string& path,
                PathPlaces& to) {
  const bool holds_names = path == "inputs" || path == "outputs";
  for (const auto& [key, value] : json.object()) {
    const std::string at = Joined(place, Printable(key));
    const std::string next = Joined(path, holds_names ? "*" : SnakeCase(key));
    const bool has_fields = holds_names || next == "inputs" || next == "outputs" ||
                            next == "inputs.*.feature_value_domain";
    if (has_fields && value.is_object()) {
      FindPlaces(value, at, next, to);
      continue;
    }
    auto found = std::ranges::find(to, next, &PathPlaces::value_type::first);
    if (found == to.end()) found = to.insert(found, {next, {}});
    found->second.push_back(at);
  }
}

class Reader {
 public:
  Reader(const std::string& source, const std::string& deployed_model)
      : deployed_model_(deployed_model) {
    spec_.source = source;
  }

  Result<ExplanationSpec> Read(const Json& json) {
    WHYLIGHT_RETURN_IF_ERROR(ReadDocument(json).In(spec_.source));
    return std::move(spec_);
  }

 private:
  Status ReadDocument(const Json& json);
  Status ReadEndpoint(const Json& deployed);
  Status ReadDescription(const Json& json, const std::string& place);
  Status ReadSpec(const Json& json, const std::string& place);
  void ReadParameters(const Json& json, const std::string& place);
  void ReadMetadata(const Json& json, const std::string& place);

  void AddParameters(const Json& json, const std::string& place, const std::string& path);
  void AddMetadata(const Json& json, const std::string& place);
  void Add(SpecField field) { spec_.fields.push_back(std::move(field)); }

  const std::string& deployed_model_;
  ExplanationSpec spec_;
};

bool IsDescription(const Json& json) {
  constexpr std::array kKeys = {"explanation_spec", "explanation_config", "artifact_uri",
                                "deployment_uri"};
  return std::ranges::any_of(kKeys, [&](const char* key) { return Member(json, key) != nullptr; });
}

Status NoSpec(const std::string& found) {
  return InvalidArgument(
      "expected an ExplanationSpec ({\"parameters\": ..., \"metadata\": ...}), or what `gcloud ai "
      "models describe` prints as JSON; found " +
      found);
}

Status Reader::ReadDocument(const Json& json) {
  // What `list` prints of one.
  if (json.is_array() && json.array().size() == 1) return ReadDocument(json.array()[0]);
  if (!json.is_object()) return NoSpec(Describe(json));
  const Json* const deployed = Member(json, "deployed_models");
  if (deployed != nullptr && deployed->is_array()) return ReadEndpoint(*deployed);
  if (!deployed_model_.empty()) {
    return InvalidArgument("--deployed-model " + deployed_model_ +
                           ": only what describes an endpoint holds several models");
  }
  // A request to upload.
  const Json* const model = json.Find("model");
  if (model != nullptr && IsDescription(*model)) return ReadDescription(*model, "model");
  if (IsDescription(json)) return ReadDescription(json, "");
  if (json.Find("inputs") != nullptr) {
    return NoSpec("explanation metadata, which --metadata takes");
  }
  const bool is_spec = json.Find("parameters") != nullptr || json.Find("metadata") != nullptr;
  if (is_spec) return ReadSpec(json, "");
  for (const auto& [key, value] : json.object()) {
    if (RowOfParameter(SnakeCase(key)) != nullptr) {
      return NoSpec("explanation parameters, which --parameters takes");
    }
  }
  return NoSpec(
      "an object without any of their members; a model that was uploaded without a "
      "specification has none: give MODEL alone");
}

Status Reader::ReadEndpoint(const Json& deployed) {
  std::vector<std::size_t> chosen;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < deployed.array().size(); ++i) {
    const Json& one = deployed.array()[i];
    const std::string id = TextOf(one.Find("id")), name = TextOf(Member(one, "display_name"));
    if (Member(one, "explanation_spec") == nullptr) continue;
    names.push_back(id + (name.empty() ? "" : " (" + Printable(name) + ")"));
    if (deployed_model_.empty() || deployed_model_ == id || deployed_model_ == name) {
      chosen.push_back(i);
    }
  }
  if (names.empty()) return NoSpec("an endpoint without a deployed model that has one");
  if (chosen.size() == 1) {
    const std::size_t i = chosen[0];
    return ReadDescription(deployed.array()[i], "deployedModels[" + std::to_string(i) + "]");
  }
  return InvalidArgument("deployedModels: expected one" +
                         (deployed_model_.empty() ? "" : " that is called " + deployed_model_) +
                         ", found " + std::to_string(chosen.size()) +
                         "; --deployed-model chooses among " + Join(names, ", "));
}

Status Reader::ReadDescription(const Json& json, const std::string& place) {
  const Json *spec = nullptr, *config = nullptr;
  std::string spec_place, config_place;
  std::vector<std::string> others;
  for (const auto& [key, value] : json.object()) {
    const std::string snake = SnakeCase(key), at = Joined(place, key);
    if (snake == "explanation_spec") {
      spec = &value;
      spec_place = at;
    } else if (snake == "explanation_config") {
      config = &value;
      config_place = at;
    } else if ((snake == "artifact_uri" || snake == "deployment_uri") && value.is_string()) {
      spec_.model = value.string();
      Add({.part = Part::kModel,
           .place = at,
           .use = Use::kTranslated,
           .option = "MODEL",
           .text = "MODEL " + Printable(spec_.model, 200)});
    } else if (snake == "container_spec") {
      Add({.place = at,
           .use = Use::kDropped,
           .text = "TensorFlow runs the model, not a container"});
    } else if (snake == "model") {
      Add({.place = at,
           .use = Use::kDropped,
           .text = "`gcloud ai models describe` of it says where its files are"});
    } else if (snake == "disable_explanations") {
      Add({.place = at, .use = Use::kDropped, .text = "it is of the endpoint"});
    } else {
      others.push_back(Joined(place, key));
    }
  }
  if (!others.empty()) {
    Add({.place = Join(others, ", "), .use = Use::kDropped, .text = "not about explanations"});
  }
  if (spec != nullptr) return ReadSpec(*spec, spec_place);
  if (config == nullptr) {
    return NoSpec("a model without explanationSpec, so it was uploaded without one; give MODEL " +
                  (spec_.model.empty() ? "alone" : Printable(spec_.model, 200) + " alone"));
  }
  ReadParameters(*config, config_place);
  return OkStatus();
}

Status Reader::ReadSpec(const Json& json, const std::string& place) {
  if (!json.is_object()) {
    return InvalidArgument(place + ": expected an object, got " + Describe(json));
  }
  for (const auto& [key, value] : json.object()) {
    if (key == "parameters") {
      ReadParameters(value, Joined(place, key));
    } else if (key == "metadata") {
      ReadMetadata(value, Joined(place, key));
    } else {
      return InvalidArgument(Joined(place, Printable(key)) +
                             ": unknown key; an ExplanationSpec has parameters and metadata");
    }
  }
  return OkStatus();
}

void Reader::ReadParameters(const Json& json, const std::string& place) {
  spec_.parameters = json;
  spec_.parameters_source = spec_.source + ": " + place;
  AddParameters(json, place, "");
}

void Reader::ReadMetadata(const Json& json, const std::string& place) {
  spec_.metadata = json;
  spec_.metadata_source = spec_.source + ": " + place;
  AddMetadata(json, place);
}

// Fields that nobody knows are the errors of who reads the parameters.
void Reader::AddParameters(const Json& json, const std::string& place, const std::string& path) {
  if (!json.is_object()) return;
  for (const auto& [key, value] : json.object()) {
    const std::string at = Joined(place, key), to = Joined(path, SnakeCase(key));
    const FieldRow* const row = RowOfParameter(to);
    if (row != nullptr) {
      std::string text = row->text;
      if (row->use == Use::kTranslated && row->has_value) text += " " + OptionValue(value);
      Add({.part = Part::kParameters,
           .place = at,
           .use = row->use,
           .option = row->option,
           .text = std::move(text)});
    }
    if (row == nullptr || !row->has_value) AddParameters(value, at, to);
  }
}

// "metadata.inputs.*.encoding (14 of them)"
std::string PlaceOfAll(const std::string& place, const std::string& path,
                       const std::vector<std::string>& places) {
  const std::string list = path.substr(0, path.find('.'));
  const std::string key = places[0].substr(places[0].rfind('.') + 1);
  return Joined(Joined(Joined(place, list), "*"), key) + " (" + std::to_string(places.size()) +
         " of them)";
}

// One line for what several inputs have.
void Reader::AddMetadata(const Json& json, const std::string& place) {
  if (!json.is_object()) return;
  PathPlaces places;
  FindPlaces(json, place, "", places);
  for (const auto& [path, at] : places) {
    SpecField field{.part = Part::kMetadata, .place = at[0]};
    if (at.size() > 1) {
      field.place = PlaceOfAll(place, path, at);
    }
    if (const FieldRow* const row = RowOf(kMetadata, path)) {
      field.use = row->use;
      field.option = row->option;
      field.text = row->text;
    }
    Add(std::move(field));
  }
}

// In Vertex's words.
Json VertexParameters(const Json& json) {
  if (json.is_array()) {
    Json::Array list;
    for (const Json& one : json.array()) list.push_back(VertexParameters(one));
    return list;
  }
  if (!json.is_object()) return json;
  Json object = Json::Object();
  for (const auto& [key, value] : json.object()) {
    std::string name = CamelCase(key);
    if (name == "numIntegralSteps") name = "stepCount";
    if (name == "numPaths") name = "pathCount";
    object.Set(name, VertexParameters(value));
  }
  return object;
}

}  // namespace

Result<ExplanationSpec> ParseExplanationSpec(const Json& json, const std::string& source,
                                             const std::string& deployed_model) {
  return Reader(source, deployed_model).Read(json);
}

Result<ExplanationSpec> ReadExplanationSpec(const std::string& path,
                                            const std::string& deployed_model) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const Result<Json> json = ParseJson(text);
  if (!json.ok()) return json.status().In(path);
  return ParseExplanationSpec(*json, path, deployed_model);
}

std::vector<std::string> NotesOf(const ExplanationSpec& spec,
                                 const std::function<bool(std::string_view)>& given) {
  std::vector<std::string> notes;
  const bool has_parameters = given("parameters"), has_metadata = given("metadata");
  if (has_parameters && !spec.parameters.is_null()) {
    notes.push_back(spec.parameters_source + ": dropped: --parameters is given");
  }
  if (has_metadata && !spec.metadata.is_null()) {
    notes.push_back(spec.metadata_source + ": dropped: --metadata is given");
  }
  for (const SpecField& field : spec.fields) {
    if (field.part == Part::kParameters && has_parameters) continue;
    if (field.part == Part::kMetadata && has_metadata) continue;
    const std::string dashes = field.part == Part::kModel ? "" : "--";
    std::string note = spec.source + ": " + field.place + ": ";
    if (!field.option.empty() && given(field.option)) {
      note += "dropped: " + dashes + field.option + " is given";
    } else if (field.use == Use::kTranslated) {
      note += "translated to " + field.text;
    } else {
      note += field.use == Use::kUsed ? "used" : "dropped: " + field.text;
    }
    notes.push_back(std::move(note));
  }
  return notes;
}

Json ExplanationSpecToJson(const ExplanationMetadata& metadata, const Json& parameters,
                           std::vector<std::string>* foreign) {
  Json spec = Json::Object();
  if (!parameters.is_null()) spec.Set("parameters", VertexParameters(parameters));
  spec.Set("metadata",
           ExplanationMetadataToJson(metadata, MetadataForm::kVertex, {.foreign = foreign}));
  return spec;
}

}  // namespace whylight
