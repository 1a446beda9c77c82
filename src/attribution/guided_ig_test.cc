#include "attribution/guided_ig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "testing/golden_path.h"

namespace whylight {
namespace {

using testing::Each;
using testing::HasSubstr;

Result<Attribution> Explain(Function& f, const Row& x, std::vector<const Row*> baselines,
                            const GuidedIgOptions& options) {
  const IgTask task{.instance = 3, .x = &x, .baselines = std::move(baselines)};
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Attribution> all, GuidedIg(f, {&task, 1}, options));
  return std::move(all[0]);
}

struct GoldenCase {
  const char* name;
  GuidedIgOptions options;
};
class GuidedIgGoldenTest : public testing::TestWithParam<GoldenCase> {};

TEST_P(GuidedIgGoldenTest, HasTheNumbersOfSaliency) {
  ClosedForm f = GoldenNetwork();
  const Row baseline = {GoldenArray("path/baseline")};
  const Result<Attribution> a =
      Explain(f, {GoldenArray("path/x")}, {&baseline}, GetParam().options);
  ASSERT_TRUE(a.ok()) << a.status().message();
  const Tensor& want = GoldenArray(std::string("guided/") + GetParam().name);
  // Sums of doubles in another order.
  for (std::size_t i = 0; i < want.elements(); ++i) {
    EXPECT_NEAR(a->values[0].Number(i), want.Number(i), 1e-11) << i;
  }
  EXPECT_EQ(f.gradient_rows, static_cast<std::size_t>(GetParam().options.steps));
}
INSTANTIATE_TEST_SUITE_P(
    , GuidedIgGoldenTest,
    testing::Values(GoldenCase{"20_25_2", {.steps = 20}}, GoldenCase{"200_25_2", {}},
                    GoldenCase{"30_10_100", {.steps = 30, .fraction = 0.1, .max_dist = 1}},
                    GoldenCase{"10_50_0", {.steps = 10, .fraction = 0.5, .max_dist = 0}},
                    GoldenCase{"1_25_2", {.steps = 1}}),
    [](const auto& row) { return std::string("of_") + row.param.name; });

// F = x0 * x1 from (0, 0) to (1, 1): at the start both slopes are 0 and both elements move alike.
ClosedForm Product() {
  return ClosedForm([](const Numbers& x) { return x[0] * x[1]; },
                    [](const Numbers& x) { return Numbers{x[1], x[0]}; });
}

TEST(GuidedIg, IsALeftSumOnTheStraightPathWithoutDistance) {
  ClosedForm f = Product();
  const Row x = Vector({1, 1}), b = Vector({0, 0});
  const Result<Attribution> a = Explain(f, x, {&b}, {.steps = 4, .max_dist = 0});
  ASSERT_TRUE(a.ok());
  // (0 + 1/4 + 2/4 + 3/4) / 4 each.
  EXPECT_NEAR(a->values[0].Number(0), 0.375, 1e-15);
  EXPECT_NEAR(a->values[0].Number(1), 0.375, 1e-15);
  EXPECT_NEAR(a->approximation_error, 0.25, 1e-15);
  EXPECT_EQ(a->input_score, 1);
  EXPECT_EQ(a->baseline_score, 0);
}

// x1 has the lesser slope all the way, and may go first.
TEST(GuidedIg, TheLeastSteepGoesFirst) {
  std::vector<Numbers> asked;
  ClosedForm f([](const Numbers& x) { return 8 * x[0] + x[1]; },
               [&](const Numbers& x) {
                 asked.push_back(x);
                 return Numbers{8, 1};
               });
  const Row x = Vector({1, 1}), b = Vector({0, 0});
  const Result<Attribution> a = Explain(f, x, {&b}, {.steps = 4, .fraction = 0.5, .max_dist = 1});
  ASSERT_TRUE(a.ok());
  EXPECT_EQ(asked, (std::vector<Numbers>{{0, 0}, {0, 0.5}, {0, 1}, {0.5, 1}}));
  EXPECT_NEAR(a->values[0].Number(0), 8, 1e-14);
  EXPECT_NEAR(a->values[0].Number(1), 1, 1e-14);
}

TEST(GuidedIg, AnElementAtItsBaselineGetsNothing) {
  ClosedForm f = Product();
  const Row x = Vector({2, 5}), b = Vector({2, 0});
  const Result<Attribution> a = Explain(f, x, {&b}, {});
  ASSERT_TRUE(a.ok());
  EXPECT_EQ(a->values[0].Number(0), 0);
  EXPECT_NEAR(a->values[0].Number(1), 10, 1e-9);
}

TEST(GuidedIg, NothingWhereTheInputIsTheBaseline) {
  ClosedForm f = Product();
  const Row x = Vector({2, 5});
  const Result<Attribution> a = Explain(f, x, {&x}, {});
  ASSERT_TRUE(a.ok());
  EXPECT_THAT(a->values[0].data<double>(), Each(0));
  EXPECT_EQ(a->approximation_error, 0);
  EXPECT_EQ(f.gradient_rows, 0u);
}

TEST(GuidedIg, AveragesOverBaselines) {
  ClosedForm f = Product();
  const Row x = Vector({1, 1}), b = Vector({0, 0}), c = Vector({0.5, -1});
  const Result<Attribution> first = Explain(f, x, {&b}, {.steps = 7});
  const Result<Attribution> second = Explain(f, x, {&c}, {.steps = 7});
  f.gradient_calls = 0;
  const Result<Attribution> both = Explain(f, x, {&b, &c}, {.steps = 7});
  ASSERT_TRUE(first.ok() && second.ok() && both.ok());
  EXPECT_EQ(f.gradient_calls, 7u);  // Side by side.
  EXPECT_EQ(both->baseline_score, -0.25);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(both->values[0].Number(i),
                (first->values[0].Number(i) + second->values[0].Number(i)) / 2, 1e-15);
  }
}

TEST(GuidedIg, MemoryDoesNotChangeTheNumbers) {
  ClosedForm f = GoldenNetwork(), g = GoldenNetwork();
  const Row x = {GoldenArray("path/x")}, b = {GoldenArray("path/baseline")};
  const IgTask tasks[] = {{.instance = 0, .x = &x, .baselines = {&b}},
                          {.instance = 1, .x = &b, .baselines = {&x}}};
  const auto one = GuidedIg(f, tasks, {.steps = 5, .max_bytes = 1});
  const auto all = GuidedIg(g, tasks, {.steps = 5});
  ASSERT_TRUE(one.ok() && all.ok());
  EXPECT_EQ(f.gradient_calls, 10u);
  EXPECT_EQ(g.gradient_calls, 5u);
  EXPECT_EQ((*one)[0].values, (*all)[0].values);
  EXPECT_EQ((*one)[1].values, (*all)[1].values);
}

// In saliency the last step does not end here: the sum of roundings is above its absolute limit.
TEST(GuidedIg, EndsWhereRoundingPutsTheTargetOutOfReach) {
  const std::size_t n = 4000;
  Numbers x(n), b(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = 1e5 * std::sin(static_cast<double>(i));
    b[i] = 1e5 * std::cos(static_cast<double>(3 * i));
  }
  ClosedForm f([](const Numbers& at) { return at[0]; },
               [](const Numbers& at) { return Numbers(at.size(), 1); });
  const Row to = Vector(x), from = Vector(b);
  const Result<Attribution> a = Explain(f, to, {&from}, {.steps = 3});
  ASSERT_TRUE(a.ok());
  for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(a->values[0].Number(i), x[i] - b[i], 1e-8) << i;
}

TEST(GuidedIg, WalksInputsAsOnePoint) {
  ClosedForm f = Product();
  const Row x = {Tensor::Scalar(1.0f), Tensor::Of<double>({1}, {1})};
  const Row b = {Tensor::Scalar(0.0f), Tensor::Of<double>({1}, {0})};
  const Result<Attribution> a = Explain(f, x, {&b}, {.steps = 4, .max_dist = 0});
  ASSERT_TRUE(a.ok());
  EXPECT_NEAR(a->values[0].Number(0), 0.375, 1e-15);
  EXPECT_NEAR(a->values[1].Number(0), 0.375, 1e-15);
}

TEST(GuidedIg, Refuses) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Row x = Vector({1, 1}), b = Vector({0, 0}), other = Vector({0}), bad = Vector({0, nan});
  const struct {
    const char* name;
    std::vector<const Row*> baselines;
    GuidedIgOptions options;
    const char* message;
  } cases[] = {
      {"steps", {&b}, {.steps = 10001}, "steps: expected 1 to 10000"},
      {"fraction", {&b}, {.fraction = 0}, "fraction"},
      {"large fraction", {&b}, {.fraction = 1.1}, "fraction"},
      {"distance", {&b}, {.max_dist = -0.1}, "max_dist"},
      {"nan distance", {&b}, {.max_dist = nan}, "max_dist"},
      {"no baseline", {}, {}, "instances[3]: expected a baseline"},
      {"other form", {&other}, {}, "instances[3].inputs[0]"},
      {"nan", {&bad}, {}, "a baseline of finite numbers"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    ClosedForm f = Product();
    const Result<Attribution> a = Explain(f, x, test.baselines, test.options);
    ASSERT_FALSE(a.ok());
    EXPECT_EQ(a.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(a.status().message(), HasSubstr(test.message));
    EXPECT_EQ(f.evaluate_calls, 0u);
  }
}

TEST(GuidedIg, RefusesGradientsThatAreNotFinite) {
  ClosedForm f([](const Numbers&) { return 1.0; },
               [](const Numbers& x) {
                 return Numbers(x.size(), x[0] > 0.4 ? std::numeric_limits<double>::infinity() : 1);
               });
  const Row x = Vector({1, 1}), b = Vector({0, 0});
  const Result<Attribution> a = Explain(f, x, {&b}, {.steps = 10});
  ASSERT_FALSE(a.ok());
  EXPECT_EQ(a.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(a.status().message(), HasSubstr("not finite at step"));
}

}  // namespace
}  // namespace whylight
