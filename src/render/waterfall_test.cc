#include "render/waterfall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace whylight {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using Kind = WaterfallStep::Kind;

void ExpectStep(const WaterfallStep& step, Kind kind, std::size_t feature, double from, double to) {
  EXPECT_EQ(step.kind, kind);
  EXPECT_EQ(step.feature, feature);
  EXPECT_NEAR(step.from, from, 1e-12);
  EXPECT_NEAR(step.to, to, 1e-12);
}

TEST(WaterfallTest, StartsWithTheGapAndEndsAtTheScore) {
  const double totals[] = {0.5, -0.1, 0.05};
  const std::vector<WaterfallStep> steps = Waterfall(0.2, 0.66, totals, 10);
  ASSERT_THAT(steps, SizeIs(4));
  ExpectStep(steps[0], Kind::kGap, 0, 0.20, 0.21);
  ExpectStep(steps[1], Kind::kFeature, 2, 0.21, 0.26);
  ExpectStep(steps[2], Kind::kFeature, 1, 0.26, 0.16);
  ExpectStep(steps[3], Kind::kFeature, 0, 0.16, 0.66);
}

TEST(WaterfallTest, AGapOfHalfAPerCentIsNotDrawn) {
  const double totals[] = {0.498};
  EXPECT_THAT(Waterfall(0, 0.5, totals, 10), SizeIs(1));
  const double fewer[] = {0.497};
  EXPECT_THAT(Waterfall(0, 0.5, fewer, 10), SizeIs(2));
}

TEST(WaterfallTest, OfManyTheSmallestStandTogether) {
  const double totals[] = {0.1, 0.4, -0.1, 0.6};
  const std::vector<WaterfallStep> steps = Waterfall(0, 1, totals, 2);
  ASSERT_THAT(steps, SizeIs(3));
  ExpectStep(steps[0], Kind::kOthers, 2, 0, 0);
  ExpectStep(steps[1], Kind::kFeature, 1, 0, 0.4);
  ExpectStep(steps[2], Kind::kFeature, 3, 0.4, 1);
}

TEST(WaterfallTest, OfEqualOnesTheFirstIsHighest) {
  const double totals[] = {0.5, 0.5};
  const std::vector<WaterfallStep> steps = Waterfall(0, 1, totals, 2);
  EXPECT_EQ(steps.back().feature, 0u);
}

TEST(WaterfallTest, WithoutADifferenceAllThatIsMissingIsGap) {
  const double totals[] = {0.25};
  const std::vector<WaterfallStep> steps = Waterfall(1, 1, totals, 2);
  ASSERT_THAT(steps, SizeIs(2));
  ExpectStep(steps[0], Kind::kGap, 0, 1, 0.75);
  EXPECT_THAT(Waterfall(1, 1, {}, 2), IsEmpty());
}

TEST(WaterfallTest, WhatIsNoNumberTakesNothing) {
  const double totals[] = {std::numeric_limits<double>::quiet_NaN(), 1};
  const std::vector<WaterfallStep> steps = Waterfall(0, 1, totals, 2);
  ASSERT_THAT(steps, SizeIs(2));
  ExpectStep(steps[0], Kind::kFeature, 0, 0, 0);
}

}  // namespace
}  // namespace whylight
