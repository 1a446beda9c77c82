#include "attribution/adaptive_gradients.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "attribution/closed_form.h"

namespace whylight {
namespace {

using testing::HasSubstr;

Result<AdaptiveAttribution> Explain(Function& f, const Numbers& x, const Numbers& baseline,
                                    const AdaptiveGradientsOptions& options = {}) {
  const Row x_row = Vector(x), b_row = Vector(baseline);
  const IgTask task{.x = &x_row, .baselines = {&b_row}};
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<AdaptiveAttribution> all,
                            AdaptiveIntegratedGradients(f, {&task, 1}, options));
  return all.at(0);
}

double Sigmoid(double v) { return 1 / (1 + std::exp(-v)); }
double Sum(const Numbers& v) {
  double sum = 0;
  for (const double value : v) sum += value;
  return sum;
}

// Scores of one variable u = sum(v): shares are in proportion to x - b, whatever the score.
struct Ridge {
  const char* name;
  double (*score)(double u);
  double (*slope)(double u);
  int most_steps;  // That may be spent.
  bool probed;
};
void PrintTo(const Ridge& ridge, std::ostream* os) { *os << ridge.name; }
class RidgeTest : public testing::TestWithParam<Ridge> {};

TEST_P(RidgeTest, ComesWithinTheToleranceItReports) {
  const Ridge& c = GetParam();
  ClosedForm f([&](const Numbers& v) { return c.score(Sum(v)); },
               [&](const Numbers& v) { return Numbers(v.size(), c.slope(Sum(v))); });
  const Numbers x = {0.5, 0.75, -0.25};
  const Result<AdaptiveAttribution> got = Explain(f, x, {0, 0, 0});
  ASSERT_TRUE(got.ok()) << got.status().message();
  const double change = c.score(1) - c.score(0);
  double off = 0;
  const std::span<const double> values = got->attribution.values[0].data<double>();
  for (std::size_t i = 0; i < x.size(); ++i) off += std::abs(values[i] - x[i] * change);
  EXPECT_TRUE(got->converged);
  EXPECT_LE(got->difference, 0.01);
  EXPECT_LE(off, 0.01 * 1.5 * std::abs(change));  // The shares' absolute sum is 1.5 changes.
  EXPECT_LE(got->steps, c.most_steps);
  EXPECT_EQ(got->probes > 0, c.probed);
  EXPECT_EQ(static_cast<int>(f.gradient_rows), got->steps);
  EXPECT_EQ(static_cast<int>(f.scored.size()), got->probes + 2);
}

INSTANTIATE_TEST_SUITE_P(
    , RidgeTest,
    testing::Values(
        Ridge{"linear", [](double u) { return 3 * u - 1; }, [](double) { return 3.0; }, 7, false},
        Ridge{"quadratic", [](double u) { return u * u; }, [](double u) { return 2 * u; }, 7,
              false},
        Ridge{"smooth_step", [](double u) { return Sigmoid(12 * (u - 0.4)); },
              [](double u) {
                const double s = Sigmoid(12 * (u - 0.4));
                return 12 * s * (1 - s);
              },
              31, false},
        Ridge{"kinks",
              [](double u) { return std::max(0.0, u - 0.3) + 2 * std::max(0.0, u - 0.71); },
              [](double u) { return (u > 0.3 ? 1.0 : 0.0) + (u > 0.71 ? 2.0 : 0.0); }, 255, false},
        // What a layer norm makes of a zero embedding: all of the change in a thousandth.
        Ridge{"all_at_the_start", [](double u) { return u / std::sqrt(u * u + 1e-6); },
              [](double u) { return 1e-6 / std::pow(u * u + 1e-6, 1.5); }, 150, true},
        Ridge{"jump_in_the_middle", [](double u) { return std::tanh((u - 0.613) * 2000); },
              [](double u) {
                const double at = std::tanh((u - 0.613) * 2000);
                return 2000 * (1 - at * at);
              },
              200, true}),
    [](const testing::TestParamInfo<Ridge>& ridge) { return ridge.param.name; });

TEST(AdaptiveIntegratedGradients, SaysWhatItDidNotReach) {
  // A wave of 200 periods: no rule of 63 points sees it.
  ClosedForm f([](const Numbers& v) { return std::sin(1256.6 * v[0]) + v[0]; },
               [](const Numbers& v) { return Numbers{1256.6 * std::cos(1256.6 * v[0]) + 1}; });
  const Result<AdaptiveAttribution> got = Explain(f, {0.9}, {0}, {.max_steps = 63});
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_FALSE(got->converged);
  EXPECT_GT(got->difference, 0.01);
  EXPECT_LE(got->steps, 63);
}

TEST(AdaptiveIntegratedGradients, NeedsNoPointsFromXToItself) {
  ClosedForm f([](const Numbers& v) { return v[0]; }, [](const Numbers&) { return Numbers{1}; });
  const Result<AdaptiveAttribution> got = Explain(f, {2}, {2});
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_TRUE(got->converged);
  EXPECT_EQ(got->steps, 0);
  EXPECT_EQ(got->attribution.values[0].Number(0), 0);
  EXPECT_EQ(got->attribution.approximation_error, 0);
}

TEST(AdaptiveIntegratedGradients, ConvergesOnAScoreThatDoesNotMove) {
  ClosedForm f([](const Numbers&) { return 4; }, [](const Numbers&) { return Numbers{0}; });
  const Result<AdaptiveAttribution> got = Explain(f, {2}, {1});
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_TRUE(got->converged);
  EXPECT_EQ(got->steps, 7);
}

TEST(AdaptiveIntegratedGradients, DoesNotConvergeWhereGradientsMissTheScore) {
  // A step: no gradient anywhere, and yet the score changes.
  ClosedForm f([](const Numbers& v) { return v[0] > 0.4 ? 1 : 0; },
               [](const Numbers&) { return Numbers{0}; });
  const Result<AdaptiveAttribution> got = Explain(f, {1}, {0});
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_FALSE(got->converged);
  EXPECT_EQ(got->attribution.approximation_error, 1);
}

TEST(AdaptiveIntegratedGradients, GivesEachInstanceItsOwnPointsAndOneCallARound) {
  ClosedForm f([](const Numbers& v) { return std::tanh(v[0]); },
               [](const Numbers& v) {
                 const double t = std::tanh(v[0]);
                 return Numbers{1 - t * t};
               });
  const Row easy = Vector({0.1}), hard = Vector({40}), zero = Vector({0}), one = Vector({1});
  const std::vector<IgTask> tasks = {{.instance = 0, .x = &easy, .baselines = {&zero}},
                                     {.instance = 1, .x = &hard, .baselines = {&zero, &one}}};
  const Result<std::vector<AdaptiveAttribution>> got = AdaptiveIntegratedGradients(f, tasks, {});
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_EQ((*got)[0].steps, 7);
  EXPECT_GT((*got)[1].steps, 14);
  EXPECT_NEAR((*got)[0].attribution.values[0].Number(0), std::tanh(0.1), 1e-6);
  const double change = std::tanh(40) - std::tanh(1) / 2;
  EXPECT_NEAR((*got)[1].attribution.values[0].Number(0), change, 0.01 * change);
  EXPECT_NEAR((*got)[1].attribution.baseline_score, std::tanh(1) / 2, 1e-12);
  EXPECT_LE(f.gradient_calls, 8u);
}

struct BadOptions {
  const char* name;
  AdaptiveGradientsOptions options;
  const char* message;
};
void PrintTo(const BadOptions& bad, std::ostream* os) { *os << bad.name; }
class BadAdaptiveOptionsTest : public testing::TestWithParam<BadOptions> {};
TEST_P(BadAdaptiveOptionsTest, AreRefused) {
  ClosedForm f([](const Numbers&) { return 0; }, [](const Numbers&) { return Numbers{0}; });
  const Result<AdaptiveAttribution> got = Explain(f, {1}, {0}, GetParam().options);
  EXPECT_EQ(got.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(got.status().message(), HasSubstr(GetParam().message));
}
INSTANTIATE_TEST_SUITE_P(
    , BadAdaptiveOptionsTest,
    testing::Values(BadOptions{"zero_tolerance", {.tolerance = 0}, "tolerance"},
                    BadOptions{"tolerance_of_one", {.tolerance = 1}, "tolerance"},
                    BadOptions{"tolerance_nan",
                               {.tolerance = std::numeric_limits<double>::quiet_NaN()},
                               "tolerance"},
                    BadOptions{"few_steps", {.max_steps = 6}, "max_steps"},
                    BadOptions{"many_steps", {.max_steps = 10001}, "max_steps"}),
    [](const testing::TestParamInfo<BadOptions>& bad) { return bad.param.name; });

}  // namespace
}  // namespace whylight
