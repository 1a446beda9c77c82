#include "image/blur.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace whylight {
namespace {

// w_0 .. w_r. Added up from -r to r, as NumPy does.
std::vector<double> HalfKernel(double sigma, std::optional<int> given_radius) {
  const int radius = given_radius.value_or(static_cast<int>(4 * sigma + 0.5));
  std::vector<double> weights;
  for (int k = 0; k <= radius; ++k) {
    weights.push_back(std::exp(-0.5 / (sigma * sigma) * (static_cast<double>(k) * k)));
  }
  double sum = 0;
  for (int k = -radius; k <= radius; ++k) sum += weights[static_cast<std::size_t>(std::abs(k))];
  for (double& weight : weights) weight /= sum;
  return weights;
}

// Where position `at` of a line of `size` lies in its mirror images.
int Reflected(int at, int size) {
  at %= 2 * size;
  if (at < 0) at += 2 * size;
  return at < size ? at : 2 * size - 1 - at;
}

// Lines of `inner` numbers each that stand at `count` places one behind the other: rows of an
// image, or pixels of a row. Pairs are added from the outermost in, which fixes the rounding.
void BlurPlaces(std::span<const double> from, std::span<double> to, std::span<const double> weights,
                int count, std::size_t inner, Border border) {
  const auto place = [&](std::span<const double> of, int at) {
    return of.subspan(static_cast<std::size_t>(at) * inner, inner);
  };
  const int radius = static_cast<int>(weights.size()) - 1;
  // Beyond the line there are only zeros on both sides.
  const int reach = border == Border::kZero ? std::min(radius, count - 1) : radius;
  for (int at = 0; at < count; ++at) {
    const std::span<double> out = to.subspan(static_cast<std::size_t>(at) * inner, inner);
    const std::span<const double> centre = place(from, at);
    for (std::size_t i = 0; i < inner; ++i) out[i] = centre[i] * weights[0];
    for (int k = reach; k > 0; --k) {
      const double weight = weights[static_cast<std::size_t>(k)];
      const bool has_left = at - k >= 0, has_right = at + k < count;
      if (border == Border::kReflect || (has_left && has_right)) {
        const std::span<const double> left = place(from, Reflected(at - k, count));
        const std::span<const double> right = place(from, Reflected(at + k, count));
        for (std::size_t i = 0; i < inner; ++i) out[i] += (left[i] + right[i]) * weight;
      } else if (has_left || has_right) {
        const std::span<const double> one = place(from, has_left ? at - k : at + k);
        for (std::size_t i = 0; i < inner; ++i) out[i] += one[i] * weight;
      }
    }
  }
}

// Rows as places: each is wide, so the inner loops run over many numbers.
RealImage BlurredDown(const RealImage& image, double sigma, const BlurOptions& options) {
  RealImage blurred = image;
  BlurPlaces(image.pixels, blurred.pixels, HalfKernel(sigma, options.radius), image.height,
             static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels),
             options.border);
  return blurred;
}

RealImage Transposed(const RealImage& image) {
  RealImage turned{.width = image.height,
                   .height = image.width,
                   .channels = image.channels,
                   .pixels = std::vector<double>(image.pixels.size())};
  const auto width = static_cast<std::size_t>(image.width);
  const auto height = static_cast<std::size_t>(image.height);
  const auto channels = static_cast<std::size_t>(image.channels);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      for (std::size_t c = 0; c < channels; ++c) {
        turned.pixels[(x * height + y) * channels + c] =
            image.pixels[(y * width + x) * channels + c];
      }
    }
  }
  return turned;
}

}  // namespace

RealImage Blur(const RealImage& image, const BlurOptions& options) {
  if (image.pixels.empty()) return image;
  RealImage blurred = options.sigma_y > 0 ? BlurredDown(image, options.sigma_y, options) : image;
  if (options.sigma_x <= 0) return blurred;
  return Transposed(BlurredDown(Transposed(blurred), options.sigma_x, options));
}

}  // namespace whylight
