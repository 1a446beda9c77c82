#include "segment/mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace whylight {
namespace {

using testing::ElementsAre;

std::vector<std::size_t> PixelsOf(const Mask& mask) {
  std::vector<std::size_t> pixels;
  mask.ForEach([&](std::size_t pixel) { pixels.push_back(pixel); });
  return pixels;
}

Mask With(int width, int height, const std::vector<std::pair<int, int>>& pixels) {
  Mask mask(width, height);
  for (const auto& [x, y] : pixels) mask.Add(x, y);
  return mask;
}

TEST(Mask, HoldsPixelsInRows) {
  const Mask mask = With(130, 2, {{0, 0}, {63, 0}, {64, 0}, {129, 1}});
  EXPECT_THAT(PixelsOf(mask), ElementsAre(0, 63, 64, 259));
  EXPECT_EQ(mask.Count(), 4);
  EXPECT_TRUE(mask.Has(64, 0));
  EXPECT_FALSE(mask.Has(64, 1));
  EXPECT_THAT(mask.Runs(), ElementsAre(PixelRun{0, 1}, PixelRun{63, 2}, PixelRun{259, 1}));
}

TEST(Mask, RunsEndWithTheRow) {
  EXPECT_THAT(With(3, 2, {{1, 0}, {2, 0}, {0, 1}, {1, 1}}).Runs(),
              ElementsAre(PixelRun{1, 2}, PixelRun{3, 2}));
}

TEST(Mask, AddsAndRemovesAcrossBoxes) {
  const LabelMap map{.width = 70, .height = 2, .count = 3, .labels = [] {
                       std::vector<std::int32_t> labels(140, 0);
                       labels[66] = labels[69] = labels[136] = 2;
                       return labels;
                     }()};
  const std::vector<Mask> masks = MasksOf(map);
  ASSERT_EQ(masks.size(), 3u);
  EXPECT_EQ(masks[0].Count(), 137);
  EXPECT_EQ(masks[1].Count(), 0);
  EXPECT_THAT(PixelsOf(masks[2]), ElementsAre(66, 69, 136));
  Mask all(70, 2);
  all.AddAll(masks[2]);
  all.AddAll(masks[1]);
  EXPECT_EQ(all.Count(), 3);
  all.AddAll(masks[0]);
  EXPECT_EQ(all.Count(), 140);
  all.RemoveAll(masks[2]);
  EXPECT_EQ(PixelsOf(all), PixelsOf(masks[0]));
  std::vector<std::size_t> common;
  Mask some = With(70, 2, {{66, 0}, {0, 0}});
  some.ForEachCommon(masks[2], [&](std::size_t pixel) { common.push_back(pixel); });
  masks[1].ForEachCommon(some, [&](std::size_t) { FAIL() << "an empty mask has no pixel"; });
  EXPECT_THAT(common, ElementsAre(66));
}

// Pixel by pixel what Dilated does word by word.
Mask DilatedByDefinition(const Mask& mask, int radius) {
  Mask grown(mask.width(), mask.height());
  for (int y = 0; y < mask.height(); ++y) {
    for (int x = 0; x < mask.width(); ++x) {
      for (int dy = -radius; dy <= radius; ++dy) {
        for (int dx = -radius; dx <= radius; ++dx) {
          const int u = x + dx, v = y + dy;
          if (dx * dx + dy * dy <= radius * radius && u >= 0 && u < mask.width() && v >= 0 &&
              v < mask.height() && mask.Has(u, v)) {
            grown.Add(x, y);
          }
        }
      }
    }
  }
  return grown;
}

TEST(Mask, DilatesByADisk) {
  EXPECT_EQ(With(200, 20, {{100, 10}}).Dilated(5).Count(), 81);
  EXPECT_EQ(With(200, 20, {{100, 10}}).Dilated(0).Count(), 1);
  EXPECT_EQ(Mask(9, 9, {}).Dilated(5).Count(), 0);
  // Words' ends, edges and corners of the image.
  const Mask masks[] = {With(200, 20, {{0, 0}, {199, 19}}),
                        With(200, 20, {{62, 3}, {65, 17}}),
                        With(128, 9, {{127, 4}, {64, 0}}),
                        With(64, 7, {{63, 3}, {0, 6}}),
                        With(1, 1, {{0, 0}}),
                        With(3, 40, {{1, 20}})};
  for (const Mask& mask : masks) {
    for (const int radius : {1, 2, 5}) {
      EXPECT_EQ(PixelsOf(mask.Dilated(radius)), PixelsOf(DilatedByDefinition(mask, radius)))
          << mask.width() << " x " << mask.height() << ", radius " << radius;
    }
  }
}

TEST(Mask, DilatesOutOfItsBox) {
  LabelMap map{
      .width = 150, .height = 30, .count = 2, .labels = std::vector<std::int32_t>(4500, 0)};
  map.labels[12 * 150 + 64] = map.labels[13 * 150 + 127] = 1;
  const Mask small = MasksOf(map)[1];
  EXPECT_EQ(PixelsOf(small.Dilated(5)), PixelsOf(DilatedByDefinition(small, 5)));
}

}  // namespace
}  // namespace whylight
