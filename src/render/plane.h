// One value a pixel, without arithmetic on them: masks, ranks.
//
// Threads No state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "image/resize.h"
#include "whylight/status.h"

namespace whylight {

// Each new pixel is the NearestPixel, as in ResizeNearest.
// Errors  as of resizing; `plane` has a value for each pixel of `old`.
template <typename T>
Result<std::vector<T>> ResizedNearest(const std::vector<T>& plane, ImageSize old, ImageSize size) {
  if (size.width < 1 || size.height < 1 ||
      std::int64_t{size.width} * size.height > kMaxResizedPixels) {
    return ResourceExhausted("expected a size of 1 to " + std::to_string(kMaxResizedPixels) +
                             " pixels, got " + std::to_string(size.width) + " x " +
                             std::to_string(size.height));
  }
  std::vector<T> resized;
  resized.reserve(static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height));
  for (int y = 0; y < size.height; ++y) {
    const auto row = static_cast<std::size_t>(NearestPixel(y, old.height, size.height)) *
                     static_cast<std::size_t>(old.width);
    for (int x = 0; x < size.width; ++x) {
      resized.push_back(
          plane[row + static_cast<std::size_t>(NearestPixel(x, old.width, size.width))]);
    }
  }
  return resized;
}

}  // namespace whylight
