#include "attribution/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

namespace whylight {
namespace {

TEST(SplitMix64, GivesThePublishedNumbers) {
  SplitMix64 random(1234567);  // The first outputs of the reference implementation for this seed.
  EXPECT_EQ(random.Next(), 6457827717110365317u);
  EXPECT_EQ(random.Next(), 3203168211198807973u);
  EXPECT_EQ(random.Next(), 9817491932198370423u);
}

TEST(SplitMix64, BelowStaysBelowAndReachesAll) {
  SplitMix64 random(1);
  for (const std::uint32_t bound : {1u, 2u, 3u, 7u, 0xffffffffu}) {
    for (int i = 0; i < 100; ++i) EXPECT_LT(random.Below(bound), bound);
  }
  std::array<int, 5> seen{};
  for (int i = 0; i < 5000; ++i) ++seen[random.Below(5)];
  for (const int count : seen) EXPECT_NEAR(count, 1000, 150);  // 5 standard deviations
}

TEST(SplitMix64, UniformFillsTheUnitInterval) {
  SplitMix64 random(4);
  double sum = 0, least = 1, greatest = 0;
  constexpr int kCount = 10000;
  for (int i = 0; i < kCount; ++i) {
    const double value = random.Uniform();
    sum += value;
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  EXPECT_GE(least, 0);
  EXPECT_LT(greatest, 1);
  EXPECT_LT(least, 1e-3);
  EXPECT_GT(greatest, 1 - 1e-3);
  EXPECT_NEAR(sum / kCount, 0.5, 0.0145);  // 5 standard deviations
}

TEST(SplitMix64, NormalHasTheMomentsOfOne) {
  SplitMix64 random(5);
  constexpr int kCount = 20000;
  double sum = 0, squares = 0, beyond_two = 0;
  for (int i = 0; i < kCount; ++i) {
    const double value = random.Normal();
    sum += value;
    squares += value * value;
    beyond_two += std::abs(value) > 2;
  }
  // 5 standard deviations each.
  EXPECT_NEAR(sum / kCount, 0, 5 / std::sqrt(kCount));
  EXPECT_NEAR(squares / kCount, 1, 5 * std::sqrt(2.0 / kCount));
  EXPECT_NEAR(beyond_two / kCount, 0.0455, 0.0074);
}

TEST(SplitMix64, ShufflesIntoEveryOrderEquallyOften) {
  SplitMix64 random(2);
  std::map<std::vector<int>, int> seen;
  for (int i = 0; i < 24000; ++i) {
    std::vector<int> items = {0, 1, 2, 3};
    random.Shuffle(std::span(items));
    ++seen[items];
  }
  EXPECT_EQ(seen.size(), 24u);
  for (const auto& [order, count] : seen) EXPECT_NEAR(count, 1000, 160);  // 5 standard deviations
}

TEST(SplitMix64, ShufflesNothingAndOne) {
  SplitMix64 random(3);
  std::vector<int> items;
  random.Shuffle(std::span(items));
  items = {7};
  random.Shuffle(std::span(items));
  EXPECT_EQ(items, std::vector<int>{7});
}

}  // namespace
}  // namespace whylight
