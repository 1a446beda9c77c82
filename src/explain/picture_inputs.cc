#include "explain/picture_inputs.h"

#include <algorithm>
#include <string>
#include <utility>

#include "image/codec.h"
#include "util/base64.h"
#include "util/strings.h"

namespace whylight {
namespace {

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

std::optional<Tensor> PictureOf(const Json& instance, const std::string& feature) {
  const bool has_members = instance.is_object() && instance.Find("b64") == nullptr;
  const Json* holder = has_members ? instance.Find(feature) : &instance;
  if (holder == nullptr && instance.object().size() == 1) holder = &instance.object()[0].second;
  if (holder != nullptr && holder->is_array()) return TensorOfJson(*holder);
  const std::optional<Image> image = PictureFileIn(holder != nullptr ? *holder : instance);
  return image ? std::optional<Tensor>(TensorOf(*image)) : std::nullopt;
}

// A group's feature has regions too, but one number.
bool LooksLikePicture(const Shape& shape) {
  return shape.rank() == 2 || (shape.rank() == 3 && (shape.dim(2) == 1 || shape.dim(2) == 3));
}

bool HasPicture(const FeatureAttribution& feature) {
  return !feature.input.is_string() && LooksLikePicture(feature.input.shape());
}

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

Status FindPictures(AnsweredRow& row) {
  Status missing;
  for (OutputAttribution& attribution : row.explanation.attributions) {
    for (FeatureAttribution& feature : attribution.features) {
      const Shape& shape = feature.values.shape();
      if (!LooksLikePicture(shape) || HasPicture(feature)) continue;
      std::optional<Tensor> picture = PictureOf(row.instance, feature.name);
      if (picture) {
        feature.input = *std::move(picture);
      } else if (missing.ok() && (shape.rank() == 3 || !feature.regions.empty())) {
        missing = InvalidArgument("instance: expected the picture of '" + Printable(feature.name) +
                                  "', as numbers or as a JPEG or PNG in {\"b64\": ...}, got " +
                                  Describe(row.instance));
      }
    }
  }
  return missing;
}

}  // namespace whylight
