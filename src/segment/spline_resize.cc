#include "segment/spline_resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace whylight {
namespace {

// Zeros around each line, so that the spline is zero beyond the image's edges.
constexpr std::size_t kPad = 12;

// Pixel k of the new line, as a place in the old one; pixels are areas, their centres at 1/2.
double PlaceOf(int k, int from, int to) {
  const double zoom = static_cast<double>(from) / static_cast<double>(to);
  return (static_cast<double>(k) + 0.5) * zoom - 0.5;
}

// The coefficients of the cubic spline through a line that mirrors at both ends.
void SplineFilter(std::vector<double>& line) {
  const double pole = std::sqrt(3.0) - 2.0;
  const std::size_t n = line.size();
  for (double& value : line) value *= (1.0 - pole) * (1.0 - 1.0 / pole);
  const double last = std::pow(pole, static_cast<double>(n - 1));
  double power = pole;
  line[0] += last * line[n - 1];
  for (std::size_t i = 1; i + 1 < n; ++i) {
    line[0] += power * (line[i] + last * line[n - 1 - i]);
    power *= pole;
  }
  line[0] /= 1 - last * last;
  for (std::size_t i = 1; i < n; ++i) line[i] += pole * line[i - 1];
  line[n - 1] = (pole * line[n - 2] + line[n - 1]) * pole / (pole * pole - 1);
  for (std::size_t i = n - 1; i-- > 0;) line[i] = pole * (line[i + 1] - line[i]);
}

struct Tap {
  std::size_t first = 0;  // Of four coefficients in the padded line.
  std::array<double, 4> weights{};
};

std::vector<Tap> TapsFor(int from, int to) {
  std::vector<Tap> taps;
  for (int k = 0; k < to; ++k) {
    const double place = PlaceOf(k, from, to), below = std::floor(place);
    const double y = place - below, z = 1.0 - y;
    Tap tap{.first = static_cast<std::size_t>(static_cast<int>(below) - 1 + static_cast<int>(kPad)),
            .weights = {z * z * z / 6.0, (y * y * (y - 2.0) * 3.0 + 4.0) / 6.0,
                        (z * z * (z - 2.0) * 3.0 + 4.0) / 6.0}};
    tap.weights[3] = 1.0 - tap.weights[0] - tap.weights[1] - tap.weights[2];
    taps.push_back(tap);
  }
  return taps;
}

// Lines along one axis of an image: `count` of them, numbers `stride` apart.
struct Axis {
  int from = 0, to = 0;
  std::size_t stride_from = 0, stride_to = 0;
};

void ResizeLine(const double* from, double* to, const Axis& axis, const std::vector<Tap>& taps,
                std::vector<double>& line) {
  std::ranges::fill(line, 0.0);
  for (std::size_t i = 0; i < static_cast<std::size_t>(axis.from); ++i) {
    line[kPad + i] = from[i * axis.stride_from];
  }
  SplineFilter(line);
  for (std::size_t k = 0; k < taps.size(); ++k) {
    double sum = 0;
    for (std::size_t i = 0; i < 4; ++i) sum += taps[k].weights[i] * line[taps[k].first + i];
    to[k * axis.stride_to] = sum;
  }
}

RealImage ResizedDown(const RealImage& image, int height) {
  if (height == image.height) return image;
  const std::size_t row =
      static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels);
  RealImage out{.width = image.width,
                .height = height,
                .channels = image.channels,
                .pixels = std::vector<double>(row * static_cast<std::size_t>(height))};
  const std::vector<Tap> taps = TapsFor(image.height, height);
  std::vector<double> line(static_cast<std::size_t>(image.height) + 2 * kPad);
  const Axis axis{.from = image.height, .to = height, .stride_from = row, .stride_to = row};
  for (std::size_t i = 0; i < row; ++i) {
    ResizeLine(image.pixels.data() + i, out.pixels.data() + i, axis, taps, line);
  }
  return out;
}

RealImage ResizedAcross(const RealImage& image, int width) {
  if (width == image.width) return image;
  const auto channels = static_cast<std::size_t>(image.channels);
  const auto height = static_cast<std::size_t>(image.height);
  const std::size_t row_from = static_cast<std::size_t>(image.width) * channels;
  const std::size_t row_to = static_cast<std::size_t>(width) * channels;
  RealImage out{.width = width,
                .height = image.height,
                .channels = image.channels,
                .pixels = std::vector<double>(row_to * height)};
  const std::vector<Tap> taps = TapsFor(image.width, width);
  std::vector<double> line(static_cast<std::size_t>(image.width) + 2 * kPad);
  const Axis axis{.from = image.width, .to = width, .stride_from = channels, .stride_to = channels};
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t c = 0; c < channels; ++c) {
      ResizeLine(image.pixels.data() + y * row_from + c, out.pixels.data() + y * row_to + c, axis,
                 taps, line);
    }
  }
  return out;
}

double AntiAliasingSigma(int from, int to) {
  return std::max(0.0, (static_cast<double>(from) / static_cast<double>(to) - 1) / 2);
}

}  // namespace

RealImage ResizeCubic(const RealImage& image, ImageSize size) {
  WHYLIGHT_CHECK(!image.pixels.empty() && size.width > 0 && size.height > 0);
  if (size.width == image.width && size.height == image.height) return image;
  const RealImage smooth = Blur(image, {.sigma_y = AntiAliasingSigma(image.height, size.height),
                                        .sigma_x = AntiAliasingSigma(image.width, size.width),
                                        .border = Border::kZero});
  RealImage resized = ResizedAcross(ResizedDown(smooth, size.height), size.width);
  const auto [least, greatest] = std::ranges::minmax(image.pixels);
  for (double& value : resized.pixels) value = std::clamp(value, least, greatest);
  return resized;
}

LabelMap ResizeLabels(const LabelMap& map, ImageSize size) {
  WHYLIGHT_CHECK(!map.labels.empty() && size.width > 0 && size.height > 0);
  const auto nearest = [](int from, int to) {
    std::vector<std::size_t> places;
    for (int k = 0; k < to; ++k) {
      const int place = static_cast<int>(std::floor(PlaceOf(k, from, to) + 0.5));
      places.push_back(static_cast<std::size_t>(std::clamp(place, 0, from - 1)));
    }
    return places;
  };
  LabelMap out{.width = size.width, .height = size.height, .count = map.count, .labels = {}};
  const std::vector<std::size_t> columns = nearest(map.width, size.width);
  for (const std::size_t y : nearest(map.height, size.height)) {
    for (const std::size_t x : columns) {
      out.labels.push_back(map.labels[y * static_cast<std::size_t>(map.width) + x]);
    }
  }
  return out;
}

}  // namespace whylight
