// Sampled Shapley: the mean change of the score when a player joins those before it in a random
// order. Needs no gradient.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "attribution/game.h"
#include "whylight/function.h"

namespace whylight {

struct SampledShapleyOptions {
  int paths = 25;  // Orders, 1..kMaxPaths. Cost: at most paths * (players - 1) + 2 score rows.
  // All coalitions, whatever they cost; `paths` is not used.
  bool exact = false;
  // If set, orders are drawn until approximation_error is no larger; > 0. `paths` is the most.
  std::optional<double> tolerance;
  std::uint64_t seed = 0;
  bool antithetic = true;        // Every second order is another's reverse.
  std::size_t max_points = 512;  // Rows alive at once, and the most that one Evaluate gets; >= 1.
  // Places in orders that are kept at once, some 40 bytes each: 80 MB. Orders beyond them follow
  // when these have been scored, and then coalitions may be scored again.
  std::size_t max_steps = std::size_t{1} << 21;
};
inline constexpr int kMaxPaths = 10000;

// For each path an order of the players. In that order each player joins, starting from the path's
// baseline, and is credited with the change of F:
//   marginal_ip = F(those before i in path p, and i) - F(those before i in path p)
//   value_i     = mean over p of marginal_ip
// The values sum to F(x) - F(b) whatever the paths.
//
// Antithetic  An order is drawn, and its reverse follows it: where players interact in pairs, one
//             order overrates what the other underrates. An order without a reverse may remain.
// Errors of   What is drawn independently is a unit u of m_u paths: a pair, or an order alone.
// the values  With n units, `paths` paths and mean_iu the mean of the unit's marginals:
//               error_i = sqrt(n / (n - 1) * sum over u of (m_u (mean_iu - value_i))^2) / paths
//             With several baselines the sum is taken for the units of each baseline around their
//             own mean, as long as each has two: that baselines differ is no sampling error.
//             One unit tells nothing of its error, which is then infinite, but 0 for players that
//             are idle or alone.
// Exact       The values are those of ExactShapley, and errors 0, if its coalitions are no more
//             than those that the paths pass through (without regard to repetitions), or with
//             options.exact. Players who are idle from every baseline have value and error 0, and
//             cost nothing.
// Tolerance   Starts with 8 pairs, 2 for each baseline at least; then as many as the error so far
//             asks for, at most as many again. Exact as soon as that would be no dearer.
// Baselines   Path p starts from baseline p modulo their number, so more of them cost little;
//             those beyond `paths` are not used. The reverse of path p is path p + their number.
// Randomness  Depends on `seed` and the number of players that are not idle: an instance has the
//             same values in any batch, on any platform.
// Calls       f.Evaluate with up to max_points rows of all instances together, or f.EvaluateMixed;
// no coalition of an
//             instance is scored twice as long as max_steps is enough for its paths.
// Errors      kInvalidArgument: paths, tolerance or max_points out of range, no baseline.
//             kResourceExhausted: options.exact, and more than kMaxExactCoalitions coalitions.
//             kFailedPrecondition: a score is not finite.
//             A status of `f` or `make` is returned as it came, that of `make` with the instance
//             in front.
// Threads     No state; `f` and `make` are called from this thread only.
// Source      Castro, Gomez, Tejada 2009; Maleki et al. 2013 (arXiv:1306.4265); antithetic:
//             Mitchell, Cooper, Frank, Holmes 2022 (arXiv:2104.12199), section 4.1.
Result<std::vector<ShapleyValues>> SampledShapley(Function& f, std::span<const Game> games,
                                                  const SampledShapleyOptions& options);

}  // namespace whylight
