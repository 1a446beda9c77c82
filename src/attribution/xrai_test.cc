#include "attribution/xrai.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "attribution/picture.h"
#include "segment/regions.h"
#include "testing/golden_path.h"

namespace whylight {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// ------------------------------------------------------------------------------------------ ranks
struct GoldenCase {
  const char* image;
  XraiAlgorithm algorithm;
};
std::string NameOf(const GoldenCase& test) {
  return std::string(test.image) + (test.algorithm == XraiAlgorithm::kFull ? "_full" : "_fast");
}
class RankGoldenTest : public testing::TestWithParam<GoldenCase> {};

// Segments, ranks and values of saliency, from the picture and the attribution alone.
TEST_P(RankGoldenTest, RanksAreThoseOfSaliency) {
  const std::string name = GetParam().image;
  const Tensor& image = GoldenArray(name + "/image");
  const Result<RealImage> picture = PictureOf(image, 0, 0);
  ASSERT_TRUE(picture.ok());
  std::vector<double> attribution;
  std::size_t next = 0;
  for (int y = 0; y < picture->height; ++y) {
    for (int x = 0; x < picture->width; ++x) {
      double greatest = -std::numeric_limits<double>::infinity();
      for (int c = 0; c < picture->channels; ++c) {
        const int hash = (31 * y + 17 * x + 7 * c + (x * y) % 97) % 101;
        greatest = std::max(greatest, (picture->pixels[next++] - 128) / 256 + (hash - 50) / 128.0);
      }
      attribution.push_back(greatest);
    }
  }
  const std::vector<RankedRegion> ranked =
      RankRegions(attribution, picture->width, picture->height,
                  XraiRegions(XraiSegmentations(*picture)), {.algorithm = GetParam().algorithm});
  const std::string of = GetParam().algorithm == XraiAlgorithm::kFull ? "/full" : "/fast";
  const Tensor& ranks = GoldenArray(name + of + "/ranks");
  const Tensor& values = GoldenArray(name + of + "/values");
  ASSERT_EQ(ranked.size(), values.elements());
  std::size_t pixels = 0, different = 0;
  for (std::size_t r = 0; r < ranked.size(); ++r) {
    EXPECT_NEAR(ranked[r].attribution, values.Number(r), 1e-12) << "rank " << r + 1;
    ranked[r].pixels.ForEach([&](std::size_t pixel) {
      ++pixels;
      different += ranks.Number(pixel) != static_cast<double>(r + 1);
    });
  }
  EXPECT_EQ(different, 0u);
  EXPECT_EQ(pixels, ranks.elements());
}
INSTANTIATE_TEST_SUITE_P(, RankGoldenTest,
                         testing::Values(GoldenCase{"astronaut", XraiAlgorithm::kFull},
                                         GoldenCase{"astronaut", XraiAlgorithm::kFast},
                                         GoldenCase{"chelsea", XraiAlgorithm::kFull},
                                         GoldenCase{"chelsea", XraiAlgorithm::kFast},
                                         GoldenCase{"coffee", XraiAlgorithm::kFull},
                                         GoldenCase{"coffee", XraiAlgorithm::kFast},
                                         GoldenCase{"camera", XraiAlgorithm::kFull},
                                         GoldenCase{"camera", XraiAlgorithm::kFast},
                                         GoldenCase{"rings", XraiAlgorithm::kFull},
                                         GoldenCase{"rings", XraiAlgorithm::kFast}),
                         [](const auto& row) { return NameOf(row.param); });

Mask Columns(int width, int from, int to) {
  Mask mask(width, 1);
  for (int x = from; x < to; ++x) mask.Add(x, 0);
  return mask;
}

TEST(RankRegions, WeighsWhatARegionAdds) {
  // Means: [0,3) 4, [1,5) 3, [4,6) 0. Behind the first, [1,5) adds {3,4}: 1.5.
  const std::vector<double> attribution = {2, 5, 5, 2, 1, -1, 7};
  const std::vector<Mask> regions = {Columns(7, 4, 6), Columns(7, 1, 5), Columns(7, 0, 3)};
  const std::vector<RankedRegion> full = RankRegions(attribution, 7, 1, regions, {.min_pixels = 1});
  ASSERT_THAT(full, SizeIs(4));
  EXPECT_THAT(full[0].pixels.Runs(), ElementsAre(PixelRun{0, 3}));
  EXPECT_EQ(full[0].attribution, 4);
  EXPECT_THAT(full[1].pixels.Runs(), ElementsAre(PixelRun{3, 2}));
  EXPECT_EQ(full[1].attribution, 1.5);
  EXPECT_THAT(full[2].pixels.Runs(), ElementsAre(PixelRun{5, 1}));
  // What no region has stands last.
  EXPECT_TRUE(full[3].is_rest);
  EXPECT_EQ(full[3].attribution, 7);
}

TEST(RankRegions, FastSortsOnce) {
  // Means 3, 2, 1 in full; behind the first, the second adds {2}: 0, and the third {3,4}: 1.
  const std::vector<double> attribution = {3, 3, 0, 1, 1};
  const std::vector<Mask> regions = {Columns(5, 0, 2), Columns(5, 0, 3), Columns(5, 3, 5)};
  const RankOptions fast{.algorithm = XraiAlgorithm::kFast, .min_pixels = 1};
  const std::vector<RankedRegion> ranked = RankRegions(attribution, 5, 1, regions, fast);
  ASSERT_THAT(ranked, SizeIs(3));
  EXPECT_EQ(ranked[0].attribution, 3);
  EXPECT_EQ(ranked[1].attribution, 1);  // Ranked by what they added.
  EXPECT_EQ(ranked[2].attribution, 0);
}

TEST(RankRegions, LeavesOutWhatAddsLittle) {
  const std::vector<double> attribution = {9, 9, 1, 1, 1};
  const std::vector<Mask> regions = {Columns(5, 0, 2), Columns(5, 1, 5)};
  for (const XraiAlgorithm algorithm : {XraiAlgorithm::kFull, XraiAlgorithm::kFast}) {
    const std::vector<RankedRegion> ranked =
        RankRegions(attribution, 5, 1, regions, {.algorithm = algorithm, .min_pixels = 3});
    ASSERT_THAT(ranked, SizeIs(2));
    EXPECT_EQ(ranked[0].attribution, 3);
    EXPECT_TRUE(ranked[1].is_rest);
    EXPECT_EQ(ranked[1].attribution, 9);
  }
}

TEST(RankRegions, EndsAtTheAreaThreshold) {
  const std::vector<double> attribution = {4, 3, 2, 1};
  const std::vector<Mask> regions = {Columns(4, 0, 1), Columns(4, 1, 2), Columns(4, 2, 3),
                                     Columns(4, 3, 4)};
  const std::vector<RankedRegion> ranked =
      RankRegions(attribution, 4, 1, regions, {.min_pixels = 1, .area_threshold = 0.25});
  ASSERT_THAT(ranked, SizeIs(3));  // The second goes beyond it.
  EXPECT_TRUE(ranked[2].is_rest);
  EXPECT_EQ(ranked[2].attribution, 1.5);
}

TEST(RankRegions, KeepsTheSum) {
  const std::vector<double> attribution = {1, -2, 4, 8, -16, 32};
  const std::vector<Mask> regions = {Columns(6, 0, 4), Columns(6, 2, 5)};
  for (const XraiAlgorithm algorithm : {XraiAlgorithm::kFull, XraiAlgorithm::kFast}) {
    double sum = 0;
    for (const RankedRegion& region :
         RankRegions(attribution, 6, 1, regions, {.algorithm = algorithm, .min_pixels = 1})) {
      sum += region.attribution * static_cast<double>(region.pixels.Count());
    }
    EXPECT_NEAR(sum, 27, 1e-14);
  }
}

TEST(RankRegions, TakesNothing) {
  EXPECT_TRUE(RankRegions({}, 0, 0, {}, {}).empty());
  const std::vector<double> one = {3};
  const std::vector<RankedRegion> ranked =
      RankRegions(one, 1, 1, {Mask(1, 1, {})}, {.min_pixels = 1});
  ASSERT_THAT(ranked, SizeIs(1));
  EXPECT_TRUE(ranked[0].is_rest);
  EXPECT_EQ(ranked[0].attribution, 3);
}

// ------------------------------------------------------------------------------------------- XRAI
// F = sum of c_i x_i^2, c from the place: the gradient along the path is known.
ClosedForm Quadratic() {
  return ClosedForm(
      [](const Numbers& x) {
        double sum = 0;
        for (std::size_t i = 0; i < x.size(); ++i) sum += static_cast<double>(i % 5) * x[i] * x[i];
        return sum;
      },
      [](const Numbers& x) {
        Numbers slope;
        for (std::size_t i = 0; i < x.size(); ++i) {
          slope.push_back(2 * static_cast<double>(i % 5) * x[i]);
        }
        return slope;
      });
}

Row Halves(int channels, double left, double right) {
  Tensor tensor(DType::kFloat32, {20, 30, channels});
  for (std::size_t i = 0; i < tensor.elements(); ++i) {
    tensor.SetNumber(i, i / static_cast<std::size_t>(channels) % 30 < 15 ? left : right);
  }
  return {std::move(tensor)};
}

Result<std::vector<XraiAttribution>> Explain(Function& f, const Row& x,
                                             const std::vector<Row>& baselines,
                                             const XraiOptions& options = {}) {
  IgTask task{.instance = 3, .x = &x, .baselines = {}};
  for (const Row& baseline : baselines) task.baselines.push_back(&baseline);
  return Xrai(f, {&task, 1}, options);
}

TEST(Xrai, GivesRegionsTheGreatestOfTheChannels) {
  ClosedForm f = Quadratic();
  const Row x = Halves(3, 0, 1);
  const std::vector<Row> black = {Halves(3, 0, 0)};
  const auto all = Explain(f, x, black);
  ASSERT_TRUE(all.ok()) << all.status().message();
  const XraiAttribution& a = (*all)[0];
  const Tensor& map = a.attribution.values[0];
  EXPECT_EQ(map.shape(), Shape({20, 30, 1}));
  // Of a pixel on the right: the greatest of i % 5 over its three elements.
  double mass = 0;
  for (std::size_t pixel = 0; pixel < 600; ++pixel) {
    if (pixel % 30 < 15) continue;
    std::size_t greatest = 0;
    for (std::size_t c = 0; c < 3; ++c) greatest = std::max(greatest, (3 * pixel + c) % 5);
    mass += static_cast<double>(greatest);
  }
  EXPECT_NEAR(SumOf(a.attribution.values), mass, 1e-9);
  EXPECT_GT(map.Number(29), 2);
  EXPECT_LT(map.Number(0), 1e-12);
  // Scores and error are those of Integrated Gradients, which is exact here.
  EXPECT_EQ(a.attribution.baseline_score, 0);
  EXPECT_LT(a.attribution.approximation_error, 1e-9);
  EXPECT_EQ(f.gradient_rows, 50u);
  EXPECT_EQ(f.evaluate_calls, 1u);
  ASSERT_THAT(a.regions, SizeIs(1));
  std::int64_t pixels = 0;
  for (const RankedRegion& region : a.regions[0]) pixels += region.pixels.Count();
  EXPECT_EQ(pixels, 600);
}

TEST(Xrai, APictureHasTheSameRegionsForEachOutput) {
  ClosedForm f = Quadratic();
  const Row x = Halves(3, 0.25, 1), again = x, b = Halves(3, 0, 0);
  const IgTask tasks[] = {{.instance = 0, .x = &x, .baselines = {&b}},
                          {.instance = 1, .x = &again, .baselines = {&b}}};
  const auto all = Xrai(f, tasks, {});
  ASSERT_TRUE(all.ok());
  EXPECT_EQ((*all)[0].attribution.values, (*all)[1].attribution.values);
}

TEST(Xrai, BlackAndWhiteAreThePicturesOwn) {
  const Row x = Halves(3, 64, 255);
  const std::vector<Row> baselines = BlackAndWhite(x);
  ASSERT_THAT(baselines, SizeIs(2));
  EXPECT_EQ(baselines[0], Halves(3, 64, 64));
  EXPECT_EQ(baselines[1], Halves(3, 255, 255));
}

TEST(Xrai, AConstantPictureIsItsOwnBaseline) {
  ClosedForm f = Quadratic();
  const Row x = Halves(1, 7, 7);
  const auto all = Explain(f, x, BlackAndWhite(x));
  ASSERT_TRUE(all.ok());
  EXPECT_THAT((*all)[0].attribution.values[0].data<double>(), Each(0));
  EXPECT_EQ((*all)[0].attribution.approximation_error, 0);
  ASSERT_THAT((*all)[0].regions[0], SizeIs(1));
  EXPECT_FALSE((*all)[0].regions[0][0].is_rest);
  EXPECT_EQ(f.gradient_rows, 0u);
}

TEST(Xrai, AConstantPictureIsOneRegion) {
  ClosedForm f = Quadratic();
  const auto all = Explain(f, Halves(1, 2, 2), {Halves(1, 0, 0)});
  ASSERT_TRUE(all.ok());
  ASSERT_THAT((*all)[0].regions[0], SizeIs(1));
  EXPECT_NEAR((*all)[0].regions[0][0].attribution, 2 * 4, 1e-9);  // The mean of i % 5, times x^2.
}

TEST(Xrai, OnePixelIsOneRegion) {
  ClosedForm f([](const Numbers& x) { return 3 * x[0]; },
               [](const Numbers&) { return Numbers{3}; });
  const auto all =
      Explain(f, {Tensor::Filled(DType::kFloat32, {1, 1}, 2)}, {{Tensor(DType::kFloat32, {1, 1})}});
  ASSERT_TRUE(all.ok());
  EXPECT_EQ((*all)[0].attribution.values[0].shape(), Shape({1, 1}));
  EXPECT_NEAR((*all)[0].attribution.values[0].Number(0), 6, 1e-12);
  ASSERT_THAT((*all)[0].regions[0], SizeIs(1));
  EXPECT_TRUE((*all)[0].regions[0][0].is_rest);
}

TEST(Xrai, GreyPicturesKeepTheirAxes) {
  ClosedForm f = Quadratic();
  const auto channel = Explain(f, Halves(1, 0, 1), {Halves(1, 0, 0)});
  const Row flat = {Halves(1, 0, 1)[0].Reshaped({20, 30})};
  const auto plain = Explain(f, flat, {{Tensor(DType::kFloat32, {20, 30})}});
  ASSERT_TRUE(channel.ok() && plain.ok());
  EXPECT_EQ((*channel)[0].attribution.values[0].shape(), Shape({20, 30, 1}));
  EXPECT_EQ((*plain)[0].attribution.values[0].shape(), Shape({20, 30}));
  EXPECT_EQ((*plain)[0].attribution.values[0].Reshaped({20, 30, 1}),
            (*channel)[0].attribution.values[0]);
}

TEST(Xrai, TheUnitChangesNoRegion) {
  ClosedForm f = Quadratic();
  const auto unit = Explain(f, Halves(3, 0, 1), {Halves(3, 0, 0)});
  const auto bytes = Explain(f, Halves(3, 0, 255), {Halves(3, 0, 0)});
  ASSERT_TRUE(unit.ok() && bytes.ok());
  const auto &a = (*unit)[0].regions[0], &b = (*bytes)[0].regions[0];
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].pixels.Runs(), b[i].pixels.Runs()) << i;
    EXPECT_NEAR(b[i].attribution, 255 * 255 * a[i].attribution, 1e-6) << i;
  }
}

TEST(Xrai, Refuses) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const struct {
    const char* name;
    Row x;
    int steps;
    const char* message;
  } cases[] = {
      {"table", Vector({1, 2}), 50, "instances[3].inputs[0]: expected a picture"},
      {"video", {Tensor(DType::kFloat32, {2, 4, 4, 3})}, 50, "got [2,4,4,3]"},
      {"no pixel", {Tensor(DType::kFloat32, {4, 0, 3})}, 50, "got [4,0,3]"},
      {"nan", {Tensor::Filled(DType::kFloat32, {2, 2, 1}, nan)}, 50, "finite numbers"},
      {"steps", Halves(1, 0, 1), 0, "steps"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    ClosedForm f = Quadratic();
    const auto all = Explain(f, test.x, {test.x}, {.steps = test.steps});
    ASSERT_FALSE(all.ok());
    EXPECT_EQ(all.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(all.status().message(), HasSubstr(test.message));
    EXPECT_EQ(f.evaluate_calls, 0u);
  }
}

TEST(Xrai, RefusesGradientsThatAreNotFinite) {
  ClosedForm f(
      [](const Numbers&) { return 1.0; },
      [](const Numbers& x) { return Numbers(x.size(), std::numeric_limits<double>::quiet_NaN()); });
  const auto all = Explain(f, Halves(3, 0, 1), {Halves(3, 0, 0)});
  ASSERT_FALSE(all.ok());
  EXPECT_EQ(all.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(all.status().message(), HasSubstr("not finite"));
}

}  // namespace
}  // namespace whylight
