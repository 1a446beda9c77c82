#include "attribution/expected_gradients.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "attribution/closed_form.h"

namespace whylight {
namespace {

using testing::HasSubstr;

// F = x0 * x1: from b the shares are (x0 - b0) (x1 + b1) / 2 and (x1 - b1) (x0 + b0) / 2.
ClosedForm Product() {
  return ClosedForm([](const Numbers& x) { return x[0] * x[1]; },
                    [](const Numbers& x) { return Numbers{x[1], x[0]}; });
}

Result<ExpectedAttribution> Explain(Function& f, const Row& x, const std::vector<Row>& data,
                                    const ExpectedGradientsOptions& options) {
  const ExpectedGradientsTask task{.instance = 1, .x = &x};
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<ExpectedAttribution> all,
                            ExpectedGradients(f, {&task, 1}, data, options));
  return std::move(all[0]);
}

TEST(ExpectedGradients, ComesToTheMeanOfIntegratedGradients) {
  ClosedForm f = Product();
  const std::vector<Row> data = {Vector({0, 0}), Vector({1, 3}), Vector({-2, 1})};
  const Result<ExpectedAttribution> a = Explain(f, Vector({2, 5}), data, {.samples = 20000});
  ASSERT_TRUE(a.ok()) << a.status().message();
  const double want0 = (2 * 5 + 1 * 8 + 4 * 6) / 6.0;
  const double want1 = (5 * 2 + 2 * 3 + 4 * 0) / 6.0;
  for (const auto& [k, want] : {std::pair(0, want0), std::pair(1, want1)}) {
    const double error = a->standard_errors[0].Number(static_cast<std::size_t>(k));
    EXPECT_LT(error, 0.1);
    EXPECT_NEAR(a->attribution.values[0].Number(static_cast<std::size_t>(k)), want, 5 * error);
  }
  EXPECT_EQ(a->attribution.input_score, 10);
  EXPECT_NEAR(a->attribution.baseline_score, (0 + 3 - 2) / 3.0, 0.075);  // 5 standard deviations
  EXPECT_EQ(f.scored.size(), 4u) << "each row once";
  EXPECT_EQ(f.gradient_rows, 20000u);
}

TEST(ExpectedGradients, IsExactForALinearScoreAndOneRow) {
  ClosedForm f([](const Numbers& x) { return 2 * x[0] - x[1]; },
               [](const Numbers&) { return Numbers{2, -1}; });
  const Result<ExpectedAttribution> a =
      Explain(f, Vector({3, 1}), {Vector({1, 4})}, {.samples = 7});
  ASSERT_TRUE(a.ok());
  EXPECT_NEAR(a->attribution.values[0].Number(0), 4, 1e-12);
  EXPECT_NEAR(a->attribution.values[0].Number(1), 3, 1e-12);
  EXPECT_NEAR(a->attribution.approximation_error, 0, 1e-12);
  EXPECT_NEAR(a->attribution.baseline_score, -2, 1e-12);
}

TEST(ExpectedGradients, GivesZerosForARowOfTheDataAlone) {
  ClosedForm f = Product();
  const Row x = Vector({2, 5});
  for (const int samples : {1, 5}) {
    const Result<ExpectedAttribution> a = Explain(f, x, {x}, {.samples = samples});
    ASSERT_TRUE(a.ok());
    EXPECT_EQ(a->attribution.values, Vector({0, 0}));
    EXPECT_EQ(a->attribution.approximation_error, 0);
  }
  EXPECT_EQ(f.gradient_rows, 0u);
}

TEST(ExpectedGradients, OfOneSampleKnowsNoError) {
  ClosedForm f = Product();
  const Result<ExpectedAttribution> a =
      Explain(f, Vector({2, 5}), {Vector({0, 0})}, {.samples = 1});
  ASSERT_TRUE(a.ok());
  EXPECT_TRUE(std::isinf(a->attribution.approximation_error));
}

TEST(ExpectedGradients, HangsOnTheSeedAloneAndNotOnTheGroup) {
  const std::vector<Row> data = {Vector({0, 0}), Vector({1, 3}), Vector({-2, 1})};
  const Row x = Vector({2, 5}), other = Vector({7, 7});
  ClosedForm f = Product();
  const Row alone = Explain(f, x, data, {.samples = 9, .seed = 3})->attribution.values;
  const std::vector<ExpectedGradientsTask> tasks = {{.instance = 0, .x = &other},
                                                    {.instance = 1, .x = &x}};
  const auto all = ExpectedGradients(f, tasks, data, {.samples = 9, .seed = 3, .max_bytes = 1});
  ASSERT_TRUE(all.ok());
  EXPECT_EQ((*all)[1].attribution.values, alone);
  EXPECT_NE(Explain(f, x, data, {.samples = 9, .seed = 4})->attribution.values, alone);
}

TEST(ExpectedGradients, Refuses) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  ClosedForm f = Product();
  struct {
    Row x;
    std::vector<Row> data;
    int samples;
    const char* message;
  } cases[] = {{Vector({1, 2}), {}, 5, "rows to draw from"},
               {Vector({1, 2}), {Vector({1, 2, 3})}, 5, "expected a baseline of float64[2]"},
               {Vector({1, 2}), {Vector({1, nan})}, 5, "finite"},
               {Vector({nan, 2}), {Vector({1, 1})}, 5, "finite"},
               {Vector({1, 2}), {Vector({1, 1})}, 0, "samples"}};
  for (const auto& one : cases) {
    const auto a = Explain(f, one.x, one.data, {.samples = one.samples});
    EXPECT_EQ(a.status().code(), StatusCode::kInvalidArgument) << one.message;
    EXPECT_THAT(a.status().message(), HasSubstr(one.message));
  }
  ClosedForm steep([](const Numbers&) { return 1.0; },
                   [nan](const Numbers& x) { return Numbers(x.size(), nan); });
  EXPECT_EQ(Explain(steep, Vector({1}), {Vector({0})}, {}).status().code(),
            StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace whylight
