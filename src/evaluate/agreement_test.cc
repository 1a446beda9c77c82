#include "evaluate/agreement.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace whylight {
namespace {

using Values = std::vector<double>;

TEST(RankAgreementTest, OfClosedForms) {
  struct Case {
    const char* name;
    Values a, b;
    double want;
  };
  for (const Case& c : {
           Case{"equal", {3, -1, 2}, {3, -1, 2}, 1},
           Case{"same order, other values", {3, -1, 2}, {900, 0, 1e-9}, 1},
           Case{"opposite", {1, 2, 3}, {0, -1, -2}, -1},
           // 1 - 6 * sum d^2 / (n (n^2 - 1)), d = 1, 1, 0, 0
           Case{"one swap of four", {1, 2, 3, 4}, {2, 1, 3, 4}, 0.8},
           // Ranks 0.5 0.5 2 3 beside 0 1 2 3: 4.5 / sqrt(4.5 * 5)
           Case{"ties", {7, 7, 8, 9}, {1, 2, 3, 4}, std::sqrt(0.9)},
       }) {
    SCOPED_TRACE(c.name);
    EXPECT_NEAR(RankAgreement(c.a, c.b), c.want, 1e-12);  // Rounding of a few sums.
    EXPECT_NEAR(RankAgreement(c.b, c.a), c.want, 1e-12);
  }
  EXPECT_TRUE(std::isnan(RankAgreement(Values{1, 1, 1}, Values{1, 2, 3})));
  EXPECT_TRUE(std::isnan(RankAgreement(Values{1}, Values{2})));
}

TEST(TopOverlapTest, CountsWhatBothHave) {
  const Values a = {9, -8, 1, 0}, b = {-5, 1, 4, 0};
  EXPECT_EQ(TopOverlap(a, a, 2), 1);
  EXPECT_EQ(TopOverlap(a, b, 1), 1);
  EXPECT_EQ(TopOverlap(a, b, 2), 0.5);
  EXPECT_EQ(TopOverlap(a, b, 4), 1);
}

TEST(TopOfTest, GrowsWithTheUnits) {
  EXPECT_EQ(TopOf(1), 1U);
  EXPECT_EQ(TopOf(4), 2U);
  EXPECT_EQ(TopOf(30), 5U);
  EXPECT_EQ(TopOf(784), 79U);
}

}  // namespace
}  // namespace whylight
