// KernelSHAP: Shapley values as the coefficients of a weighted linear regression of the score on
// who is present. Needs no gradient.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attribution/game.h"
#include "whylight/function.h"

namespace whylight {

struct KernelShapOptions {
  // Coalitions of an instance, 1..kMaxSamples; 0: 2 * players + 2048. Cost: as many score rows,
  // one for the instance and one for each baseline.
  int samples = 0;
  std::uint64_t seed = 0;
  std::size_t max_points = 512;  // Rows alive at once, and the most that one Evaluate gets; >= 1.
};
inline constexpr int kMaxSamples = 1 << 20;

// For n players the values are those that minimise, under sum(values) = F(x) - F(b),
//   sum over coalitions S of k(|S|) * (F(S) - F(b) - sum over i in S of value_i)^2
//   k(s) = (n - 1) / (binomial(n, s) * s * (n - s))
// Over all coalitions these are the Shapley values; here over those that were sampled.
//
// Pairs       A coalition comes with its complement. Of a pair only F(S) - F(complement) matters,
//             and in it interactions of two players cancel. The numbers below are of coalitions.
// Enumerated  All coalitions of one player, and of all but one. Then those of two players and all
//             but two, and so on, as long as sampling by k would spend as many on them as there
//             are. Drawn from the other sizes, with replacement: what is left, s by the weight of
//             its size and S uniformly among those of size s.
// Errors of   Only what was drawn is random. With C the inverse of the regression's matrix under
// the values  the constraint, t_u = C * (weight * leave-one-out residual * S) of the drawn pair u,
//             and m pairs:
//               error_i = sqrt(m / (m - 1) * sum over u of (t_ui - mean t_i)^2)
//             which is a jackknife over the pairs, on the large side for few pairs. With fewer
//             than two drawn pairs it is infinite.
// Exact       As ExactShapley, with errors 0, if samples are enough for all coalitions of each
//             baseline. Players who are idle from a baseline have no part in its regression.
// Baselines   Each has its own regression, of an equal part of the samples, but of 2 * players at
//             least; values and scores are the means.
// Randomness  Depends on `seed`, `samples`, the baseline's number and the number of players that
//             are not idle: an instance has the same values in any batch, on any platform.
// Calls       f.Evaluate with up to max_points rows of all instances together, or f.EvaluateMixed;
// no coalition of an
//             instance is scored twice.
// Errors      kInvalidArgument: samples or max_points out of range, no baseline.
//             kFailedPrecondition: a score is not finite.
//             A status of `f` or `make` is returned as it came, that of `make` with the instance
//             in front.
// Threads     No state; `f` and `make` are called from this thread only.
// Source      Lundberg, Lee 2017 (arXiv:1705.07874), theorem 2; pairs and their variance: Covert,
//             Lee 2021 (arXiv:2012.01536); which sizes are enumerated: the package shap.
Result<std::vector<ShapleyValues>> KernelShap(Function& f, std::span<const Game> games,
                                              const KernelShapOptions& options);

}  // namespace whylight
