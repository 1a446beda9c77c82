#include "attribution/exact_shapley.h"

#include <bit>
#include <cmath>
#include <cstddef>

namespace whylight {

double ExactCoalitions(const Coalitions& coalitions) {
  double count = 1;
  for (std::size_t b = 0; b < coalitions.game().baselines; ++b) {
    count += std::exp2(static_cast<double>(coalitions.PlayersFrom(b).size())) - 1;
  }
  return count;
}

Status ExactShapley::Ask(CoalitionScorer& scorer) {
  slots_.clear();
  for (std::size_t b = 0; b < coalitions_.game().baselines; ++b) {
    const std::vector<std::uint32_t>& players = coalitions_.PlayersFrom(b);
    std::vector<std::uint32_t>& slots = slots_.emplace_back(std::size_t{1} << players.size());
    Members members(coalitions_, b);
    // In the order of a Gray code: from one mask to the next a single player joins or leaves.
    for (std::size_t step = 0; step < slots.size(); ++step) {
      if (step > 0) members.Toggle(players[static_cast<std::size_t>(std::countr_zero(step))]);
      WHYLIGHT_ASSIGN_OR_RETURN(slots[step ^ (step >> 1)], scorer.Ask(coalitions_, members));
    }
  }
  return OkStatus();
}

ShapleyValues ExactShapley::Values() const {
  const Game& game = coalitions_.game();
  ShapleyValues result;
  result.values.assign(game.players, 0);
  result.standard_errors.assign(game.players, 0);
  result.exact = true;
  result.coalitions = coalitions_.scored();
  const double share = 1 / static_cast<double>(game.baselines);
  for (std::size_t b = 0; b < game.baselines; ++b) {
    const std::vector<std::uint32_t>& players = coalitions_.PlayersFrom(b);
    const std::size_t n = players.size();
    std::vector<double> scores;
    for (const std::uint32_t slot : slots_[b]) scores.push_back(coalitions_.score(slot));
    result.input_score = scores.back();
    result.baseline_score += share * scores.front();
    // weights[k] = k! (n - k - 1)! / n!
    std::vector<double> weights(n, 0);
    if (n > 0) weights[0] = 1 / static_cast<double>(n);
    for (std::size_t k = 1; k < n; ++k) {
      weights[k] = weights[k - 1] * static_cast<double>(k) / static_cast<double>(n - k);
    }
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t bit = std::size_t{1} << i;
      double value = 0;
      for (std::size_t mask = 0; mask < scores.size(); ++mask) {
        if ((mask & bit) != 0) continue;
        value += weights[static_cast<std::size_t>(std::popcount(mask))] *
                 (scores[mask | bit] - scores[mask]);
      }
      result.values[players[i]] += share * value;
    }
  }
  return result;
}

}  // namespace whylight
