#include "explain/read_explanation.h"

#include <algorithm>
#include <array>
#include <utility>

#include "io/json.h"
#include "util/base64.h"

namespace whylight {
namespace {

// Members of "whylight" that belong to one row.
constexpr std::array kOfRow = {"effort",    "regions",  "sampling", "pieces",
                               "embedding", "warnings", "pictures"};

constexpr char kLegacyList[] = "attributions_by_label";
constexpr char kSnakeFeatures[] = "feature_attributions";
// From the legacy words, and from those of the message itself, which Python's client writes.
constexpr std::pair<std::string_view, const char*> kTranslations[] = {
    {"attributions", "featureAttributions"},
    {"baseline_score", "baselineOutputValue"},
    {"example_score", "instanceOutputValue"},
    {"label_index", "outputIndex"},
    {"label_name", "outputDisplayName"},
    {"approx_error", "approximationError"},
    {"output_name", "outputName"},
    {kSnakeFeatures, "featureAttributions"},
    {"baseline_output_value", "baselineOutputValue"},
    {"instance_output_value", "instanceOutputValue"},
    {"output_index", "outputIndex"},
    {"output_display_name", "outputDisplayName"},
    {"approximation_error", "approximationError"}};

// The shape of nested lists, and the values in their order; false where lists differ in length.
bool Flatten(const Json& json, std::size_t axis, std::vector<std::int64_t>& dims,
             std::vector<const Json*>& values) {
  if (!json.is_array()) {
    values.push_back(&json);
    return axis == dims.size();
  }
  const auto size = static_cast<std::int64_t>(json.array().size());
  if (axis == dims.size() && values.empty()) dims.push_back(size);
  if (axis >= dims.size() || dims[axis] != size) return false;
  return std::ranges::all_of(
      json.array(), [&](const Json& element) { return Flatten(element, axis + 1, dims, values); });
}

const Json* Base64Of(const Json& json) {
  const Json* bytes = json.is_object() && json.object().size() == 1 ? json.Find("b64") : nullptr;
  return bytes != nullptr && bytes->is_string() ? bytes : nullptr;
}

std::optional<std::string> StringOf(const Json& json) {
  if (json.is_string()) return json.string();
  const Json* bytes = Base64Of(json);
  if (bytes == nullptr) return std::nullopt;
  Result<std::string> decoded = Base64Decode(bytes->string());
  if (!decoded.ok()) return std::nullopt;
  return *std::move(decoded);
}

Status Expected(const std::string& place, const std::string& what, const Json& found) {
  return InvalidArgument(place + ": expected " + what + ", found " + Describe(found));
}

// A member that may be absent.
Result<double> NumberOr(const Json& object, const char* key, double absent,
                        const std::string& place) {
  const Json* value = object.Find(key);
  if (value == nullptr || value->is_null()) return absent;
  if (!value->is_number()) return Expected(place + "." + key, "a number", *value);
  return value->number();
}

// A line is one line of its file: "column 7: ...".
Status WithoutLine(const Status& status) {
  constexpr std::string_view kLine = "line 1, ";
  const std::string& message = status.message();
  return message.starts_with(kLine) ? Status(status.code(), message.substr(kLine.size())) : status;
}

std::string StringOr(const Json& object, const char* key) {
  const Json* value = object.Find(key);
  return value != nullptr && value->is_string() ? value->string() : "";
}

// Object number `index` of the list `key` of the row's "whylight"; nullptr without it.
const Json* OfAttribution(const Json& whylight, const char* key, std::size_t index) {
  const Json* list = whylight.Find(key);
  if (list == nullptr || !list->is_array() || index >= list->array().size()) return nullptr;
  return &list->array()[index];
}

Result<RegionAttribution> ReadRegion(const Json& json, const std::string& place) {
  RegionAttribution region;
  WHYLIGHT_ASSIGN_OR_RETURN(const double rank, NumberOr(json, "rank", 0, place));
  WHYLIGHT_ASSIGN_OR_RETURN(region.attribution, NumberOr(json, "attribution", 0, place));
  WHYLIGHT_ASSIGN_OR_RETURN(region.area, NumberOr(json, "area", 0, place));
  region.rank = static_cast<int>(rank);
  region.is_rest = json.Find("rest") != nullptr;
  const Json* const input = json.Find("input");
  if (input != nullptr && input->is_string()) region.input = input->string();
  const Json* mask = json.Find("mask");
  const bool is_mask = mask != nullptr && mask->is_array() && mask->array().size() % 2 == 0 &&
                       std::ranges::all_of(mask->array(), [](const Json& number) {
                         return number.kind() == Json::Kind::kInt && number.int64() >= 0;
                       });
  if (!is_mask) {
    return Expected(place + ".mask", "pairs of first pixel and length",
                    mask == nullptr ? Json() : *mask);
  }
  for (std::size_t i = 0; i < mask->array().size(); i += 2) {
    region.pixels.push_back(
        {.first = mask->array()[i].int64(), .length = mask->array()[i + 1].int64()});
  }
  return region;
}

// `number` of the attribution that it is a feature of.
Result<FeatureAttribution> ReadFeature(const std::string& name, const Json& values,
                                       const Json& whylight, std::size_t number,
                                       const std::string& place) {
  const Json* sampling = OfAttribution(whylight, "sampling", number);
  const Json* regions = OfAttribution(whylight, "regions", number);
  FeatureAttribution feature{.name = name};
  if (values.is_object()) {
    return Expected(place,
                    "numbers (with --embed-images=service an answer holds pictures alone; so does "
                    "a service's, for inputs of the modality image)",
                    values);
  }
  std::optional<Tensor> tensor = TensorOfJson(values);
  if (!tensor || tensor->dtype() != DType::kFloat64) {
    return Expected(place, "numbers in lists of equal lengths", values);
  }
  feature.values = *std::move(tensor);
  const Json* errors = sampling == nullptr ? nullptr : sampling->Find("standardErrors");
  errors = errors == nullptr ? nullptr : errors->Find(name);
  tensor = errors == nullptr ? std::nullopt : TensorOfJson(*errors);
  if (tensor && tensor->dtype() == DType::kFloat64 && tensor->shape() == feature.values.shape()) {
    feature.standard_errors = *std::move(tensor);
  }
  const Json* ranked = regions == nullptr ? nullptr : regions->Find(name);
  if (ranked == nullptr || !ranked->is_array()) return feature;
  for (std::size_t i = 0; i < ranked->array().size(); ++i) {
    WHYLIGHT_ASSIGN_OR_RETURN(
        RegionAttribution region,
        ReadRegion(ranked->array()[i], "whylight.regions[" + std::to_string(number) + "]." + name +
                                           "[" + std::to_string(i) + "]"));
    // A group's, which is one number, do not say it.
    if (feature.values.shape().rank() > 1) region.width = feature.values.shape().dim(1);
    feature.regions.push_back(std::move(region));
  }
  return feature;
}

Result<OutputAttribution> ReadAttribution(const Json& json, const Json& whylight,
                                          std::size_t number, const std::string& place) {
  OutputAttribution attribution;
  if (!json.is_object()) return Expected(place, "an object", json);
  attribution.output_name = StringOr(json, "outputName");
  attribution.display_name = StringOr(json, "outputDisplayName");
  attribution.has_baseline = json.Find("baselineOutputValue") != nullptr;
  WHYLIGHT_ASSIGN_OR_RETURN(attribution.baseline_output,
                            NumberOr(json, "baselineOutputValue", 0, place));
  WHYLIGHT_ASSIGN_OR_RETURN(attribution.instance_output,
                            NumberOr(json, "instanceOutputValue", 0, place));
  WHYLIGHT_ASSIGN_OR_RETURN(attribution.approximation_error,
                            NumberOr(json, "approximationError", 0, place));
  if (const Json* index = json.Find("outputIndex"); index != nullptr && index->is_array()) {
    for (const Json& one : index->array()) {
      if (!one.is_number()) return Expected(place + ".outputIndex", "numbers", *index);
      attribution.output_index.push_back(static_cast<std::int64_t>(one.number()));
    }
  }
  if (const Json* effort = OfAttribution(whylight, "effort", number)) {
    const Json* converged = effort->Find("converged");
    attribution.effort = Effort();
    attribution.effort->converged =
        converged == nullptr || !converged->is_bool() || converged->boolean();
    WHYLIGHT_ASSIGN_OR_RETURN(const double steps, NumberOr(*effort, "steps", 0, "whylight.effort"));
    attribution.effort->steps = static_cast<int>(steps);
    WHYLIGHT_ASSIGN_OR_RETURN(attribution.effort->estimated_error,
                              NumberOr(*effort, "estimatedError", 0, "whylight.effort"));
  }
  const Json* features = json.Find("featureAttributions");
  if (features == nullptr || !features->is_object()) {
    return Expected(place + ".featureAttributions", "an object",
                    features == nullptr ? Json() : *features);
  }
  for (const auto& [name, values] : features->object()) {
    WHYLIGHT_ASSIGN_OR_RETURN(
        FeatureAttribution feature,
        ReadFeature(name, values, whylight, number, place + ".featureAttributions." + name));
    attribution.features.push_back(std::move(feature));
  }
  return attribution;
}

// The index of a label as a list; none of -1, which an output of one number an instance has.
Json OutputIndexOf(const Json& label_index) {
  if (label_index.is_array()) return label_index;
  if (!label_index.is_number() || label_index.number() < 0) return Json::Array();
  return Json::Array{label_index};
}

// `attributions`, with the numbers of the debug flag in the place of pictures.
Json NumbersOf(const Json& attributions, const Json* raw) {
  if (raw == nullptr || !attributions.is_object()) return attributions;
  Json numbers = Json::Object();
  for (const auto& [name, values] : attributions.object()) {
    const Json* const behind = values.is_object() ? raw->Find(name) : nullptr;
    numbers.Set(name, behind != nullptr ? *behind : values);
  }
  return numbers;
}

Json Translated(const Json::Array& labels) {
  Json::Array attributions;
  for (const Json& label : labels) {
    Json& attribution = attributions.emplace_back(Json::Object());
    if (!label.is_object()) {
      attribution = label;
      continue;
    }
    for (const auto& [key, value] : label.object()) {
      const auto named =
          std::ranges::find(kTranslations, key, [](const auto& of) { return of.first; });
      if (named == std::end(kTranslations)) continue;
      if (key == "label_index") {
        attribution.Set(named->second, OutputIndexOf(value));
      } else if (key == "attributions") {
        attribution.Set(named->second, NumbersOf(value, label.Find("debug_raw_attribution_dict")));
      } else {
        attribution.Set(named->second, value);
      }
    }
  }
  return attributions;
}

// In other words than those of the JSON of Vertex.
bool IsForeign(const Json& attributions) {
  return attributions.is_array() &&
         std::ranges::any_of(attributions.array(), [](const Json& attribution) {
           return attribution.Find("attributions") != nullptr ||
                  attribution.Find(kSnakeFeatures) != nullptr;
         });
}

// Element `i` of a list of numbers or strings.
Tensor ElementOf(const Tensor& list, std::size_t i) {
  return list.is_string() ? Tensor::ScalarString(list.strings()[i])
                          : Tensor::Scalar(list.Number(i));
}

// What instances hold under other names than the features': the vectors, in their order.
std::vector<Tensor> OtherVectors(const Json& instance,
                                 const std::vector<FeatureAttribution>& features) {
  std::vector<Tensor> vectors;
  const auto add = [&](const Json& json) {
    std::optional<Tensor> tensor = TensorOfJson(json);
    if (tensor && tensor->shape().rank() == 1) vectors.push_back(*std::move(tensor));
  };
  if (!instance.is_object()) {
    add(instance);
    return vectors;
  }
  for (const auto& [name, json] : instance.object()) {
    if (std::ranges::count(features, name, &FeatureAttribution::name) == 0) add(json);
  }
  return vectors;
}

void FindInputs(const Json& instance, const Json& whylight,
                std::vector<FeatureAttribution>& features) {
  const Json* pieces = whylight.Find("pieces");
  std::vector<FeatureAttribution*> elements;  // Of one number, and not in the instance.
  for (FeatureAttribution& feature : features) {
    const Json* value = pieces == nullptr ? nullptr : pieces->Find(feature.name);
    if (value == nullptr) value = instance.Find(feature.name);
    if (value == nullptr && features.size() == 1 && !instance.is_object()) value = &instance;
    if (value != nullptr) feature.input = TensorOfJson(*value).value_or(Tensor());
    if (value == nullptr && feature.values.elements() == 1) elements.push_back(&feature);
  }
  for (const Tensor& vector : OtherVectors(instance, features)) {
    if (elements.size() == vector.elements()) {
      for (std::size_t i = 0; i < elements.size(); ++i) elements[i]->input = ElementOf(vector, i);
      elements.clear();
      continue;
    }
    const auto is_embedded = [&](const FeatureAttribution& feature) {
      const Shape& shape = feature.values.shape();
      return feature.input.elements() == 0 && shape.rank() == 2 &&
             shape.dim(0) == static_cast<std::int64_t>(vector.elements());
    };
    const auto embedded = std::ranges::find_if(features, is_embedded);
    if (embedded != features.end()) embedded->input = vector;
  }
}

}  // namespace

std::string AnsweredRow::method() const { return StringOr(run, "method"); }

std::optional<Tensor> TensorOfJson(const Json& json) {
  std::vector<std::int64_t> dims;
  std::vector<const Json*> values;
  if (!Flatten(json, 0, dims, values) || values.empty()) return std::nullopt;
  const Shape shape(dims);
  const auto all = [&](bool (Json::*is)() const) {
    return std::ranges::all_of(values, [&](const Json* value) { return (value->*is)(); });
  };
  if (all(&Json::is_number)) {
    Tensor tensor(DType::kFloat64, shape);
    const std::span<double> to = tensor.data<double>();
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = values[i]->number();
    return tensor;
  }
  if (all(&Json::is_bool)) {
    Tensor tensor(DType::kBool, shape);
    for (std::size_t i = 0; i < values.size(); ++i) tensor.SetNumber(i, values[i]->boolean());
    return tensor;
  }
  std::vector<std::string> texts;
  for (const Json* value : values) {
    std::optional<std::string> text = StringOf(*value);
    if (!text) return std::nullopt;
    texts.push_back(*std::move(text));
  }
  return Tensor::Strings(shape, std::move(texts));
}

Result<AnsweredRow> ReadExplanation(std::string_view line) {
  Result<Json> parsed = ParseJson(line);
  if (!parsed.ok()) return WithoutLine(parsed.status());
  return AnsweredRowOf(*std::move(parsed));
}

Result<AnsweredRow> AnsweredRowOf(Json json) {
  if (json.Find("error") != nullptr) return InvalidArgument("a row that failed, not an answer");
  const Json* explanation = json.Find("explanation");
  const Json* attributions = explanation == nullptr ? nullptr : explanation->Find("attributions");
  std::string place = "explanation.attributions";
  if (attributions == nullptr && explanation != nullptr) {
    attributions = explanation->Find(kLegacyList);
    place = std::string("explanation.") + kLegacyList;
  }
  Json translated;
  if (attributions != nullptr && IsForeign(*attributions)) {
    translated = Translated(attributions->array());
    attributions = &translated;
  }
  if (attributions == nullptr || !attributions->is_array()) {
    return InvalidArgument(
        "expected an answer of `whylight explain`, {\"instance\": ..., \"explanation\": "
        "{\"attributions\": [...]}}, found " +
        Describe(json));
  }
  const Json* said = json.Find("whylight");
  static const Json kNothing = Json::Object();
  const Json& whylight = said != nullptr && said->is_object() ? *said : kNothing;
  AnsweredRow row;
  for (std::size_t i = 0; i < attributions->array().size(); ++i) {
    WHYLIGHT_ASSIGN_OR_RETURN(OutputAttribution attribution,
                              ReadAttribution(attributions->array()[i], whylight, i,
                                              place + "[" + std::to_string(i) + "]"));
    row.explanation.attributions.push_back(std::move(attribution));
  }
  for (auto& [key, value] : json.object()) {
    if (key == "instance") row.instance = std::move(value);
    if (key == "key") row.key = std::move(value);
    if (key == "prediction") row.prediction = std::move(value);
  }
  for (OutputAttribution& attribution : row.explanation.attributions) {
    FindInputs(row.instance, whylight, attribution.features);
  }
  row.run = Json(Json::Object());
  for (const auto& [key, value] : whylight.object()) {
    if (std::ranges::count(kOfRow, key) == 0) row.run.Set(key, value);
  }
  const Json* warnings = whylight.Find("warnings");
  if (warnings == nullptr || !warnings->is_array() || row.explanation.attributions.empty()) {
    return row;
  }
  for (const Json& warning : warnings->array()) {
    row.explanation.attributions[0].warnings.push_back(
        {.rule = StringOr(warning, "rule"), .message = StringOr(warning, "message")});
  }
  return row;
}

}  // namespace whylight
