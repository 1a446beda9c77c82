#include "evaluate/scoreboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace whylight {
namespace {

using testing::ElementsAre;

MethodRow Measured(double input, double baseline, double insertion, double deletion) {
  return {.curves = {.input_score = input,
                     .baseline_score = baseline,
                     .insertion = insertion,
                     .deletion = deletion}};
}

TEST(ScoreboardTest, PoolsRowsByWhatThereIsToExplain) {
  Scoreboard board(1);
  MethodRow large = Measured(3, 1, 2.5, 1.5), small = Measured(0.5, 0, 0, 0.5);
  large.gap = 0.5, large.difference = 2;
  small.gap = 0, small.difference = 0.5;
  board.Add({large});
  board.Add({small});
  const MethodScore score = board.Score(0);
  EXPECT_EQ(board.total(), 2.5);
  EXPECT_DOUBLE_EQ(score.insertion, (1.5 + 0) / 2.5);
  EXPECT_DOUBLE_EQ(score.deletion, (0.5 + 0.5) / 2.5);
  EXPECT_DOUBLE_EQ(score.faithfulness, 0.2);
  ASSERT_TRUE(score.gap.has_value());
  EXPECT_DOUBLE_EQ(*score.gap, 0.2);
}

TEST(ScoreboardTest, HasNoGapOfRowsWithoutOne) {
  Scoreboard board(1);
  MethodRow row = Measured(3, 1, 2.5, 1.5);
  row.difference = 2;
  board.Add({row});
  EXPECT_EQ(board.Score(0).gap, std::nullopt);
  row.gap = 0.5;
  board.Add({row});
  EXPECT_EQ(board.Score(0).gap, 0.25);
}

TEST(ScoreboardTest, TakesMediansOfTheInformationCurvesThatThereAre) {
  Scoreboard board(1);
  for (const double sic : {0.75, 0.25, 0.5}) {
    board.Add({{.information = {.sic = sic, .aic = std::nullopt}}});
  }
  board.Add({{.information = {.sic = std::nullopt, .aic = 0.125}}});
  EXPECT_EQ(board.Score(0).sic, 0.5);
  EXPECT_EQ(board.Score(0).aic, 0.125);
  board.Add({{.information = {.sic = 1, .aic = 0.375}}});
  EXPECT_EQ(board.Score(0).sic, 0.625);
  EXPECT_EQ(board.Score(0).aic, 0.25);
  EXPECT_FALSE(Scoreboard(1).Score(0).sic.has_value());
}

TEST(ScoreboardTest, TurnsAFallingScoreAround) {
  Scoreboard board(1);
  board.Add({Measured(1, 3, 1.5, 2.5)});  // The row above, upside down.
  EXPECT_DOUBLE_EQ(board.Score(0).insertion, 0.75);
  EXPECT_DOUBLE_EQ(board.Score(0).deletion, 0.25);
}

TEST(ScoreboardTest, PrefersTheBestBeyondNoise) {
  Scoreboard board(2);
  for (const double noise : {-0.01, 0.0, 0.01}) {
    board.Add({Measured(1, 0, 0.5 + noise, 0.5), Measured(1, 0, 0.9, 0.1)});
  }
  EXPECT_DOUBLE_EQ(board.Shortfall(1, 0), 0.8);
  EXPECT_NEAR(board.ShortfallError(1, 0), 0.01 / std::sqrt(3), 1e-12);
  const Preference verdict = board.Judge({1, 100});
  EXPECT_EQ(verdict.best, 1U);
  EXPECT_EQ(verdict.chosen, 1U);
  EXPECT_THAT(verdict.level, ElementsAre(1));
}

TEST(ScoreboardTest, PrefersTheCheapestWithinNoise) {
  Scoreboard board(3);
  for (const double swing : {-0.3, 0.35, -0.3, 0.35}) {
    board.Add(
        {Measured(1, 0, 0.7 + swing, 0.2), Measured(1, 0, 0.7, 0.2), Measured(1, 0, 0.2, 0.7)});
  }
  const Preference verdict = board.Judge({5, 2, 1});
  EXPECT_EQ(verdict.best, 0U);
  EXPECT_THAT(verdict.level, ElementsAre(0, 1));
  EXPECT_EQ(verdict.chosen, 1U);
}

TEST(ScoreboardTest, CannotTellFromOneRow) {
  Scoreboard board(2);
  board.Add({Measured(1, 0, 0.9, 0.1), Measured(1, 0, 0.5, 0.5)});
  EXPECT_TRUE(std::isinf(board.ShortfallError(0, 1)));
  EXPECT_EQ(board.Judge({5, 2}).best, 0U);
  EXPECT_EQ(board.Judge({5, 2}).chosen, 1U);
}

TEST(ScoreboardTest, HasNothingToSayOfEqualScores) {
  Scoreboard board(2);
  board.Add({Measured(1, 1, 1, 1), Measured(1, 1, 1, 1)});
  EXPECT_EQ(board.Score(0).insertion, 0);
  EXPECT_THAT(board.Judge({1, 2}).level, ElementsAre(0, 1));
}

}  // namespace
}  // namespace whylight
