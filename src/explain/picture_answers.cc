#include "explain/picture_answers.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "image/codec.h"
#include "util/base64.h"
#include "util/strings.h"
#include "whylight/metadata.h"

namespace whylight {
namespace {

double NumberOr(const Json& object, std::string_view key, double without) {
  const Json* member = object.Find(key);
  return member != nullptr && member->is_number() ? member->number() : without;
}

std::string StringOf(const Json& object, std::string_view key) {
  const Json* member = object.Find(key);
  return member != nullptr && member->is_string() ? member->string() : "";
}

const Json::Array& ArrayOf(const Json& object, std::string_view key) {
  static const Json::Array none;
  const Json* member = object.Find(key);
  return member != nullptr && member->is_array() ? member->array() : none;
}

// Nested lists of numbers, as deep as their first elements are.
Result<Tensor> TensorOf(const Json& json, const std::string& place) {
  std::vector<std::int64_t> dims;
  for (const Json* at = &json; at->is_array() && !at->array().empty(); at = &at->array()[0]) {
    dims.push_back(static_cast<std::int64_t>(at->array().size()));
  }
  return BaselineFromJson(json, DType::kFloat64, Shape(std::move(dims)), place);
}

std::optional<Image> EncodedPicture(const Json& value) {
  const Json* b64 = value.Find("b64");
  if (b64 == nullptr || !b64->is_string()) return std::nullopt;
  const Result<std::string> bytes = Base64Decode(b64->string());
  if (!bytes.ok()) return std::nullopt;
  Result<Image> image = DecodeImage(*bytes);
  return image.ok() ? std::optional<Image>(*std::move(image)) : std::nullopt;
}

Tensor TensorOf(const Image& image) {
  Tensor tensor(DType::kUInt8, {image.height, image.width, image.channels});
  std::ranges::copy(image.pixels, tensor.data<std::uint8_t>().begin());
  return tensor;
}

// The feature's picture: the member of its name, the only one, or the only one that is a file.
Result<Tensor> PictureOf(const Json& instance, const std::string& feature) {
  const bool has_members = instance.is_object() && instance.Find("b64") == nullptr;
  const Json* holder = has_members ? instance.Find(feature) : &instance;
  if (holder == nullptr && instance.object().size() == 1) holder = &instance.object()[0].second;
  if (holder != nullptr && holder->is_array()) return TensorOf(*holder, "instance." + feature);
  const std::optional<Image> image = PictureFileIn(holder != nullptr ? *holder : instance);
  if (image) return TensorOf(*image);
  return InvalidArgument("instance: expected the picture of '" + Printable(feature) +
                         "', as numbers or as a JPEG or PNG in {\"b64\": ...}, got " +
                         Describe(holder != nullptr ? *holder : instance));
}

Status ReadRegion(const Json& json, const std::string& place, RegionAttribution& region) {
  region.rank = static_cast<int>(NumberOr(json, "rank", 0));
  region.area = NumberOr(json, "area", 0);
  region.attribution = NumberOr(json, "attribution", 0);
  region.is_rest = json.Find("rest") != nullptr;
  const Json::Array& mask = ArrayOf(json, "mask");
  for (std::size_t i = 0; i + 1 < mask.size(); i += 2) {
    if (mask[i].kind() != Json::Kind::kInt || mask[i + 1].kind() != Json::Kind::kInt) {
      return InvalidArgument(place + ".mask: expected integers");
    }
    region.pixels.push_back({.first = mask[i].int64(), .length = mask[i + 1].int64()});
  }
  if (mask.empty() || mask.size() % 2 != 0) {
    return InvalidArgument(place + ".mask: expected pairs of a first pixel and a length, got " +
                           std::to_string(mask.size()) + " numbers");
  }
  return OkStatus();
}

// Of one attribution's feature.
Status ReadRegions(const Json& whylight, std::size_t attribution, FeatureAttribution& feature) {
  const Json::Array& all = ArrayOf(whylight, "regions");
  if (attribution >= all.size()) return OkStatus();
  const std::string place =
      "whylight.regions[" + std::to_string(attribution) + "]." + Printable(feature.name);
  for (const Json& json : ArrayOf(all[attribution], feature.name)) {
    const std::string at = place + "[" + std::to_string(feature.regions.size()) + "]";
    WHYLIGHT_RETURN_IF_ERROR(ReadRegion(json, at, feature.regions.emplace_back()));
  }
  return OkStatus();
}

// A group's feature has regions too, but one number.
bool LooksLikePicture(const FeatureAttribution& feature) {
  const Shape& shape = feature.values.shape();
  return shape.rank() == 2 || (shape.rank() == 3 && (shape.dim(2) == 1 || shape.dim(2) == 3));
}

class Reader {
 public:
  explicit Reader(const Json& line) : line_(line) {
    if (const Json* whylight = line.Find("whylight")) whylight_ = *whylight;
    if (const Json* instance = line.Find("instance")) instance_ = *instance;
  }

  Result<PictureAnswer> Read() {
    const Json* explanation = line_.Find("explanation");
    if (explanation == nullptr || !explanation->is_object()) {
      return InvalidArgument("expected an answer of `whylight explain` with an \"explanation\"");
    }
    PictureAnswer answer{.method = StringOf(whylight_, "method"), .attributions = {}};
    for (const Json& attribution : ArrayOf(*explanation, "attributions")) {
      WHYLIGHT_RETURN_IF_ERROR(ReadAttribution(attribution, answer.attributions));
    }
    return answer;
  }

 private:
  Status ReadAttribution(const Json& json, std::vector<OutputAttribution>& all) {
    OutputAttribution attribution{.output_name = StringOf(json, "outputName"),
                                  .display_name = StringOf(json, "outputDisplayName"),
                                  .instance_output = NumberOr(json, "instanceOutputValue", 0),
                                  .has_baseline = json.Find("baselineOutputValue") != nullptr,
                                  .baseline_output = NumberOr(json, "baselineOutputValue", 0),
                                  .approximation_error = NumberOr(json, "approximationError", 0)};
    for (const Json& index : ArrayOf(json, "outputIndex")) {
      if (index.kind() == Json::Kind::kInt) attribution.output_index.push_back(index.int64());
    }
    const Json* features = json.Find("featureAttributions");
    if (features == nullptr || !features->is_object()) {
      return InvalidArgument("attributions[" + std::to_string(all.size()) +
                             "]: expected an object \"featureAttributions\"");
    }
    for (const auto& [name, values] : features->object()) {
      FeatureAttribution& feature = attribution.features.emplace_back();
      feature.name = name;
      WHYLIGHT_RETURN_IF_ERROR(ReadFeature(values, all.size(), feature));
    }
    all.push_back(std::move(attribution));
    return OkStatus();
  }

  Status ReadFeature(const Json& values, std::size_t attribution, FeatureAttribution& feature) {
    const std::string place = "featureAttributions." + Printable(feature.name);
    if (values.is_object()) {
      return InvalidArgument(place + ": expected numbers, got " + Describe(values) +
                             "; with --embed-images=service an answer holds its pictures already");
    }
    WHYLIGHT_ASSIGN_OR_RETURN(feature.values, TensorOf(values, place));
    WHYLIGHT_RETURN_IF_ERROR(ReadRegions(whylight_, attribution, feature));
    if (!LooksLikePicture(feature)) return OkStatus();
    Result<Tensor> picture = PictureOf(instance_, feature.name);
    // [H,W] is a picture only where metadata says so, which is not known here.
    const bool may_be_none = feature.values.shape().rank() == 2 && feature.regions.empty();
    if (!picture.ok() && !may_be_none) return picture.status();
    if (picture.ok()) feature.input = *std::move(picture);
    return OkStatus();
  }

  const Json& line_;
  Json whylight_, instance_;
};

}  // namespace

std::optional<Image> PictureFileIn(const Json& instance) {
  std::optional<Image> only = EncodedPicture(instance);
  if (only || !instance.is_object()) return only;
  for (const auto& [key, value] : instance.object()) {
    std::optional<Image> image = EncodedPicture(value);
    if (!image) continue;
    if (only) return std::nullopt;
    only = std::move(image);
  }
  return only;
}

Result<PictureAnswer> ReadPictureAnswer(const Json& line) { return Reader(line).Read(); }

}  // namespace whylight
