#include "attribution/kernel_shap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <set>

#include "attribution/closed_form.h"
#include "attribution/dividends.h"
#include "attribution/sampled_shapley.h"

namespace whylight {
namespace {

using testing::DoubleNear;
using testing::HasSubstr;
using testing::Pointwise;

// Explains one vector whose elements are the players.
Result<ShapleyValues> Explain(Function& f, const Numbers& x, const std::vector<Numbers>& baselines,
                              const KernelShapOptions& options) {
  std::vector<Row> rows;
  for (const Numbers& baseline : baselines) rows.push_back(Vector(baseline));
  const Row x_row = Vector(x);
  WHYLIGHT_ASSIGN_OR_RETURN(const Game game, TensorGame(0, x_row, rows, ElementPlayers(x_row)));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<ShapleyValues> all,
                            KernelShap(f, {&game, 1}, options));
  return all.at(0);
}

// Interactions of two, three and of all that sin and exp hold; element 9 does nothing.
double Messy(const Numbers& v) {
  return std::sin(v[0] * v[1]) + v[2] * v[3] * v[4] - std::exp(v[5] * v[0] / 4) +
         v[6] * std::cos(v[7]) - v[8];
}
const Numbers kMessy = {1, 2, -1, 3, 0.5, 2, 1.5, -2, 0.25, 7};
const Numbers kZeros(10, 0);

double Sum(const Numbers& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

struct Exact {
  const char* name;
  ClosedForm::Score score;
  Numbers x;
};
void PrintTo(const Exact& exact, std::ostream* os) { *os << exact.name; }
class KernelExactTest : public testing::TestWithParam<Exact> {};

TEST_P(KernelExactTest, IsExactWhereAllCoalitionsAreScored) {
  const Exact& c = GetParam();
  const Numbers baseline(c.x.size(), 0);
  ClosedForm f(c.score);
  const ShapleyValues got = *Explain(f, c.x, {baseline}, {});
  EXPECT_TRUE(got.exact);
  EXPECT_THAT(got.values, Pointwise(DoubleNear(1e-10), ByDividends(c.score, c.x, baseline)));
  EXPECT_EQ(got.standard_errors, Numbers(c.x.size(), 0));
  EXPECT_EQ(f.scored.size(), std::size_t{1} << c.x.size());
}

// The regression itself over nearly all coalitions: every size is enumerated but the middle one.
TEST_P(KernelExactTest, ComesAsNearAsItSays) {
  const Exact& c = GetParam();
  if (c.x.size() < 4) return;  // All is enumerated.
  const Numbers baseline(c.x.size(), 0);
  const Numbers want = ByDividends(c.score, c.x, baseline);
  ClosedForm f(c.score);
  const int all = (1 << c.x.size()) - 2;
  const ShapleyValues got = *Explain(f, c.x, {baseline}, {.samples = all - 1, .seed = 1});
  EXPECT_FALSE(got.exact);
  for (std::size_t i = 0; i < want.size(); ++i) {
    EXPECT_NEAR(got.values[i], want[i], 5 * got.standard_errors[i] + 1e-10) << i;
  }
  EXPECT_NEAR(Sum(got.values), got.input_score - got.baseline_score, 1e-10);
}

INSTANTIATE_TEST_SUITE_P(
    , KernelExactTest,
    testing::Values(
        Exact{"one_player", [](const Numbers& v) { return std::exp(v[0]); }, {1}},
        Exact{"two_players", [](const Numbers& v) { return v[0] * v[1] + v[0]; }, {2, 3}},
        Exact{
            "glove_game", [](const Numbers& v) { return std::min(v[0] + v[1], v[2]); }, {1, 1, 1}},
        Exact{"product_of_four",
              [](const Numbers& v) { return v[0] * v[1] * v[2] * v[3]; },
              {1, 2, 3, 4}},
        Exact{"majority_of_seven",
              [](const Numbers& v) { return Sum(v) > 3.5 ? 1.0 : 0.0; },
              {1, 1, 1, 1, 1, 1, 1}},
        Exact{"messy", Messy, kMessy}),
    [](const auto& row) { return row.param.name; });

// F(S) - F(complement) is linear in who is present where players interact in pairs: then any
// regular regression finds the Shapley values, and knows it. value_i of v_i * v_k is half.
TEST(KernelShap, IsExactForPairwiseInteractionsHoweverFewTheSamples) {
  const std::size_t n = 60;
  ClosedForm f([](const Numbers& v) {
    double score = 3;
    for (std::size_t i = 0; i + 2 < v.size(); ++i) {
      score += static_cast<double>(i) * v[i] + v[i] * v[i + 1];
    }
    return score;  // The last one is a dummy.
  });
  const ShapleyValues got = *Explain(f, Numbers(n, 1), {Numbers(n, 0)}, {.samples = 200});
  EXPECT_FALSE(got.exact);
  for (std::size_t i = 0; i < n; ++i) {
    const double pairs = (i + 2 < n ? 0.5 : 0) + (i > 0 && i + 1 < n ? 0.5 : 0);
    const double want = (i + 2 < n ? static_cast<double>(i) : 0) + pairs;
    EXPECT_NEAR(got.values[i], want, 1e-9) << i;  // Of a score of 1800.
    EXPECT_NEAR(got.standard_errors[i], 0, 1e-9) << i;
  }
}

TEST(KernelShap, KeepsTheAxiomsWhateverTheSamples) {
  // 0 and 1 are alike, 12 does nothing, and interactions are of three.
  const auto score = [](const Numbers& v) {
    double sum = v[0] * v[1] * v[2];
    for (std::size_t i = 2; i < 11; ++i) sum += v[i] * v[i + 1 == 12 ? 2 : i + 1] * v[2];
    return sum + std::sin(v[0] + v[1]);
  };
  Numbers x(13, 1);
  for (const int samples : {60, 200, 1000}) {
    ClosedForm f(score);
    const ShapleyValues got = *Explain(f, x, {Numbers(13, 0)}, {.samples = samples, .seed = 2});
    EXPECT_NEAR(Sum(got.values), score(x) - score(Numbers(13, 0)), 1e-10);
    const double error = std::hypot(got.standard_errors[0], got.standard_errors[1]);
    EXPECT_NEAR(got.values[0], got.values[1], 5 * error) << samples;
    EXPECT_NEAR(got.values[12], 0, 5 * got.standard_errors[12]) << samples;
    EXPECT_LT(got.standard_errors[12], 0.5);  // Of a score of 11, so that this says something.
  }
}

Spread KernelSpread(int seeds, const std::vector<Numbers>& baselines, int samples) {
  return SpreadOver(seeds, ByDividends(Messy, kMessy, baselines), [&](std::uint64_t seed) {
    ClosedForm f(Messy);
    ShapleyValues got = *Explain(f, kMessy, baselines, {.samples = samples, .seed = seed});
    EXPECT_FALSE(got.exact);
    EXPECT_NEAR(Sum(got.values), got.input_score - got.baseline_score, 1e-10);
    return got;
  });
}

struct SpreadCase {
  const char* name;
  int samples;
  std::vector<Numbers> baselines;
};
void PrintTo(const SpreadCase& c, std::ostream* os) { *os << c.name; }
class KernelSpreadTest : public testing::TestWithParam<SpreadCase> {};

TEST_P(KernelSpreadTest, StandardErrorIsThatOfRepeatedSampling) {
  const Spread spread = KernelSpread(300, GetParam().baselines, GetParam().samples);
  // sqrt(2 / 300) = 8 %, twice; and a jackknife of few pairs is on the large side.
  EXPECT_LT(spread.squares / spread.reported, 1.16);
  EXPECT_GT(spread.squares / spread.reported, 0.7);
}

INSTANTIATE_TEST_SUITE_P(, KernelSpreadTest,
                         testing::Values(SpreadCase{"half", 500, {kZeros}},
                                         SpreadCase{"some", 200, {kZeros}},
                                         SpreadCase{"few", 80, {kZeros}},
                                         SpreadCase{"baselines", 300, {kZeros, Numbers(10, -1)}}),
                         [](const auto& row) { return row.param.name; });

TEST(KernelShap, IsNearerThanPlainOrdersForTheSameScores) {
  const double kernel = KernelSpread(100, {kZeros}, 180).squares;
  const Numbers want = ByDividends(Messy, kMessy, kZeros);
  double plain = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    ClosedForm f(Messy);
    const Row x = Vector(kMessy), b = Vector(kZeros);
    const Game game = *TensorGame(0, x, {&b, 1}, ElementPlayers(x));
    const auto got =
        *SampledShapley(f, {&game, 1}, {.paths = 20, .seed = seed, .antithetic = false});
    EXPECT_LE(got[0].coalitions, 182u);
    for (std::size_t i = 0; i < want.size(); ++i) {
      plain += std::pow(got[0].values[i] - want[i], 2) / 100;
    }
  }
  EXPECT_LT(kernel, plain / 2);
}

TEST(KernelShap, ScoresNoMoreThanAskedForAndNoCoalitionTwice) {
  for (const int samples : {20, 100, 333}) {
    ClosedForm f(Messy);
    const ShapleyValues got = *Explain(f, kMessy, {kZeros, Numbers(10, -1)}, {.samples = samples});
    std::set<Numbers> distinct;
    for (const Point& point : f.scored) {
      const std::span<const double> row = point.row[0].data<double>();
      EXPECT_TRUE(distinct.insert(Numbers(row.begin(), row.end())).second);
    }
    // Each baseline takes 2 * players at least.
    EXPECT_LE(f.scored.size(), static_cast<std::size_t>(std::max(samples, 40)) + 3);
    EXPECT_EQ(got.coalitions, f.scored.size());
  }
}

TEST(KernelShap, TakesTwiceThePlayersAndTwoThousand) {
  ClosedForm f([](const Numbers& v) { return Sum(v); });
  ASSERT_TRUE(Explain(f, Numbers(30, 1), {Numbers(30, 0)}, {}).ok());
  EXPECT_LE(f.scored.size(), 2u * 30 + 2048 + 2);
  EXPECT_GE(f.scored.size(), 2u * 30 + 2048 - 100);  // But for pairs that were drawn twice.
}

TEST(KernelShap, WithoutDrawnPairsTheErrorIsUnknown) {
  ClosedForm f(Messy);
  const ShapleyValues got = *Explain(f, kMessy, {kZeros}, {.samples = 1});  // That is 20.
  EXPECT_EQ(got.approximation_error, std::numeric_limits<double>::infinity());
  EXPECT_NEAR(Sum(got.values), got.input_score - got.baseline_score, 1e-10);
}

TEST(KernelShap, WhoEqualsEveryBaselineIsNoPlayer) {
  Numbers baseline = kMessy;
  baseline[3] = baseline[4] = 0;
  ClosedForm f(Messy);
  const ShapleyValues got = *Explain(f, kMessy, {baseline}, {});
  for (const std::size_t i : {0, 1, 2, 5, 6, 7, 8, 9}) EXPECT_EQ(got.values[i], 0) << i;
  EXPECT_EQ(f.scored.size(), 4u);
  // From the first baseline all play, from the second one alone, from the third nobody.
  Numbers alone = kMessy;
  alone[8] = 0;
  ClosedForm g(Messy);
  const std::vector<Numbers> baselines = {kZeros, alone, kMessy};
  const ShapleyValues mixed = *Explain(g, kMessy, baselines, {.samples = 600});
  const Numbers want = ByDividends(Messy, kMessy, baselines);
  EXPECT_FALSE(mixed.exact);
  for (std::size_t i = 0; i < want.size(); ++i) {
    EXPECT_NEAR(mixed.values[i], want[i], 5 * mixed.standard_errors[i]) << i;
  }
}

TEST(KernelShap, DependsOnTheSeedAndNotOnTheBatch) {
  ClosedForm f(Messy);
  std::vector<Game> games;
  const std::vector<Row> baseline = {Vector(kZeros)};
  for (std::size_t i = 0; i < 5; ++i) {
    Numbers x = kMessy;
    x[0] += static_cast<double>(i);
    if (i == 3) x[1] = 0;  // One player less.
    const Row row = Vector(x);
    games.push_back(*TensorGame(i, row, baseline, ElementPlayers(row)));
  }
  const auto together = *KernelShap(f, games, {.samples = 100, .max_points = 7});
  EXPECT_EQ(f.largest_call, 7u);
  EXPECT_EQ(f.evaluate_calls, (f.scored.size() + 6) / 7);
  for (std::size_t i = 0; i < games.size(); ++i) {
    const auto alone = *KernelShap(f, {&games[i], 1}, {.samples = 100});
    EXPECT_EQ(alone[0].values, together[i].values) << i;
    EXPECT_EQ(alone[0].standard_errors, together[i].standard_errors) << i;
    const auto other = *KernelShap(f, {&games[i], 1}, {.samples = 100, .seed = 1});
    EXPECT_NE(other[0].values, together[i].values) << i;
  }
}

TEST(KernelShap, SaysWhatIsWrong) {
  ClosedForm f(Messy);
  EXPECT_EQ(Explain(f, kMessy, {kZeros}, {.samples = -1}).status(),
            InvalidArgument("samples: expected 1 to 1048576, got -1"));
  EXPECT_EQ(Explain(f, kMessy, {kZeros}, {.max_points = 0}).status(),
            InvalidArgument("max_points: expected at least 1, got 0"));
  f.status = Status(StatusCode::kCancelled, "the caller left");
  EXPECT_EQ(Explain(f, kMessy, {kZeros}, {.samples = 100}).status(), f.status);
  ClosedForm infinite([](const Numbers& v) { return 1 / v[0]; });
  EXPECT_EQ(Explain(infinite, kMessy, {kZeros}, {.samples = 100}).status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_TRUE(KernelShap(f, {}, {})->empty());
}

}  // namespace
}  // namespace whylight
