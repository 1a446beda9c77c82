#include "attribution/blur_ig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "image/blur.h"
#include "testing/golden_path.h"

namespace whylight {
namespace {

using testing::Each;
using testing::HasSubstr;

Row Picture(int height, int width, int channels, const std::function<double(int)>& at) {
  Tensor tensor(DType::kFloat64, {height, width, channels});
  for (std::size_t i = 0; i < tensor.elements(); ++i) tensor.SetNumber(i, at(static_cast<int>(i)));
  return {std::move(tensor)};
}

ClosedForm SumOfAll() {
  return ClosedForm(
      [](const Numbers& x) {
        double sum = 0;
        for (const double value : x) sum += value;
        return sum;
      },
      [](const Numbers& x) { return Numbers(x.size(), 1); });
}

Result<Attribution> Explain(Function& f, const Row& x, const BlurIgOptions& options) {
  const BlurIgTask task{.instance = 3, .x = &x};
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Attribution> all, BlurIg(f, {&task, 1}, options));
  return std::move(all[0]);
}

struct GoldenCase {
  const char* name;
  BlurIgOptions options;
};
class BlurIgGoldenTest : public testing::TestWithParam<GoldenCase> {};

TEST_P(BlurIgGoldenTest, HasTheNumbersOfSaliency) {
  ClosedForm f = GoldenNetwork();
  const Result<Attribution> a = Explain(f, {GoldenArray("path/x")}, GetParam().options);
  ASSERT_TRUE(a.ok()) << a.status().message();
  const Tensor& want = GoldenArray(std::string("blur/") + GetParam().name);
  // Sums of doubles in another order; the difference of two blurs is divided by 0.01.
  for (std::size_t i = 0; i < want.elements(); ++i) {
    EXPECT_NEAR(a->values[0].Number(i), want.Number(i), 1e-11) << i;
  }
}
INSTANTIATE_TEST_SUITE_P(, BlurIgGoldenTest,
                         testing::Values(GoldenCase{"25_3", {.steps = 25, .max_sigma = 3}},
                                         GoldenCase{"100_50", {}}),
                         [](const auto& row) { return std::string("of_") + row.param.name; });

// Of a linear F only the ends of the path count: what blurring takes away, up to the finite steps.
TEST(BlurIg, SharesWhatBlurringTakesAway) {
  ClosedForm f = SumOfAll();
  const Row x = Picture(9, 9, 1, [](int i) { return i == 40 ? 1 : 0; });
  const Result<Attribution> a = Explain(f, x, {.steps = 4000, .max_sigma = 4});
  ASSERT_TRUE(a.ok());
  EXPECT_EQ(a->input_score, 1);
  const RealImage blurred =
      Blur({.width = 9,
            .height = 9,
            .channels = 1,
            .pixels = {x[0].data<double>().begin(), x[0].data<double>().end()}},
           {.sigma_y = 4, .sigma_x = 4, .border = Border::kZero});
  double sum = 0;
  for (std::size_t i = 0; i < 81; ++i) {
    // The radius of the kernel jumps with sigma, which a difference over 0.01 sees ten times as
    // steep at a step of 0.001, or not at all: the sum keeps some 1 % of the change.
    EXPECT_NEAR(a->values[0].Number(i), x[0].Number(i) - blurred.pixels[i], 0.05) << i;
    sum += a->values[0].Number(i);
  }
  EXPECT_NEAR(a->baseline_score, SumOf({Tensor::Of<double>({81}, blurred.pixels)}), 1e-12);
  EXPECT_NEAR(a->approximation_error,
              std::abs(1 - a->baseline_score - sum) / (1 - a->baseline_score), 1e-12);
  EXPECT_LT(a->approximation_error, 0.05);
}

TEST(BlurIg, CountsItsCalls) {
  ClosedForm f = SumOfAll();
  const Row x = Picture(4, 5, 3, [](int i) { return i; });
  ASSERT_TRUE(Explain(f, x, {.steps = 10, .max_sigma = 5}).ok());
  EXPECT_EQ(f.evaluate_calls, 1u);
  EXPECT_EQ(f.gradient_rows, 9u);  // At sigma 0 nothing moves.
  EXPECT_EQ(f.gradient_calls, 1u);
}

TEST(BlurIg, MemoryAndThreadsDoNotChangeTheNumbers) {
  ClosedForm f = GoldenNetwork(), g = GoldenNetwork();
  const Row x = {GoldenArray("path/x")};
  const BlurIgTask tasks[] = {{.instance = 0, .x = &x}, {.instance = 1, .x = &x}};
  const auto one = BlurIg(f, tasks, {.steps = 8, .max_sigma = 4, .max_bytes = 1});
  const auto all = BlurIg(g, tasks, {.steps = 8, .max_sigma = 4, .threads = 3});
  ASSERT_TRUE(one.ok() && all.ok());
  EXPECT_EQ(f.gradient_calls, 14u);
  EXPECT_EQ(g.gradient_calls, 1u);
  EXPECT_EQ((*one)[1].values, (*all)[1].values);
  EXPECT_EQ((*one)[0].values, (*one)[1].values);
}

TEST(BlurIg, ABlackPictureGetsNothing) {
  ClosedForm f = SumOfAll();
  const Result<Attribution> a = Explain(f, Picture(6, 6, 3, [](int) { return 0; }), {});
  ASSERT_TRUE(a.ok());
  EXPECT_THAT(a->values[0].data<double>(), Each(0));
  EXPECT_EQ(a->approximation_error, 0);
  EXPECT_EQ(f.gradient_rows, 0u);
}

TEST(BlurIg, OnePixelFadesIntoTheZerosAroundIt) {
  ClosedForm f = SumOfAll();
  const Result<Attribution> a =
      Explain(f, Picture(1, 1, 1, [](int) { return 255; }), {.steps = 1000, .max_sigma = 10});
  ASSERT_TRUE(a.ok());
  EXPECT_LT(a->baseline_score, 1);  // 255 w_0^2, w_0 near 0.04.
  EXPECT_NEAR(a->values[0].Number(0), 255 - a->baseline_score, 0.05 * 255);
}

TEST(BlurIg, TakesGreyPicturesWithoutAChannelAxis) {
  ClosedForm f = GoldenNetwork();
  const Row flat = {GoldenArray("path/x").Reshaped({14, 33})};
  EXPECT_TRUE(Explain(f, flat, {.steps = 3}).ok());
}

TEST(BlurIg, Refuses) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Row picture = Picture(2, 2, 1, [](int i) { return i; });
  const struct {
    const char* name;
    Row x;
    BlurIgOptions options;
    const char* message;
  } cases[] = {
      {"table", Vector({1, 2}), {}, "instances[3].inputs[0]: expected a picture"},
      {"batch of pictures", {Tensor(DType::kFloat32, {1, 2, 2, 3})}, {}, "got [1,2,2,3]"},
      {"no pixel", {Tensor(DType::kFloat32, {0, 2, 3})}, {}, "got [0,2,3]"},
      {"integers", {Tensor(DType::kUInt8, {2, 2, 3})}, {}, "floating numbers, got uint8"},
      {"nan", Picture(2, 2, 1, [&](int) { return nan; }), {}, "finite"},
      {"steps", picture, {.steps = 0}, "steps"},
      {"sigma", picture, {.max_sigma = 0}, "max_sigma"},
      {"nan sigma", picture, {.max_sigma = nan}, "max_sigma"},
      {"large sigma", picture, {.max_sigma = 1001}, "up to 1000"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    ClosedForm f = SumOfAll();
    const Result<Attribution> a = Explain(f, test.x, test.options);
    ASSERT_FALSE(a.ok());
    EXPECT_EQ(a.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(a.status().message(), HasSubstr(test.message));
    EXPECT_EQ(f.evaluate_calls, 0u);
  }
}

TEST(BlurIg, RefusesGradientsThatAreNotFinite) {
  ClosedForm f(
      [](const Numbers&) { return 1.0; },
      [](const Numbers& x) { return Numbers(x.size(), std::numeric_limits<double>::quiet_NaN()); });
  const Result<Attribution> a = Explain(f, Picture(2, 2, 1, [](int i) { return i; }), {});
  ASSERT_FALSE(a.ok());
  EXPECT_EQ(a.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(a.status().message(), HasSubstr("not finite at one of the blurred pictures"));
}

TEST(BlurIg, ReturnsTheFunctionsStatus) {
  ClosedForm f = SumOfAll();
  f.status = Status(StatusCode::kCancelled, "stop");
  EXPECT_EQ(Explain(f, Picture(2, 2, 1, [](int i) { return i; }), {}).status().code(),
            StatusCode::kCancelled);
  EXPECT_TRUE(BlurIg(f, {}, {})->empty());
}

}  // namespace
}  // namespace whylight
