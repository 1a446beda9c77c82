#include "render/regions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "render/digits.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Ranks 0 0 1 1 1 2 2 2 2 2 of a picture of 5 x 2.
RankedRegions Three() {
  return {.width = 5,
          .height = 2,
          .regions = {{.attribution = 2, .pixels = {{0, 2}}},
                      {.attribution = 1, .pixels = {{2, 3}}},
                      {.attribution = -0.6, .pixels = {{5, 5}}}}};
}

Image White(int width, int height) {
  Image image(width, height, 1);
  std::ranges::fill(image.pixels, std::uint8_t{200});
  return image;
}

TEST(RegionsTest, RanksArePacked) {
  const RankMap ranks = *RanksOf(Three());
  EXPECT_THAT(ranks.ranks, ElementsAre(0, 0, 1, 1, 1, 2, 2, 2, 2, 2));
  EXPECT_THAT(RankImage(ranks).at(2, 0), ElementsAre(0, 0, 1));
  EXPECT_THAT(RankImage({.width = 1, .height = 1, .ranks = {0x012345}}).at(0, 0),
              ElementsAre(1, 0x23, 0x45));
}

TEST(RegionsTest, TheRegionThatCrossesTheAreaIsIncluded) {
  const auto top = [](double percent) { return *TopAreaOf(Three(), percent); };
  EXPECT_EQ(top(1).regions, 1);
  EXPECT_EQ(top(20).regions, 1);
  EXPECT_EQ(top(20.5).regions, 2);
  EXPECT_EQ(top(20.5).area, 0.5);
  EXPECT_EQ(top(100).regions, 3);
  const Image image = *DrawTopArea(Three(), White(5, 2), 21);
  EXPECT_THAT(image.pixels, ElementsAre(200, 200, 200, 200, 200, 50, 50, 50, 50, 50));
  const Image large = *DrawTopArea(Three(), White(10, 4), 20);
  EXPECT_THAT(large.at(3, 1), ElementsAre(200));
  EXPECT_THAT(large.at(4, 1), ElementsAre(50));
  EXPECT_FALSE(DrawTopArea(Three(), White(5, 2), 0).ok());
  EXPECT_FALSE(DrawTopArea(Three(), White(5, 2), 101).ok());
}

TEST(RegionsTest, SharesKeepTheirSign) {
  EXPECT_THAT(SharesOf(Three()), ElementsAre(0.4, 0.3, -0.3));
  RankedRegions none = Three();
  for (RankedRegion& region : none.regions) region.attribution = 0;
  EXPECT_THAT(SharesOf(none), ElementsAre(0, 0, 0));
}

TEST(RegionsTest, WrongRegionsAreErrors) {
  RankedRegions regions = Three();
  regions.regions[1].pixels = {{1, 2}};
  EXPECT_THAT(RanksOf(regions).status().message(),
              HasSubstr("region 2: pixel 1 is in another region too"));
  regions.regions[1].pixels = {{9, 2}};
  EXPECT_THAT(RanksOf(regions).status().message(), HasSubstr("outside of the picture"));
  regions.regions[1].pixels = {{-1, 2}};
  EXPECT_FALSE(RanksOf(regions).ok());
  regions.regions[1].pixels = {{std::numeric_limits<std::int64_t>::max(), 2}};
  EXPECT_FALSE(RanksOf(regions).ok());
  regions.regions[1].attribution = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(RanksOf(regions).ok());
  EXPECT_FALSE(RanksOf({}).ok());
  EXPECT_FALSE(DrawRankedRegions(Three(), Image()).ok());
}

TEST(DigitsTest, ALabelIsWhiteOnABlackEdge) {
  Image image(9, 9, 3);
  std::ranges::fill(image.pixels, std::uint8_t{100});
  DrawLabel(image, "1", {.left = 1});
  std::string text;
  for (int y = 0; y < 9; ++y) {
    for (int x = 0; x < 9; ++x)
      text += " .#"[image.at(x, y)[0] == 255 ? 2 : image.at(x, y)[0] == 0];
    text += "|";
  }
  EXPECT_EQ(text,
            "   ...   |"
            "  ..#.   |"
            "  .##.   |"
            "  ..#.   |"
            "   .#.   |"
            "   .#.   |"
            "  ..#..  |"
            "  .###.  |"
            "  .....  |");
  EXPECT_EQ(LabelSize("12", 2).width, 26);
  DrawLabel(image, "888888", {.left = -20, .top = -3, .scale = 3});  // Cut.
}

}  // namespace
}  // namespace whylight
