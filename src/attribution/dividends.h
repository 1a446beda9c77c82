// Shapley values by another way than those under test, for tests: Harsanyi's dividends.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "attribution/closed_form.h"
#include "attribution/game.h"

namespace whylight {

// What a coalition S adds to its parts, d(S) = sum over T in S of (-1)^(|S| - |T|) F(T), is shared
// equally by its members: value_i = sum over S with i of d(S) / |S|.
inline Numbers ByDividends(const ClosedForm::Score& score, const Numbers& x,
                           const Numbers& baseline) {
  Numbers dividends(std::size_t{1} << x.size());  // Bit i of the index: i is in S.
  for (std::size_t set = 0; set < dividends.size(); ++set) {
    Numbers at = baseline;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if ((set >> i & 1) != 0) at[i] = x[i];
    }
    dividends[set] = score(at);
  }
  Numbers values(x.size(), 0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t set = 0; set < dividends.size(); ++set) {
      if ((set >> i & 1) != 0) dividends[set] -= dividends[set ^ std::size_t{1} << i];
    }
  }
  for (std::size_t set = 1; set < dividends.size(); ++set) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      if ((set >> i & 1) != 0) values[i] += dividends[set] / std::popcount(set);
    }
  }
  return values;
}

inline Numbers ByDividends(const ClosedForm::Score& score, const Numbers& x,
                           const std::vector<Numbers>& baselines) {
  Numbers mean(x.size(), 0);
  for (const Numbers& baseline : baselines) {
    const Numbers from = ByDividends(score, x, baseline);
    for (std::size_t i = 0; i < x.size(); ++i) {
      mean[i] += from[i] / static_cast<double>(baselines.size());
    }
  }
  return mean;
}

// How far estimates of `want` are off over many seeds, and how far they say they are: sums over the
// players of mean squares. `estimate` gives ShapleyValues for a seed.
struct Spread {
  double squares = 0, reported = 0;
};
template <typename Estimate>
Spread SpreadOver(int seeds, const Numbers& want, const Estimate& estimate) {
  Spread spread;
  for (int seed = 0; seed < seeds; ++seed) {
    const ShapleyValues got = estimate(static_cast<std::uint64_t>(seed));
    for (std::size_t i = 0; i < want.size(); ++i) {
      spread.squares += std::pow(got.values[i] - want[i], 2) / seeds;
      spread.reported += std::pow(got.standard_errors[i], 2) / seeds;
    }
  }
  return spread;
}

}  // namespace whylight
