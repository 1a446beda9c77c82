#include "render/window.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <utility>

namespace whylight {
namespace {

std::string PlaceOf(std::size_t pixel, std::size_t width) {
  return "the attribution at row " + std::to_string(pixel / width) + ", column " +
         std::to_string(pixel % width);
}

// Takes one channel after the other into the pixel's number.
double Joined(double so_far, double value, ChannelRule rule) {
  switch (rule) {
    case ChannelRule::kSum:
    case ChannelRule::kMean:
      return so_far + value;
    case ChannelRule::kAbsSum:
      return so_far + std::abs(value);
    case ChannelRule::kMaxAbs:
      return std::abs(value) > std::abs(so_far) ? value : so_far;
    case ChannelRule::kNorm:
      return std::hypot(so_far, value);
  }
  return so_far;
}

struct Window {
  double lo = 0, hi = 0;
};

double AtRank(std::span<const double> ascending, double percentage) {
  const double at = percentage / 100 * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  return ascending[below] + (ascending[above] - ascending[below]) * (at - std::floor(at));
}

double AtShare(std::span<const double> ascending, double percentage) {
  const double wanted = (100 - percentage) / 100 * std::reduce(ascending.begin(), ascending.end());
  double held = 0;
  for (std::size_t i = ascending.size(); i-- > 0;) {
    held += ascending[i];
    if (held >= wanted) return ascending[i];
  }
  return ascending.front();
}

Window WindowOf(std::vector<double> values, const VisualizationOptions& options) {
  std::ranges::sort(values);
  const auto at = [&](double percentage) {
    return options.clipping == Clipping::kRank ? AtRank(values, percentage)
                                               : AtShare(values, percentage);
  };
  const double lo = at(options.clip_below), hi = at(options.clip_above);
  return {.lo = lo, .hi = hi > lo ? hi : values.back()};
}

std::vector<double> Mapped(const RealImage& sums, const std::function<double(double)>& each) {
  std::vector<double> mapped(sums.pixels.size());
  std::ranges::transform(sums.pixels, mapped.begin(), each);
  return mapped;
}

std::vector<double> Magnitudes(const RealImage& sums, Sign sign) {
  const double factor = sign == Sign::kPositive ? 1 : -1;
  return Mapped(sums, [factor](double s) { return std::max(factor * s, 0.0); });
}

Layer LayerOf(const RealImage& sums, Sign sign, const std::vector<double>& magnitudes,
              Window window) {
  const bool alike = window.hi <= window.lo;
  Layer layer{
      .sign = sign,
      .intensity = {.width = sums.width, .height = sums.height, .channels = 1, .pixels = {}},
      .highlighted = std::vector<std::uint8_t>(magnitudes.size()),
      .numbers = {.lo = window.lo, .hi = window.hi}};
  layer.intensity.pixels.resize(magnitudes.size());
  double inside = 0, all = 0, count = 0;
  for (std::size_t i = 0; i < magnitudes.size(); ++i) {
    const double value = magnitudes[i];
    layer.numbers.sum += value;
    all += std::abs(sums.pixels[i]);
    if (!(value > 0 && (value > window.lo || (alike && value == window.lo)))) continue;
    layer.highlighted[i] = 1;
    layer.intensity.pixels[i] =
        alike ? 1 : std::min((value - window.lo) / (window.hi - window.lo), 1.0);
    inside += value;
    ++count;
  }
  layer.numbers.highlighted = count / static_cast<double>(magnitudes.size());
  layer.numbers.share = all > 0 ? inside / all : 0;
  return layer;
}

}  // namespace

Result<RealImage> ReduceChannels(const Tensor& attribution, ChannelRule rule) {
  const Shape& shape = attribution.shape();
  constexpr std::int64_t kMaxSide = std::numeric_limits<int>::max();
  if (!IsNumeric(attribution.dtype()) || (shape.rank() != 2 && shape.rank() != 3) ||
      attribution.elements() == 0 || std::max(shape.dim(0), shape.dim(1)) > kMaxSide) {
    return InvalidArgument("expected the attribution of an image, [H,W,C] or [H,W], got " +
                           DTypeName(attribution.dtype()) + " of shape " + shape.ToString());
  }
  RealImage sums{.width = static_cast<int>(shape.dim(1)),
                 .height = static_cast<int>(shape.dim(0)),
                 .channels = 1,
                 .pixels = {}};
  const auto width = static_cast<std::size_t>(sums.width);
  const std::size_t pixels = width * static_cast<std::size_t>(sums.height);
  const std::size_t channels = attribution.elements() / pixels;
  sums.pixels.resize(pixels);
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
    double& sum = sums.pixels[pixel];
    for (std::size_t c = 0; c < channels; ++c) {
      const double value = attribution.Number(pixel * channels + c);
      if (!std::isfinite(value)) return InvalidArgument(PlaceOf(pixel, width) + " is not finite");
      sum = Joined(sum, value, rule);
    }
    if (rule == ChannelRule::kMean) sum /= static_cast<double>(channels);
    if (!std::isfinite(sum)) return InvalidArgument(PlaceOf(pixel, width) + " overflows");
  }
  return sums;
}

Result<RealImage> PixelAttributions(const Tensor& attribution,
                                    const VisualizationOptions& options) {
  WHYLIGHT_RETURN_IF_ERROR(CheckVisualization(options));
  WHYLIGHT_ASSIGN_OR_RETURN(RealImage sums, ReduceChannels(attribution, options.channels));
  if (options.blur_sigma <= 0) return sums;
  return Blur(sums, {.sigma_y = options.blur_sigma,
                     .sigma_x = options.blur_sigma,
                     .radius = static_cast<int>(std::ceil(3 * options.blur_sigma))});
}

std::vector<Layer> LayersOf(const RealImage& sums, const VisualizationOptions& options) {
  const bool both = options.polarity == Polarity::kBoth;
  const bool shared = both && options.window == WindowRule::kShared;
  const Window of_both =
      shared ? WindowOf(Mapped(sums, [](double s) { return std::abs(s); }), options) : Window();
  std::vector<Layer> layers;
  for (const Sign sign : {Sign::kNegative, Sign::kPositive}) {
    const Polarity alone = sign == Sign::kPositive ? Polarity::kPositive : Polarity::kNegative;
    if (!both && options.polarity != alone) continue;
    const std::vector<double> magnitudes = Magnitudes(sums, sign);
    layers.push_back(
        LayerOf(sums, sign, magnitudes, shared ? of_both : WindowOf(magnitudes, options)));
  }
  return layers;
}

}  // namespace whylight
