#include "util/lanes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>

namespace whylight {
namespace {

using std::chrono::milliseconds;

// Pieces 0..count-1.
std::function<std::optional<int>()> CountTo(int count, int& made) {
  return [count, &made]() -> std::optional<int> {
    if (made == count) return std::nullopt;
    return made++;
  };
}

class LanesTest : public testing::TestWithParam<int> {};

TEST_P(LanesTest, TakesResultsInTheOrderOfThePieces) {
  int made = 0;
  std::vector<int> taken;
  const Status status = RunInLanes<int, int>(
      GetParam(), CountTo(40, made),
      [](const int& piece) -> Result<int> {
        // Early pieces take longer than those behind them.
        std::this_thread::sleep_for(milliseconds(piece % 4 == 0 ? 3 : 0));
        return 10 * piece;
      },
      [&](const int& piece, int part) {
        EXPECT_EQ(part, 10 * piece);
        taken.push_back(piece);
      });
  EXPECT_TRUE(status.ok());
  ASSERT_EQ(taken.size(), 40u);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(taken[static_cast<std::size_t>(i)], i);
}

TEST_P(LanesTest, GivesTheEarliestErrorAndBeginsNoMore) {
  int made = 0;
  std::vector<int> taken;
  const Status status = RunInLanes<int, int>(
      GetParam(), CountTo(1000, made),
      [](const int& piece) -> Result<int> {
        if (piece < 7) return piece;
        if (piece == 7) std::this_thread::sleep_for(milliseconds(5));
        return InvalidArgument("piece " + std::to_string(piece));
      },
      [&](const int& piece, int) { taken.push_back(piece); });
  EXPECT_EQ(status.message(), "piece 7");
  EXPECT_LE(made, 7 + GetParam());
  EXPECT_LE(taken.size(), 7u);
}

TEST_P(LanesTest, RunsAtMostAsManyAtOnce) {
  int made = 0;
  std::atomic<int> running = 0, most = 0;
  const Status status = RunInLanes<int, int>(
      GetParam(), CountTo(20, made),
      [&](const int& piece) -> Result<int> {
        const int now = ++running;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::sleep_for(milliseconds(2));
        --running;
        return piece;
      },
      [](const int&, int) {});
  EXPECT_TRUE(status.ok());
  EXPECT_LE(most, GetParam());
  EXPECT_GE(most, std::min(2, GetParam()));
}

TEST_P(LanesTest, NothingToDoIsDone) {
  int made = 0;
  EXPECT_TRUE(
      (RunInLanes<int, int>(
           GetParam(), CountTo(0, made), [](const int& piece) -> Result<int> { return piece; },
           [](const int&, int) { FAIL(); }))
          .ok());
}

INSTANTIATE_TEST_SUITE_P(, LanesTest, testing::Values(1, 2, 5),
                         [](const auto& row) { return "lanes_" + std::to_string(row.param); });

}  // namespace
}  // namespace whylight
