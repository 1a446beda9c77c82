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

// Settings of drawings that both forms have, with what they may be.
constexpr std::pair<const char*, std::string_view> kVisualizationNames[] = {
    {"type", "pixels outlines"},
    {"polarity", "positive negative both"},
    {"color_map", "pink_green viridis red green red_green pink_white_green"},
    {"overlay_type", "none original grayscale mask_black"},
};
constexpr double kClipAbove = 99.9, kClipBelow = 62;  // The services' defaults.

// The member for what the file's form has no field for.
constexpr char kKept[] = "whylight";

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
  Reader(MetadataForm form, ServiceLimits limits) : form_(form), problems_(limits) {
    metadata_.form = form;
  }

  ParsedMetadata Read(const Json& json) {
    MemberTable table = {
        {"inputs", [this](const auto& at, const Json& v) { ReadInputs(at, v); }},
        {"outputs", [this](const auto& at, const Json& v) { ReadOutputs(at, v); }},
    };
    AddTo(table, is_legacy() ? LegacyTop() : VertexTop());
    const Json* kept = nullptr;  // Read last: it speaks of inputs that may stand behind it.
    table.emplace_back(kKept, [&kept](const auto&, const Json& v) { kept = &v; });
    ReadMembers("", json, style(), table, problems_);
    if (kept != nullptr) ReadKept(*kept);
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

  // Fields that one form alone has. They stand in the other's file under "whylight".
  MemberTable LegacyTop() {
    MemberTable table = {{"framework",
                          [this](const auto& at, const Json& v) {
                            const auto i = ReadName(at, v, kFrameworks, problems_);
                            if (i) metadata_.framework = kFrameworks[*i];
                          }},
                         {"tags", Strings(&metadata_.tags)},
                         {"serving_sigdef_key", String(&metadata_.serving_sigdef_key)}};
    for (const char* key : {"embeddings", "sigdef_inputs", "preparer_version"}) {
      table.emplace_back(key, Keep(key, &metadata_.prepared));
    }
    return table;
  }
  MemberTable VertexTop() {
    return {{"feature_attributions_schema_uri", String(&metadata_.feature_attributions_schema_uri)},
            {"latent_space_source", String(&metadata_.latent_space_source)}};
  }
  MemberTable LegacyInput(InputMetadata& input) {
    MemberTable table = {{"weight_values_name", String(&input.weight_values_name)},
                         {"weight_indices_name", String(&input.weight_indices_name)},
                         {"weight_dense_shape_name", String(&input.weight_dense_shape_name)},
                         {"is_sequential", [this, &input](const auto& at, const Json& v) {
                            problems_.ReadBool(at, v, &input.is_sequential);
                          }}};
    for (const char* key :
         {"input_tensor_type", "input_tensor_dtype", "encoded_tensor_dtype", "indices_tensor_dtype",
          "dense_shape_tensor_dtype", "weight_values_dtype", "weight_indices_dtype",
          "weight_dense_shape_dtype", "gradient_tensor_names", "gradient_tensor_dtypes"}) {
      table.emplace_back(key, Keep(key, &input.prepared));
    }
    return table;
  }
  MemberTable LegacyOutput(OutputMetadata& output) {
    return {{"output_tensor_dtype", Keep("output_tensor_dtype", &output.prepared)}};
  }

  void ReadKept(const Json& kept) {
    if (is_legacy()) {
      return ReadMembers(kKept, kept, KeyStyle::kCamelOrSnake, VertexTop(), problems_);
    }
    MemberTable table = LegacyTop();
    table.emplace_back("inputs", [this](const auto& at, const Json& v) {
      ReadKeptOf(at, v, metadata_.inputs, [this](InputMetadata& input) {
        MemberTable of_input = LegacyInput(input);
        of_input.emplace_back("visualization", [this, &input](const auto& place, const Json& json) {
          ReadVisualization(place, json, MetadataForm::kLegacy, input.visualization);
        });
        return of_input;
      });
    });
    table.emplace_back("outputs", [this](const auto& at, const Json& v) {
      ReadKeptOf(at, v, metadata_.outputs,
                 [this](OutputMetadata& output) { return LegacyOutput(output); });
    });
    ReadMembers(kKept, kept, KeyStyle::kAnyCase, table, problems_);
  }
  // Each entry belongs to the one of that name outside.
  template <typename Entry, typename TableOf>
  void ReadKeptOf(const std::string& place, const Json& json, std::vector<Entry>& entries,
                  const TableOf& table_of) {
    if (!json.is_object()) return problems_.WrongType(place, "an object", json);
    for (const auto& [name, value] : json.object()) {
      const std::string at = place + "." + Printable(name, 120);
      const auto entry = std::ranges::find(entries, name, &Entry::name);
      if (entry == entries.end()) {
        problems_.Error(at, "there is no entry of that name outside of " + std::string(kKept));
      } else {
        ReadMembers(at, value, KeyStyle::kAnyCase, table_of(*entry), problems_);
      }
    }
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
           ReadVisualization(at, v, form_, input.visualization);
         }},
        {"group_name", String(&input.group_name)},
    };
    if (is_legacy()) AddTo(table, LegacyInput(input));
    ReadMembers(place, json, style(), table, problems_);
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

  // Adds to `to` in the legacy form's words, so that one reader of drawings serves both.
  void ReadVisualization(const std::string& place, const Json& json, MetadataForm form, Json& to) {
    if (!json.is_object()) return problems_.WrongType(place, "an object", json);
    if (to.is_null()) to = Json::Object();
    const bool legacy = form == MetadataForm::kLegacy;
    const KeyStyle keys = legacy ? KeyStyle::kAnyCase : KeyStyle::kCamelOrSnake;
    MemberTable table;
    for (const auto& [key, names] : kVisualizationNames) {
      table.emplace_back(key, [&, key = key, names = names](const auto& at, const Json& v) {
        ReadVisualizationName(at, v, names, key, to);
      });
    }
    for (const char* key : {"clip_above_percentile", "clip_below_percentile"}) {
      table.emplace_back(legacy ? std::string(key) : SnakeCase(MetadataKey(form, key)),
                         Ranged(key, 0, 100, to));
    }
    if (legacy) {
      table.emplace_back("overlay_multiplier", Ranged("overlay_multiplier", 0, 1, to));
      table.emplace_back("blur_sigma", Ranged("blur_sigma", 0, HUGE_VAL, to));
      table.emplace_back("output_format", [&](const auto& at, const Json& v) {
        ReadVisualizationName(at, v, "jpeg png", "output_format", to);
      });
      table.emplace_back("shade_within_outlines", [&](const auto& at, const Json& v) {
        bool shade = true;
        problems_.ReadBool(at, v, &shade);
        to.Set("shade_within_outlines", shade);
      });
      table.emplace_back("resized_shape", Integers("resized_shape", 1, to));  // Height and width.
      table.emplace_back("translate", Integers("translate", 0, to));          // x and y.
    }
    ReadMembers(place, json, keys, table, problems_);
  }

  // Two of them, pixels.
  MemberHandler Integers(const char* key, std::int64_t least, Json& to) {
    return [this, key, least, &to](const auto& at, const Json& v) {
      const auto fits = [least](const Json& n) {
        return n.kind() == Json::Kind::kInt && n.int64() >= least && n.int64() <= (1 << 20);
      };
      if (!v.is_array() || v.array().size() != 2 || !std::ranges::all_of(v.array(), fits)) {
        return problems_.WrongType(
            at, "a list of two integers of at least " + std::to_string(least), v);
      }
      to.Set(key, v);
    };
  }

  MemberHandler Ranged(const char* key, double least, double greatest, Json& to) {
    return [this, key, least, greatest, &to](const auto& at, const Json& v) {
      double value = 0;
      if (!problems_.ReadNumber(at, v, &value)) return;
      if (!(value >= least && value <= greatest)) {
        const bool open = greatest > 1e300;
        return problems_.Error(
            at, "expected " + std::to_string(static_cast<int>(least)) +
                    (open ? " or more" : " to " + std::to_string(static_cast<int>(greatest))) +
                    ", got " + WriteJson(v));
      }
      to.Set(key, v);
    };
  }

  void ReadVisualizationName(const std::string& at, const Json& json, std::string_view names,
                             const std::string& key, Json& to) {
    if (!json.is_string()) return problems_.WrongType(at, "a string", json);
    std::string name = AsciiLower(json.string());
    if (name.ends_with("_unspecified")) return;
    // The SDK's own enum writes what its validator refuses.
    if (key == "overlay_type" && name == "mask") name = "mask_black";
    std::vector<std::string> known;
    for (const std::string_view one : Split(names, ' ')) known.emplace_back(one);
    if (std::ranges::find(known, name) == known.end()) {
      return problems_.Error(at, "expected one of " + Join(known, ", ") + ", got \"" +
                                     Printable(json.string()) + "\"" + DidYouMean(name, known));
    }
    to.Set(key, name);
  }

  // Rules between the settings, where all of them are read.
  void CheckVisualization(const std::string& place, const Json& v) {
    const Json* above = v.Find("clip_above_percentile");
    const Json* below = v.Find("clip_below_percentile");
    const double upper = above != nullptr ? above->number() : kClipAbove;
    const double lower = below != nullptr ? below->number() : kClipBelow;
    if ((above != nullptr || below != nullptr) && lower >= upper) {
      problems_.Error(place, "the lower percentile must be below the upper one: " +
                                 WriteJson(Json(lower)) + " and " + WriteJson(Json(upper)));
    }
    const Json* type = v.Find("type");
    const bool outlines = type != nullptr && *type == Json("outlines");
    if (outlines && v.Find("blur_sigma") != nullptr) {
      problems_.Error(place, "blur_sigma is a setting of type pixels, the type is outlines");
    }
    if (!outlines && type != nullptr && v.Find("shade_within_outlines") != nullptr) {
      problems_.Error(place,
                      "shade_within_outlines is a setting of type outlines, the type is "
                      "pixels");
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
    if (is_legacy()) AddTo(table, LegacyOutput(output));
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
    problems_.CheckBaselines(place + "." + Key("input_baselines"), input.input_baselines.size());
    problems_.CheckBaselines(place + "." + Key("encoded_baselines"),
                             input.encoded_baselines.size());
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
    if (input.visualization.is_object()) {
      CheckVisualization(place + ".visualization", input.visualization);
    }
  }

  void CheckAcross() {
    for (const InputMetadata& input : metadata_.inputs) {
      CheckInput("inputs." + Printable(input.name, 120), input);
    }
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
  Writer(MetadataForm form, const MetadataJsonOptions& options) : form_(form), options_(options) {}

  Json Write(const ExplanationMetadata& metadata) {
    Json json = Json::Object(), inputs = Json::Object(), outputs = Json::Object();
    for (const InputMetadata& input : metadata.inputs) inputs.Set(input.name, Input(input));
    for (const OutputMetadata& output : metadata.outputs) outputs.Set(output.name, Output(output));
    json.Set("inputs", std::move(inputs));
    json.Set("outputs", std::move(outputs));
    Json legacy = Json::Object(), vertex = Json::Object();
    Add(legacy, "framework", Text(metadata.framework));
    Add(legacy, "tags", metadata.tags.empty() ? Json() : StringsToJson(metadata.tags));
    Add(legacy, "serving_sigdef_key", Text(metadata.serving_sigdef_key));
    for (const auto& [key, value] : metadata.prepared) Add(legacy, key, value);
    Add(vertex, "featureAttributionsSchemaUri", Text(metadata.feature_attributions_schema_uri));
    Add(vertex, "latentSpaceSource", Text(metadata.latent_space_source));
    Json& own = is_legacy() ? legacy : vertex;
    for (auto& [key, value] : own.object()) json.Set(key, std::move(value));
    Json& foreign = is_legacy() ? vertex : legacy;
    NameForeign("", foreign);
    if (!kept_inputs_.object().empty()) foreign.Set("inputs", std::move(kept_inputs_));
    if (!kept_outputs_.object().empty()) foreign.Set("outputs", std::move(kept_outputs_));
    if (options_.keep && !foreign.object().empty()) json.Set(kKept, std::move(foreign));
    return json;
  }

 private:
  bool is_legacy() const { return form_ == MetadataForm::kLegacy; }
  static Json Text(const std::string& text) { return text.empty() ? Json() : Json(text); }
  static Json List(const std::vector<Json>& list) { return list.empty() ? Json() : Json(list); }
  static void Add(Json& to, const std::string& key, Json value) {
    if (!value.is_null()) to.Set(key, std::move(value));
  }
  void Put(Json& to, std::string_view key, Json value) const {
    Add(to, MetadataKey(form_, key), std::move(value));
  }
  void NameForeign(const std::string& prefix, const Json& fields) {
    if (options_.foreign == nullptr) return;
    for (const auto& [key, value] : fields.object()) options_.foreign->push_back(prefix + key);
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
      put("min", input.domain->min);
      put("max", input.domain->max);
      put("original_mean", input.domain->original_mean);
      put("original_stddev", input.domain->original_stddev);
      Put(json, "domain", std::move(domain));
    }
    Json legacy = Json::Object();
    if (input.visualization.is_object()) {
      Json drawing = Json::Object(), legacy_drawing = Json::Object();
      for (const auto& [key, value] : input.visualization.object()) {
        if (is_legacy()) {
          drawing.Set(key, value);
        } else if (IsInBothForms(key)) {
          Put(drawing, key, value.is_string() ? Json(Upper(value.string())) : value);
        } else {
          legacy_drawing.Set(key, value);
        }
      }
      Put(json, "visualization", std::move(drawing));
      if (!legacy_drawing.object().empty()) legacy.Set("visualization", std::move(legacy_drawing));
    }
    Put(json, "group_name", Text(input.group_name));
    Add(legacy, "weight_values_name", Text(input.weight_values_name));
    Add(legacy, "weight_indices_name", Text(input.weight_indices_name));
    Add(legacy, "weight_dense_shape_name", Text(input.weight_dense_shape_name));
    Add(legacy, "is_sequential", input.is_sequential ? Json(true) : Json());
    for (const auto& [key, value] : input.prepared) Add(legacy, key, value);
    Finish("inputs." + input.name + ".", input.name, std::move(legacy), json, kept_inputs_);
    return json;
  }

  Json Output(const OutputMetadata& output) {
    Json json = Json::Object();
    Put(json, "output_tensor_name", Text(output.output_tensor_name));
    Put(json, "index_name_mapping", output.index_name_mapping);
    Put(json, "index_name_mapping_key", Text(output.index_name_mapping_key));
    Json legacy = Json::Object();
    for (const auto& [key, value] : output.prepared) Add(legacy, key, value);
    Finish("outputs." + output.name + ".", output.name, std::move(legacy), json, kept_outputs_);
    return json;
  }

  static bool IsInBothForms(const std::string& key) {
    return key.starts_with("clip_") ||
           std::ranges::any_of(kVisualizationNames,
                               [&](const auto& row) { return key == row.first; });
  }

  // What only the legacy form has: into the entry, or to what is kept beside the entries.
  void Finish(const std::string& prefix, const std::string& name, Json legacy, Json& entry,
              Json& kept) {
    if (is_legacy()) {
      for (auto& [key, value] : legacy.object()) entry.Set(key, std::move(value));
    } else if (!legacy.object().empty()) {
      NameForeign(prefix, legacy);
      kept.Set(name, std::move(legacy));
    }
  }

  MetadataForm form_;
  MetadataJsonOptions options_;
  Json kept_inputs_ = Json::Object(), kept_outputs_ = Json::Object();
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

ParsedMetadata ParseExplanationMetadata(const Json& json, ServiceLimits limits) {
  return ParseExplanationMetadata(json, DetectForm(json), limits);
}

ParsedMetadata ParseExplanationMetadata(const Json& json, MetadataForm form, ServiceLimits limits) {
  return Reader(form, limits).Read(json);
}

Result<ParsedMetadata> ParseExplanationMetadataText(std::string_view text, ServiceLimits limits) {
  WHYLIGHT_ASSIGN_OR_RETURN(const Json json, ParseJson(text));
  return ParseExplanationMetadata(json, limits);
}

Json ExplanationMetadataToJson(const ExplanationMetadata& metadata, MetadataForm form,
                               const MetadataJsonOptions& options) {
  return Writer(form, options).Write(metadata);
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
