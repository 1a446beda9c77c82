#include "whylight/metadata.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "io/instance_parser.h"
#include "io/json.h"
#include "metadata/json_members.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

constexpr std::array<std::string_view, 6> kEncodings = {
    "identity",  "bag_of_features",    "bag_of_features_sparse",
    "indicator", "combined_embedding", "concat_embedding"};
constexpr std::array<std::string_view, 5> kModalities = {"numeric", "image", "text", "structured",
                                                         "categorical"};
constexpr std::array<std::string_view, 6> kFrameworks = {
    "tensorflow", "tensorflow2", "xgboost", "scikit_learn", "pytorch", "custom_container"};
constexpr std::size_t kServiceBaselines = 10;

// The index of `text` among the names, whatever its case; a problem if it is none of them.
template <std::size_t N>
std::optional<std::size_t> ReadName(const std::string& place, const Json& json,
                                    const std::array<std::string_view, N>& names,
                                    ProblemList& problems) {
  if (!json.is_string()) {
    problems.WrongType(place, "a string", json);
    return std::nullopt;
  }
  const std::string name = AsciiLower(json.string());
  const auto found = std::ranges::find(names, name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  const std::vector<std::string> known(names.begin(), names.end());
  problems.Error(place, "expected one of " + Join(known, ", ") + ", got \"" +
                            Printable(json.string()) + "\"" + DidYouMean(name, known));
  return std::nullopt;
}

class Reader {
 public:
  explicit Reader(MetadataForm form) : form_(form) { metadata_.form = form; }

  ParsedMetadata Read(const Json& json) {
    MemberTable table = {
        {"inputs", [this](const auto& at, const Json& v) { ReadInputs(at, v); }},
        {"outputs", [this](const auto& at, const Json& v) { ReadOutputs(at, v); }},
    };
    if (is_legacy()) {
      AddTo(table, {{"framework", [this](const auto& at, const Json& v) {
                       const auto i = ReadName(at, v, kFrameworks, problems_);
                       if (i) metadata_.framework = kFrameworks[*i];
                     }}});
      table.emplace_back("tags", Strings(&metadata_.tags));
      table.emplace_back("serving_sigdef_key", String(&metadata_.serving_sigdef_key));
      for (const char* key : {"embeddings", "sigdef_inputs", "preparer_version"}) {
        table.emplace_back(key, Keep(key, &metadata_.prepared));
      }
    } else {
      table.emplace_back("feature_attributions_schema_uri",
                         String(&metadata_.feature_attributions_schema_uri));
      table.emplace_back("latent_space_source", String(&metadata_.latent_space_source));
    }
    ReadMembers("", json, style(), table, problems_);
    CheckAcross();
    return {.metadata = std::move(metadata_), .problems = std::move(problems_.problems())};
  }

 private:
  bool is_legacy() const { return form_ == MetadataForm::kLegacy; }
  KeyStyle style() const { return is_legacy() ? KeyStyle::kAnyCase : KeyStyle::kCamelOrSnake; }
  // A key as the form writes it.
  std::string Key(std::string_view legacy) const {
    return is_legacy() ? std::string(legacy) : CamelCase(legacy);
  }

  static void AddTo(MemberTable& table, MemberTable rows) {
    for (auto& row : rows) table.push_back(std::move(row));
  }
  MemberHandler String(std::string* value) {
    return [this, value](const auto& at, const Json& v) { problems_.ReadString(at, v, value); };
  }
  MemberHandler Strings(std::vector<std::string>* value) {
    return [this, value](const auto& at, const Json& v) { problems_.ReadStrings(at, v, value); };
  }
  MemberHandler Array(std::vector<Json>* value) {
    return [this, value](const auto& at, const Json& v) { problems_.ReadArray(at, v, value); };
  }
  static MemberHandler Keep(std::string key, Json::Object* to) {
    return [key, to](const auto&, const Json& v) { to->emplace_back(key, v); };
  }

  void ReadInputs(const std::string& place, const Json& json) {
    if (!json.is_object()) return problems_.WrongType(place, "an object", json);
    for (const auto& [name, value] : json.object()) {
      InputMetadata& input = metadata_.inputs.emplace_back();
      input.name = name;
      ReadInput(place + "." + Printable(name, 120), value, input);
    }
  }

  void ReadInput(const std::string& place, const Json& json, InputMetadata& input) {
    MemberTable table = {
        {"input_tensor_name", String(&input.input_tensor_name)},
        {"encoding",
         [&](const auto& at, const Json& v) {
           if (!is_legacy() && v == Json("ENCODING_UNSPECIFIED")) return;
           const auto i = ReadName(at, v, kEncodings, problems_);
           if (i) input.encoding = static_cast<Encoding>(*i);
         }},
        {"modality",
         [&](const auto& at, const Json& v) {
           const auto i = ReadName(at, v, kModalities, problems_);
           if (i) input.modality = static_cast<Modality>(*i);
         }},
        {"input_baselines", Array(&input.input_baselines)},
        {"encoded_baselines", Array(&input.encoded_baselines)},
        {"index_feature_mapping", Strings(&input.index_feature_mapping)},
        {"encoded_tensor_name", String(&input.encoded_tensor_name)},
        {"indices_tensor_name", String(&input.indices_tensor_name)},
        {"dense_shape_tensor_name", String(&input.dense_shape_tensor_name)},
        {is_legacy() ? "domain" : "feature_value_domain",
         [&](const auto& at, const Json& v) { ReadDomain(at, v, input); }},
        {"visualization",
         [&](const auto& at, const Json& v) {
           if (!v.is_object()) return problems_.WrongType(at, "an object", v);
           input.visualization = v;
         }},
        {"group_name", String(&input.group_name)},
    };
    if (is_legacy()) {
      table.emplace_back("weight_values_name", String(&input.weight_values_name));
      table.emplace_back("weight_indices_name", String(&input.weight_indices_name));
      table.emplace_back("weight_dense_shape_name", String(&input.weight_dense_shape_name));
      table.emplace_back("is_sequential", [&](const auto& at, const Json& v) {
        problems_.ReadBool(at, v, &input.is_sequential);
      });
      table.emplace_back("input_tensor_type", [](const auto&, const Json&) {});  // Deprecated.
      for (const char* key :
           {"input_tensor_dtype", "encoded_tensor_dtype", "indices_tensor_dtype",
            "dense_shape_tensor_dtype", "weight_values_dtype", "weight_indices_dtype",
            "weight_dense_shape_dtype", "gradient_tensor_names", "gradient_tensor_dtypes"}) {
        table.emplace_back(key, Keep(key, &input.prepared));
      }
    }
    ReadMembers(place, json, style(), table, problems_);
    CheckInput(place, input);
  }

  void ReadDomain(const std::string& place, const Json& json, InputMetadata& input) {
    FeatureDomain& domain = input.domain.emplace();
    const auto number = [this](std::optional<double>* to) -> MemberHandler {
      return [this, to](const auto& at, const Json& v) {
        double value = 0;
        if (problems_.ReadNumber(at, v, &value)) *to = value;
      };
    };
    ReadMembers(place, json, style(),
                {{is_legacy() ? "min" : "min_value", number(&domain.min)},
                 {is_legacy() ? "max" : "max_value", number(&domain.max)},
                 {"original_mean", number(&domain.original_mean)},
                 {"original_stddev", number(&domain.original_stddev)}},
                problems_);
    if (domain.min.has_value() != domain.max.has_value()) {
      problems_.Error(place, "the least and the greatest value go together: one is missing");
    } else if (domain.min && *domain.min > *domain.max) {
      problems_.Error(place, "the least value is above the greatest");
    }
  }

  void ReadOutputs(const std::string& place, const Json& json) {
    if (!json.is_object()) return problems_.WrongType(place, "an object", json);
    for (const auto& [name, value] : json.object()) {
      OutputMetadata& output = metadata_.outputs.emplace_back();
      output.name = name;
      ReadOutput(place + "." + Printable(name, 120), value, output);
    }
  }

  void ReadOutput(const std::string& place, const Json& json, OutputMetadata& output) {
    MemberTable table = {
        {"output_tensor_name", String(&output.output_tensor_name)},
        {is_legacy() ? "index_name_mapping" : "index_display_name_mapping",
         [&](const auto& at, const Json& v) {
           if (!v.is_array()) return problems_.WrongType(at, "a list of names", v);
           output.index_name_mapping = v;
           std::set<std::string> seen;
           CheckNames(at, v, seen);
         }},
        {is_legacy() ? "index_name_mapping_key" : "display_name_mapping_key",
         String(&output.index_name_mapping_key)},
    };
    if (is_legacy()) {
      table.emplace_back("output_tensor_dtype", Keep("output_tensor_dtype", &output.prepared));
    }
    ReadMembers(place, json, style(), table, problems_);
    if (output.index_name_mapping.is_array() && !output.index_name_mapping_key.empty()) {
      problems_.Error(place, "a list of names and a key for names exclude each other");
    }
  }

  // Every innermost value is a string, and no name stands twice.
  void CheckNames(const std::string& place, const Json& json, std::set<std::string>& seen) {
    for (std::size_t i = 0; i < json.array().size(); ++i) {
      const Json& name = json.array()[i];
      const std::string at = place + "[" + std::to_string(i) + "]";
      if (name.is_array()) {
        CheckNames(at, name, seen);
      } else if (!name.is_string()) {
        problems_.WrongType(at, "a string", name);
      } else if (!seen.insert(name.string()).second) {
        problems_.Error(at, "the name \"" + Printable(name.string()) + "\" stands twice");
      }
    }
  }

  void CheckInput(const std::string& place, const InputMetadata& input) {
    const bool needs_mapping = input.encoding == Encoding::kBagOfFeatures ||
                               input.encoding == Encoding::kBagOfFeaturesSparse ||
                               input.encoding == Encoding::kIndicator;
    if (needs_mapping && input.index_feature_mapping.empty()) {
      problems_.Error(place, "encoding " + std::string(EncodingName(input.encoding)) + " needs " +
                                 Key("index_feature_mapping"));
    }
    std::set<std::string> seen;
    for (const std::string& name : input.index_feature_mapping) {
      if (seen.insert(name).second) continue;
      problems_.Error(place + "." + Key("index_feature_mapping"),
                      "the name \"" + Printable(name) + "\" stands twice");
    }
    if (!input.input_baselines.empty() && !input.encoded_baselines.empty()) {
      problems_.Error(place, Key("input_baselines") + " and " + Key("encoded_baselines") +
                                 " exclude each other");
    }
    const std::size_t baselines = input.input_baselines.size() + input.encoded_baselines.size();
    if (baselines > kServiceBaselines) {
      problems_.Warning(place, std::to_string(baselines) + " baselines: the service took at most " +
                                   std::to_string(kServiceBaselines));
    }
    if (input.indices_tensor_name.empty() != input.dense_shape_tensor_name.empty()) {
      problems_.Error(place, Key("indices_tensor_name") + " and " + Key("dense_shape_tensor_name") +
                                 " go together: one is missing");
    }
    const int weights = !input.weight_values_name.empty() + !input.weight_indices_name.empty() +
                        !input.weight_dense_shape_name.empty();
    if (weights != 0 && weights != 3) {
      problems_.Error(place,
                      "weight_values_name, weight_indices_name and weight_dense_shape_name go "
                      "together: expected 3 of them, got " +
                          std::to_string(weights));
    }
    if (input.domain && input.domain->min && input.encoding != Encoding::kIdentity) {
      problems_.Error(place, "a least and a greatest value need the encoding identity, got " +
                                 std::string(EncodingName(input.encoding)));
    }
    if (input.visualization.is_object() && input.modality_or_default() != Modality::kImage) {
      problems_.Error(place, "visualization needs the modality image, got " +
                                 std::string(ModalityName(input.modality_or_default())));
    }
  }

  void CheckAcross() {
    const InputMetadata* first = nullptr;
    for (const InputMetadata& input : metadata_.inputs) {
      const std::size_t count = input.input_baselines.size() + input.encoded_baselines.size();
      if (count == 0) continue;
      if (first == nullptr) first = &input;
      const std::size_t expected = first->input_baselines.size() + first->encoded_baselines.size();
      if (count == expected) continue;
      problems_.Error("inputs." + Printable(input.name, 120),
                      "expected " + std::to_string(expected) + " baselines, as '" +
                          Printable(first->name) + "' has, got " + std::to_string(count));
    }
    if (metadata_.inputs.empty()) {
      problems_.Warning("inputs", "none: they are taken from the signature");
    }
    if (metadata_.outputs.size() > 1) {
      problems_.Warning("outputs", "the service explained one output, got " +
                                       std::to_string(metadata_.outputs.size()));
    }
    const bool is_tensorflow = metadata_.framework.starts_with("tensorflow");
    const auto is_named = [](const InputMetadata& i) { return !i.input_tensor_name.empty(); };
    if (is_tensorflow && !metadata_.inputs.empty() &&
        std::ranges::none_of(metadata_.inputs, is_named)) {
      problems_.Error("inputs",
                      "framework " + metadata_.framework + " needs at least one input_tensor_name");
    }
    if (!metadata_.framework.empty() && !is_tensorflow &&
        std::ranges::any_of(metadata_.inputs, is_named)) {
      problems_.Warning("inputs", "framework " + metadata_.framework + " has no tensor names");
    }
  }

  MetadataForm form_;
  ExplanationMetadata metadata_;
  ProblemList problems_;
};

// Camel case, or a key that only the message has, tells Vertex's form.
bool HasVertexKey(const Json& object) {
  if (!object.is_object()) return false;
  return std::ranges::any_of(object.object(), [](const Json::Member& member) {
    const std::string key = SnakeCase(member.first);
    return IsCamelCase(member.first) || key == "feature_value_domain" ||
           key == "index_display_name_mapping" || key == "display_name_mapping_key" ||
           key == "feature_attributions_schema_uri" || key == "latent_space_source";
  });
}

MetadataForm DetectForm(const Json& json) {
  if (!json.is_object()) return MetadataForm::kLegacy;
  if (json.Find("framework") != nullptr) return MetadataForm::kLegacy;
  if (HasVertexKey(json)) return MetadataForm::kVertex;
  for (const char* key : {"inputs", "outputs"}) {
    const Json* const entries = json.Find(key);
    if (entries == nullptr || !entries->is_object()) continue;
    for (const auto& [name, entry] : entries->object()) {
      if (HasVertexKey(entry)) return MetadataForm::kVertex;
    }
  }
  return MetadataForm::kLegacy;
}

Json StringsToJson(const std::vector<std::string>& strings) {
  return Json::Array(strings.begin(), strings.end());
}

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return upper;
}

// Writes one form: keys are given in the legacy spelling.
class Writer {
 public:
  Writer(MetadataForm form, std::vector<std::string>* lost) : form_(form), lost_(lost) {}

  Json Write(const ExplanationMetadata& metadata) {
    Json json = Json::Object(), inputs = Json::Object(), outputs = Json::Object();
    for (const InputMetadata& input : metadata.inputs) inputs.Set(input.name, Input(input));
    for (const OutputMetadata& output : metadata.outputs) outputs.Set(output.name, Output(output));
    json.Set("inputs", std::move(inputs));
    json.Set("outputs", std::move(outputs));
    const Json schema = Text(metadata.feature_attributions_schema_uri);
    const Json source = Text(metadata.latent_space_source);
    const Json tags = metadata.tags.empty() ? Json() : StringsToJson(metadata.tags);
    if (is_legacy()) {
      Put(json, "framework", Text(metadata.framework));
      Put(json, "tags", tags);
      Put(json, "serving_sigdef_key", Text(metadata.serving_sigdef_key));
      for (const auto& [key, value] : metadata.prepared) Put(json, key, value);
      Lose("feature_attributions_schema_uri", schema);
      Lose("latent_space_source", source);
    } else {
      Put(json, "feature_attributions_schema_uri", schema);
      Put(json, "latent_space_source", source);
      Lose("framework", Text(metadata.framework));
      Lose("tags", tags);
      Lose("serving_sigdef_key", Text(metadata.serving_sigdef_key));
      for (const auto& [key, value] : metadata.prepared) Lose(key, value);
    }
    return json;
  }

 private:
  bool is_legacy() const { return form_ == MetadataForm::kLegacy; }
  static Json Text(const std::string& text) { return text.empty() ? Json() : Json(text); }
  static Json List(const std::vector<Json>& list) { return list.empty() ? Json() : Json(list); }

  void Put(Json& to, std::string_view key, Json value) {
    if (value.is_null()) return;
    to.Set(is_legacy() ? std::string(key) : CamelCase(key), std::move(value));
  }
  void Lose(const std::string& place, const Json& value) {
    if (!value.is_null() && lost_ != nullptr) lost_->push_back(place);
  }

  Json Input(const InputMetadata& input) {
    Json json = Json::Object();
    Put(json, "input_tensor_name", Text(input.input_tensor_name));
    const std::string encoding(EncodingName(input.encoding));
    Put(json, "encoding", is_legacy() ? encoding : Upper(encoding));
    if (input.modality) Put(json, "modality", std::string(ModalityName(*input.modality)));
    Put(json, "input_baselines", List(input.input_baselines));
    Put(json, "encoded_baselines", List(input.encoded_baselines));
    if (!input.index_feature_mapping.empty()) {
      Put(json, "index_feature_mapping", StringsToJson(input.index_feature_mapping));
    }
    Put(json, "encoded_tensor_name", Text(input.encoded_tensor_name));
    Put(json, "indices_tensor_name", Text(input.indices_tensor_name));
    Put(json, "dense_shape_tensor_name", Text(input.dense_shape_tensor_name));
    if (input.domain) {
      Json domain = Json::Object();
      const auto put = [&](std::string_view key, std::optional<double> value) {
        if (value) Put(domain, key, *value);
      };
      put(is_legacy() ? "min" : "min_value", input.domain->min);
      put(is_legacy() ? "max" : "max_value", input.domain->max);
      put("original_mean", input.domain->original_mean);
      put("original_stddev", input.domain->original_stddev);
      Put(json, is_legacy() ? "domain" : "feature_value_domain", std::move(domain));
    }
    Put(json, "visualization", input.visualization);
    Put(json, "group_name", Text(input.group_name));
    const std::pair<std::string, Json> legacy_only[] = {
        {"weight_values_name", Text(input.weight_values_name)},
        {"weight_indices_name", Text(input.weight_indices_name)},
        {"weight_dense_shape_name", Text(input.weight_dense_shape_name)},
        {"is_sequential", input.is_sequential ? Json(true) : Json()}};
    for (const auto& [key, value] : legacy_only)
      PutOrLose("inputs." + input.name, json, key, value);
    for (const auto& [key, value] : input.prepared) {
      PutOrLose("inputs." + input.name, json, key, value);
    }
    return json;
  }

  Json Output(const OutputMetadata& output) {
    Json json = Json::Object();
    Put(json, "output_tensor_name", Text(output.output_tensor_name));
    Put(json, is_legacy() ? "index_name_mapping" : "index_display_name_mapping",
        output.index_name_mapping);
    Put(json, is_legacy() ? "index_name_mapping_key" : "display_name_mapping_key",
        Text(output.index_name_mapping_key));
    for (const auto& [key, value] : output.prepared) {
      PutOrLose("outputs." + output.name, json, key, value);
    }
    return json;
  }

  void PutOrLose(const std::string& place, Json& json, const std::string& key, const Json& value) {
    if (is_legacy()) {
      Put(json, key, value);
    } else {
      Lose(place + "." + key, value);
    }
  }

  MetadataForm form_;
  std::vector<std::string>* lost_;
};

}  // namespace

std::string MetadataKey(MetadataForm form, std::string_view legacy_key) {
  if (form == MetadataForm::kLegacy) return std::string(legacy_key);
  static constexpr std::pair<std::string_view, std::string_view> kOtherWords[] = {
      {"domain", "featureValueDomain"},
      {"min", "minValue"},
      {"max", "maxValue"},
      {"index_name_mapping", "indexDisplayNameMapping"},
      {"index_name_mapping_key", "displayNameMappingKey"},
      {"clip_above_percentile", "clipPercentUpperbound"},
      {"clip_below_percentile", "clipPercentLowerbound"},
  };
  for (const auto& [legacy, vertex] : kOtherWords) {
    if (legacy == legacy_key) return std::string(vertex);
  }
  return CamelCase(legacy_key);
}

std::string_view EncodingName(Encoding encoding) {
  return kEncodings[static_cast<std::size_t>(encoding)];
}

std::string_view ModalityName(Modality modality) {
  return kModalities[static_cast<std::size_t>(modality)];
}

const InputMetadata* ExplanationMetadata::FindInput(std::string_view name) const {
  const auto found = std::ranges::find(inputs, name, &InputMetadata::name);
  return found == inputs.end() ? nullptr : &*found;
}

Status ParsedMetadata::status() const { return ToStatus(problems); }

ParsedMetadata ParseExplanationMetadata(const Json& json) {
  return ParseExplanationMetadata(json, DetectForm(json));
}

ParsedMetadata ParseExplanationMetadata(const Json& json, MetadataForm form) {
  return Reader(form).Read(json);
}

Result<ParsedMetadata> ParseExplanationMetadataText(std::string_view text) {
  WHYLIGHT_ASSIGN_OR_RETURN(const Json json, ParseJson(text));
  return ParseExplanationMetadata(json);
}

Json ExplanationMetadataToJson(const ExplanationMetadata& metadata, MetadataForm form,
                               std::vector<std::string>* lost) {
  return Writer(form, lost).Write(metadata);
}

Result<Tensor> BaselineFromJson(const Json& json, DType dtype, const Shape& shape,
                                std::string_view place) {
  const std::string at(place);
  const bool is_one = json.is_number() || json.is_bool() || json.is_string() || json.is_object();
  FieldSpec field{.name = at, .dtype = dtype, .shape = is_one ? Shape{} : shape};
  // 0.0 for an integer input is meant as 0: baselines are written without a thought of the dtype.
  Json value = json;
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (IsInteger(dtype) && json.kind() == Json::Kind::kDouble && std::abs(json.number()) <= kExact &&
      std::trunc(json.number()) == json.number()) {
    value = static_cast<std::int64_t>(json.number());
  }
  const InstanceParser parser({field}, /*allow_non_finite=*/false);
  const std::string text = WriteJson(value, {.non_finite = JsonWriterOptions::NonFinite::kToken});
  WHYLIGHT_ASSIGN_OR_RETURN(Tensor read, parser.ParseField(text, field, at));
  if (!is_one || shape == Shape{}) return read;
  if (!shape.IsKnown()) {
    return InvalidArgument(at + ": a single value needs a known shape, the input's is " +
                           shape.ToString() + " (write the baseline out)");
  }
  Tensor tensor(dtype, shape);
  if (tensor.is_string()) {
    std::ranges::fill(tensor.strings(), read.strings()[0]);
    return tensor;
  }
  const std::size_t size = DTypeSize(dtype);
  for (std::size_t i = 0; i < tensor.elements(); ++i) {
    std::ranges::copy(read.bytes(), tensor.bytes().subspan(i * size).begin());
  }
  return tensor;
}

}  // namespace whylight
