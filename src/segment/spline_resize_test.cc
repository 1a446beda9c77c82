#include "segment/spline_resize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace whylight {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

const std::vector<double> kLine = {0, 1, -1, 0.5};

RealImage Across() { return {.width = 4, .height = 1, .channels = 1, .pixels = kLine}; }
RealImage Down() { return {.width = 1, .height = 4, .channels = 1, .pixels = kLine}; }

// skimage.transform.resize(kLine, ..., order=3, mode="constant", anti_aliasing=True)
TEST(ResizeCubic, HasTheNumbersOfScikitImage) {
  const std::vector<double> larger = {
      -0.14878322125170718, 0.5209823158603113, 1.0, -0.06370236790417898, -1.0,
      -0.12070852640836587, 0.6001498180584098};
  EXPECT_THAT(ResizeCubic(Across(), {.width = 7, .height = 1}).pixels,
              Pointwise(DoubleNear(1e-14), larger));
  EXPECT_THAT(ResizeCubic(Down(), {.width = 1, .height = 7}).pixels,
              Pointwise(DoubleNear(1e-14), larger));
  // Blurred first.
  EXPECT_THAT(
      ResizeCubic(Across(), {.width = 3, .height = 1}).pixels,
      Pointwise(DoubleNear(1e-14), std::vector<double>{0.21648186316445095, -0.06370236139115118,
                                                       0.2616177318186479}));
  EXPECT_THAT(
      ResizeCubic(Down(), {.width = 2, .height = 2}).pixels,
      Pointwise(DoubleNear(1e-14), std::vector<double>{0.49528613004772337, 0.4952861300477234,
                                                       -0.25304401861707854, -0.2530440186170786}));
}

TEST(ResizeCubic, LeavesTheSameSizeAlone) {
  EXPECT_EQ(ResizeCubic(Across(), {.width = 4, .height = 1}), Across());
}

TEST(ResizeCubic, KeepsChannelsApart) {
  RealImage two{.width = 4, .height = 1, .channels = 2, .pixels = {}};
  for (const double value : kLine) {
    two.pixels.push_back(value);
    two.pixels.push_back(-value);
  }
  const RealImage resized = ResizeCubic(two, {.width = 9, .height = 3});
  const RealImage one = ResizeCubic(Across(), {.width = 9, .height = 3});
  for (std::size_t i = 0; i < one.pixels.size(); ++i) {
    EXPECT_EQ(resized.pixels[2 * i], one.pixels[i]);
    EXPECT_EQ(resized.pixels[2 * i + 1], -one.pixels[i]);
  }
}

// skimage.transform.resize([0, 1, 2, 3, 4], ..., order=0)
TEST(ResizeLabels, TakesTheNearest) {
  const LabelMap map{.width = 5, .height = 1, .count = 5, .labels = {0, 1, 2, 3, 4}};
  EXPECT_THAT(ResizeLabels(map, {.width = 8, .height = 1}).labels,
              ElementsAre(0, 0, 1, 2, 2, 3, 4, 4));
  EXPECT_THAT(ResizeLabels(map, {.width = 3, .height = 1}).labels, ElementsAre(0, 2, 4));
  EXPECT_THAT(ResizeLabels(map, {.width = 2, .height = 2}).labels, ElementsAre(1, 3, 1, 3));
  EXPECT_EQ(ResizeLabels(map, {.width = 5, .height = 1}), map);
}

}  // namespace
}  // namespace whylight
