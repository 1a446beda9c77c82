// Signed attributions of an image as colours, in blocks: what a terminal has room for.
//
//   S(y, x)    = sum over channels of A(y, x, c)
//   block(j,i) = sum of S over a block of B x B pixels (cut at the edges)
//   t          = sign(block) * (|block| / M)^0.5,  M = max |block|
//   colour     = the diverging map at t: pink (negative), near white, green (positive)
// The square root, since most attributions are near zero. Sums in double; sums over blocks keep the
// total, so the heat map still adds up to F(x) - F(b) - gap.
//
// Threads No state.
// Source  ColorBrewer PiYG (11 classes), interpolated linearly in sRGB.
#pragma once

#include <optional>

#include "image/image.h"
#include "render/color_map.h"
#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

// The diverging map at t in [-1, 1]; beyond is clamped.
Rgb DivergingColor(double t);

// [H,W,C] or [H,W] of any numeric dtype -> [H,W] float64, summed over channels.
// Errors  kInvalidArgument: another rank, no pixel, a value that is not finite (its place is
// given).
Result<Tensor> SumChannels(const Tensor& attribution);

// [H,W] -> [ceil(H/B), ceil(W/B)] float64, summed over blocks. Errors: kInvalidArgument: B < 1.
Result<Tensor> SumBlocks(const Tensor& attribution, int block_px);

struct HeatMapOptions {
  int block_px = 8;               // Side of a block; 1: every pixel for itself.
  std::optional<double> max_abs;  // M; unset: of this attribution. Set it to compare pictures.
  int scale = 1;                  // Picture pixels per attribution pixel, >= 1.
};

struct HeatMap {
  Image image;               // width W * scale, height H * scale, 3 channels.
  Tensor blocks;             // The numbers drawn, float64.
  double max_abs = 0;        // M
  double sum = 0;            // Of all attributions.
  bool is_all_zero = false;  // Say "no attribution" beside it.
};

// The heat map alone.
Result<HeatMap> DrawHeatMap(const Tensor& attribution, const HeatMapOptions& options = {});

}  // namespace whylight
