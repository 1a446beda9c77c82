// An image in memory: 8 bits a channel, rows from the top, channels interleaved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace whylight {

struct Image {
  int width = 0;
  int height = 0;
  int channels = 3;                  // 1 (grey) or 3 (red, green, blue).
  std::vector<std::uint8_t> pixels;  // height * width * channels

  Image() = default;
  Image(int width_px, int height_px, int channel_count)
      : width(width_px),
        height(height_px),
        channels(channel_count),
        pixels(static_cast<std::size_t>(width_px) * static_cast<std::size_t>(height_px) *
               static_cast<std::size_t>(channel_count)) {}

  // The channels of one pixel; x and y in range.
  std::span<std::uint8_t> at(int x, int y) { return {pixels.data() + Offset(x, y), Depth()}; }
  std::span<const std::uint8_t> at(int x, int y) const {
    return {pixels.data() + Offset(x, y), Depth()};
  }

  bool operator==(const Image&) const = default;

 private:
  std::size_t Depth() const { return static_cast<std::size_t>(channels); }
  std::size_t Offset(int x, int y) const {
    return (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
            static_cast<std::size_t>(x)) *
           Depth();
  }
};

// Brightness of a colour, ITU-R BT.601: what JPEG, TensorFlow and PIL take for grey.
constexpr double Luma(double red, double green, double blue) {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

}  // namespace whylight
