// Gaussian blur, in double precision: bit for bit what scipy.ndimage.gaussian_filter computes, so
// that decisions taken on the result (which edge is lighter) fall as they do there.
//
// Threads No state.
#pragma once

#include <optional>
#include <vector>

namespace whylight {

// Numbers in the layout of Image.
struct RealImage {
  int width = 0;
  int height = 0;
  int channels = 1;
  std::vector<double> pixels;  // height * width * channels

  bool operator==(const RealImage&) const = default;
};

enum class Border {
  kReflect,  // d c b a | a b c d | d c b a
  kZero,     // 0 0 0 0 | a b c d | 0 0 0 0
};

struct BlurOptions {
  double sigma_y = 0;  // Standard deviations in pixels, >= 0; 0 leaves the axis as it is.
  double sigma_x = 0;
  Border border = Border::kReflect;
  std::optional<int> radius;  // r, >= 0; unset: as below.
};

//   out(y, x) = sum over |k| <= r of w_k * in(y + k, x), and the same along x; channels stay apart
//   w_k = exp(-k^2 / (2 sigma^2)) / (sum of all),  r = trunc(4 sigma + 1/2)
// A sigma below 1/8 has r = 0 and changes nothing.
// Source  scipy.ndimage 1.17, gaussian_filter with modes "reflect" and "constant", truncate=4.
RealImage Blur(const RealImage& image, const BlurOptions& options);

}  // namespace whylight
