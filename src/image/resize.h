// Changing an image's size.
//
// Errors  Of all: kInvalidArgument: a size below 1 or an empty image. kResourceExhausted: more than
//         kMaxResizedPixels; the message gives both figures.
// Threads No state.
#pragma once

#include <cstdint>
#include <vector>

#include "image/blur.h"
#include "image/image.h"
#include "whylight/status.h"

namespace whylight {

inline constexpr std::int64_t kMaxResizedPixels = std::int64_t{1} << 26;  // As DecodeOptions.

// Floats in the layout of Image: what resizing makes before anyone rounds.
struct FloatImage {
  int width = 0;
  int height = 0;
  int channels = 3;
  std::vector<float> pixels;
};

struct ImageSize {
  int width = 0;
  int height = 0;
};

// Bilinear with half-pixel centres and clamped edges: pixel x of the new image is taken at
// (x + 0.5) * old / new - 0.5. The numbers of tf.image.resize(method="bilinear"), antialias=False.
Result<FloatImage> ResizeBilinear(const Image& image, ImageSize size);
Result<RealImage> ResizeBilinear(const RealImage& image, ImageSize size);
Result<Image> ResizeBilinearRounded(const Image& image, ImageSize size);  // To the nearest integer.

// The old pixel that the centre of the new pixel i falls into: floor((i + 0.5) * old / new),
// exactly.
constexpr int NearestPixel(std::int64_t i, std::int64_t old_size, std::int64_t new_size) {
  return static_cast<int>((2 * i + 1) * old_size / (2 * new_size));
}
// Each new pixel is the NearestPixel.
Result<Image> ResizeNearest(const Image& image, ImageSize size);

}  // namespace whylight
