#include "attribution/smooth_grad.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "attribution/closed_form.h"

namespace whylight {
namespace {

using testing::Each;
using testing::HasSubstr;

// F = x0^3 + 2 x1: of noise n its gradient has the mean 3 (x0^2 + sigma^2) and 2.
ClosedForm Cubic() {
  return ClosedForm([](const Numbers& x) { return x[0] * x[0] * x[0] + 2 * x[1]; },
                    [](const Numbers& x) { return Numbers{3 * x[0] * x[0], 2}; });
}

Result<SmoothAttribution> Smooth(Function& f, const Row& x, const NoiseOptions& options) {
  const SmoothGradTask task{.instance = 2, .x = &x, .sigmas = {}};
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<SmoothAttribution> all, SmoothGrad(f, {&task, 1}, options));
  return std::move(all[0]);
}

TEST(SmoothGrad, ComesToTheExpectedGradient) {
  ClosedForm f = Cubic();
  const Row x = Vector({1, 5});
  const Result<SmoothAttribution> a = Smooth(f, x, {.sigmas = {0.5}, .samples = 4000});
  ASSERT_TRUE(a.ok()) << a.status().message();
  // Of 3 (1 + n)^2: the variance is 9 (4 sigma^2 + 2 sigma^4).
  const double deviation = 3 * std::sqrt(4 * 0.25 + 2 * 0.0625);
  const double error = deviation / std::sqrt(4000);
  EXPECT_NEAR(a->attribution.values[0].Number(0), 3 * 1.25, 5 * error);
  EXPECT_NEAR(a->standard_errors[0].Number(0), error, 0.1 * error);
  EXPECT_NEAR(a->attribution.values[0].Number(1), 2, 1e-12)
      << "a slope that is the same everywhere";
  EXPECT_NEAR(a->standard_errors[0].Number(1), 0, 1e-12);
  EXPECT_NEAR(a->attribution.approximation_error,
              a->standard_errors[0].Number(0) / std::hypot(a->attribution.values[0].Number(0), 2),
              1e-12);
  EXPECT_EQ(a->attribution.input_score, 11);
  EXPECT_EQ(f.gradient_rows, 4000u);
  EXPECT_EQ(f.evaluate_calls, 1u);
}

TEST(SmoothGrad, IsTheGradientWithoutNoise) {
  ClosedForm f = Cubic();
  const Result<SmoothAttribution> a = Smooth(f, Vector({2, 1}), {.sigmas = {0}, .samples = 50});
  ASSERT_TRUE(a.ok());
  EXPECT_EQ(a->attribution.values, Vector({12, 2}));
  EXPECT_EQ(a->standard_errors, Vector({0, 0}));
  EXPECT_EQ(a->attribution.approximation_error, 0);
  EXPECT_EQ(f.gradient_rows, 1u);
}

TEST(SmoothGrad, OfOneCopyKnowsNoError) {
  ClosedForm f = Cubic();
  const Result<SmoothAttribution> a = Smooth(f, Vector({2, 1}), {.sigmas = {1}, .samples = 1});
  ASSERT_TRUE(a.ok());
  EXPECT_TRUE(std::isinf(a->standard_errors[0].Number(0)));
  EXPECT_TRUE(std::isinf(a->attribution.approximation_error));
}

TEST(SmoothGrad, HangsOnTheSeedAloneAndNotOnTheGroup) {
  const Row x = Vector({1, 2}), other = Vector({-3, 7});
  const auto values = [&](std::uint64_t seed, std::size_t max_bytes) {
    ClosedForm f = Cubic();
    const std::vector<SmoothGradTask> tasks = {{.instance = 0, .x = &other, .sigmas = {}},
                                               {.instance = 1, .x = &x, .sigmas = {}}};
    const auto all =
        SmoothGrad(f, tasks, {.sigmas = {0.3}, .samples = 9, .seed = seed, .max_bytes = max_bytes});
    return (*all)[1].attribution.values;
  };
  ClosedForm f = Cubic();
  const Row alone = Smooth(f, x, {.sigmas = {0.3}, .samples = 9, .seed = 4})->attribution.values;
  EXPECT_EQ(values(4, 1 << 20), alone);
  EXPECT_EQ(values(4, 1), alone) << "a copy a call";
  EXPECT_NE(values(5, 1 << 20), alone);
}

TEST(SmoothGrad, Refuses) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  struct {
    Row x;
    NoiseOptions options;
    StatusCode code;
    const char* message;
  } cases[] = {
      {Vector({1, 2}), {.sigmas = {1}, .samples = 0}, StatusCode::kInvalidArgument, "samples"},
      {Vector({1, 2}), {.sigmas = {-1}}, StatusCode::kInvalidArgument, "0 or more"},
      {Vector({1, 2}), {.sigmas = {nan}}, StatusCode::kInvalidArgument, "finite"},
      {Vector({1, 2}), {.sigmas = {}}, StatusCode::kInvalidArgument, "expected 1, got 0"},
      {Vector({nan, 2}), {.sigmas = {1}}, StatusCode::kInvalidArgument, "finite"},
  };
  for (const auto& one : cases) {
    ClosedForm f = Cubic();
    const Result<SmoothAttribution> a = Smooth(f, one.x, one.options);
    ASSERT_FALSE(a.ok()) << one.message;
    EXPECT_EQ(a.status().code(), one.code);
    EXPECT_THAT(a.status().message(), HasSubstr(one.message));
  }
  ClosedForm f([](const Numbers&) { return 1.0; },
               [nan](const Numbers& x) { return Numbers(x.size(), nan); });
  EXPECT_EQ(Smooth(f, Vector({1}), {.sigmas = {1}}).status().code(),
            StatusCode::kFailedPrecondition);
}

PathMethod Steps(int steps) {
  return [steps](Function& f, std::span<const IgTask> paths) {
    return IntegratedGradients(f, paths, {.steps = steps});
  };
}

// From 0 to x, of F = x0^3 + 2 x1: the share of x0 is x0 times the mean of 3 (t x0 + n)^2, so its
// expectation is x0^3 + 3 x0 sigma^2.
TEST(WithNoise, ComesToTheIntegralOfTheExpectedGradient) {
  ClosedForm f = Cubic();
  const Row x = Vector({2, 3}), b = Vector({0, 0});
  const IgTask task{.instance = 0, .x = &x, .baselines = {&b}};
  const auto all = WithNoise(f, {&task, 1}, {.sigmas = {0.5}, .samples = 2000}, Steps(2));
  ASSERT_TRUE(all.ok()) << all.status().message();
  const SmoothAttribution& a = (*all)[0];
  const double error = a.standard_errors[0].Number(0);
  EXPECT_LT(error, 0.2);
  EXPECT_NEAR(a.attribution.values[0].Number(0), 8 + 1.5, 5 * error);
  EXPECT_NEAR(a.attribution.values[0].Number(1), 6, 1e-9);
  EXPECT_EQ(a.attribution.input_score, 14) << "of x itself";
  EXPECT_EQ(a.attribution.baseline_score, 0);
  EXPECT_NEAR(a.attribution.approximation_error, std::abs(14 - SumOf(a.attribution.values)) / 14,
              1e-12);
}

TEST(WithNoise, ChangesNothingWithoutNoise) {
  ClosedForm f = Cubic(), g = Cubic();
  const Row x = Vector({2, 3}), b = Vector({1, 1});
  const IgTask task{.instance = 0, .x = &x, .baselines = {&b}};
  const auto noisy = WithNoise(f, {&task, 1}, {.sigmas = {0}, .samples = 9}, Steps(5));
  const auto plain = IntegratedGradients(g, {&task, 1}, {.steps = 5});
  ASSERT_TRUE(noisy.ok() && plain.ok());
  EXPECT_EQ((*noisy)[0].attribution.values, (*plain)[0].values);
  EXPECT_EQ(f.gradient_rows, 5u);
}

TEST(WithNoise, GivesZeroWhereTheInputIsTheBaseline) {
  ClosedForm f = Cubic();
  const Row x = Vector({2, 3}), same = x, b = Vector({2, 0});
  const std::vector<IgTask> tasks = {{.instance = 0, .x = &x, .baselines = {&same}},
                                     {.instance = 1, .x = &x, .baselines = {&b}}};
  const auto all = WithNoise(f, tasks, {.sigmas = {1}, .max_bytes = 1}, Steps(3));
  ASSERT_TRUE(all.ok()) << all.status().message();
  EXPECT_EQ((*all)[0].attribution.values, Vector({0, 0}));
  EXPECT_EQ((*all)[0].attribution.approximation_error, 0);
  EXPECT_EQ((*all)[1].attribution.values[0].Number(0), 0);
  EXPECT_NEAR((*all)[1].attribution.values[0].Number(1), 6, 1e-12);
  EXPECT_EQ(f.gradient_rows, 9u) << "3 points for each of 3 copies";
}

TEST(WithNoise, LeavesInputsWithoutSigmaAlone) {
  std::vector<double> seen;
  ClosedForm f([](const Numbers& x) { return x[0] * x[1]; },
               [&seen](const Numbers& x) {
                 seen.push_back(x[1]);
                 return Numbers{x[1], x[0]};
               });
  Row x = Vector({1}), b = Vector({0});
  x.push_back(Vector({4})[0]);
  b.push_back(Vector({4})[0]);
  const IgTask task{.instance = 0, .x = &x, .baselines = {&b}};
  ASSERT_TRUE(WithNoise(f, {&task, 1}, {.sigmas = {1, 0}}, Steps(2)).ok());
  EXPECT_THAT(seen, Each(4));
}

}  // namespace
}  // namespace whylight
