#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "render/heat_map.h"
#include "render/terminal_image.h"

namespace whylight {
namespace {

TEST(DivergingColorTest, HasTheMapsColoursAtItsStops) {
  EXPECT_EQ(DivergingColor(-1), (Rgb{0x8e, 0x01, 0x52}));
  EXPECT_EQ(DivergingColor(0), (Rgb{0xf7, 0xf7, 0xf7}));
  EXPECT_EQ(DivergingColor(0.2), (Rgb{0xe6, 0xf5, 0xd0}));
  EXPECT_EQ(DivergingColor(1), (Rgb{0x27, 0x64, 0x19}));
  EXPECT_EQ(DivergingColor(7), DivergingColor(1));
}

TEST(HeatMapTest, SumsChannelsAndBlocks) {
  Tensor a(DType::kFloat32, {3, 3, 2});
  for (std::size_t i = 0; i < a.elements(); ++i) a.SetNumber(i, static_cast<double>(i));
  const Tensor sums = *SumChannels(a);
  EXPECT_EQ(sums, Tensor::Of<double>({3, 3}, {1, 5, 9, 13, 17, 21, 25, 29, 33}));
  EXPECT_EQ(*SumBlocks(sums, 2), Tensor::Of<double>({2, 2}, {36, 30, 54, 33}));
  EXPECT_EQ(*SumBlocks(sums, 100), Tensor::Of<double>({1, 1}, {153}));
  EXPECT_FALSE(SumBlocks(sums, 0).ok());
}

TEST(HeatMapTest, PaintsTheSquareRootOfTheShare) {
  const Tensor a = Tensor::Of<float>({1, 3}, {4, -1, 0});
  const Result<HeatMap> map = DrawHeatMap(a, {.block_px = 1, .scale = 2});
  ASSERT_TRUE(map.ok()) << map.status().message();
  EXPECT_EQ(map->image.width, 6);
  EXPECT_EQ(map->image.height, 2);
  EXPECT_EQ(map->max_abs, 4);
  EXPECT_EQ(map->sum, 3);
  const double kPositions[] = {1, -0.5, 0};
  for (int x = 0; x < 6; ++x) {
    const Rgb color = DivergingColor(kPositions[x / 2]);
    for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(map->image.at(x, 1)[c], color[c]) << x;
  }
}

TEST(HeatMapTest, ExtremesAreToldApart) {
  const Result<HeatMap> zero = DrawHeatMap(Tensor(DType::kFloat32, {2, 2, 3}));
  ASSERT_TRUE(zero.ok());
  EXPECT_TRUE(zero->is_all_zero);
  EXPECT_EQ(zero->image.pixels[0], 0xf7);
  EXPECT_TRUE(DrawHeatMap(Tensor::Of<float>({1, 1}, {-1e-30f})).ok());
  const float kNan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(DrawHeatMap(Tensor::Of<float>({1, 2}, {0, kNan})).status().message(),
            "the attribution at row 0, column 1 is not finite");
  EXPECT_FALSE(DrawHeatMap(Tensor::Of<float>({2}, {1, 2})).ok());
  EXPECT_FALSE(DrawHeatMap(Tensor(DType::kFloat32, {0, 2})).ok());
  EXPECT_FALSE(DrawHeatMap(Tensor(DType::kString, {1, 1})).ok());
  const double kHuge = std::numeric_limits<double>::max();
  EXPECT_FALSE(DrawHeatMap(Tensor::Of<double>({1, 2}, {kHuge, kHuge})).ok());
  EXPECT_FALSE(DrawHeatMap(Tensor(DType::kFloat32, {2, 2}), {.scale = 1 << 30}).ok());
}

TEST(TerminalImageTest, TwoPixelsMakeACharacter) {
  Image image(1, 3, 3);
  image.pixels = {255, 0, 0, 0, 0, 255, 0, 255, 0};
  EXPECT_EQ(*DrawInTerminal(image),
            "\x1b[38;2;255;0;0m\x1b[48;2;0;0;255m\xe2\x96\x80\x1b[0m\n"
            "\x1b[38;2;0;255;0m\x1b[49m\xe2\x96\x80\x1b[0m\n");
  EXPECT_EQ(*DrawInTerminal(image, {.colors = ColorDepth::k256}),
            "\x1b[38;5;196m\x1b[48;5;21m\xe2\x96\x80\x1b[0m\n"
            "\x1b[38;5;46m\x1b[49m\xe2\x96\x80\x1b[0m\n");
}

TEST(TerminalImageTest, AsciiGoesByBrightness) {
  Image image(3, 2, 1);
  image.pixels = {0, 128, 255, 0, 128, 255};
  EXPECT_EQ(*DrawInTerminal(image, {.colors = ColorDepth::kNone}), " +@\n");
}

TEST(TerminalImageTest, FitsAndIsNeverEnlarged) {
  Image image(100, 100, 1);
  const std::string text =
      *DrawInTerminal(image, {.max_columns = 10, .max_lines = 40, .colors = ColorDepth::kNone});
  EXPECT_EQ(text, std::string("          \n          \n          \n          \n          \n"));
  EXPECT_FALSE(DrawInTerminal(image, {.max_columns = 0}).ok());
  EXPECT_FALSE(DrawInTerminal(Image(), {}).ok());
}

TEST(TerminalImageTest, TitlesStandAboveTheirPictures) {
  Image image(4, 2, 1);
  EXPECT_EQ(*DrawInTerminal({{"picture", image}, {"a", image}},
                            {.max_columns = 20, .colors = ColorDepth::kNone}),
            "pict  a   \n          \n");
  EXPECT_FALSE(DrawInTerminal(std::vector<TitledImage>()).ok());
  EXPECT_FALSE(DrawInTerminal({{"a", image}, {"b", image}}, {.max_columns = 1}).ok());
}

}  // namespace
}  // namespace whylight
