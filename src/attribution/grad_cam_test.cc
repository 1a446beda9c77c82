#include "attribution/grad_cam.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace whylight {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<double> NumbersOf(const Tensor& map) {
  return {map.data<double>().begin(), map.data<double>().end()};
}

// 2 x 2 places of 2 channels.
const Tensor kValues = Tensor::Of<float>({2, 2, 2}, {1, 0, 2, 1, 3, -1, 4, 5});

TEST(GradCamTest, WeighsChannelsByTheirMeanGradient) {
  // Means 2 and -1; the sums are 2*1 - 0, 2*2 - 1, 2*3 + 1, 2*4 - 5.
  const Tensor gradient = Tensor::Of<float>({2, 2, 2}, {8, 0, 0, 0, 0, 0, 0, -4});
  const Result<Tensor> map = GradCam(0, {.values = kValues, .gradient = gradient}, {2, 2, 3});
  ASSERT_TRUE(map.ok()) << map.status().message();
  EXPECT_EQ(map->shape(), Shape({2, 2, 1}));
  EXPECT_THAT(NumbersOf(*map), ElementsAre(2, 3, 7, 3));
}

TEST(GradCamTest, LeavesOutWhatSpeaksAgainstTheScore) {
  // Weights -1 and 2: -1, 0, -5, 6 before the ReLU.
  const Tensor gradient = Tensor::Of<float>({2, 2, 2}, {-1, 2, -1, 2, -1, 2, -1, 2});
  EXPECT_THAT(NumbersOf(*GradCam(0, {.values = kValues, .gradient = gradient}, {2, 2})),
              ElementsAre(0, 0, 0, 6));
  const Tensor against = Tensor::Of<float>({2, 2, 2}, {-1, 0, -1, 0, -1, 0, -1, 0});
  EXPECT_THAT(NumbersOf(*GradCam(0, {.values = kValues, .gradient = against}, {2, 2})), Each(0));
}

TEST(GradCamTest, ReadsChannelsFirst) {
  const Tensor values = Tensor::Of<double>({2, 2, 2}, {1, 2, 3, 4, 0, 1, -1, 5});
  const Tensor gradient = Tensor::Of<double>({2, 2, 2}, {8, 0, 0, 0, 0, 0, 0, -4});
  const Result<Tensor> map =
      GradCam(0, {.values = values, .gradient = gradient, .channels_first = true}, {2, 2});
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(map->shape(), Shape({2, 2}));
  EXPECT_THAT(NumbersOf(*map), ElementsAre(2, 3, 7, 3));
}

TEST(GradCamTest, SpreadsTheMapOverThePictureAsTensorFlowResizes) {
  const Tensor values = Tensor::Of<float>({1, 2, 1}, {0, 1});
  const Tensor gradient = Tensor::Of<float>({1, 2, 1}, {1, 1});
  const Result<Tensor> map = GradCam(0, {.values = values, .gradient = gradient}, {2, 4, 3});
  ASSERT_TRUE(map.ok());
  EXPECT_THAT(NumbersOf(*map), ElementsAre(0, 0.25, 0.75, 1, 0, 0.25, 0.75, 1));
}

// F = sum over k of c_k * mean(A_k), a network that ends in global average pooling: the map is the
// class activation map, and what stands in it sums to F.
TEST(GradCamTest, IsTheClassActivationMapBehindGlobalPooling) {
  const Tensor values = Tensor::Of<float>({2, 3, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  const double c[] = {0.75, 0.5};
  Tensor gradient(DType::kFloat32, {2, 3, 2});
  double score = 0;
  for (std::size_t i = 0; i < values.elements(); ++i) {
    gradient.SetNumber(i, c[i % 2] / 6);
    score += c[i % 2] * values.Number(i) / 6;
  }
  const Result<Tensor> map = GradCam(0, {.values = values, .gradient = gradient}, {2, 3});
  ASSERT_TRUE(map.ok());
  double sum = 0;
  for (const double value : map->data<double>()) sum += value;
  EXPECT_NEAR(sum, score, 1e-6);  // The gradient is float32.
}

TEST(GradCamTest, RefusesWhatIsNoLayerAndNoPicture) {
  const auto refusal = [](const Tensor& values, const Tensor& gradient, const Shape& picture) {
    return GradCam(2, {.values = values, .gradient = gradient}, picture).status();
  };
  const Tensor vector = Tensor::Of<float>({8}, kValues.data<float>());
  const Status flat = refusal(vector, vector, {2, 2});
  EXPECT_EQ(flat.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(flat.message(), HasSubstr("instances[2]: expected a layer's values"));
  EXPECT_THAT(refusal(kValues, vector, {2, 2}).message(), HasSubstr("[2,2,2] and [8]"));
  EXPECT_THAT(refusal(kValues, kValues, {2}).message(), HasSubstr("expected a picture"));
  EXPECT_THAT(refusal(kValues, kValues, {0, 2}).message(), HasSubstr("expected a picture"));
  const Tensor empty(DType::kFloat32, {0, 2, 2});
  EXPECT_EQ(refusal(empty, empty, {2, 2}).code(), StatusCode::kInvalidArgument);

  Tensor broken = kValues;
  broken.SetNumber(3, std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(refusal(broken, kValues, {2, 2}).code(), StatusCode::kFailedPrecondition);
  const Status gradient = refusal(kValues, broken, {2, 2});
  EXPECT_EQ(gradient.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(gradient.message(), HasSubstr("instances[2]: the gradient is not finite"));
}

}  // namespace
}  // namespace whylight
