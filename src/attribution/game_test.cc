#include "attribution/game.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attribution/closed_form.h"

namespace whylight {
namespace {

using testing::HasSubstr;

TEST(TensorGame, MovesGroupsTogetherAndLeavesTheRestAlone) {
  const Row x = {Tensor::Strings(Shape{2}, {"aa", "b"}), Tensor::Of<int>(Shape{3}, {1, 2, 3})};
  const Row baseline = {Tensor::Strings(Shape{2}, {"", "?"}), Tensor::Of<int>(Shape{3}, {0, 0, 3})};
  const Game game = *TensorGame(0, x, {&baseline, 1},
                                {{{.input = 0, .indices = {0}}, {.input = 1, .indices = {1}}},
                                 {{.input = 0, .indices = {1}}},
                                 {{.input = 1, .indices = {2}}}});
  const Row none = *game.make({false, false, false}, 0);
  EXPECT_EQ(none[0], Tensor::Strings(Shape{2}, {"", "?"}));
  EXPECT_EQ(none[1], Tensor::Of<int>(Shape{3}, {1, 0, 3}));  // Element 0 belongs to nobody.
  EXPECT_EQ(*game.make({true, true, true}, 0), x);
  const Row group = *game.make({true, false, false}, 0);
  EXPECT_EQ(group[0], Tensor::Strings(Shape{2}, {"aa", "?"}));
  EXPECT_EQ(group[1], Tensor::Of<int>(Shape{3}, {1, 2, 3}));
  EXPECT_EQ(game.idle, (std::vector<std::vector<bool>>{{false, false, true}}));
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

}  // namespace
}  // namespace whylight
