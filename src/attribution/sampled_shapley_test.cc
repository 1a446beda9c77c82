#include "attribution/sampled_shapley.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "attribution/closed_form.h"
#include "attribution/dividends.h"
#include "attribution/pieces.h"

namespace whylight {
namespace {

using testing::AllOf;
using testing::DoubleNear;
using testing::HasSubstr;
using testing::Pointwise;

constexpr double kInf = std::numeric_limits<double>::infinity();

// Explains one vector whose elements are the players.
Result<ShapleyValues> Explain(Function& f, const Numbers& x, const std::vector<Numbers>& baselines,
                              const SampledShapleyOptions& options) {
  std::vector<Row> rows;
  for (const Numbers& baseline : baselines) rows.push_back(Vector(baseline));
  const Row x_row = Vector(x);
  WHYLIGHT_ASSIGN_OR_RETURN(const Game task, TensorGame(0, x_row, rows, ElementPlayers(x_row)));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<ShapleyValues> all,
                            SampledShapley(f, {&task, 1}, options));
  return all.at(0);
}

struct Exact {
  const char* name;
  ClosedForm::Score score;
  Numbers x, baseline;
  Numbers want;
};
void PrintTo(const Exact& exact, std::ostream* os) { *os << exact.name; }
class ExactTest : public testing::TestWithParam<Exact> {};

TEST_P(ExactTest, IsExactWhereThatCostsNoMore) {
  const Exact& c = GetParam();
  EXPECT_THAT(ByDividends(c.score, c.x, c.baseline), Pointwise(DoubleNear(1e-12), c.want));
  ClosedForm f(c.score);
  const ShapleyValues got = *Explain(f, c.x, {c.baseline}, {});
  EXPECT_TRUE(got.exact);
  EXPECT_EQ(got.paths, 0);
  EXPECT_THAT(got.values, Pointwise(DoubleNear(1e-12), c.want));
  EXPECT_EQ(got.standard_errors, Numbers(c.x.size(), 0));
  EXPECT_EQ(got.approximation_error, 0);
  EXPECT_EQ(got.input_score, c.score(c.x));
  EXPECT_EQ(got.baseline_score, c.score(c.baseline));
  EXPECT_EQ(f.scored.size(), std::size_t{1} << c.x.size());
  EXPECT_EQ(got.coalitions, f.scored.size());
}

// Beside players that change nothing there are too many coalitions, so orders are drawn.
TEST_P(ExactTest, SamplesComeAsNearAsTheySay) {
  const Exact& c = GetParam();
  Numbers x = c.x, baseline = c.baseline;
  x.resize(20, 1);
  baseline.resize(20, 0);
  ClosedForm f(c.score);
  const ShapleyValues got = *Explain(f, x, {baseline}, {.paths = 500, .seed = 5});
  EXPECT_FALSE(got.exact);
  EXPECT_EQ(got.paths, 500);
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double want = i < c.want.size() ? c.want[i] : 0;
    // 5 standard errors, and rounding where the marginal is always the same.
    EXPECT_NEAR(got.values[i], want, 5 * got.standard_errors[i] + 1e-10) << i;
    if (i >= c.want.size()) {
      EXPECT_EQ(got.standard_errors[i], 0) << i;
    }
    sum += got.values[i];
  }
  EXPECT_NEAR(sum, got.input_score - got.baseline_score, 1e-9);
  EXPECT_EQ(got.input_score, c.score(c.x));
  EXPECT_EQ(got.baseline_score, c.score(c.baseline));
}

INSTANTIATE_TEST_SUITE_P(
    , ExactTest,
    testing::Values(
        Exact{"linear",
              [](const Numbers& v) { return 2 * v[0] - 3 * v[1] + 7; },
              {5, 1},
              {1, -1},
              {8, -6}},
        Exact{"product", [](const Numbers& v) { return v[0] * v[1]; }, {4, -5}, {0, 0}, {-10, -10}},
        // A pair is a left and a right glove; 0 and 1 have left ones, 2 has a right one.
        Exact{"glove_game",
              [](const Numbers& v) { return std::min(v[0] + v[1], v[2]); },
              {1, 1, 1},
              {0, 0, 0},
              {1.0 / 6, 1.0 / 6, 4.0 / 6}},
        // Weighted voting [51; 50, 49, 1]: orders in which each turns the vote.
        Exact{"voting",
              [](const Numbers& v) { return 50 * v[0] + 49 * v[1] + v[2] >= 51 ? 1.0 : 0.0; },
              {1, 1, 1},
              {0, 0, 0},
              {4.0 / 6, 1.0 / 6, 1.0 / 6}},
        Exact{"product_of_four",
              [](const Numbers& v) { return v[0] * v[1] * v[2] * v[3]; },
              {1, 2, 3, 4},
              {0, 0, 0, 0},
              {6, 6, 6, 6}},
        Exact{"dummy",
              [](const Numbers& v) { return v[0] * v[2]; },
              {3, 100, 2},
              {0, 0, 0},
              {3, 0, 3}},
        Exact{"one_player",
              [](const Numbers& v) { return std::exp(v[0]); },
              {1},
              {0},
              {std::exp(1) - 1}}),
    [](const auto& row) { return row.param.name; });

// Nine players: 512 coalitions, which no fewer than 64 paths may cost.
double Messy(const Numbers& v) {
  return std::sin(v[0] * v[1]) + v[2] * v[3] * v[4] - std::exp(v[5] * v[0] / 4) +
         v[6] * std::cos(v[7]) - v[8];
}
const Numbers kMessy = {1, 2, -1, 3, 0.5, 2, 1.5, -2, 0.25};
const Numbers kZeros(9, 0);

// Mean squared error and mean of the reported variance of all players over the seeds.
Spread SampledSpread(int seeds, const ClosedForm::Score& score, const Numbers& x,
                     const std::vector<Numbers>& baselines, SampledShapleyOptions options) {
  return SpreadOver(seeds, ByDividends(score, x, baselines), [&](std::uint64_t seed) {
    ClosedForm f(score);
    options.seed = seed;
    ShapleyValues got = *Explain(f, x, baselines, options);
    EXPECT_FALSE(got.exact);
    return got;
  });
}

struct SpreadCase {
  const char* name;
  SampledShapleyOptions options;
  std::vector<Numbers> baselines;
};
void PrintTo(const SpreadCase& c, std::ostream* os) { *os << c.name; }
class SpreadTest : public testing::TestWithParam<SpreadCase> {};

TEST_P(SpreadTest, StandardErrorIsThatOfRepeatedSampling) {
  const Spread spread = SampledSpread(400, Messy, kMessy, GetParam().baselines, GetParam().options);
  EXPECT_NEAR(spread.squares / spread.reported, 1, 0.15);  // sqrt(2 / 400) = 7 %, twice
}

INSTANTIATE_TEST_SUITE_P(
    , SpreadTest,
    testing::Values(SpreadCase{"pairs", {.paths = 20}, {kZeros}},
                    SpreadCase{"pairs_and_one", {.paths = 21}, {kZeros}},
                    SpreadCase{"orders_alone", {.paths = 20, .antithetic = false}, {kZeros}},
                    // Far apart: taking that for a sampling error would be wrong by far.
                    SpreadCase{"two_baselines", {.paths = 40}, {kZeros, Numbers(9, -3)}},
                    SpreadCase{"uneven_baselines", {.paths = 42}, {kZeros, Numbers(9, -1)}}),
    [](const auto& row) { return row.param.name; });

// Where players interact in pairs, what an order overrates its reverse underrates as much: only
// higher interactions leave an error. Seeds are fixed, so the figures are too.
TEST(SampledShapley, AReverseIsWorthMoreThanAnotherOrder) {
  const auto pairwise = [](const Numbers& v) {
    double score = 0.02 * v[0] * v[3] * v[6];
    for (std::size_t i = 0; i < v.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k)
        score += std::sin(static_cast<double>(7 * i + k)) * v[i] * v[k];
    }
    return score;
  };
  const Numbers x(9, 1);
  const Spread pairs = SampledSpread(200, pairwise, x, {kZeros}, {.paths = 20});
  const Spread alone =
      SampledSpread(200, pairwise, x, {kZeros}, {.paths = 20, .antithetic = false});
  EXPECT_LT(pairs.squares, alone.squares / 1000);
  EXPECT_LT(pairs.reported, alone.reported / 1000);  // And it is known.
  // With interactions of three and more it is still no worse.
  EXPECT_LT(
      SampledSpread(200, Messy, kMessy, {kZeros}, {.paths = 20}).squares,
      SampledSpread(200, Messy, kMessy, {kZeros}, {.paths = 20, .antithetic = false}).squares);
}

TEST(SampledShapley, ApproximationErrorIsTheErrorOfTheWholeOverTheDifference) {
  ClosedForm f(Messy);
  const ShapleyValues got = *Explain(f, kMessy, {kZeros}, {.paths = 20});
  double squares = 0;
  for (const double error : got.standard_errors) squares += error * error;
  EXPECT_GT(squares, 0);
  EXPECT_NEAR(got.approximation_error,
              std::sqrt(squares) / std::abs(got.input_score - got.baseline_score), 1e-15);
}

TEST(SampledShapley, KnowsThatOrderDoesNotMatter) {
  ClosedForm f([](const Numbers& v) { return std::accumulate(v.begin(), v.end(), 1e6); });
  const ShapleyValues got = *Explain(f, kMessy, {kZeros}, {.paths = 5});
  EXPECT_FALSE(got.exact);
  EXPECT_THAT(got.values, Pointwise(DoubleNear(1e-8), kMessy));  // Scores of 1e6 have 1e-10.
  EXPECT_NEAR(got.approximation_error, 0, 1e-9);
}

TEST(SampledShapley, OneUnitHasAnUnknownError) {
  for (const int paths : {1, 2}) {  // An order alone; a pair.
    ClosedForm f(Messy);
    const ShapleyValues got = *Explain(f, kMessy, {kZeros}, {.paths = paths});
    EXPECT_EQ(got.approximation_error, kInf) << paths;
    EXPECT_EQ(got.standard_errors, Numbers(9, kInf)) << paths;
  }
  ClosedForm f(Messy);
  EXPECT_LT(Explain(f, kMessy, {kZeros}, {.paths = 3})->approximation_error, kInf);
  Numbers one_differs = kMessy;
  one_differs[3] = 0;
  const ShapleyValues alone = *Explain(f, kMessy, {one_differs}, {.paths = 1});
  EXPECT_EQ(alone.approximation_error, 0);
  EXPECT_EQ(alone.values[0], 0);
  EXPECT_NEAR(alone.values[3], -1.5, 1e-14);
}

TEST(SampledShapley, TakesWhatEqualsTheBaselineForNoPlayer) {
  ClosedForm f(Messy);
  Numbers baseline = kMessy;
  baseline[3] = baseline[4] = 0;
  const ShapleyValues got = *Explain(f, kMessy, {baseline}, {.paths = 50});
  for (const std::size_t i : {0, 1, 2, 5, 6, 7, 8}) EXPECT_EQ(got.values[i], 0) << i;
  EXPECT_EQ(f.scored.size(), 4u);
}

TEST(SampledShapley, OfAnInputEqualToItsBaselineIsZeroForOneScore) {
  ClosedForm f(Messy);
  const ShapleyValues got = *Explain(f, kMessy, {kMessy}, {.paths = 50});
  EXPECT_EQ(got.values, kZeros);
  EXPECT_EQ(got.approximation_error, 0);
  EXPECT_EQ(got.input_score, got.baseline_score);
  EXPECT_EQ(f.scored.size(), 1u);
}

TEST(SampledShapley, ScoresEachCoalitionOnceAndTheInputOnceForAllBaselines) {
  const std::size_t players = 20;  // So many that no coalition but the first and last ones repeats.
  const auto sum = [](const Numbers& v) { return std::accumulate(v.begin(), v.end(), 0.0); };
  ClosedForm f(sum);
  const std::vector<Numbers> baselines = {Numbers(players, 0), Numbers(players, 1)};
  ASSERT_TRUE(Explain(f, Numbers(players, 2), baselines, {.paths = 4}).ok());
  std::set<Numbers> distinct;
  for (const Point& point : f.scored) {
    const std::span<const double> row = point.row[0].data<double>();
    EXPECT_TRUE(distinct.insert(Numbers(row.begin(), row.end())).second);
  }
  EXPECT_LE(distinct.size(), 4 * (players - 1) + 3);
  EXPECT_GE(distinct.size(), 4 * (players - 1) + 3 - 8);
  EXPECT_EQ(f.evaluate_calls, 1u);
}

TEST(SampledShapley, PathsTakeTurnsWithTheBaselines) {
  // Ten players, so that no exact answer is cheaper; the first two differ.
  const auto score = [](const Numbers& v) {
    return 10 * v[0] + v[1] + std::accumulate(v.begin() + 2, v.end(), 0.0);
  };
  Numbers x(10, 1);
  std::vector<Numbers> baselines(3, Numbers(10, 0));
  baselines[1][0] = -1;
  baselines[2][1] = -2;
  ClosedForm f(score);
  const ShapleyValues got = *Explain(f, x, baselines, {.paths = 4});  // The first one twice.
  EXPECT_NEAR(got.baseline_score, (2 * 0.0 - 10 - 2) / 4, 1e-14);
  EXPECT_NEAR(got.values[0], 12.5, 1e-14);
  EXPECT_NEAR(got.values[1], 1.5, 1e-14);
  ClosedForm g(score);
  EXPECT_NEAR(Explain(g, x, baselines, {.paths = 1})->baseline_score, 0, 0);
}

TEST(SampledShapley, AnExactAnswerIsTheMeanOverTheBaselines) {
  const std::vector<Numbers> baselines = {kZeros, kMessy, Numbers(9, 0.5)};
  ClosedForm f(Messy);
  const ShapleyValues got = *Explain(f, kMessy, baselines, {.exact = true});
  ASSERT_TRUE(got.exact);
  const Numbers want = ByDividends(Messy, kMessy, baselines);
  const double baseline_score = (Messy(kZeros) + Messy(kMessy) + Messy(Numbers(9, 0.5))) / 3;
  EXPECT_THAT(got.values, Pointwise(DoubleNear(1e-12), want));
  EXPECT_NEAR(got.baseline_score, baseline_score, 1e-12);
  // One player of the third equals its baseline; the second is the instance itself.
  EXPECT_EQ(f.scored.size(), 1u + 511u + 0u + 255u);
}

TEST(SampledShapley, IsTheSameForASeedOnEveryPlatform) {
  ClosedForm f(Messy);
  const ShapleyValues first = *Explain(f, kMessy, {kZeros}, {.paths = 3, .seed = 42});
  const ShapleyValues again = *Explain(f, kMessy, {kZeros}, {.paths = 3, .seed = 42});
  const ShapleyValues other = *Explain(f, kMessy, {kZeros}, {.paths = 3, .seed = 43});
  EXPECT_EQ(first.values, again.values);
  EXPECT_NE(first.values, other.values);
  // How often each of nine players joins last in eight orders and their reverses: fixed for all
  // time.
  ClosedForm last([](const Numbers& v) {
    return std::accumulate(v.begin(), v.end(), 1.0, std::multiplies<>());
  });
  const ShapleyValues orders = *Explain(last, Numbers(9, 1), {kZeros}, {.paths = 16, .seed = 1});
  Numbers times = orders.values;
  for (double& value : times) value *= 16;
  EXPECT_EQ(times, (Numbers{3, 2, 0, 1, 2, 2, 3, 1, 2}));
}

TEST(SampledShapley, DrawsUntilTheErrorIsTolerable) {
  double paths_before = 0;
  for (const double tolerance : {0.3, 0.05}) {
    ClosedForm f(Messy);
    const ShapleyValues got =
        *Explain(f, kMessy, {kZeros}, {.paths = kMaxPaths, .tolerance = tolerance});
    EXPECT_LE(got.approximation_error, tolerance);
    if (got.exact) {
      EXPECT_LE(f.scored.size(), 512u);  // What was scored before is not scored again.
    } else {
      EXPECT_EQ(got.paths % 2, 0);
      EXPECT_GE(got.paths, 16);
      EXPECT_GT(got.paths, paths_before);
      paths_before = got.paths;
    }
    EXPECT_EQ(got.coalitions, f.scored.size());
  }
}

TEST(SampledShapley, StopsAtTheMostPathsWhateverTheError) {
  ClosedForm f(Messy);
  const ShapleyValues got = *Explain(f, kMessy, {kZeros}, {.paths = 25, .tolerance = 1e-9});
  EXPECT_EQ(got.paths, 24);  // Whole pairs.
  EXPECT_GT(got.approximation_error, 1e-9);
}

TEST(SampledShapley, TurnsExactWhenATolerancesPathsWouldCostAsMuch) {
  ClosedForm f(Messy);
  const ShapleyValues got = *Explain(f, kMessy, {kZeros}, {.paths = kMaxPaths, .tolerance = 1e-9});
  EXPECT_TRUE(got.exact);
  EXPECT_EQ(f.scored.size(), 512u);
  EXPECT_THAT(got.values, Pointwise(DoubleNear(1e-10), ByDividends(Messy, kMessy, kZeros)));
}

TEST(SampledShapley, SplitsWhatWouldNotFitMemory) {
  for (const std::optional<double> tolerance : {std::optional<double>(), std::optional(0.08)}) {
    ClosedForm f(Messy), g(Messy);
    SampledShapleyOptions options{.paths = 60, .tolerance = tolerance, .seed = 3};
    const ShapleyValues whole = *Explain(f, kMessy, {kZeros}, options);
    options.max_steps = 30;
    const ShapleyValues split = *Explain(g, kMessy, {kZeros}, options);
    EXPECT_EQ(whole.values, split.values);
    EXPECT_EQ(whole.standard_errors, split.standard_errors);
    EXPECT_EQ(whole.paths, split.paths);
    EXPECT_GT(split.paths, 10);
    EXPECT_GT(g.scored.size(), f.scored.size());  // The price: some coalitions twice.
  }
}

TEST(SampledShapley, DoesNotDependOnTheBatch) {
  ClosedForm f(Messy);
  std::vector<Game> tasks;
  const std::vector<Row> baseline = {Vector(kZeros)};
  for (int i = 0; i < 5; ++i) {
    Numbers x = kMessy;
    x[0] += i;
    const Row row = Vector(x);
    tasks.push_back(*TensorGame(i, row, baseline, ElementPlayers(row)));
  }
  const auto together = *SampledShapley(f, tasks, {.paths = 10, .max_points = 7});
  EXPECT_EQ(f.largest_call, 7u);
  EXPECT_EQ(f.evaluate_calls, (f.scored.size() + 6) / 7);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto alone = *SampledShapley(f, {&tasks[i], 1}, {.paths = 10});
    EXPECT_EQ(alone[0].values, together[i].values) << i;
    EXPECT_EQ(alone[0].approximation_error, together[i].approximation_error) << i;
  }
}

TEST(SampledShapley, ExplainsTextByItsPieces) {
  const std::string text = "not a good film";
  const std::vector<std::string_view> words = SplitIntoPieces(text, PieceKind::kWords);
  // The score of a text is its length, so a word's value is its own.
  ClosedForm f([](const Numbers& v) { return v[0]; });
  const Game task{.players = words.size(),
                  .make = [&](const Coalition& present, std::size_t) -> Result<Row> {
                    return Row{Tensor::ScalarString(JoinPieces(words, present))};
                  }};
  const auto got = *SampledShapley(f, {&task, 1}, {});
  EXPECT_THAT(got[0].values, Pointwise(DoubleNear(1e-13), Numbers{4, 2, 5, 4}));
  EXPECT_EQ(got[0].baseline_score, 0);
}

TEST(SampledShapley, HandlesNoInstancesAndNoPlayers) {
  ClosedForm f(Messy);
  EXPECT_TRUE(SampledShapley(f, {}, {})->empty());
  EXPECT_EQ(f.evaluate_calls, 0u);
  const Row x = Vector(kMessy);
  const Game nobody = *TensorGame(0, x, {&x, 1}, {});
  const auto got = *SampledShapley(f, {&nobody, 1}, {});
  EXPECT_TRUE(got[0].values.empty());
  EXPECT_EQ(got[0].input_score, got[0].baseline_score);
  EXPECT_EQ(got[0].approximation_error, 0);
}

struct BadOptions {
  const char* name;
  SampledShapleyOptions options;
  const char* message;
};
void PrintTo(const BadOptions& bad, std::ostream* os) { *os << bad.name; }
class BadOptionsTest : public testing::TestWithParam<BadOptions> {};

TEST_P(BadOptionsTest, NamesPlaceExpectedAndFound) {
  ClosedForm f(Messy);
  const auto got = Explain(f, kMessy, {kZeros}, GetParam().options);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.status(), InvalidArgument(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    , BadOptionsTest,
    testing::Values(
        BadOptions{"no_paths", {.paths = 0}, "paths: expected 1 to 10000, got 0"},
        BadOptions{"too_many", {.paths = 10001}, "paths: expected 1 to 10000, got 10001"},
        BadOptions{
            "no_tolerance", {.tolerance = 0.0}, "tolerance: expected more than 0, got 0.000000"},
        BadOptions{"no_points", {.max_points = 0}, "max_points: expected at least 1, got 0"}),
    [](const auto& row) { return row.param.name; });

TEST(SampledShapley, RefusesAnExactAnswerThatNobodyCanWaitFor) {
  for (const auto& [players, figure] : {std::pair<std::size_t, const char*>{21, "takes 2097152 c"},
                                        {100, "takes 1.3e+30 coalitions"}}) {
    ClosedForm f(Messy);
    const Status status =
        Explain(f, Numbers(players, 1), {Numbers(players, 0)}, {.exact = true}).status();
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
    EXPECT_THAT(status.message(), AllOf(HasSubstr("instances[0]: "), HasSubstr(figure),
                                        HasSubstr("1048576"), HasSubstr("--paths auto")));
    EXPECT_EQ(f.evaluate_calls, 0u);
  }
}

TEST(SampledShapley, PassesOnWhatGoesWrong) {
  ClosedForm f(Messy);
  f.status = Status(StatusCode::kCancelled, "the caller left");
  EXPECT_EQ(Explain(f, kMessy, {kZeros}, {}).status(), f.status);
  ClosedForm infinite([](const Numbers& v) { return 1 / v[0]; });
  EXPECT_EQ(Explain(infinite, {1}, {{0}}, {}).status().code(), StatusCode::kFailedPrecondition);
  const Game task{
      .instance = 3, .players = 1, .make = [](const Coalition&, std::size_t) -> Result<Row> {
        return NotFound("no such piece");
      }};
  EXPECT_EQ(SampledShapley(f, {&task, 1}, {}).status(), NotFound("instances[3]: no such piece"));
}

}  // namespace
}  // namespace whylight
