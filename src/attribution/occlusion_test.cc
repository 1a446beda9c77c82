#include "attribution/occlusion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "attribution/closed_form.h"

namespace whylight {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

Game GameOf(const Row& x, std::vector<Row> baselines, std::size_t instance = 0) {
  return *OverlappingGame(instance, x, baselines, ElementPlayers(x));
}

ClosedForm Product() {
  return ClosedForm([](const Numbers& x) { return x[0] * x[1] + x[2]; });
}

TEST(Occlusion, IsWhatTheScoreLoses) {
  ClosedForm f = Product();
  const Game game = GameOf(Vector({2, 5, 7}), {Vector({1, 0, 0})});
  const auto all = Occlusion(f, {&game, 1}, {});
  ASSERT_TRUE(all.ok()) << all.status().message();
  EXPECT_THAT((*all)[0].values, ElementsAre(5, 10, 7));
  EXPECT_EQ((*all)[0].input_score, 17);
  EXPECT_EQ((*all)[0].baseline_score, 0);
  EXPECT_EQ(f.scored.size(), 5u);
}

TEST(Occlusion, AveragesOverBaselinesAndSkipsWhatIsTheBaseline) {
  ClosedForm f = Product();
  const Game game = GameOf(Vector({2, 5, 7}), {Vector({0, 5, 7}), Vector({2, 5, 3})});
  const auto all = Occlusion(f, {&game, 1}, {});
  ASSERT_TRUE(all.ok());
  EXPECT_THAT((*all)[0].values, ElementsAre(5, 0, 2));
  EXPECT_EQ((*all)[0].baseline_score, (7 + 13) / 2.0);
  EXPECT_EQ(f.scored.size(), 1u + 2 + 2) << "x, two baselines, and what differs from each";
}

TEST(Occlusion, OfTheBaselineItselfIsZero) {
  ClosedForm f = Product();
  const Row x = Vector({2, 5, 7});
  const Game game = GameOf(x, {x});
  EXPECT_THAT((*Occlusion(f, {&game, 1}, {}))[0].values, Each(0));
  EXPECT_EQ(f.scored.size(), 2u);
}

TEST(Occlusion, IsTheSameInSmallCalls) {
  const std::vector<Game> games = {GameOf(Vector({2, 5, 7}), {Vector({0, 0, 0})}, 0),
                                   GameOf(Vector({1, 1, 4}), {Vector({3, 0, 0})}, 1)};
  ClosedForm f = Product(), g = Product();
  const auto large = Occlusion(f, games, {}), small = Occlusion(g, games, {.max_points = 1});
  ASSERT_TRUE(large.ok() && small.ok());
  for (std::size_t i = 0; i < games.size(); ++i) {
    EXPECT_EQ((*large)[i].values, (*small)[i].values);
    EXPECT_EQ((*large)[i].baseline_score, (*small)[i].baseline_score);
  }
  EXPECT_EQ(f.evaluate_calls, 1u);
  EXPECT_EQ(g.largest_call, 1u);
}

TEST(Occlusion, Refuses) {
  ClosedForm nan([](const Numbers&) { return std::numeric_limits<double>::quiet_NaN(); });
  const Game game = GameOf(Vector({1, 2, 3}), {Vector({0, 0, 0})}, 6);
  const auto failed = Occlusion(nan, {&game, 1}, {});
  EXPECT_EQ(failed.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(failed.status().message(), HasSubstr("instances[6]"));
  EXPECT_EQ(Occlusion(nan, {&game, 1}, {.max_points = 0}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_TRUE(Occlusion(nan, {}, {})->empty());
}

TEST(Windows, CoverThePictureAndEndWithIt) {
  // Tops 0, 2, 3; lefts 0, 2.
  const std::vector<Elements> windows =
      Windows(Shape{5, 4, 3}, 1, {.height = 2, .width = 2, .stride = 2});
  ASSERT_THAT(windows, SizeIs(6));
  EXPECT_THAT(windows[0].indices, ElementsAre(0, 1, 2, 3, 4, 5, 12, 13, 14, 15, 16, 17));
  EXPECT_EQ(windows[5].indices.back(), 59u);
  std::vector<int> covered(60);
  for (const Elements& window : windows) {
    EXPECT_EQ(window.input, 1u);
    for (const std::size_t k : window.indices) ++covered[k];
  }
  EXPECT_GE(std::ranges::min(covered), 1);
}

TEST(Windows, AreCutToThePicture) {
  EXPECT_THAT(Windows(Shape{1, 1, 1}, 0, {}), SizeIs(1)) << "a picture of one pixel";
  EXPECT_THAT(Windows(Shape{1, 1, 1}, 0, {})[0].indices, ElementsAre(0));
  const std::vector<Elements> windows = Windows(Shape{4, 20}, 0, {.width = 8, .stride = 12});
  ASSERT_THAT(windows, SizeIs(2));
  EXPECT_THAT(windows[1].indices, SizeIs(32));
}

TEST(Windows, SpreadTheMeanOfThoseThatCover) {
  const WindowOptions options{.height = 1, .width = 2, .stride = 1};
  const Shape shape{1, 3, 2};
  const std::vector<Elements> windows = Windows(shape, 0, options);
  const std::vector<double> values = {4, 10};
  EXPECT_EQ(SpreadWindows(windows, values, shape), Tensor::Of<double>(Shape{1, 3, 1}, {4, 7, 10}));
  EXPECT_EQ(SpreadWindows(Windows(Shape{1, 3}, 0, options), values, Shape{1, 3}),
            Tensor::Of<double>(Shape{1, 3}, {4, 7, 10}));
  const WindowOptions sparse{.height = 1, .width = 1, .stride = 2};
  const std::vector<Elements> apart = Windows(Shape{1, 3}, 0, sparse);
  EXPECT_EQ(SpreadWindows(apart, values, Shape{1, 3}), Tensor::Of<double>(Shape{1, 3}, {4, 0, 10}))
      << "the middle is in no window";
}

// F sums the picture: a window loses what it holds.
TEST(Windows, OverlappingOnesAreScoredByThemselves) {
  ClosedForm f([](const Numbers& x) { return std::accumulate(x.begin(), x.end(), 0.0); });
  const Row x = {Tensor::Of<double>(Shape{1, 3}, {1, 2, 4})};
  std::vector<Player> players;
  for (const Elements& window : Windows(Shape{1, 3}, 0, {.height = 1, .width = 2, .stride = 1})) {
    players.push_back({window});
  }
  const Row zeros = {Tensor(DType::kFloat64, Shape{1, 3})};
  EXPECT_FALSE(TensorGame(0, x, {&zeros, 1}, players).ok());
  const auto game = OverlappingGame(0, x, {&zeros, 1}, players);
  ASSERT_TRUE(game.ok()) << game.status().message();
  EXPECT_THAT((*Occlusion(f, {&*game, 1}, {}))[0].values, ElementsAre(3, 6));
}

}  // namespace
}  // namespace whylight
