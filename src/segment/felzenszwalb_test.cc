#include "segment/felzenszwalb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "segment/regions.h"

namespace whylight {
namespace {

using testing::Each;
using testing::ElementsAre;

RealImage Grey(int width, std::vector<double> pixels) {
  return {.width = width,
          .height = static_cast<int>(pixels.size()) / width,
          .channels = 1,
          .pixels = pixels};
}

LabelMap Segmented(const RealImage& image, double scale, const FelzenszwalbOptions& options) {
  return Felzenszwalb(image, std::vector<double>{scale}, options)[0];
}

TEST(Felzenszwalb, JoinsWhatIsAlikeAndNumbersInRows) {
  const RealImage image = Grey(4, {9, 9, 0, 0,  //
                                   9, 9, 0, 0,  //
                                   5, 5, 5, 5});
  const LabelMap map = Segmented(image, 255, {.sigma = 0, .min_size = 1});
  EXPECT_EQ(map.count, 3);
  EXPECT_THAT(map.labels, ElementsAre(0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 2, 2));
}

TEST(Felzenszwalb, JoinsOnlyBelowTheBoundOfBothSegments) {
  // Two pixels 1 apart: t / |A| = scale / 255 must be above 1.
  EXPECT_EQ(Segmented(Grey(2, {0, 1}), 255, {.sigma = 0, .min_size = 1}).count, 2);
  EXPECT_EQ(Segmented(Grey(2, {0, 1}), 256, {.sigma = 0, .min_size = 1}).count, 1);
  // The middle joins the left first, by the lighter edge; {0, 1} then has the bound 1 + 2 / 2, not
  // above the right edge's 2.
  EXPECT_THAT(Segmented(Grey(3, {0, 1, 3}), 2 * 255, {.sigma = 0, .min_size = 1}).labels,
              ElementsAre(0, 0, 1));
  EXPECT_THAT(Segmented(Grey(3, {0, 1, 2.9}), 2 * 255, {.sigma = 0, .min_size = 1}).labels,
              ElementsAre(0, 0, 0));
}

TEST(Felzenszwalb, EqualEdgesKeepTheirOrder) {
  // Both edges weigh 1: the left one is first, and then {0, 1} has the bound 1 + 1.5 / 2, above 1;
  // were the right one first it would be the same. With the bound 1 + 0 nothing more joins.
  EXPECT_THAT(Segmented(Grey(4, {0, 1, 2, 9}), 1.5 * 255, {.sigma = 0, .min_size = 1}).labels,
              ElementsAre(0, 0, 0, 1));
  // A small segment goes to the neighbour of the lighter edge, of equal ones to the first.
  EXPECT_THAT(Segmented(Grey(5, {0, 0, 4, 8, 8}), 1, {.sigma = 0, .min_size = 2}).labels,
              ElementsAre(0, 0, 0, 1, 1));
}

TEST(Felzenszwalb, SmallSegmentsAreJoined) {
  const LabelMap map = Segmented(Grey(5, {0, 0, 4, 9, 9}), 1, {.sigma = 0, .min_size = 3});
  EXPECT_THAT(map.labels, Each(0));
  EXPECT_EQ(map.count, 1);
}

TEST(Felzenszwalb, TakesColoursAsPlaces) {
  RealImage image{
      .width = 2, .height = 1, .channels = 3, .pixels = {0, 0, 0, 2, 3, 6}};  // 7 apart.
  EXPECT_EQ(Segmented(image, 7 * 255, {.sigma = 0, .min_size = 1}).count, 2);
  EXPECT_EQ(Segmented(image, 7.01 * 255, {.sigma = 0, .min_size = 1}).count, 1);
}

TEST(Felzenszwalb, TakesAnyForm) {
  EXPECT_EQ(Segmented(RealImage{}, 1, {}).count, 0);
  EXPECT_EQ(Segmented(Grey(1, {3}), 1, {}).count, 1);
  EXPECT_EQ(Segmented(Grey(1, {3, 3, 3}), 1, {}).count, 1);
}

TEST(XraiSegmentations, AConstantImageIsOneSegment) {
  const RealImage image{
      .width = 30, .height = 20, .channels = 3, .pixels = std::vector<double>(30 * 20 * 3, 0.5)};
  const std::vector<LabelMap> maps = XraiSegmentations(image);
  ASSERT_EQ(maps.size(), 6u);
  for (const LabelMap& map : maps) EXPECT_THAT(map.labels, Each(0));
  const std::vector<Mask> regions = XraiRegions(maps);
  ASSERT_EQ(regions.size(), 6u);
  for (const Mask& region : regions) EXPECT_EQ(region.Count(), 600);
}

TEST(XraiSegmentations, OnePixelIsOneSegment) {
  const std::vector<Mask> regions = XraiRegions(XraiSegmentations(Grey(1, {0.3})));
  ASSERT_EQ(regions.size(), 6u);
  EXPECT_EQ(regions[0].Count(), 1);
}

TEST(XraiSegmentations, DoNotDependOnTheUnit) {
  RealImage image{.width = 40, .height = 40, .channels = 1, .pixels = {}};
  for (int i = 0; i < 1600; ++i) image.pixels.push_back(i / 40 < 20 ? i % 40 / 8 : 7 - i % 7);
  const std::vector<LabelMap> maps = XraiSegmentations(image);
  for (double& pixel : image.pixels) pixel = pixel * 4 - 256;  // Exact.
  EXPECT_EQ(XraiSegmentations(image), maps);
  EXPECT_GT(maps[0].count, 1);
}

}  // namespace
}  // namespace whylight
