#include "attribution/gradient_x_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "attribution/closed_form.h"

namespace whylight {
namespace {

using testing::HasSubstr;

TEST(GradientXInput, IsTheInputTimesItsSlope) {
  ClosedForm f([](const Numbers& x) { return x[0] * x[0] - 3 * x[1] + 1; },
               [](const Numbers& x) { return Numbers{2 * x[0], -3}; });
  const Row x = Vector({4, 0.5}), zero = Vector({0, 0});
  const std::vector<GradientTask> tasks = {{.instance = 0, .x = &x}, {.instance = 1, .x = &zero}};
  const auto all = GradientXInput(f, tasks);
  ASSERT_TRUE(all.ok()) << all.status().message();
  EXPECT_EQ((*all)[0].values, Vector({32, -1.5}));
  EXPECT_EQ((*all)[0].input_score, 15.5);
  EXPECT_EQ((*all)[0].baseline_score, 0);
  EXPECT_EQ((*all)[0].approximation_error, 0);
  EXPECT_EQ(SumOf((*all)[1].values), 0) << "nothing times its slope";
  EXPECT_EQ(f.gradient_calls, 1u);
  EXPECT_EQ(f.gradient_rows, 2u);
  EXPECT_EQ(f.evaluate_calls, 1u);
}

// max(0, x0 - 2 x1) is homogeneous.
TEST(GradientXInput, SumsToTheScoreOfReluWithoutBias) {
  ClosedForm f([](const Numbers& x) { return std::max(0.0, x[0] - 2 * x[1]); },
               [](const Numbers& x) {
                 const double on = x[0] > 2 * x[1] ? 1 : 0;
                 return Numbers{on, -2 * on};
               });
  for (const Numbers& at : {Numbers{5, 1}, Numbers{1, 5}, Numbers{-1, -3}}) {
    const Row x = Vector(at);
    const GradientTask task{.instance = 0, .x = &x};
    const auto all = GradientXInput(f, {&task, 1});
    ASSERT_TRUE(all.ok());
    EXPECT_EQ(SumOf((*all)[0].values), (*all)[0].input_score);
  }
}

TEST(GradientXInput, RefusesWhatIsNotFinite) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  ClosedForm f([](const Numbers&) { return 1.0; },
               [nan](const Numbers& x) { return Numbers{x[0] > 0 ? nan : 1}; });
  const Row bad = Vector({nan}), steep = Vector({1});
  const GradientTask of_bad{.instance = 4, .x = &bad}, of_steep{.instance = 5, .x = &steep};
  const auto refused = GradientXInput(f, {&of_bad, 1});
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.status().message(), HasSubstr("instances[4]"));
  const auto failed = GradientXInput(f, {&of_steep, 1});
  EXPECT_EQ(failed.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(failed.status().message(), HasSubstr("not finite at the input"));
  EXPECT_TRUE(GradientXInput(f, {})->empty());
}

}  // namespace
}  // namespace whylight
