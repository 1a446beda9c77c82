#include "explain/pictures.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>

#include "explain/picture_inputs.h"

namespace whylight {
namespace {

VisualizationOptions DefaultsOf(std::string_view method) {
  VisualizationOptions options;
  if (method == "xrai" || method == "occlusion" || method == "grad-cam") {
    options.color_map = ColorMap::kViridis;
    options.resampling = Resampling::kBilinear;
  } else {
    options.type = DrawingType::kOutlines;
  }
  return options;
}

template <typename Value>
void ReadName(const Json& from, std::string_view key, Value* to) {
  if (const Json* name = from.Find(key)) SetByName(name->string(), to);
}
void ReadNumber(const Json& from, std::string_view key, double* to) {
  if (const Json* number = from.Find(key)) *to = number->number();
}

// The metadata's reader has checked names, kinds and ranges.
void ReadVisualization(const Json& from, MetadataForm form, VisualizationOptions& to) {
  if (!from.is_object()) return;
  if (form == MetadataForm::kLegacy) to.type = DrawingType::kPixels;
  ReadName(from, "type", &to.type);
  ReadName(from, "polarity", &to.polarity);
  ReadName(from, "color_map", &to.color_map);
  ReadName(from, "overlay_type", &to.overlay);
  ReadName(from, "output_format", &to.format);
  ReadNumber(from, "clip_below_percentile", &to.clip_below);
  ReadNumber(from, "clip_above_percentile", &to.clip_above);
  ReadNumber(from, "overlay_multiplier", &to.multiplier);
  ReadNumber(from, "blur_sigma", &to.blur_sigma);
  if (const Json* shade = from.Find("shade_within_outlines")) {
    to.shade_within_outlines = shade->boolean();
  }
  const auto integer = [](const Json& list, std::size_t i) {
    return static_cast<int>(list.array()[i].int64());
  };
  if (const Json* shape = from.Find("resized_shape")) {
    to.resized = ImageSize{.width = integer(*shape, 1), .height = integer(*shape, 0)};
  }
  if (const Json* translate = from.Find("translate")) {
    to.translate_x = integer(*translate, 0);
    to.translate_y = integer(*translate, 1);
  }
}

// In the legacy form's words, where it has one.
void WriteVisualization(JsonWriter& w, const VisualizationOptions& options) {
  w.BeginObject();
  w.String("type", NameOf(options.type));
  w.String("polarity", NameOf(options.polarity));
  w.String("color_map", NameOf(options.color_map));
  w.String("overlay_type", NameOf(options.overlay));
  w.Double("clip_below_percentile", options.clip_below);
  w.Double("clip_above_percentile", options.clip_above);
  w.String("clipping", NameOf(options.clipping));
  w.Double("overlay_multiplier", options.multiplier);
  if (options.type == DrawingType::kPixels) {
    w.Double("blur_sigma", options.blur_sigma);
  } else {
    w.Bool("shade_within_outlines", options.shade_within_outlines);
  }
  w.String("channels", NameOf(options.channels));
  w.String("window", NameOf(options.window));
  if (options.resized) {
    w.Ints("resized_shape", std::array{options.resized->height, options.resized->width});
  }
  if (options.translate_x > 0 || options.translate_y > 0) {
    w.Ints("translate", std::array{options.translate_x, options.translate_y});
  }
  w.EndObject();
}

std::string NumbersOf(const DrawnPicture& picture) {
  std::string text;
  JsonWriter w(&text);
  w.BeginObject();
  WritePictureNumbers(w, picture);
  w.EndObject();
  return text.substr(1, text.size() - 2);
}

Result<EmbeddedPicture> EmbeddedOf(const FeatureAttribution& feature, const PictureDrawer& drawer,
                                   const std::optional<Image>& untransformed) {
  WHYLIGHT_ASSIGN_OR_RETURN(const ShownPicture shown, drawer.Shown(feature));
  WHYLIGHT_ASSIGN_OR_RETURN(const DrawnPicture drawn, drawer.Draw(feature, shown.image));
  EmbeddedPicture picture{.format = std::string(NameOf(drawn.options.format)),
                          .numbers = NumbersOf(drawn)};
  WHYLIGHT_ASSIGN_OR_RETURN(picture.bytes,
                            EncodePicture(drawn.overlay.image, drawn.options.format));
  if (!untransformed) return picture;
  WHYLIGHT_ASSIGN_OR_RETURN(const DrawnPicture over, drawer.Draw(feature, *untransformed));
  WHYLIGHT_ASSIGN_OR_RETURN(picture.transformed,
                            EncodePicture(over.overlay.image, over.options.format));
  return picture;
}

}  // namespace

const InputMetadata* PictureDrawer::Metadata(std::string_view feature) const {
  return options_.metadata ? options_.metadata->FindInput(feature) : nullptr;
}

bool PictureDrawer::IsImageModality(std::string_view feature) const {
  const InputMetadata* input = Metadata(feature);
  return input != nullptr && input->modality_or_default() == Modality::kImage;
}

bool PictureDrawer::IsPicture(const FeatureAttribution& feature) const {
  const Shape& shape = feature.values.shape();
  if (feature.values.elements() == 0 || feature.input.is_string()) return false;
  if (shape.rank() == 3) return shape.dim(2) == 1 || shape.dim(2) == 3;
  return shape.rank() == 2 && (!feature.regions.empty() || IsImageModality(feature.name));
}

Result<VisualizationOptions> PictureDrawer::Visualization(std::string_view feature) const {
  VisualizationOptions options = DefaultsOf(options_.method);
  if (const InputMetadata* input = Metadata(feature)) {
    ReadVisualization(input->visualization, options_.metadata->form, options);
  }
  if (options_.method == "xrai") options.type = DrawingType::kPixels;
  if (options_.adjust) {
    WHYLIGHT_ASSIGN_OR_RETURN(options, options_.adjust(options));
  }
  WHYLIGHT_RETURN_IF_ERROR(CheckVisualization(options));
  return options;
}

Result<ShownPicture> PictureDrawer::Shown(const FeatureAttribution& feature) const {
  const InputMetadata* input = Metadata(feature.name);
  const bool is_bytes = feature.input.dtype() == DType::kUInt8;  // As files of pictures are.
  if (input != nullptr && !is_bytes && input->domain && input->domain->min && input->domain->max &&
      *input->domain->min < *input->domain->max) {
    const double black = *input->domain->min, white = *input->domain->max;
    WHYLIGHT_ASSIGN_OR_RETURN(Image image, TensorToImage(feature.input, black, white));
    return ShownPicture{.image = std::move(image),
                        .range = WriteJson(Json(black)) + ".." + WriteJson(Json(white)) +
                                 " (the metadata's domain)"};
  }
  std::string range;
  WHYLIGHT_ASSIGN_OR_RETURN(Image image, TensorToImage(feature.input, options_.range, &range));
  return ShownPicture{.image = std::move(image),
                      .range = range + (options_.range ? " (as given)" : " (from the data)")};
}

Result<DrawnPicture> PictureDrawer::Draw(const FeatureAttribution& feature,
                                         const Image& over) const {
  DrawnPicture drawn;
  WHYLIGHT_ASSIGN_OR_RETURN(drawn.options, Visualization(feature.name));
  Result<Overlay> overlay = DrawOverlay(feature.values, over, drawn.options);
  WHYLIGHT_RETURN_IF_ERROR(overlay.status().In(feature.name));
  drawn.overlay = *std::move(overlay);
  return drawn;
}

Result<EmbeddedPictures> EmbeddedPicturesOf(const Explanation& explanation,
                                            const PictureDrawer& drawer,
                                            const EmbeddingRequest& request) {
  EmbeddedPictures pictures{.replace_values = request.embedding == Embedding::kInPlaceOf};
  std::optional<Image> untransformed;
  if (request.has_preprocess) {
    const Result<Json> instance = ParseJson(request.instance_json);
    if (instance.ok()) untransformed = PictureFileIn(*instance);
  }
  for (const OutputAttribution& attribution : explanation.attributions) {
    auto& of_attribution = pictures.of_attributions.emplace_back();
    for (const FeatureAttribution& feature : attribution.features) {
      const bool wanted = !pictures.replace_values || drawer.IsImageModality(feature.name);
      if (!wanted || !drawer.IsPicture(feature)) continue;
      WHYLIGHT_ASSIGN_OR_RETURN(of_attribution[feature.name],
                                EmbeddedOf(feature, drawer, untransformed));
    }
  }
  return pictures;
}

Result<Image> Enlarged(const Image& image) {
  constexpr int kLeastSide = 448;
  const int factor = std::max(1, kLeastSide / std::max({image.width, image.height, 1}));
  return ResizeNearest(image, {.width = image.width * factor, .height = image.height * factor});
}

RankedRegions RankedRegionsOf(const FeatureAttribution& feature) {
  RankedRegions ranked;
  // A group's feature has its pictures' regions, but one number.
  if (feature.regions.empty() || feature.values.shape().rank() < 2) return ranked;
  ranked.height = static_cast<int>(feature.values.shape().dim(0));
  ranked.width = static_cast<int>(feature.values.shape().dim(1));
  std::vector<const RegionAttribution*> in_order;
  for (const RegionAttribution& region : feature.regions) in_order.push_back(&region);
  std::ranges::stable_sort(in_order, {}, &RegionAttribution::rank);
  for (const RegionAttribution* region : in_order) {
    RankedRegion& to = ranked.regions.emplace_back();
    to.attribution = region->attribution;
    for (const PixelSpan& span : region->pixels) {
      to.pixels.push_back({.first = span.first, .length = span.length});
    }
  }
  return ranked;
}

std::string FileNamePart(std::string_view text) {
  std::string part(text);
  for (char& c : part) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_') c = '_';
  }
  return part;
}

std::vector<std::string> TargetNames(const std::vector<OutputAttribution>& attributions) {
  std::set<std::string_view> outputs;
  for (const OutputAttribution& one : attributions) outputs.insert(one.output_name);
  std::vector<std::string> names;
  for (const OutputAttribution& one : attributions) {
    const bool named = one.output_index.empty() || outputs.size() > 1;
    std::string name = named ? FileNamePart(one.output_name) : "";
    for (const std::int64_t index : one.output_index) {
      name += (name.empty() ? "" : "-") + std::to_string(index);
    }
    names.push_back(name);
  }
  return names;
}

void WriteLayerNumbers(JsonWriter& w, const LayerNumbers& numbers) {
  w.Double("lo", numbers.lo);
  w.Double("hi", numbers.hi);
  w.Double("highlighted", numbers.highlighted);
  w.Double("sum", numbers.sum);
  w.Double("share", numbers.share);
}

void WritePictureNumbers(JsonWriter& w, const DrawnPicture& picture) {
  w.String("polarity", NameOf(picture.options.polarity));
  if (picture.overlay.layers.size() == 1) {
    WriteLayerNumbers(w, picture.overlay.layers[0].numbers);
  } else {
    for (const DrawnLayer& layer : picture.overlay.layers) {
      w.BeginObject(layer.sign == Sign::kPositive ? "positive" : "negative");
      WriteLayerNumbers(w, layer.numbers);
      w.EndObject();
    }
  }
  if (picture.overlay.no_attribution) {
    w.Bool("noAttribution", true);
  }
  w.Key("visualization");
  WriteVisualization(w, picture.options);
}

}  // namespace whylight
