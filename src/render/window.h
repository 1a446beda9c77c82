// Which pixels of an attribution are highlighted, and how strongly.
//
//   S = one number a pixel (ChannelRule), blurred if asked
//   L = max(S, 0), of the negative layer max(-S, 0)
//   lo = Q(clip_below), hi = Q(clip_above), over all pixels of L; where both signs are drawn on one
//        scale, of |S|
//   v = clamp((L - lo) / (hi - lo), 0, 1);  highlighted: L > 0 and L > lo
// Q(p) of Clipping::kRank lies at p/100 (n - 1) in sorted order, linear between neighbours, zeros
// counted; of kShare it is the least of the greatest values that together hold (100 - p) % of the
// sum. Where hi <= lo, hi is the greatest value; where that is no more than lo either, all strong
// pixels are alike: those with L > 0 and L >= lo are highlighted and have v = 1.
//
// Threads No state.
#pragma once

#include <cstdint>
#include <vector>

#include "image/blur.h"
#include "render/visualization.h"
#include "whylight/tensor.h"

namespace whylight {

// [H,W,C] or [H,W] of any numeric dtype -> one number a pixel. `mean` divides by C, `max-abs` takes
// the number of greatest magnitude with its sign, `norm` is Euclid's.
// Errors  kInvalidArgument: another rank, no pixel, a value or a result that is not finite (the
//         message gives its place).
Result<RealImage> ReduceChannels(const Tensor& attribution, ChannelRule rule);

// Numbers that belong beside a picture: without its scale it cannot be compared with another.
struct LayerNumbers {
  double lo = 0, hi = 0;
  double highlighted = 0;  // Share of the pixels.
  double sum = 0;          // Of L.
  double share = 0;        // Of sum |S|, within the highlighted pixels; 0 where that is 0.
  bool operator==(const LayerNumbers&) const = default;
};

struct Layer {
  Sign sign = Sign::kPositive;
  RealImage intensity;                    // v, one channel; 0 where nothing is highlighted.
  std::vector<std::uint8_t> highlighted;  // 1 or 0 for each pixel.
  LayerNumbers numbers;
};

// S as the options want it. Errors: as ReduceChannels and CheckVisualization.
Result<RealImage> PixelAttributions(const Tensor& attribution, const VisualizationOptions& options);

// The layers of the polarity: the negative one first, since the positive one is drawn over it.
std::vector<Layer> LayersOf(const RealImage& sums, const VisualizationOptions& options);

}  // namespace whylight
