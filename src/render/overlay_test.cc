#include "render/overlay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "image/codec.h"
#include "render/outlines.h"
#include "render/window.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ColorMapTest, TablesAreThoseOfTheServices) {
  const ColorTable& red = ColorTableOf(ColorMap::kRed, Sign::kPositive);
  EXPECT_EQ(red[0], (Rgb{0, 0, 0}));
  EXPECT_EQ(red[1], (Rgb{64, 0, 0}));     // 64.248
  EXPECT_EQ(red[2], (Rgb{128, 0, 0}));    // 128.496
  EXPECT_EQ(red[3], (Rgb{129, 0, 0}));    // 128.994
  EXPECT_EQ(red[128], (Rgb{191, 0, 0}));  // 191.244
  EXPECT_EQ(red[254], (Rgb{254, 0, 0}));  // 253.992
  EXPECT_EQ(red[255], (Rgb{255, 0, 0}));
  const ColorTable& green = ColorTableOf(ColorMap::kGreen, Sign::kNegative);
  EXPECT_EQ(green[1], (Rgb{0, 39, 0}));     // 38.953
  EXPECT_EQ(green[2], (Rgb{0, 78, 0}));     // 77.906
  EXPECT_EQ(green[100], (Rgb{0, 147, 0}));  // 146.7804
  EXPECT_EQ(green[253], (Rgb{0, 254, 0}));  // 254.3088
  EXPECT_EQ(green[254], (Rgb{0, 255, 0}));
  EXPECT_EQ(green[255], (Rgb{0, 255, 0}));
  const ColorTable& viridis = ColorTableOf(ColorMap::kViridis, Sign::kNegative);
  EXPECT_EQ(viridis[0], (Rgb{0x44, 0x01, 0x54}));
  EXPECT_EQ(viridis[127], (Rgb{0x21, 0x90, 0x8d}));
  EXPECT_EQ(viridis[255], (Rgb{0xfd, 0xe7, 0x25}));
  const ColorTable& both = ColorTableOf(ColorMap::kPinkWhiteGreen, Sign::kPositive);
  EXPECT_EQ(both[0], (Rgb{255, 0, 255}));
  EXPECT_EQ(both[127], (Rgb{255, 254, 255}));
  EXPECT_EQ(both[128], (Rgb{255, 255, 255}));
  EXPECT_EQ(both[255], (Rgb{1, 255, 1}));
}

TEST(ColorMapTest, PairsHaveATableForEachSign) {
  EXPECT_EQ(ColorAt(ColorMap::kPinkGreen, Sign::kPositive, 1), (Rgb{0, 255, 0}));
  EXPECT_EQ(ColorAt(ColorMap::kPinkGreen, Sign::kNegative, 1), (Rgb{255, 0, 255}));
  EXPECT_EQ(ColorAt(ColorMap::kPinkGreen, Sign::kNegative, 1 / 255.0), (Rgb{64, 0, 64}));
  EXPECT_EQ(ColorAt(ColorMap::kRedGreen, Sign::kNegative, 7), (Rgb{255, 0, 0}));
  EXPECT_EQ(ColorIndex(ColorMap::kPinkWhiteGreen, Sign::kPositive, 1), 255U);
  EXPECT_EQ(ColorIndex(ColorMap::kPinkWhiteGreen, Sign::kNegative, 1), 0U);
  EXPECT_EQ(ColorIndex(ColorMap::kPinkWhiteGreen, Sign::kNegative, 0), 127U);
  EXPECT_EQ(BackgroundOf(ColorMap::kPinkWhiteGreen, Sign::kNegative), (Rgb{255, 255, 255}));
  EXPECT_EQ(BackgroundOf(ColorMap::kViridis, Sign::kPositive), (Rgb{0x44, 0x01, 0x54}));
}

Tensor Worked() {
  return Tensor::Of<double>({4, 4}, {0, 1, 2, 3, -4, 5, 0, 7, 8, -1, 10, 11, 0, 13, -2, 40});
}

std::vector<Layer> LayersOfWorked(const VisualizationOptions& options) {
  return LayersOf(*PixelAttributions(Worked(), options), options);
}

TEST(WindowTest, WorkedNumbers) {
  const std::vector<Layer> layers = LayersOfWorked({});
  ASSERT_EQ(layers.size(), 1U);
  const LayerNumbers& numbers = layers[0].numbers;
  EXPECT_NEAR(numbers.lo, 5.6, 1e-12);
  EXPECT_NEAR(numbers.hi, 39.595, 1e-12);
  EXPECT_EQ(numbers.highlighted, 6 / 16.0);
  EXPECT_EQ(numbers.sum, 100);
  EXPECT_DOUBLE_EQ(numbers.share, 89 / 107.0);
  std::vector<std::size_t> indices;
  for (const double v : layers[0].intensity.pixels) {
    indices.push_back(ColorIndex(ColorMap::kRed, Sign::kPositive, v));
  }
  EXPECT_THAT(indices, ElementsAre(0, 0, 0, 0, 0, 0, 0, 11, 18, 0, 33, 41, 0, 56, 0, 255));
}

TEST(WindowTest, BothSignsShareOneScaleUnlessAskedNotTo) {
  const std::vector<Layer> shared = LayersOfWorked({.polarity = Polarity::kBoth});
  ASSERT_EQ(shared.size(), 2U);
  EXPECT_EQ(shared[0].sign, Sign::kNegative);
  for (const Layer& layer : shared) {
    EXPECT_NEAR(layer.numbers.lo, 5.6, 1e-12);
    EXPECT_NEAR(layer.numbers.hi, 39.595, 1e-12);
  }
  EXPECT_EQ(shared[0].numbers.highlighted, 0);
  const std::vector<Layer> separate =
      LayersOfWorked({.polarity = Polarity::kBoth, .window = WindowRule::kSeparate});
  EXPECT_EQ(separate[0].numbers.lo, 0);
  EXPECT_NEAR(separate[0].numbers.hi, 3.97, 1e-12);
  EXPECT_NEAR(separate[1].numbers.lo, 5.6, 1e-12);
  const std::vector<Layer> negative = LayersOfWorked({.polarity = Polarity::kNegative});
  EXPECT_EQ(negative[0].numbers, separate[0].numbers);
  EXPECT_EQ(negative[0].numbers.sum, 7);
}

TEST(WindowTest, ShareCountsAttributionInsteadOfPixels) {
  // Of the sum 100: 40 is the least of what holds 38 %, and of what holds 0.1 %.
  const LayerNumbers few = LayersOfWorked({.clipping = Clipping::kShare})[0].numbers;
  EXPECT_EQ(few.lo, 40);
  EXPECT_EQ(few.hi, 40);
  EXPECT_EQ(few.highlighted, 1 / 16.0);  // All that is highlighted is alike.
  // 40 + 13 + 11 + 10 hold 74 %.
  const LayerNumbers more =
      LayersOfWorked({.clip_below = 30, .clip_above = 90, .clipping = Clipping::kShare})[0].numbers;
  EXPECT_EQ(more.lo, 10);
  EXPECT_EQ(more.hi, 40);
  EXPECT_EQ(more.highlighted, 3 / 16.0);
}

TEST(WindowTest, ASharedWindowOfEqualEndsDoesNotRaiseTheWeakSign) {
  const VisualizationOptions options{.polarity = Polarity::kBoth};
  const RealImage sums{.width = 4, .height = 1, .channels = 1, .pixels = {5, 5, 5, -1}};
  const std::vector<Layer> layers = LayersOf(sums, options);
  EXPECT_THAT(layers[0].intensity.pixels, ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(layers[1].intensity.pixels, ElementsAre(1, 1, 1, 0));
}

TEST(WindowTest, HighlightedPixelsFallAsTheLowerPercentileRises) {
  double last = 1;
  for (int below = 0; below < 99; ++below) {
    const double share =
        LayersOfWorked({.clip_below = static_cast<double>(below)})[0].numbers.highlighted;
    EXPECT_LE(share, last) << below;
    last = share;
  }
}

TEST(WindowTest, ChannelsBecomeOneNumber) {
  const Tensor a = Tensor::Of<double>({1, 2, 3}, {1, -4, 2, 0, 3, 4});
  const auto reduced = [&](ChannelRule rule) { return ReduceChannels(a, rule)->pixels; };
  EXPECT_THAT(reduced(ChannelRule::kSum), ElementsAre(-1, 7));
  EXPECT_THAT(reduced(ChannelRule::kMean), ElementsAre(-1 / 3.0, 7 / 3.0));
  EXPECT_THAT(reduced(ChannelRule::kAbsSum), ElementsAre(7, 7));
  EXPECT_THAT(reduced(ChannelRule::kMaxAbs), ElementsAre(-4, 4));
  EXPECT_EQ(reduced(ChannelRule::kNorm)[1], 5);
}

TEST(WindowTest, BlurReachesThreeSigmasAndKeepsTheSum) {
  Tensor spike(DType::kFloat64, {1, 41, 1});
  spike.SetNumber(20, 1);
  const RealImage blurred = *PixelAttributions(spike, {.blur_sigma = 2});
  EXPECT_GT(blurred.pixels[14], 0);  // 6 pixels away.
  EXPECT_EQ(blurred.pixels[13], 0);
  EXPECT_NEAR(std::reduce(blurred.pixels.begin(), blurred.pixels.end()), 1, 1e-12);
}

Image Grey(int width, int height, std::uint8_t shade) {
  Image image(width, height, 1);
  std::ranges::fill(image.pixels, shade);
  return image;
}

Rgb ColorOf(const Image& image, int x, int y) {
  return {image.at(x, y)[0], image.at(x, y)[1], image.at(x, y)[2]};
}

struct ExtremeCase {
  const char* name;
  std::vector<double> values;  // A row.
  std::vector<double> v;
};
void PrintTo(const ExtremeCase& c, std::ostream* os) { *os << c.name; }

class ExtremeTest : public testing::TestWithParam<ExtremeCase> {};

TEST_P(ExtremeTest, IsNeitherACrashNorALie) {
  const std::int64_t width = static_cast<std::int64_t>(GetParam().values.size());
  Tensor a(DType::kFloat64, {1, width});
  for (std::size_t i = 0; i < a.elements(); ++i) a.SetNumber(i, GetParam().values[i]);
  for (const DrawingType type : {DrawingType::kPixels, DrawingType::kOutlines}) {
    const VisualizationOptions options{.type = type};
    EXPECT_EQ(LayersOf(*PixelAttributions(a, options), options)[0].intensity.pixels, GetParam().v);
    const Result<Overlay> drawn = DrawOverlay(a, Grey(static_cast<int>(width), 1, 9), options);
    ASSERT_TRUE(drawn.ok()) << drawn.status().message();
    EXPECT_EQ(drawn->no_attribution, std::ranges::count(GetParam().values, 0) == width);
    const bool is_marked = std::ranges::count(drawn->image.pixels, 255) > 0;
    EXPECT_EQ(is_marked, std::ranges::count(GetParam().v, 1) > 0);
  }
}
INSTANTIATE_TEST_SUITE_P(, ExtremeTest,
                         testing::Values(ExtremeCase{"all_zero", {0, 0, 0}, {0, 0, 0}},
                                         ExtremeCase{"one_pixel_of_many",
                                                     [] {
                                                       std::vector<double> one(4000);
                                                       one[1234] = 2;
                                                       return one;
                                                     }(),
                                                     [] {
                                                       std::vector<double> one(4000);
                                                       one[1234] = 1;
                                                       return one;
                                                     }()},
                                         ExtremeCase{"all_alike", {3, 3, 3}, {1, 1, 1}},
                                         ExtremeCase{"one_by_one", {5}, {1}},
                                         ExtremeCase{"one_by_one_negative", {-5}, {0}},
                                         ExtremeCase{"tiny", {1e-300}, {1}}),
                         [](const auto& row) { return row.param.name; });

std::string MessageOf(const Tensor& a, const VisualizationOptions& options = {}) {
  const Result<Overlay> drawn = DrawOverlay(a, Grey(2, 2, 9), options);
  return drawn.ok() ? "" : drawn.status().message();
}

TEST(OverlayTest, ErrorsNameTheirPlace) {
  const double kNan = std::numeric_limits<double>::quiet_NaN();
  const double kHuge = std::numeric_limits<double>::max();
  EXPECT_EQ(MessageOf(Tensor::Of<double>({2, 2}, {0, 0, kNan, 0})),
            "the attribution at row 1, column 0 is not finite");
  EXPECT_EQ(MessageOf(Tensor::Of<double>({1, 1, 2}, {kHuge, kHuge})),
            "the attribution at row 0, column 0 overflows");
  EXPECT_THAT(MessageOf(Tensor::Of<double>({2}, {1, 2})), HasSubstr("of shape [2]"));
  const Tensor one = Tensor::Of<double>({1, 1}, {1});
  EXPECT_THAT(MessageOf(one, {.clip_below = 99.9}),
              HasSubstr("the lower percentile must be below the upper one"));
  EXPECT_THAT(MessageOf(one, {.clip_above = 101}), HasSubstr("clip_above_percentile: expected 0"));
  EXPECT_THAT(MessageOf(one, {.clip_below = kNan}), HasSubstr("clip_below_percentile"));
  EXPECT_THAT(MessageOf(one, {.multiplier = 1.5}), HasSubstr("overlay_multiplier"));
  EXPECT_THAT(MessageOf(one, {.blur_sigma = 1e9}), HasSubstr("blur_sigma: expected 0"));
  EXPECT_THAT(MessageOf(one, {.type = DrawingType::kOutlines, .blur_sigma = 1}),
              HasSubstr("blur_sigma is a setting of type pixels"));
  EXPECT_THAT(MessageOf(one, {.translate_x = -1}), HasSubstr("translate"));
  EXPECT_FALSE(DrawOverlay(one, Image(), {}).ok());
}

// A picture of one shade, and an attribution whose second pixel has v = 1.
std::vector<std::uint8_t> TwoPixels(const VisualizationOptions& options) {
  Image picture(2, 1, 3);
  picture.pixels = {100, 0, 200, 100, 0, 200};
  return DrawOverlay(Tensor::Of<double>({1, 2}, {0, 5}), picture, options)->image.pixels;
}

TEST(OverlayTest, ComposesAsTheOverlayTypeSays) {
  EXPECT_THAT(TwoPixels({}), ElementsAre(0, 0, 0, 0, 255, 0));
  EXPECT_THAT(TwoPixels({.color_map = ColorMap::kViridis}),
              ElementsAre(0x44, 0x01, 0x54, 0xfd, 0xe7, 0x25));
  EXPECT_THAT(TwoPixels({.color_map = ColorMap::kPinkWhiteGreen}),
              ElementsAre(255, 255, 255, 1, 255, 1));
  // 0.7 I + 0.3 K
  EXPECT_THAT(TwoPixels({.overlay = OverlayType::kOriginal}),
              ElementsAre(100, 0, 200, 70, 77, 140));
  // Y = 52.7
  EXPECT_THAT(TwoPixels({.overlay = OverlayType::kGrayscale}),
              ElementsAre(53, 53, 53, 37, 113, 37));
  EXPECT_THAT(TwoPixels({.overlay = OverlayType::kMaskBlack}), ElementsAre(0, 0, 0, 100, 0, 200));
  EXPECT_THAT(TwoPixels({.overlay = OverlayType::kOriginal, .multiplier = 0}),
              ElementsAre(100, 0, 200, 0, 255, 0));
}

TEST(OverlayTest, AnAttributionOfAnotherSizeIsPlacedAfterItsWindow) {
  const Tensor a = Tensor::Of<double>({1, 2}, {0, 5});
  const auto red = [&](const VisualizationOptions& options, int width) {
    const Image image = DrawOverlay(a, Grey(width, 1, 0), options)->image;
    std::vector<int> reds;
    for (int x = 0; x < width; ++x) reds.push_back(image.at(x, 0)[0]);
    return reds;
  };
  VisualizationOptions options{.color_map = ColorMap::kRed};
  EXPECT_THAT(red(options, 4), ElementsAre(0, 0, 255, 255));
  options.resampling = Resampling::kBilinear;  // v = 0, 0.25, 0.75, 1 where highlighted.
  EXPECT_THAT(red(options, 4), ElementsAre(0, 0, 223, 255));
  options.resampling = Resampling::kNearest;
  options.resized = ImageSize{.width = 2, .height = 1};
  options.translate_x = 1;
  EXPECT_THAT(red(options, 5), ElementsAre(0, 0, 255, 0, 0));
  EXPECT_THAT(red(options, 2), ElementsAre(0, 0));  // What falls outside is cut.
  options.translate_x = 1000;
  EXPECT_THAT(red(options, 2), ElementsAre(0, 0));
  options.resized = ImageSize{.width = 1 << 20, .height = 1 << 20};
  EXPECT_EQ(DrawOverlay(a, Grey(2, 1, 0), options).status().code(), StatusCode::kResourceExhausted);
}

RealImage Plane(int width, const std::string& text) {  // '#': 1
  RealImage plane{
      .width = width, .height = static_cast<int>(text.size()) / width, .channels = 1, .pixels = {}};
  for (const char c : text) plane.pixels.push_back(c == '#' ? 1 : 0);
  return plane;
}

std::string Text(const std::vector<std::uint8_t>& bits) {
  std::string text;
  for (const std::uint8_t bit : bits) text += bit != 0 ? '#' : '.';
  return text;
}

TEST(OutlinesTest, SpecksGoHolesAreFilledAndTheBorderLiesWithin) {
  const Outlines outlines = FindOutlines(Plane(14,
                                               ".............."
                                               ".............."
                                               "..#######....."
                                               "..#######....."
                                               "..##...##....."
                                               "..##...##..#.."
                                               "..##...##....."
                                               "..#######....."
                                               "..#######....."
                                               ".............."
                                               ".............."));
  EXPECT_EQ(Text(outlines.inside),
            ".............."
            ".............."
            "..#######....."
            "..#######....."
            "..#######....."
            "..#######....."
            "..#######....."
            "..#######....."
            "..#######....."
            ".............."
            "..............");
  EXPECT_EQ(Text(outlines.border),
            ".............."
            ".............."
            "..#######....."
            "..#.....#....."
            "..#.....#....."
            "..#.....#....."
            "..#.....#....."
            "..#.....#....."
            "..#######....."
            ".............."
            "..............");
}

TEST(OutlinesTest, ComponentsAreKeptUntilTheyHoldNineTenths) {
  // 20 of 23 columns hold 87 %, so the others are needed; where those are half as strong, 93 %.
  const std::string both =
      "####################....###"
      "####################....###"
      "####################....###";
  EXPECT_EQ(Text(FindOutlines(Plane(27, both)).inside), both);
  RealImage weak = Plane(27, both);
  for (std::size_t i = 0; i < weak.pixels.size(); ++i) {
    if (i % 27 >= 24) weak.pixels[i] *= 0.5;
  }
  EXPECT_EQ(Text(FindOutlines(weak).inside),
            "####################......."
            "####################......."
            "####################.......");
}

TEST(OutlinesTest, ALonePixelIsNotLost) {
  const std::string lone =
      "......."
      "......."
      "...#..."
      "......."
      ".......";
  EXPECT_EQ(Text(FindOutlines(Plane(7, lone)).border), lone);
  EXPECT_EQ(Text(FindOutlines(Plane(4, "............")).border), "............");
}

TEST(OutlinesTest, LargePicturesHaveWiderBorders) {
  RealImage plane{.width = 400, .height = 400, .channels = 1, .pixels = {}};
  plane.pixels.assign(160000, 1);
  const Outlines outlines = FindOutlines(plane);
  EXPECT_EQ(std::ranges::count(outlines.border, 1), 160000 - 396 * 396);
}

TEST(OverlayTest, OutlinesAreOpaqueAndMayBeShadedInside) {
  Tensor a(DType::kFloat64, {9, 9});
  for (int y = 2; y < 7; ++y) {
    for (int x = 2; x < 7; ++x) a.SetNumber(static_cast<std::size_t>(9 * y + x), 1);
  }
  VisualizationOptions options{.type = DrawingType::kOutlines, .overlay = OverlayType::kOriginal};
  const Image shaded = DrawOverlay(a, Grey(9, 9, 100), options)->image;
  EXPECT_THAT(ColorOf(shaded, 0, 0), ElementsAre(100, 100, 100));
  EXPECT_THAT(ColorOf(shaded, 2, 2), ElementsAre(0, 255, 0));
  EXPECT_THAT(ColorOf(shaded, 4, 4), ElementsAre(70, 147, 70));
  options.shade_within_outlines = false;
  const Image bare = DrawOverlay(a, Grey(9, 9, 100), options)->image;
  EXPECT_THAT(ColorOf(bare, 2, 2), ElementsAre(0, 255, 0));
  EXPECT_THAT(ColorOf(bare, 4, 4), ElementsAre(100, 100, 100));
}

TEST(EncodeTest, JpegKeepsAOnePixelOutline) {
  Image colored(32, 32, 3);
  std::ranges::fill(colored.pixels, std::uint8_t{128});
  for (int y = 0; y < 32; ++y) std::ranges::copy(Rgb{255, 0, 255}, colored.at(16, y).begin());
  const Image decoded = *DecodeImage(*EncodePicture(colored, PictureFormat::kJpeg));
  double difference = 0;
  for (std::size_t i = 0; i < decoded.pixels.size(); ++i) {
    difference += std::abs(decoded.pixels[i] - colored.pixels[i]);
  }
  // With subsampled chroma the line's neighbours alone miss by more than 3 on average.
  EXPECT_LT(difference / static_cast<double>(decoded.pixels.size()), 1.5);
  EXPECT_EQ(*DecodeImage(*EncodePicture(colored, PictureFormat::kPng)), colored);
  EXPECT_FALSE(EncodePicture(Grey(70000, 1, 0), PictureFormat::kJpeg).ok());
}

}  // namespace
}  // namespace whylight
