#include "report/picture.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "image/codec.h"
#include "image/resize.h"
#include "io/json.h"
#include "render/heat_map.h"
#include "report/columns.h"
#include "util/base64.h"

namespace whylight {
namespace {

constexpr int kMaxTableSide = 32;  // Of the table of numbers behind a picture.

std::string DataUrl(std::string_view type, std::string_view bytes) {
  return "data:image/" + std::string(type) + ";base64," + Base64Encode(bytes);
}

Result<std::string> JpegUrl(const Image& image) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string bytes, EncodePicture(image, PictureFormat::kJpeg));
  return DataUrl("jpeg", bytes);
}

// A size that people see something in and that a page has room for.
Result<Image> Fitted(const Image& image) {
  const int side = std::max(image.width, image.height);
  if (side <= kMaxShownSide) return Enlarged(image);
  const auto scaled = [&](int size) {
    return std::max(1, static_cast<int>(std::int64_t{size} * kMaxShownSide / side));
  };
  return ResizeBilinearRounded(image, {scaled(image.width), scaled(image.height)});
}

// Sums of blocks, float64 [rows, columns].
Result<Tensor> BlocksOf(const Tensor& values) {
  WHYLIGHT_ASSIGN_OR_RETURN(const Tensor sums, SumChannels(values));
  const auto side = static_cast<int>(std::max(sums.shape().dim(0), sums.shape().dim(1)));
  return SumBlocks(sums, (side + kMaxTableSide - 1) / kMaxTableSide);
}

void WriteBlocks(JsonWriter& w, const Tensor& blocks) {
  const Shape& shape = blocks.shape();
  std::vector<float> numbers;
  for (const double sum : blocks.data<double>()) numbers.push_back(static_cast<float>(sum));
  w.BeginObject("map");
  w.Int("columns", shape.dim(1));
  w.Int("rows", shape.dim(0));
  w.String("f32", EncodeColumn(std::as_bytes(std::span(numbers))));
  w.EndObject();
}

// One scale for what both layers show: that of the last, which lies on top; shares add up.
void WriteScale(JsonWriter& w, const Overlay& overlay) {
  LayerNumbers all;
  for (const DrawnLayer& layer : overlay.layers) {
    all.lo = layer.numbers.lo;
    all.hi = layer.numbers.hi;
    all.highlighted += layer.numbers.highlighted;
    all.share += layer.numbers.share;
    all.sum += layer.sign == Sign::kNegative ? -layer.numbers.sum : layer.numbers.sum;
  }
  w.BeginObject("scale");
  WriteLayerNumbers(w, all);
  w.EndObject();
}

// The regions as the slider needs them: a picture of ranks as large as the one that is shown.
struct ShownRegions {
  RankedRegions regions;
  std::string ranks, outlined;  // URLs
};

Result<ShownRegions> RegionsOf(const FeatureAttribution& feature, const Image& picture) {
  ShownRegions shown{.regions = RankedRegionsOf(feature)};
  if (shown.regions.regions.empty()) return shown;
  WHYLIGHT_ASSIGN_OR_RETURN(const RankMap ranks, RanksOf(shown.regions));
  WHYLIGHT_ASSIGN_OR_RETURN(const Image large,
                            ResizeNearest(RankImage(ranks), {picture.width, picture.height}));
  shown.ranks = DataUrl("png", EncodePng(large));
  WHYLIGHT_ASSIGN_OR_RETURN(const Image outlined, DrawRankedRegions(shown.regions, picture));
  WHYLIGHT_ASSIGN_OR_RETURN(shown.outlined, JpegUrl(outlined));
  return shown;
}

void WriteRegions(JsonWriter& w, const ShownRegions& shown, const Image& picture) {
  const RankedRegions& regions = shown.regions;
  w.BeginArray("overlays");
  w.BeginObject();
  w.String("name", "ranked regions");
  w.String("url", shown.outlined);
  w.EndObject();
  w.EndArray();

  const std::vector<double> shares = SharesOf(regions);
  const double pixels = static_cast<double>(regions.width) * regions.height;
  w.BeginObject("regions");
  w.String("ranks", shown.ranks);
  w.BeginArray("list");
  for (std::size_t i = 0; i < regions.regions.size(); ++i) {
    double count = 0, x = 0, y = 0;
    for (const PixelRun& run : regions.regions[i].pixels) {
      const auto length = static_cast<double>(run.length);
      count += length;
      x += length * (static_cast<double>(run.first % regions.width) + length / 2);
      y += length * (static_cast<double>(run.first / regions.width) + 0.5);
    }
    w.BeginObject();
    w.Int("rank", static_cast<std::int64_t>(i));
    w.Double("area", count / pixels);
    w.Double("attribution", shares[i]);
    w.Double("x", x / count / regions.width * picture.width);
    w.Double("y", y / count / regions.height * picture.height);
    w.EndObject();
  }
  w.EndArray();
  w.EndObject();
}

}  // namespace

VisualizationOptions ReportVisualization(VisualizationOptions options) {
  const bool is_map = options.color_map == ColorMap::kViridis;
  options.type = DrawingType::kPixels;
  options.overlay = OverlayType::kGrayscale;
  options.polarity = is_map ? Polarity::kPositive : Polarity::kBoth;
  options.multiplier = is_map ? 0.5 : 0.3;
  return options;
}

Result<std::string> PictureJson(const FeatureAttribution& feature, const PictureDrawer& drawer) {
  if (!drawer.IsPicture(feature) || feature.input.elements() == 0) return std::string();
  WHYLIGHT_ASSIGN_OR_RETURN(const ShownPicture shown, drawer.Shown(feature));
  WHYLIGHT_ASSIGN_OR_RETURN(const Image picture, Fitted(shown.image));
  WHYLIGHT_ASSIGN_OR_RETURN(const DrawnPicture drawn, drawer.Draw(feature, picture));
  WHYLIGHT_ASSIGN_OR_RETURN(const Tensor blocks, BlocksOf(feature.values));
  WHYLIGHT_ASSIGN_OR_RETURN(const ShownRegions regions, RegionsOf(feature, picture));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string picture_url, JpegUrl(picture));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string overlay_url, JpegUrl(drawn.overlay.image));
  std::string text;
  JsonWriter w(&text);
  w.BeginObject();
  w.String("kind", "image");
  w.Int("width", picture.width);
  w.Int("height", picture.height);
  w.String("picture", picture_url);
  w.String("overlay", overlay_url);
  WriteScale(w, drawn.overlay);
  WriteBlocks(w, blocks);
  if (!regions.regions.regions.empty()) WriteRegions(w, regions, picture);
  w.EndObject();
  return text;
}

}  // namespace whylight
