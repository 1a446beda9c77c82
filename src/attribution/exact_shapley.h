// The Shapley values of a game by their definition, where all coalitions can be scored.
#pragma once

#include <cstdint>
#include <vector>

#include "attribution/coalitions.h"
#include "attribution/game.h"
#include "whylight/status.h"

namespace whylight {

// What nobody waits for, and whose slots would not fit memory: 2^20 scores for an instance.
inline constexpr double kMaxExactCoalitions = 1 << 20;

// Coalitions of all baselines: 1 + sum over baselines b of (2^players from b - 1). A double: it
// need not fit any integer.
double ExactCoalitions(const Coalitions& coalitions);

// For n players from a baseline, those idle left out:
//   value_i = sum over S without i of |S|! (n - |S| - 1)! / n! * (F(S and i) - F(S))
// and the mean over the baselines. Standard errors are 0.
// Source  Shapley 1953.
class ExactShapley {
 public:
  // `coalitions` outlives this; ExactCoalitions() is at most kMaxExactCoalitions.
  explicit ExactShapley(Coalitions& coalitions) : coalitions_(coalitions) {}

  // Errors: as CoalitionScorer::Ask.
  Status Ask(CoalitionScorer& scorer);
  // Once the scorer has flushed.
  ShapleyValues Values() const;

 private:
  Coalitions& coalitions_;
  // [baseline][mask]: bit k of a mask is player k of PlayersFrom(baseline).
  std::vector<std::vector<std::uint32_t>> slots_;
};

}  // namespace whylight
