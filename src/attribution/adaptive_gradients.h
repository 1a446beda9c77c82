// Integrated Gradients to a tolerance: points go where the score moves, until two estimates of the
// attributions agree.
#pragma once

#include <span>
#include <vector>

#include "attribution/integrated_gradients.h"

namespace whylight {

struct AdaptiveGradientsOptions {
  double tolerance = 0.01;  // > 0, < 1; see `difference` below.
  int max_steps = 255;      // Gradient points on each path, kLeastSteps..kMaxSteps.
};
inline constexpr int kLeastSteps = 7;

struct AdaptiveAttribution {
  Attribution attribution;
  int steps = 0;   // Gradient points spent, on all paths of the instance.
  int probes = 0;  // Score rows spent on finding where the score moves.
  // The larger of what two estimates of the values differ by, sum |fine - coarse| / sum |fine|, and
  // of what the fine one misses of the score's change D = F(x) - F(b),
  // |D - sum(fine)| / max(|D|, sum |fine| / 2). The largest of all paths. For a score that the
  // points resolve it is above the values' relative L1 error.
  double difference = 0;
  bool converged = false;  // difference <= tolerance.
};

// As IntegratedGradients, with rules that are nested: 3, 7, 15, 31... points of Fejer's second rule
// on each of the panels that the path is cut into. The finest rule gives the values, the next
// coarser one, which costs nothing more, what they are compared with.
//   1. One panel, 7 points. Most scores that a network gives are settled by 7 or 15.
//   2. Where 15 points do not account for F(x) - F(b), the score moves in some small part of the
//      path (a Transformer's leaves its zero embedding within a few per cent of it). 24 score
//      rows, bisecting where the score moves most, then cut the path into panels of about equal
//      movement.
//   3. Panels whose rules differ by more than their share get a finer rule, those with 63 points
//      are halved, until the whole agrees or `max_steps` points are spent.
//
// Calls    f.Evaluate and f.GradientsAlong once a round, with all instances that are not done.
//          The gradients of an instance are held until it is done, in float32. Instances are taken
//          in groups of at most 1 GB; an instance that alone would need more gets fewer points.
// Errors   as IntegratedGradients; kInvalidArgument: tolerance or max_steps out of range.
// Threads  No state; `f` is called from this thread only.
// Source   nested quadrature: Trefethen 2008 (doi 10.1137/060659831); sharing points by the
//          score's own movement is ours.
Result<std::vector<AdaptiveAttribution>> AdaptiveIntegratedGradients(
    Function& f, std::span<const IgTask> tasks, const AdaptiveGradientsOptions& options);

}  // namespace whylight
