#include "evaluate/difference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace whylight {
namespace {

using Values = std::vector<double>;

TEST(DifferenceTest, OfWorkedNumbers) {
  struct Case {
    const char* name;
    Values a, b;
    double noise, absolute, relative;
    std::size_t sign_flips;
  };
  for (const Case& c : {
           Case{"equal", {3, -1, 2}, {3, -1, 2}, 0, 0, 0, 0},
           // |0.5 - 0.4| + |-0.25 - -0.3| + |0.25 - 0.3|; the sums of sizes are both 1.
           Case{"near", {0.5, -0.25, 0.25}, {0.4, -0.3, 0.3}, 0, 0.2, 0.2, 0},
           Case{"the larger one divides", {1, 0}, {4, 0}, 0, 3, 0.75, 0},
           Case{"one is nothing", {0, 0}, {2, -2}, 0, 4, 1, 0},
           Case{"opposite", {1, -2}, {-1, 2}, 0, 6, 2, 2},
           Case{"both are nothing", {0, 0}, {0, 0}, 0, 0, 0, 0},
           Case{"a sign in the noise", {1, 0.01}, {1, -0.02}, 0.01, 0.03, 0.03 / 1.02, 0},
           Case{"a sign above it", {1, 0.02}, {1, -0.02}, 0.01, 0.04, 0.04 / 1.02, 1},
           Case{"zero has no sign", {0, 1}, {-1, 1}, 0, 1, 0.5, 0},
           Case{"no units", {}, {}, 0, 0, 0, 0},
       }) {
    SCOPED_TRACE(c.name);
    for (const bool swapped : {false, true}) {
      const Difference got =
          swapped ? DifferenceOf(c.b, c.a, c.noise) : DifferenceOf(c.a, c.b, c.noise);
      EXPECT_NEAR(got.absolute, c.absolute, 1e-12);  // Rounding of a few sums.
      EXPECT_NEAR(got.relative, c.relative, 1e-12);
      EXPECT_EQ(got.sign_flips, c.sign_flips);
    }
  }
}

TEST(DifferenceTest, OfWhatIsNotFiniteIsNotSmall) {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    const Values a = {1, bad}, b = {1, bad};
    EXPECT_TRUE(std::isnan(DifferenceOf(a, b, 0).relative)) << bad;
    EXPECT_TRUE(std::isnan(DifferenceOf(a, Values{1, 1}, 0).absolute)) << bad;
  }
}

TEST(DifferenceTest, NoiseIsAHundredthOfTheGreatest) {
  EXPECT_DOUBLE_EQ(NoiseOf(Values{1, -3}, Values{2, 0.5}), 0.03);
  EXPECT_DOUBLE_EQ(NoiseOf(Values{1, -3}, Values{2, -50}), 0.5);
  EXPECT_EQ(NoiseOf(Values{}, Values{}), 0);
}

TEST(SpreadTest, HasMeanAndExtremes) {
  Spread spread;
  EXPECT_EQ(spread.mean(), 0);
  for (const double value : {-2.0, 4.0, 1.0}) spread.Add(value);
  EXPECT_EQ(spread.count(), 3u);
  EXPECT_EQ(spread.mean(), 1);
  EXPECT_EQ(spread.min(), -2);
  EXPECT_EQ(spread.max(), 4);
}

TEST(SpreadTest, KeepsWhatIsNoNumber) {
  for (const Values& values : {Values{1, std::nan(""), 2}, Values{std::nan(""), 1}}) {
    Spread spread;
    for (const double value : values) spread.Add(value);
    EXPECT_TRUE(std::isnan(spread.mean()));
    EXPECT_TRUE(std::isnan(spread.min()));
    EXPECT_TRUE(std::isnan(spread.max()));
  }
}

}  // namespace
}  // namespace whylight
