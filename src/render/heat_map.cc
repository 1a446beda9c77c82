#include "render/heat_map.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "render/window.h"

namespace whylight {
namespace {

// At -1, -0.8 .. 1.
constexpr Rgb kDiverging[] = {{0x8e, 0x01, 0x52}, {0xc5, 0x1b, 0x7d}, {0xde, 0x77, 0xae},
                              {0xf1, 0xb6, 0xda}, {0xfd, 0xe0, 0xef}, {0xf7, 0xf7, 0xf7},
                              {0xe6, 0xf5, 0xd0}, {0xb8, 0xe1, 0x86}, {0x7f, 0xbc, 0x41},
                              {0x4d, 0x92, 0x21}, {0x27, 0x64, 0x19}};
constexpr std::int64_t kMaxPixels = std::int64_t{1} << 26;

std::uint8_t Mix(double a, double b, double share_of_b) {
  return static_cast<std::uint8_t>(std::lround(a + (b - a) * share_of_b));
}

// t = sign(a) (|a| / M)^0.5
double Position(double value, double max_abs) {
  if (max_abs <= 0) return 0;
  return std::copysign(std::sqrt(std::min(std::abs(value) / max_abs, 1.0)), value);
}

// The heat map's numbers, and an image of the right size to be painted.
Result<HeatMap> Prepare(const Tensor& attribution, const HeatMapOptions& options) {
  if (options.scale < 1) {
    return InvalidArgument("scale: expected at least 1, got " + std::to_string(options.scale));
  }
  if (options.max_abs && !(std::isfinite(*options.max_abs) && *options.max_abs >= 0)) {
    return InvalidArgument("scale of colours: expected a finite number of at least 0");
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const Tensor sums, SumChannels(attribution));
  const std::int64_t height = sums.shape().dim(0), width = sums.shape().dim(1);
  if (width > kMaxPixels / options.scale / height / options.scale) {
    return ResourceExhausted("a heat map of " + sums.shape().ToString() + " pixels, " +
                             std::to_string(options.scale) + " times enlarged, is too large");
  }
  HeatMap map;
  WHYLIGHT_ASSIGN_OR_RETURN(map.blocks, SumBlocks(sums, options.block_px));
  double greatest = 0;
  for (const double value : map.blocks.data<double>()) {
    greatest = std::max(greatest, std::abs(value));
    map.sum += value;
  }
  if (!std::isfinite(greatest)) return InvalidArgument("the sums of the attributions overflow");
  map.is_all_zero = greatest == 0;
  map.max_abs = options.max_abs.value_or(greatest);
  map.image =
      Image(static_cast<int>(width) * options.scale, static_cast<int>(height) * options.scale, 3);
  return map;
}

// Calls paint(pixel, t) for every pixel of the map's image.
template <typename Paint>
void ForEachPixel(HeatMap& map, const HeatMapOptions& options, const Paint& paint) {
  const std::span<const double> blocks = std::as_const(map.blocks).data<double>();
  const auto columns = static_cast<std::size_t>(map.blocks.shape().dim(1));
  for (int y = 0; y < map.image.height; ++y) {
    const auto row = static_cast<std::size_t>(y / options.scale / options.block_px);
    for (int x = 0; x < map.image.width; ++x) {
      const auto column = static_cast<std::size_t>(x / options.scale / options.block_px);
      paint(x, y, Position(blocks[row * columns + column], map.max_abs));
    }
  }
}

}  // namespace

Rgb DivergingColor(double t) {
  const double at = (std::clamp(t, -1.0, 1.0) + 1) * 5;  // 0..10
  const auto low = std::min(static_cast<std::size_t>(at), std::size_t{9});
  const double share = at - static_cast<double>(low);
  Rgb color{};
  for (std::size_t c = 0; c < 3; ++c) {
    color[c] = Mix(kDiverging[low][c], kDiverging[low + 1][c], share);
  }
  return color;
}

Result<Tensor> SumChannels(const Tensor& attribution) {
  WHYLIGHT_ASSIGN_OR_RETURN(const RealImage reduced,
                            ReduceChannels(attribution, ChannelRule::kSum));
  Tensor sums(DType::kFloat64, {reduced.height, reduced.width});
  std::ranges::copy(reduced.pixels, sums.data<double>().begin());
  return sums;
}

Result<Tensor> SumBlocks(const Tensor& attribution, int block_px) {
  if (block_px < 1) {
    return InvalidArgument("block: expected at least 1 pixel, got " + std::to_string(block_px));
  }
  const Shape& shape = attribution.shape();
  if (shape.rank() != 2 || !IsNumeric(attribution.dtype())) {
    return InvalidArgument("expected sums of shape [H,W], got shape " + shape.ToString());
  }
  const auto block = static_cast<std::size_t>(block_px);
  const auto width = static_cast<std::size_t>(shape.dim(1));
  const std::size_t columns = (width + block - 1) / block;
  const std::size_t rows = (static_cast<std::size_t>(shape.dim(0)) + block - 1) / block;
  Tensor sums(DType::kFloat64,
              {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)});
  const std::span<double> to = sums.data<double>();
  for (std::size_t i = 0; i < attribution.elements(); ++i) {
    to[i / width / block * columns + i % width / block] += attribution.Number(i);
  }
  return sums;
}

Result<HeatMap> DrawHeatMap(const Tensor& attribution, const HeatMapOptions& options) {
  WHYLIGHT_ASSIGN_OR_RETURN(HeatMap map, Prepare(attribution, options));
  ForEachPixel(map, options, [&map](int x, int y, double t) {
    std::ranges::copy(DivergingColor(t), map.image.at(x, y).begin());
  });
  return map;
}

}  // namespace whylight
