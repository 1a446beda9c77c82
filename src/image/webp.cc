#include "image/webp.h"

#include <webp/encode.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace whylight {

Result<std::size_t> LosslessBytes(const Image& image) {
  const auto fits = [](int side) { return side > 0 && side <= kMaxWebpSide; };
  if (!fits(image.width) || !fits(image.height)) {
    return InvalidArgument("expected a picture with sides of 1 to " + std::to_string(kMaxWebpSide) +
                           " pixels, got " + std::to_string(image.height) + " x " +
                           std::to_string(image.width));
  }
  std::vector<std::uint8_t> colours;
  const std::uint8_t* pixels = image.pixels.data();
  if (image.channels == 1) {
    for (const std::uint8_t grey : image.pixels) colours.insert(colours.end(), 3, grey);
    pixels = colours.data();
  }
  std::uint8_t* bytes = nullptr;
  const std::size_t size =
      WebPEncodeLosslessRGB(pixels, image.width, image.height, 3 * image.width, &bytes);
  WebPFree(bytes);
  return size > 0 ? Result<std::size_t>(size) : Internal("libwebp did not encode a picture");
}

}  // namespace whylight
