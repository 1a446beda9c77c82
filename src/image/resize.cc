#include "image/resize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

namespace whylight {
namespace {

std::string SizeText(std::int64_t width, std::int64_t height) {
  return std::to_string(width) + " x " + std::to_string(height);
}

template <typename AnyImage>
Status CheckSizes(const AnyImage& image, ImageSize size) {
  if (image.width < 1 || image.height < 1 || image.pixels.empty()) {
    return InvalidArgument("image: expected at least one pixel, got " +
                           SizeText(image.width, image.height));
  }
  if (size.width < 1 || size.height < 1) {
    return InvalidArgument("image: expected a new size of at least 1 x 1, got " +
                           SizeText(size.width, size.height));
  }
  if (std::int64_t{size.width} * size.height > kMaxResizedPixels) {
    return ResourceExhausted("image: expected a new size of at most " +
                             std::to_string(kMaxResizedPixels) + " pixels, got " +
                             SizeText(size.width, size.height));
  }
  return OkStatus();
}

// Where a new row or column lies between two old ones.
struct Sample {
  std::size_t lower = 0;
  std::size_t upper = 0;
  float share = 0;  // Of `upper`.
};

// In float, as TensorFlow's kernel does it, so that the numbers are its numbers.
std::vector<Sample> Samples(int old_size, int new_size) {
  const float scale = static_cast<float>(old_size) / static_cast<float>(new_size);
  std::vector<Sample> samples(static_cast<std::size_t>(new_size));
  for (int i = 0; i < new_size; ++i) {
    const float at = (static_cast<float>(i) + 0.5F) * scale - 0.5F;
    const float floor = std::floor(at);
    const int lower = std::clamp(static_cast<int>(floor), 0, old_size - 1);
    const int upper = std::clamp(static_cast<int>(std::ceil(at)), 0, old_size - 1);
    samples[static_cast<std::size_t>(i)] = {.lower = static_cast<std::size_t>(lower),
                                            .upper = static_cast<std::size_t>(upper),
                                            .share = at - floor};
  }
  return samples;
}

template <typename T>
T Between(T a, T b, T share) {
  return a + (b - a) * share;
}

// Interpolated in the numbers that the resized image has.
template <typename Resized, typename AnyImage>
Result<Resized> Bilinear(const AnyImage& image, ImageSize size) {
  using T = typename decltype(Resized::pixels)::value_type;
  WHYLIGHT_RETURN_IF_ERROR(CheckSizes(image, size));
  const auto depth = static_cast<std::size_t>(image.channels);
  const std::size_t stride = static_cast<std::size_t>(image.width) * depth;
  const std::vector<Sample> columns = Samples(image.width, size.width);
  const std::vector<Sample> rows = Samples(image.height, size.height);
  Resized resized{
      .width = size.width, .height = size.height, .channels = image.channels, .pixels = {}};
  resized.pixels.resize(rows.size() * columns.size() * depth);
  T* to = resized.pixels.data();
  for (const Sample& row : rows) {
    const auto* above = image.pixels.data() + row.lower * stride;
    const auto* below = image.pixels.data() + row.upper * stride;
    for (const Sample& column : columns) {
      const std::size_t left = column.lower * depth;
      const std::size_t right = column.upper * depth;
      for (std::size_t c = 0; c < depth; ++c) {
        const T top = Between<T>(above[left + c], above[right + c], column.share);
        const T bottom = Between<T>(below[left + c], below[right + c], column.share);
        *to++ = Between<T>(top, bottom, row.share);
      }
    }
  }
  return resized;
}

}  // namespace

Result<FloatImage> ResizeBilinear(const Image& image, ImageSize size) {
  return Bilinear<FloatImage>(image, size);
}

Result<RealImage> ResizeBilinear(const RealImage& image, ImageSize size) {
  return Bilinear<RealImage>(image, size);
}

Result<Image> ResizeBilinearRounded(const Image& image, ImageSize size) {
  WHYLIGHT_ASSIGN_OR_RETURN(const FloatImage resized, ResizeBilinear(image, size));
  Image rounded(size.width, size.height, image.channels);
  for (std::size_t i = 0; i < rounded.pixels.size(); ++i) {
    const float value = std::clamp(std::round(resized.pixels[i]), 0.0F, 255.0F);
    rounded.pixels[i] = static_cast<std::uint8_t>(value);
  }
  return rounded;
}

Result<Image> ResizeNearest(const Image& image, ImageSize size) {
  WHYLIGHT_RETURN_IF_ERROR(CheckSizes(image, size));
  Image resized(size.width, size.height, image.channels);
  for (int y = 0; y < size.height; ++y) {
    const int from_y = NearestPixel(y, image.height, size.height);
    for (int x = 0; x < size.width; ++x) {
      const auto from = image.at(NearestPixel(x, image.width, size.width), from_y);
      std::copy(from.begin(), from.end(), resized.at(x, y).begin());
    }
  }
  return resized;
}

}  // namespace whylight
