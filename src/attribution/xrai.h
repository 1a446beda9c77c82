// XRAI: Integrated Gradients of a picture, given to its regions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "attribution/attribution.h"
#include "attribution/integrated_gradients.h"
#include "attribution/smooth_grad.h"
#include "segment/mask.h"
#include "whylight/function.h"

namespace whylight {

enum class XraiAlgorithm {
  kFull,  // Each region is weighed by what it adds to those before it.
  kFast,  // Regions are sorted once, by all of their pixels.
};

struct RankOptions {
  XraiAlgorithm algorithm = XraiAlgorithm::kFull;
  std::int64_t min_pixels = 50;  // A region that adds fewer is left out; >= 1.
  double area_threshold = 1;     // kFull ends when more than this share of the area is covered.
};

// Pixels that got one attribution. Those of one picture are disjoint and cover it.
struct RankedRegion {
  Mask pixels;
  double attribution = 0;  // Of each pixel: the mean of the base attribution over these pixels.
  bool is_rest = false;    // What no region covered; stands last, whatever its attribution.
};

// The most important first: by attribution, equal ones in the order in which they were chosen.
//
//   kFull  While a region adds min_pixels to those chosen: choose the one with the highest mean of
//          `attribution` over the pixels that it adds; of equal ones the first.
//   kFast  In the order of the mean over all pixels of a region, equal ones in their own: choose it
//          if it adds min_pixels.
//   A chosen region's own pixels are those that it added. The rest is a region of its own.
//
// Each region keeps the sum of `attribution` over its pixels, so the whole keeps its sum too. A
// picture of fewer than min_pixels is one region, the rest.
// Shapes  attribution: height * width finite numbers; regions: masks of that size, overlapping or
//         not. No pixel: no region.
// Source  saliency 0.2.1, core/xrai.py, _xrai and _xrai_fast.
std::vector<RankedRegion> RankRegions(std::span<const double> attribution, int width, int height,
                                      const std::vector<Mask>& regions, const RankOptions& options);

struct XraiOptions {
  int steps = 50;  // Of Integrated Gradients, on the path from each baseline; 1..kMaxSteps.
  RankOptions rank;
  std::optional<NoiseOptions> noise;  // At the points of Integrated Gradients: WithNoise.
};

struct XraiAttribution {
  // values: a number for each pixel, [H,W,1] for an input [H,W,C], [H,W] for [H,W]. The scores and
  // the error are those of Integrated Gradients beneath.
  Attribution attribution;
  std::vector<std::vector<RankedRegion>> regions;  // Of each input.
};

// 1. Integrated Gradients of all inputs, the mean over the baselines.
// 2. Of each pixel the greatest over its channels.
// 3. XraiRegions of the picture, ranked by RankRegions.
//
// The values sum to the sum of 2, which is not F(x) - F(b).
// Shapes   Each input a picture, [H,W] or [H,W,C].
// Calls    As IntegratedGradients. A picture explained for several outputs is segmented once, if
// its
//          tasks follow each other.
// Errors   kInvalidArgument: an input that is no picture; else as IntegratedGradients.
// Threads  No state.
// Source   Kapishnikov et al. 2019, XRAI: Better Attributions Through Regions (arXiv:1906.02825),
// as
//          PAIR's saliency 0.2.1 has it, but for the points of Integrated Gradients.
Result<std::vector<XraiAttribution>> Xrai(Function& f, std::span<const IgTask> tasks,
                                          const XraiOptions& options);

// The baselines that XRAI takes where none are given: each input constant, at its own least value,
// and at its greatest. Each input is finite.
std::vector<Row> BlackAndWhite(const Row& x);

}  // namespace whylight
