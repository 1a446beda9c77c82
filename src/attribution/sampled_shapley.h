// Sampled Shapley: the mean change of the score when a player joins those before it in a random
// order. Needs no gradient.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "attribution/attribution.h"
#include "whylight/function.h"

namespace whylight {

struct SampledShapleyOptions {
  int paths = 25;  // Random orders, 1..kMaxPaths. Cost: at most paths * players + 1 score rows.
  std::uint64_t seed = 0;
  std::size_t max_points = 512;  // Rows alive at once, and the most that one Evaluate gets; >= 1.
};
inline constexpr int kMaxPaths = 10000;

// One flag for each player: whether it has joined.
using Coalition = std::vector<bool>;

// The game of one instance. What a player is, only `make` knows.
struct ShapleyTask {
  std::size_t instance = 0;  // As in Point: whose row it is.
  std::size_t players = 0;
  std::size_t baselines = 1;  // >= 1
  // The row where those present have the instance's values and the others have those of that
  // baseline. With all present it is the instance itself, whatever the baseline.
  // A function of its arguments alone: a coalition may be made once for many uses, in any order.
  std::function<Result<Row>(const Coalition& present, std::size_t baseline)> make;
  // Optional, [baseline][player]: players that change nothing from that baseline because their
  // values are the baseline's. Coalitions that differ in them alone are scored once.
  std::vector<std::vector<bool>> idle;
};

struct ShapleyValues {
  std::vector<double> values;           // One for each player, in the score's unit.
  std::vector<double> standard_errors;  // Of the values, as estimates over random orders.
  double input_score = 0;               // F(x)
  double baseline_score = 0;            // F(b), the mean over the paths' baselines.
  double approximation_error = 0;
};

// For each path a random order of the players. In that order each player joins, starting from the
// path's baseline, and is credited with the change of F:
//   marginal_ip = F(those before i in path p, and i) - F(those before i in path p)
//   value_i     = mean over p of marginal_ip
//   error_i     = sqrt(sum over p of (marginal_ip - value_i)^2 / (paths - 1) / paths)
//   approximation_error = RelativeError(sqrt(sum over i of error_i^2), F(x) - F(b))
// The values sum to F(x) - F(b) whatever the paths. One path tells nothing of its error: errors
// are then infinite, but 0 for players that are idle or alone.
// Baselines   Path p starts from baseline p modulo their number, so more of them cost little;
//             those beyond `paths` are not used.
// Randomness  Depends on `seed` and the number of players only: an instance has the same values
//             in any batch, on any platform.
// Calls       f.Evaluate with up to max_points rows of all instances together; no coalition of an
//             instance is scored twice.
// Errors      kInvalidArgument: paths or max_points out of range, no baseline.
//             kFailedPrecondition: a score is not finite. kResourceExhausted: a game of more than
//             2^28 steps. A status of `f` or `make` is returned as it came, that of `make` with
//             the instance in front.
// Threads     No state; `f` and `make` are called from this thread only.
// Source      Castro, Gomez, Tejada 2009; Maleki et al. 2013 (arXiv:1306.4265).
Result<std::vector<ShapleyValues>> SampledShapley(Function& f, std::span<const ShapleyTask> tasks,
                                                  const SampledShapleyOptions& options);

// Elements of one input that join together.
struct Elements {
  std::size_t input = 0;
  std::vector<std::size_t> indices;  // Flat; empty: the whole input.
};
// A feature, or a group of features.
using Player = std::vector<Elements>;

std::vector<Player> InputPlayers(const Row& x);    // A player for each input,
std::vector<Player> ElementPlayers(const Row& x);  // for each element of each input.

// A row and its baselines as a game: absent players have the baseline's elements, elements that
// belong to no player are the instance's. x and baselines are of any dtype, and are copied.
// Errors  kInvalidArgument: forms differ, no baseline, an input or an element that x does not
//         have, an element in two players.
Result<ShapleyTask> TensorGame(std::size_t instance, const Row& x, std::span<const Row> baselines,
                               std::vector<Player> players);
// As TensorGame, of players that may have elements in common: one is absent if any of its players
// is.
Result<ShapleyTask> OverlappingGame(std::size_t instance, const Row& x,
                                    std::span<const Row> baselines, std::vector<Player> players);

}  // namespace whylight
