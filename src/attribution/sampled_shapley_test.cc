#include "attribution/sampled_shapley.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "attribution/closed_form.h"
#include "attribution/pieces.h"

namespace whylight {
namespace {

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
  WHYLIGHT_ASSIGN_OR_RETURN(const ShapleyTask task,
                            TensorGame(0, x_row, rows, ElementPlayers(x_row)));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<ShapleyValues> all,
                            SampledShapley(f, {&task, 1}, options));
  return all.at(0);
}

// The definition: the mean marginal over all orders.
Numbers ExactShapley(const ClosedForm::Score& score, const Numbers& x, const Numbers& baseline) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), 0u);
  Numbers values(x.size(), 0);
  double orders = 0;
  do {
    Numbers at = baseline;
    double before = score(at);
    for (const std::size_t i : order) {
      at[i] = x[i];
      const double after = score(at);
      values[i] += after - before;
      before = after;
    }
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  for (double& value : values) value /= orders;
  return values;
}

struct Exact {
  const char* name;
  ClosedForm::Score score;
  Numbers x, baseline;
  Numbers want;
};
void PrintTo(const Exact& exact, std::ostream* os) { *os << exact.name; }
class ExactTest : public testing::TestWithParam<Exact> {};

TEST_P(ExactTest, EnumerationAgreesAndSamplesComeAsNearAsTheySay) {
  const Exact& c = GetParam();
  EXPECT_THAT(ExactShapley(c.score, c.x, c.baseline), Pointwise(DoubleNear(1e-12), c.want));
  ClosedForm f(c.score);
  const ShapleyValues got = *Explain(f, c.x, {c.baseline}, {.paths = 4000, .seed = 5});
  double sum = 0;
  for (std::size_t i = 0; i < c.want.size(); ++i) {
    // 5 standard errors, and rounding where the marginal is always the same.
    EXPECT_NEAR(got.values[i], c.want[i], 5 * got.standard_errors[i] + 1e-10) << i;
    sum += got.values[i];
  }
  EXPECT_NEAR(sum, got.input_score - got.baseline_score, 1e-9);
  EXPECT_EQ(got.input_score, c.score(c.x));
  EXPECT_NEAR(got.baseline_score, c.score(c.baseline), 1e-12);
  EXPECT_LE(f.scored.size(), std::size_t{1} << c.x.size());  // No coalition twice.
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

double Messy(const Numbers& v) {
  return std::sin(v[0] * v[1]) + v[2] * v[3] * v[4] - std::exp(v[5] * v[0] / 4);
}
const Numbers kMessy = {1, 2, -1, 3, 0.5, 2};
const Numbers kZeros = {0, 0, 0, 0, 0, 0};

TEST(SampledShapley, StandardErrorIsThatOfRepeatedSampling) {
  // Over 400 seeds: the spread of the estimates against the mean of the reported errors.
  double squares = 0, reported = 0;
  const Numbers want = ExactShapley(Messy, kMessy, kZeros);
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    ClosedForm f(Messy);
    const ShapleyValues got = *Explain(f, kMessy, {kZeros}, {.paths = 20, .seed = seed});
    for (std::size_t i = 0; i < want.size(); ++i) {
      squares += std::pow(got.values[i] - want[i], 2);
      reported += std::pow(got.standard_errors[i], 2);
    }
  }
  EXPECT_NEAR(squares / reported, 1, 0.15);  // sqrt(2 / 400) = 7 %, twice
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

TEST(SampledShapley, IsExactAndKnowsItWhereOrderDoesNotMatter) {
  ClosedForm f([](const Numbers& v) { return 2 * v[0] - 3 * v[1] + v[2]; });
  const ShapleyValues got = *Explain(f, {1, 2, 3}, {{0, 0, 0}}, {.paths = 2});
  EXPECT_THAT(got.values, Pointwise(DoubleNear(1e-14), Numbers{2, -6, 3}));
  EXPECT_NEAR(got.approximation_error, 0, 1e-14);
}

TEST(SampledShapley, OnePathHasAnUnknownError) {
  ClosedForm f(Messy);
  EXPECT_EQ(Explain(f, kMessy, {kZeros}, {.paths = 1})->approximation_error, kInf);
  Numbers one_differs = kMessy;
  one_differs[3] = 0;
  const ShapleyValues alone = *Explain(f, kMessy, {one_differs}, {.paths = 1});
  EXPECT_EQ(alone.approximation_error, 0);
  EXPECT_EQ(alone.values[0], 0);
  EXPECT_NEAR(alone.values[3], -1.5, 1e-14);
}

TEST(SampledShapley, TakesWhatEqualsTheBaselineForNoPlayer) {
  ClosedForm f(Messy);
  const Numbers baseline = {1, 2, -1, 0, 0, 2};  // Differs in elements 3 and 4.
  const ShapleyValues got = *Explain(f, kMessy, {baseline}, {.paths = 50});
  for (const std::size_t i : {0, 1, 2, 5}) EXPECT_EQ(got.values[i], 0) << i;
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
  const auto score = [](const Numbers& v) { return 10 * v[0] + v[1]; };
  ClosedForm f(score);
  const ShapleyValues got =
      *Explain(f, {1, 1}, {{0, 0}, {-1, 0}, {0, -2}}, {.paths = 4});  // The first one twice.
  EXPECT_NEAR(got.baseline_score, (2 * 0.0 - 10 - 2) / 4, 1e-14);
  EXPECT_THAT(got.values, Pointwise(DoubleNear(1e-14), Numbers{12.5, 1.5}));
  ClosedForm g(score);
  EXPECT_NEAR(Explain(g, {1, 1}, {{0, 0}, {-1, 0}}, {.paths = 1})->baseline_score, 0, 0);
}

TEST(SampledShapley, IsTheSameForASeedOnEveryPlatform) {
  ClosedForm f(Messy);
  const ShapleyValues first = *Explain(f, kMessy, {kZeros}, {.paths = 3, .seed = 42});
  const ShapleyValues again = *Explain(f, kMessy, {kZeros}, {.paths = 3, .seed = 42});
  const ShapleyValues other = *Explain(f, kMessy, {kZeros}, {.paths = 3, .seed = 43});
  EXPECT_EQ(first.values, again.values);
  EXPECT_NE(first.values, other.values);
  // How often each of four players joins last in eight orders: fixed for all time.
  ClosedForm last([](const Numbers& v) {
    return v[0] * v[1] * v[2] * v[3];  // Only the last to join changes the product.
  });
  const ShapleyValues orders =
      *Explain(last, {1, 1, 1, 1}, {{0, 0, 0, 0}}, {.paths = 8, .seed = 1});
  EXPECT_EQ(orders.values, (Numbers{0.125, 0.5, 0.25, 0.125}));
}

TEST(SampledShapley, DoesNotDependOnTheBatch) {
  ClosedForm f(Messy);
  std::vector<ShapleyTask> tasks;
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
  const ShapleyTask task{.players = words.size(),
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
  const ShapleyTask nobody = *TensorGame(0, x, {&x, 1}, {});
  const auto got = *SampledShapley(f, {&nobody, 1}, {});
  EXPECT_TRUE(got[0].values.empty());
  EXPECT_EQ(got[0].input_score, got[0].baseline_score);
  EXPECT_EQ(got[0].approximation_error, 0);
}

TEST(TensorGame, MovesGroupsTogetherAndLeavesTheRestAlone) {
  const Row x = {Tensor::Strings(Shape{2}, {"aa", "b"}), Tensor::Of<int>(Shape{3}, {1, 2, 3})};
  const Row baseline = {Tensor::Strings(Shape{2}, {"", "?"}), Tensor::Of<int>(Shape{3}, {0, 0, 3})};
  const ShapleyTask task =
      *TensorGame(0, x, {&baseline, 1},
                  {{{.input = 0, .indices = {0}}, {.input = 1, .indices = {1}}},
                   {{.input = 0, .indices = {1}}},
                   {{.input = 1, .indices = {2}}}});
  const Row none = *task.make({false, false, false}, 0);
  EXPECT_EQ(none[0], Tensor::Strings(Shape{2}, {"", "?"}));
  EXPECT_EQ(none[1], Tensor::Of<int>(Shape{3}, {1, 0, 3}));  // Element 0 belongs to nobody.
  EXPECT_EQ(*task.make({true, true, true}, 0), x);
  const Row group = *task.make({true, false, false}, 0);
  EXPECT_EQ(group[0], Tensor::Strings(Shape{2}, {"aa", "?"}));
  EXPECT_EQ(group[1], Tensor::Of<int>(Shape{3}, {1, 2, 3}));
  EXPECT_EQ(task.idle, (std::vector<std::vector<bool>>{{false, false, true}}));
}

TEST(TensorGame, MakesPlayersOfInputsAndElements) {
  const Row x = {Tensor::Scalar<float>(1), Tensor(DType::kFloat32, Shape{2, 2}),
                 Tensor(DType::kFloat32, Shape{0})};
  EXPECT_EQ(InputPlayers(x).size(), 3u);
  EXPECT_EQ(ElementPlayers(x).size(), 5u);
  EXPECT_TRUE(TensorGame(0, x, {&x, 1}, InputPlayers(x)).ok());
  EXPECT_TRUE(TensorGame(0, x, {&x, 1}, ElementPlayers(x)).ok());
}

struct BadGame {
  const char* name;
  std::vector<Row> baselines;
  std::vector<Player> players;
  const char* message;
};
void PrintTo(const BadGame& bad, std::ostream* os) { *os << bad.name; }
class BadGameTest : public testing::TestWithParam<BadGame> {};

TEST_P(BadGameTest, NamesPlaceExpectedAndFound) {
  const auto got = TensorGame(2, Vector({1, 2}), GetParam().baselines, GetParam().players);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(got.status().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    , BadGameTest,
    testing::Values(
        BadGame{"no_baseline", {}, {}, "instances[2]: expected a baseline, got none"},
        BadGame{"other_shape",
                {Vector({1})},
                {},
                "instances[2].inputs[0]: expected a baseline of float64[2], got float64[1]"},
        BadGame{"no_such_input",
                {Vector({0, 0})},
                {{{.input = 1, .indices = {}}}},
                "instances[2].players[0]: expected one of 1 inputs, got input 1"},
        BadGame{"no_such_element",
                {Vector({0, 0})},
                {{}, {{.input = 0, .indices = {2}}}},
                "players[1]: expected one of 2 elements of input 0, got element 2"},
        BadGame{"taken_twice",
                {Vector({0, 0})},
                {{{.input = 0, .indices = {1}}}, {{.input = 0, .indices = {}}}},
                "players[1]: element 1 of input 0 is taken already"}),
    [](const auto& row) { return row.param.name; });

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
        BadOptions{"no_points", {.max_points = 0}, "max_points: expected at least 1, got 0"}),
    [](const auto& row) { return row.param.name; });

TEST(SampledShapley, RefusesWhatNobodyCanWaitFor) {
  ClosedForm f(Messy);
  const ShapleyTask task{
      .instance = 4,
      .players = std::size_t{1} << 40,
      .make = [](const Coalition&, std::size_t) -> Result<Row> { return Row{}; }};
  const auto got = SampledShapley(f, {&task, 1}, {});
  EXPECT_EQ(got.status().code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(got.status().message(), HasSubstr("instances[4]: 1099511627776 players on 25 paths"));
}

TEST(SampledShapley, PassesOnWhatGoesWrong) {
  ClosedForm f(Messy);
  f.status = Status(StatusCode::kCancelled, "the caller left");
  EXPECT_EQ(Explain(f, kMessy, {kZeros}, {}).status(), f.status);
  ClosedForm infinite([](const Numbers& v) { return 1 / v[0]; });
  EXPECT_EQ(Explain(infinite, {1}, {{0}}, {}).status().code(), StatusCode::kFailedPrecondition);
  const ShapleyTask task{
      .instance = 3, .players = 1, .make = [](const Coalition&, std::size_t) -> Result<Row> {
        return NotFound("no such piece");
      }};
  EXPECT_EQ(SampledShapley(f, {&task, 1}, {}).status(), NotFound("instances[3]: no such piece"));
}

}  // namespace
}  // namespace whylight
