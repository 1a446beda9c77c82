// Games whose players share the score: what Sampled Shapley and KernelSHAP have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "attribution/attribution.h"
#include "whylight/function.h"

namespace whylight {

// One flag for each player: whether it has joined.
using Coalition = std::vector<bool>;

// The game of one instance. What a player is, only `make` knows.
struct Game {
  std::size_t instance = 0;  // As in Point: whose row it is.
  std::size_t players = 0;
  std::size_t baselines = 1;  // >= 1
  // The row where those present have the instance's values and the others have those of that
  // baseline. With all present it is the instance itself, whatever the baseline.
  // A function of its arguments alone: a coalition may be made once for many uses, in any order.
  std::function<Result<Row>(const Coalition& present, std::size_t baseline)> make;
  // Optional, [baseline][player]: players that change nothing from that baseline because their
  // values are the baseline's. They count as present, and have no part in what is sampled.
  std::vector<std::vector<bool>> idle;
  // Optional: `make` as data, for functions that mix rows themselves.
  std::shared_ptr<const MixedRows> mixed = nullptr;
};

// The values of a game by whatever method, and how far they can be trusted.
struct ShapleyValues {
  std::vector<double> values;           // One for each player, in the score's unit.
  std::vector<double> standard_errors;  // Of the values; 0 where they are exact.
  double input_score = 0;               // F(x)
  double baseline_score = 0;            // F(b), the mean over the baselines as they were used.
  // RelativeError(sqrt(sum over players of standard_error^2), F(x) - F(b))
  double approximation_error = 0;
  bool exact = false;          // All coalitions were scored.
  int paths = 0;               // Orders that were drawn; 0 where none was.
  std::size_t coalitions = 0;  // Rows scored.
};

// Sets approximation_error from the other members.
void SetApproximationError(ShapleyValues& values);

// Errors: kInvalidArgument for a game without a baseline, or max_points < 1.
Status CheckGames(std::span<const Game> games, std::size_t max_points);

// The row itself. Players may have elements in common: one is absent if any of its players is.
Row MakeMixedRow(const MixedRows& rows, std::size_t baseline, const std::vector<bool>& present);

std::vector<Player> InputPlayers(const Row& x);    // A player for each input,
std::vector<Player> ElementPlayers(const Row& x);  // for each element of each input.

// A row and its baselines as a game: absent players have the baseline's elements, elements that
// belong to no player are the instance's. x and baselines are of any dtype, and are copied.
// Errors  kInvalidArgument: forms differ, no baseline, an input or an element that x does not
//         have, an element in two players.
Result<Game> TensorGame(std::size_t instance, const Row& x, std::span<const Row> baselines,
                        std::vector<Player> players);
// As TensorGame, of players that may have elements in common: one is absent if any of its players
// is.
Result<Game> OverlappingGame(std::size_t instance, const Row& x, std::span<const Row> baselines,
                             std::vector<Player> players);

}  // namespace whylight
