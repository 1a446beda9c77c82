#include "evaluate/information_curves.h"

#include <gtest/gtest.h>

#include <numeric>

#include "attribution/closed_form.h"

namespace whylight {
namespace {

constexpr std::int64_t kSide = 10;
constexpr std::size_t kPixels = kSide * kSide;

// Of a picture of ones over a blur of zeros: how many pixels are sharp, of all 100.
double SharpPixels(const Numbers& picture) {
  return std::accumulate(picture.begin(), picture.end(), 0.0);
}

Result<double> SharpPixelsOf(const Tensor& picture) {
  double sum = 0;
  for (const float value : picture.data<float>()) sum += static_cast<double>(value);
  return sum;
}

class InformationCurvesTest : public testing::Test {
 protected:
  // The curves of a score that the first `first` pixels of the order make up, in equal parts.
  InformationCurves Of(const std::function<double(const Numbers&)>& score,
                       const Information& information = SharpPixelsOf, double decides_at = 0.5) {
    ClosedForm f(score);
    std::vector<std::size_t> order(kPixels);
    std::iota(order.begin(), order.end(), std::size_t{0});
    const InformationTask task{.x = &x_, .blurred = &blurred_, .picture = 0, .order = order};
    const Result<std::vector<InformationCurves>> curves =
        ComputeInformationCurves(f, {&task, 1}, information, [&](std::span<const Point> points) {
          const std::vector<double> scores = *f.Evaluate(points);
          std::vector<bool> decided;
          for (const double one : scores) decided.push_back(one >= decides_at);
          return Result<std::vector<bool>>(decided);
        });
    EXPECT_TRUE(curves.ok()) << curves.status().message();
    return curves.ok() ? (*curves)[0] : InformationCurves();
  }

  const Row x_ = {Tensor::Filled(DType::kFloat32, Shape{kSide, kSide, 1}, 1)};
  const Row blurred_ = {Tensor::Filled(DType::kFloat32, Shape{kSide, kSide, 1}, 0)};
};

TEST_F(InformationCurvesTest, AreHalvesWhereTheScoreIsTheInformation) {
  const InformationCurves curves = Of(SharpPixels, SharpPixelsOf, 50);
  ASSERT_TRUE(curves.sic && curves.aic);
  EXPECT_NEAR(*curves.sic, 0.5, 1e-12);
  // From the threshold 0.34 to 0.5 the decision comes, and it stays.
  EXPECT_NEAR(*curves.aic, 0.16 / 2 + 0.5, 1e-12);
}

TEST_F(InformationCurvesTest, AreHighWhereFewPixelsAreAllThatCounts) {
  const auto first_ten = [](const Numbers& picture) {
    return std::accumulate(picture.begin(), picture.begin() + 10, 0.0) / 10;
  };
  const auto last_ten = [](const Numbers& picture) {
    return std::accumulate(picture.end() - 10, picture.end(), 0.0) / 10;
  };
  // Straight up to 0.1, then 1.
  EXPECT_NEAR(*Of(first_ten).sic, 0.1 / 2 + 0.9, 1e-12);
  // Nothing up to the threshold 0.75.
  EXPECT_NEAR(*Of(last_ten).sic, 0.25 / 2, 1e-12);
}

TEST_F(InformationCurvesTest, NeverFall) {
  // The score overshoots at half of the pixels and comes back.
  const auto hump = [](const Numbers& picture) {
    const double sharp = SharpPixels(picture) / kPixels;
    return sharp < 0.75 ? 2 * sharp : sharp;
  };
  EXPECT_NEAR(*Of(hump).sic, 0.5 / 2 + 0.5, 1e-12);
}

TEST_F(InformationCurvesTest, AreNotThereWithoutAnythingToCarry) {
  EXPECT_FALSE(Of([](const Numbers&) { return 3.0; }).sic.has_value());
  EXPECT_FALSE(Of([](const Numbers& p) { return -SharpPixels(p); }).sic.has_value());
  const InformationCurves decided = Of(SharpPixels, SharpPixelsOf, -1);
  EXPECT_TRUE(decided.sic.has_value());
  EXPECT_FALSE(decided.aic.has_value()) << "the blurred picture is of the class already";
  EXPECT_FALSE(Of(SharpPixels, SharpPixelsOf, 1000).aic.has_value()) << "the sharp one is not";
  const InformationCurves flat = Of(SharpPixels, [](const Tensor&) { return Result<double>(7); });
  EXPECT_FALSE(flat.sic || flat.aic) << "a picture that is its own blur";
}

TEST_F(InformationCurvesTest, PassErrorsOn) {
  ClosedForm f(SharpPixels);
  std::vector<std::size_t> order(kPixels);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const InformationTask task{.x = &x_, .blurred = &blurred_, .picture = 0, .order = order};
  const auto decides = [](std::span<const Point> points) {
    return Result<std::vector<bool>>(std::vector<bool>(points.size()));
  };
  const Information broken = [](const Tensor&) { return Result<double>(Internal("no codec")); };
  EXPECT_EQ(ComputeInformationCurves(f, {&task, 1}, broken, decides).status(),
            Internal("no codec"));
}

}  // namespace
}  // namespace whylight
