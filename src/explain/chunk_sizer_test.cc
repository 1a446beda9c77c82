#include "explain/chunk_sizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

namespace whylight {
namespace {

// Runs the sizer against a machine that takes `seconds(rows)`; the sizes it asked for, in order.
std::vector<int> Sizes(ChunkSizer& sizer, int runs, const std::function<double(int)>& seconds) {
  std::vector<int> sizes;
  for (int i = 0; i < runs; ++i) {
    sizes.push_back(sizer.Next());
    sizer.Observe(sizer.Next(), seconds(sizer.Next()));
  }
  return sizes;
}

// A fixed cost of a run, and a cost of a row that doubles above `cache` rows.
double Machine(int rows, int cache) {
  return 1e-3 + 1e-4 * rows + (rows > cache ? 1e-4 * rows : 0);
}

TEST(ChunkSizerTest, GrowsWhileTheTimePerRowFalls) {
  ChunkSizer sizer;
  sizer.Start(4, 1024, 0);
  // Two runs at a size: the first pays for allocations and is not judged.
  EXPECT_EQ(Sizes(sizer, 8, [](int) { return 1.0; }),
            (std::vector<int>{4, 4, 16, 16, 64, 64, 256, 256}));
  sizer.Start(4, 1024, 0);
  EXPECT_EQ(Sizes(sizer, 8, [](int rows) { return 10.0 + rows; }),
            (std::vector<int>{4, 4, 16, 16, 32, 32, 64, 64}));
}

TEST(ChunkSizerTest, LooksBackAfterALeapTooFar) {
  ChunkSizer sizer;
  sizer.Start(8, 1024, 0);
  EXPECT_EQ(Sizes(sizer, 10, [](int rows) { return rows > 16 ? 2.0 * rows : 1.0 + rows / 16.0; }),
            (std::vector<int>{8, 8, 32, 32, 16, 16, 32, 32, 64, 64}));
  EXPECT_EQ(sizer.Next(), 16);
}

TEST(ChunkSizerTest, JudgesShortRunsByTheFastestOfSome) {
  ChunkSizer sizer;
  sizer.Start(8, 64, 0);
  int run = 0;
  // Of the four runs that are judged three meet a hiccup each.
  const std::vector<int> sizes =
      Sizes(sizer, 40, [&](int) { return ++run % 5 == 3 ? 1e-4 : 1e-3; });
  EXPECT_EQ((std::vector<int>(sizes.begin(), sizes.begin() + 11)),
            (std::vector<int>{8, 8, 8, 8, 8, 32, 32, 32, 32, 32, 64}));
  EXPECT_EQ(sizer.Next(), 64);
}

TEST(ChunkSizerTest, StaysAtTheBestSizeSeen) {
  ChunkSizer sizer;
  sizer.Start(2, 1024, 0);
  Sizes(sizer, 40, [](int rows) { return Machine(rows, 32); });
  EXPECT_EQ(sizer.Next(), 32);
  Sizes(sizer, 10, [](int) { return 1e-9; });
  EXPECT_EQ(sizer.Next(), 32) << "settled";
}

TEST(ChunkSizerTest, OneSlowSizeDoesNotEndTheSearch) {
  ChunkSizer sizer;
  sizer.Start(8, 1024, 0);
  // 16 rows meet a hiccup; 32 are faster a row than 8.
  Sizes(sizer, 50, [](int rows) { return rows == 16 ? 1.0 : 1e-3; });
  EXPECT_EQ(sizer.Next(), 1024);
}

TEST(ChunkSizerTest, SmallerRunsTeachNothing) {
  ChunkSizer sizer;
  sizer.Start(8, 64, 0);
  for (int i = 0; i < 10; ++i) sizer.Observe(7, 1e-9);
  EXPECT_EQ(sizer.Next(), 8);
}

TEST(ChunkSizerTest, ARunWithoutRowsTeachesNothing) {
  ChunkSizer sizer;
  sizer.Start(1, 64, 0);
  for (int i = 0; i < 10; ++i) sizer.Observe(0, 0);
  EXPECT_EQ(sizer.Next(), 1);
}

struct LimitCase {
  const char* name;
  int first, limit, fixed;
  int begin, end;  // The first size, and the one after many runs that get faster a row.
};
void PrintTo(const LimitCase& c, std::ostream* os) { *os << c.name; }

class ChunkSizerLimitTest : public testing::TestWithParam<LimitCase> {};

TEST_P(ChunkSizerLimitTest, IsKept) {
  const LimitCase& c = GetParam();
  ChunkSizer sizer;
  sizer.Start(c.first, c.limit, c.fixed);
  EXPECT_EQ(sizer.Next(), c.begin);
  for (const int size : Sizes(sizer, 60, [](int) { return 1e-3; })) {
    ASSERT_GE(size, 1);
    ASSERT_LE(size, std::max(1, c.limit));
  }
  EXPECT_EQ(sizer.Next(), c.end);
}

INSTANTIATE_TEST_SUITE_P(, ChunkSizerLimitTest,
                         testing::Values(LimitCase{"below_limit", 8, 100, 0, 8, 100},
                                         LimitCase{"limit_below_first", 8, 3, 0, 3, 3},
                                         LimitCase{"limit_of_one", 8, 1, 0, 1, 1},
                                         LimitCase{"no_limit_left", 8, 0, 0, 1, 1},
                                         LimitCase{"fixed", 8, 100, 5, 5, 5},
                                         LimitCase{"fixed_above_limit", 8, 4, 50, 4, 4},
                                         LimitCase{"first_of_none", 0, 4, 0, 1, 4}),
                         [](const auto& row) { return row.param.name; });

TEST(ChunkSizerTest, ForgetsAtTheNextStart) {
  ChunkSizer sizer;
  sizer.Start(2, 64, 0);
  Sizes(sizer, 40, [](int rows) { return Machine(rows, 4); });
  sizer.Start(2, 64, 0);
  EXPECT_EQ(Sizes(sizer, 40, [](int rows) { return Machine(rows, 16); }).front(), 2);
  EXPECT_EQ(sizer.Next(), 16);
}

}  // namespace
}  // namespace whylight
