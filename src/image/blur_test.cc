#include "image/blur.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace whylight {
namespace {

RealImage Line(std::vector<double> pixels) {
  return {.width = static_cast<int>(pixels.size()), .height = 1, .channels = 1, .pixels = pixels};
}

TEST(Blur, SpreadsAPointAsTheKernel) {
  RealImage point = Line(std::vector<double>(9, 0.0));
  point.pixels[4] = 1;
  const RealImage blurred = Blur(point, {.sigma_x = 0.8, .border = Border::kZero});
  // scipy.ndimage.gaussian_filter1d(point, 0.8, mode="constant")
  EXPECT_EQ(blurred.pixels,
            (std::vector<double>{0, 0.00044074336693235674, 0.021910314171364808,
                                 0.22831071645846548, 0.49867645200647487, 0.22831071645846548,
                                 0.021910314171364808, 0.00044074336693235674, 0}));
}

TEST(Blur, KeepsEachChannelAndAxisApart) {
  RealImage image{.width = 3, .height = 5, .channels = 2, .pixels = std::vector<double>(30)};
  std::iota(image.pixels.begin(), image.pixels.end(), 0.0);
  for (std::size_t i = 1; i < 30; i += 2) image.pixels[i] = 7;
  const RealImage down = Blur(image, {.sigma_y = 1});
  for (std::size_t i = 1; i < 30; i += 2) EXPECT_NEAR(down.pixels[i], 7, 1e-14) << i;
  // Pixels of a row differ by what they differed by: nothing moved along x.
  EXPECT_NEAR(down.pixels[14] - down.pixels[12], 2, 1e-14);
}

TEST(Blur, ReflectsKeepTheMeanAndZerosLoseIt) {
  const RealImage ones = Line({1, 1, 1});
  const RealImage reflected = Blur(ones, {.sigma_x = 2});  // Reaches 8: over the mirror's mirror.
  for (const double value : reflected.pixels) EXPECT_NEAR(value, 1, 1e-14);
  const RealImage zeros = Blur(ones, {.sigma_x = 2, .border = Border::kZero});
  // scipy.ndimage.gaussian_filter1d([1, 1, 1], 2, mode="constant")
  EXPECT_NEAR(zeros.pixels[0], 0.4964978965148844, 1e-15);
  EXPECT_NEAR(zeros.pixels[1], 0.5515461656343257, 1e-15);
}

TEST(Blur, LeavesAlone) {
  const RealImage line = Line({3, -1, 4});
  EXPECT_EQ(Blur(line, {}), line);
  EXPECT_EQ(Blur(line, {.sigma_y = 0.12, .sigma_x = 0.12}), line);
  EXPECT_EQ(Blur(RealImage{}, {.sigma_x = 1}), RealImage{});
  EXPECT_EQ(Blur(Line({5}), {.sigma_y = 3, .sigma_x = 3}).pixels.size(), 1u);
}

}  // namespace
}  // namespace whylight
