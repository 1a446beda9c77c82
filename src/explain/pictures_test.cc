// XRAI, Blur IG and Guided IG of loaded models; their numbers are held by the tests of
// attribution/.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "attribution/blur_ig.h"
#include "attribution/closed_form.h"
#include "attribution/guided_ig.h"
#include "attribution/xrai.h"
#include "model/test_model.h"
#include "testing/runtime_test.h"
#include "whylight/explainer.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// y = sum of x^2
constexpr char kSquares[] = R"(
  x = Placeholder[dtype=float32, shape=[?,20,30,3]]()
  square = Mul[T=float32](x, x)
  axes = Const[dtype=int32, value={1, 2, 3}]()
  y = Sum[T=float32, Tidx=int32, keep_dims=false](square, axes) -> [?]
)";
ClosedForm Squares() {
  return ClosedForm(
      [](const Numbers& x) {
        double sum = 0;
        for (const double value : x) sum += value * value;
        return sum;
      },
      [](const Numbers& x) {
        Numbers slope;
        for (const double value : x) slope.push_back(2 * value);
        return slope;
      });
}

Row Halves(float left, float right, const Shape& shape = {20, 30, 3}) {
  Tensor tensor(DType::kFloat32, shape);
  const std::span<float> to = tensor.data<float>();
  const auto channels = static_cast<std::size_t>(shape.rank() == 3 ? shape.dim(2) : 1);
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = i / channels % 30 < 15 ? left : right;
  return {std::move(tensor)};
}

// Without the ties between regions that even halves have, and float's rounding would break.
Row Textured() {
  Row row = Halves(0.25, 1);
  const std::span<float> to = row[0].data<float>();
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += 0.002f * static_cast<float>(i * 37 % 101);
  return row;
}

class PicturesTest : public RuntimeTest {
 protected:
  Status Open(const TestModelSpec& spec, ExplainOptions options) {
    model_ = OpenTestModel(folder_, spec);
    if (model_ == nullptr) return Internal("no model");
    options.session.threads = 1;
    WHYLIGHT_ASSIGN_OR_RETURN(explainer_, Explainer::Open(*model_, runtime(), std::move(options)));
    return OkStatus();
  }

  Result<Explanation> Explain(const Row& request) {
    return std::move(explainer_->Explain({&request, 1})[0]);
  }

  TemporaryFolder folder_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Explainer> explainer_;
};

void ExpectNear(const Tensor& got, const Tensor& want, double tolerance) {
  ASSERT_EQ(got.shape(), want.shape());
  for (std::size_t i = 0; i < got.elements(); ++i) {
    ASSERT_NEAR(got.Number(i), want.Number(i), tolerance) << i;
  }
}

TEST_F(PicturesTest, XraiStartsBlackAndWhiteAndGivesRegions) {
  for (const RegionRanking ranking : {RegionRanking::kFull, RegionRanking::kFast}) {
    ASSERT_EQ(Open({.graph = kSquares}, {.method = "xrai", .steps = 4, .region_ranking = ranking}),
              OkStatus());
    EXPECT_THAT(explainer_->plan().baselines[0].text, HasSubstr("black and white"));
    EXPECT_EQ(explainer_->plan().baselines[0].origin, "default");
    const Row x = Textured();
    const Result<Explanation> explanation = Explain(x);
    ASSERT_TRUE(explanation.ok()) << explanation.status().message();
    const OutputAttribution& attribution = explanation->attributions[0];
    EXPECT_NEAR(attribution.baseline_output, 1800 * (0.25 * 0.25 + 1.2 * 1.2) / 2, 1e-2);

    ClosedForm f = Squares();
    const std::vector<Row> baselines = BlackAndWhite(x);
    const IgTask task{.instance = 0, .x = &x, .baselines = {&baselines[0], &baselines[1]}};
    XraiOptions options{.steps = 4};
    if (ranking == RegionRanking::kFast) options.rank.algorithm = XraiAlgorithm::kFast;
    const auto want = Xrai(f, {&task, 1}, options);
    ASSERT_TRUE(want.ok());
    const FeatureAttribution& feature = attribution.features.at(0);
    EXPECT_EQ(feature.values.shape(), Shape({20, 30, 1}));
    EXPECT_EQ(feature.input.shape(), Shape({20, 30, 3}));
    ExpectNear(feature.values, (*want)[0].attribution.values[0], 1e-6);

    const std::vector<RankedRegion>& ranked = (*want)[0].regions[0];
    ASSERT_EQ(feature.regions.size(), ranked.size());
    ASSERT_GE(ranked.size(), 2u);
    double area = 0;
    for (std::size_t i = 0; i < ranked.size(); ++i) {
      const RegionAttribution& region = feature.regions[i];
      EXPECT_EQ(region.rank, static_cast<int>(i + 1));
      EXPECT_NEAR(region.attribution, ranked[i].attribution, 1e-6);
      EXPECT_EQ(region.is_rest, ranked[i].is_rest);
      std::int64_t pixels = 0;
      for (const PixelSpan& span : region.pixels) {
        pixels += span.length;
        EXPECT_NEAR(feature.values.Number(static_cast<std::size_t>(span.first)), region.attribution,
                    1e-12);
      }
      EXPECT_NEAR(region.area, static_cast<double>(pixels) / 600, 1e-12);
      area += region.area;
    }
    EXPECT_NEAR(area, 1, 1e-12);
    EXPECT_GT(feature.regions[0].attribution, 0);  // The bright half and its edge.
    EXPECT_LT(feature.regions.back().attribution, 0);
  }
}

TEST_F(PicturesTest, XraiStartsFromTheBaselineGiven) {
  ExplainOptions options{.method = "xrai", .steps = 4};
  options.baselines["x"] = {Json(0.0)};
  ASSERT_EQ(Open({.graph = kSquares}, options), OkStatus());
  EXPECT_EQ(explainer_->plan().baselines[0].origin, "--baseline");
  const Result<Explanation> explanation = Explain(Halves(0, 1));
  ASSERT_TRUE(explanation.ok()) << explanation.status().message();
  EXPECT_EQ(explanation->attributions[0].baseline_output, 0);
  EXPECT_NEAR(explanation->attributions[0].approximation_error, 0, 1e-5);
}

TEST_F(PicturesTest, BlurIgIsThatOfTheClosedForm) {
  ASSERT_EQ(Open({.graph = kSquares}, {.method = "blur-ig", .steps = 12, .max_sigma = 6}),
            OkStatus());
  EXPECT_EQ(explainer_->plan().baselines[0].text, "blurred with sigma 6");
  ASSERT_EQ(explainer_->plan().settings.size(), 2u);
  EXPECT_EQ(explainer_->plan().settings[0].json, "12");
  EXPECT_EQ(explainer_->plan().settings[1].name, "maxSigma");
  EXPECT_EQ(explainer_->plan().settings[1].json, "6.0");
  const Row x = Halves(0.25, 1);
  const Result<Explanation> explanation = Explain(x);
  ASSERT_TRUE(explanation.ok()) << explanation.status().message();
  ClosedForm f = Squares();
  const BlurIgTask task{.instance = 0, .x = &x};
  const auto want = BlurIg(f, {&task, 1}, {.steps = 12, .max_sigma = 6});
  ASSERT_TRUE(want.ok());
  const OutputAttribution& attribution = explanation->attributions[0];
  ExpectNear(attribution.features.at(0).values, (*want)[0].values[0], 1e-5);
  EXPECT_NEAR(attribution.approximation_error, (*want)[0].approximation_error, 1e-4);
  EXPECT_THAT(attribution.features[0].regions, IsEmpty());
}

TEST_F(PicturesTest, GuidedIgIsThatOfTheClosedForm) {
  ASSERT_EQ(Open({.graph = kSquares},
                 {.method = "guided-ig", .steps = 9, .fraction = 0.5, .max_dist = 0.1}),
            OkStatus());
  const Row x = Halves(0.25, 1), b = Halves(0, 0);
  const Result<Explanation> explanation = Explain(x);
  ASSERT_TRUE(explanation.ok()) << explanation.status().message();
  ClosedForm f = Squares();
  const IgTask task{.instance = 0, .x = &x, .baselines = {&b}};
  const auto want = GuidedIg(f, {&task, 1}, {.steps = 9, .fraction = 0.5, .max_dist = 0.1});
  ASSERT_TRUE(want.ok());
  ExpectNear(explanation->attributions[0].features.at(0).values, (*want)[0].values[0], 1e-5);
}

TEST_F(PicturesTest, GuidedIgExplainsTables) {
  ASSERT_EQ(Open({.graph = R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    w = Const[dtype=float32, value={{1, 3}, {2, -1}}]()
    y = MatMul[T=float32](x, w) -> [?,2]
  )"},
                 {.method = "guided-ig"}),
            OkStatus());
  const Result<Explanation> explanation = Explain({Tensor::Of<float>({2}, {4, 3})});
  ASSERT_TRUE(explanation.ok()) << explanation.status().message();
  EXPECT_NEAR(explanation->attributions[0].features[0].values.Number(0), 4, 1e-5);
  EXPECT_NEAR(explanation->attributions[0].features[0].values.Number(1), 6, 1e-5);
}

TEST_F(PicturesTest, ATableIsRefusedWithTheMethodsThatCan) {
  const TestModelSpec table{.graph = R"(
    x = Placeholder[dtype=float32, shape=[?,4]]()
    axis = Const[dtype=int32, value={1}]()
    y = Sum[T=float32, Tidx=int32, keep_dims=false](x, axis) -> [?]
  )"};
  for (const char* method : {"xrai", "blur-ig"}) {
    const Status refused = Open(table, {.method = method});
    EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(refused.message(), HasSubstr(std::string(method) + " explains pictures"));
    EXPECT_THAT(refused.message(), HasSubstr("x (float32[?,4] is no picture)"));
    EXPECT_THAT(refused.message(),
                HasSubstr("integrated-gradients, guided-ig and sampled-shapley"));
  }
}

TEST_F(PicturesTest, ARowThatIsNoPictureIsRefusedWhereTheModelDoesNotTell) {
  for (const char* method : {"xrai", "blur-ig"}) {
    ASSERT_EQ(Open({.graph = R"(
      x = Placeholder[dtype=float32, shape=[?,?,?,?]]()
      axes = Const[dtype=int32, value={1, 2, 3}]()
      y = Sum[T=float32, Tidx=int32, keep_dims=false](x, axes) -> [?]
    )"},
                   {.method = method, .steps = 2}),
              OkStatus());
    const Result<Explanation> explanation = Explain({Tensor(DType::kFloat32, Shape{4, 0, 3})});
    ASSERT_FALSE(explanation.ok());
    EXPECT_EQ(explanation.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(explanation.status().message(), HasSubstr("'x' is none: float32[4,0,3]"));
    EXPECT_THAT(explanation.status().message(), HasSubstr("sampled-shapley"));
    EXPECT_TRUE(Explain({Tensor::Filled(DType::kFloat32, {4, 5, 3}, 1)}).ok());
  }
}

TEST_F(PicturesTest, ASeriesIsAPictureIfTheMetadataSaysSo) {
  const TestModelSpec grey{.graph = R"(
    x = Placeholder[dtype=float32, shape=[?,20,30]]()
    axes = Const[dtype=int32, value={1, 2}]()
    y = Sum[T=float32, Tidx=int32, keep_dims=false](x, axes) -> [?]
  )"};
  const Status refused = Open(grey, {.method = "xrai"});
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(), HasSubstr("unless the metadata's modality says image"));

  ExplainOptions options{.method = "xrai", .steps = 2};
  options.metadata.emplace();
  options.metadata->inputs.push_back(
      {.name = "x", .input_tensor_name = "x", .modality = Modality::kImage});
  ASSERT_EQ(Open(grey, options), OkStatus());
  const Result<Explanation> explanation = Explain(Halves(0, 1, {20, 30}));
  ASSERT_TRUE(explanation.ok()) << explanation.status().message();
  EXPECT_EQ(explanation->attributions[0].features[0].values.shape(), Shape({20, 30}));
}

TEST_F(PicturesTest, WhatIsNoPictureIsHeld) {
  ASSERT_EQ(Open({.graph = R"(
    image = Placeholder[dtype=float32, shape=[?,20,30,1]]()
    age = Placeholder[dtype=float32, shape=[?]]()
    axes = Const[dtype=int32, value={1, 2, 3}]()
    sum = Sum[T=float32, Tidx=int32, keep_dims=false](image, axes)
    y = Mul[T=float32](sum, age) -> [?]
  )",
                  .signatures = {{.inputs = {{"age", "age"}, {"image", "image"}}}}},
                 {.method = "xrai", .steps = 3}),
            OkStatus());
  EXPECT_THAT(explainer_->plan().explained, ElementsAre("image"));
  EXPECT_THAT(explainer_->plan().held, ElementsAre("age (float32[?] is no picture)"));
  Row request = {Tensor::Scalar(3.0f)};
  request.push_back(Halves(0, 1, {20, 30, 1})[0]);
  const Result<Explanation> explanation = Explain(request);
  ASSERT_TRUE(explanation.ok()) << explanation.status().message();
  EXPECT_NEAR(explanation->attributions[0].instance_output, 900, 1e-3);
  EXPECT_NEAR(explanation->attributions[0].baseline_output, 900, 1e-3);  // (0 + 1800) / 2
}

TEST_F(PicturesTest, BlurIgTakesNoBaseline) {
  ExplainOptions options{.method = "blur-ig"};
  options.baselines["x"] = {Json(0.0)};
  const Status refused = Open({.graph = kSquares}, options);
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(), HasSubstr("starts from the blurred picture"));
}

TEST_F(PicturesTest, OptionsOutOfRangeAreRefused) {
  const struct {
    ExplainOptions options;
    const char* message;
  } cases[] = {
      {{.method = "blur-ig", .max_sigma = 0}, "--max-sigma 0: expected a number above 0"},
      {{.method = "blur-ig", .max_sigma = 2000}, "up to 1000"},
      {{.method = "guided-ig", .fraction = 1.5}, "--fraction 1.5"},
      {{.method = "guided-ig", .max_dist = -1}, "--max-dist -1: expected 0 to 1"},
      {{.method = "xrai", .steps = 0}, "--steps 0"},
  };
  for (const auto& test : cases) {
    const Status refused = Open({.graph = kSquares}, test.options);
    EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(refused.message(), HasSubstr(test.message));
  }
}

TEST_F(PicturesTest, APathOfOnePictureStillShowsThatRowsDepend) {
  // x less the mean of the batch: beside other blurs each has another gradient.
  ASSERT_EQ(Open({.graph = R"(
    x = Placeholder[dtype=float32, shape=[?,20,30,3]]()
    rows = Const[dtype=int32, value={0}]()
    mean = Mean[T=float32, Tidx=int32, keep_dims=true](x, rows)
    rest = Sub[T=float32](x, mean)
    product = Mul[T=float32](rest, x)
    square = Add[T=float32](product, x)
    axes = Const[dtype=int32, value={1, 2, 3}]()
    y = Sum[T=float32, Tidx=int32, keep_dims=false](square, axes) -> [?]
  )"},
                 {.method = "blur-ig", .steps = 5, .max_sigma = 5}),
            OkStatus());
  const Row x = Halves(0, 1);
  const Result<Explanation> explanation = Explain(x);
  ASSERT_TRUE(explanation.ok()) << explanation.status().message();
  ASSERT_FALSE(explainer_->warnings().empty());
  EXPECT_EQ(explainer_->warnings().back().rule, "rows-not-independent");
  // Alone x is the mean: y is the sum of x, and its gradient 1.
  ClosedForm f([](const Numbers& values) { return SumOf({Tensor::Of<double>({1800}, values)}); },
               [](const Numbers& values) { return Numbers(values.size(), 1); });
  const BlurIgTask task{.instance = 0, .x = &x};
  const auto want = BlurIg(f, {&task, 1}, {.steps = 5, .max_sigma = 5});
  ASSERT_TRUE(want.ok());
  ExpectNear(explanation->attributions[0].features.at(0).values, (*want)[0].values[0], 1e-5);
}

TEST_F(PicturesTest, ANaNGradientFailsItsRowAlone) {
  // Above 88.7 the score is 0 and the gradient 0 * infinity.
  for (const char* method : {"xrai", "guided-ig", "blur-ig"}) {
    ASSERT_EQ(Open({.graph = R"(
      x = Placeholder[dtype=float32, shape=[?,20,30,1]]()
      zeros = ZerosLike[T=float32](x)
      exp = Exp[T=float32](x)
      ten = Const[dtype=float32, value=10]()
      small = Less[T=float32](x, ten)
      picked = SelectV2[T=float32](small, exp, zeros)
      axes = Const[dtype=int32, value={1, 2, 3}]()
      y = Sum[T=float32, Tidx=int32, keep_dims=false](picked, axes) -> [?]
    )"},
                   {.method = method, .steps = 3, .max_sigma = 3}),
              OkStatus());
    const std::vector<Row> requests = {Halves(0, 200, {20, 30, 1}), Halves(0, 2, {20, 30, 1})};
    const std::vector<Result<Explanation>> explanations = explainer_->Explain(requests);
    EXPECT_EQ(explanations[0].status().code(), StatusCode::kFailedPrecondition) << method;
    EXPECT_THAT(explanations[0].status().message(), HasSubstr("not finite")) << method;
    EXPECT_TRUE(explanations[1].ok()) << method << ": " << explanations[1].status().message();
  }
}

TEST_F(PicturesTest, GradCamLooksAtALayer) {
  ASSERT_EQ(Open({.graph = kSquares}, {.method = "grad-cam"}), OkStatus());
  EXPECT_THAT(explainer_->plan().settings.at(0).text,
              HasSubstr("layer square:0 [20,30,3] (the last with height and width)"));
  EXPECT_THAT(explainer_->plan().baselines, IsEmpty());
  const Row x = Textured();
  const Result<Explanation> explanation = Explain(x);
  ASSERT_TRUE(explanation.ok()) << explanation.status().message();
  const OutputAttribution& attribution = explanation->attributions.at(0);
  EXPECT_FALSE(attribution.has_baseline);
  EXPECT_EQ(attribution.approximation_error, 0);
  // The gradient at the squares is 1: the map is their sum over the channels.
  Tensor want(DType::kFloat64, {20, 30, 1});
  double score = 0;
  for (std::size_t i = 0; i < x[0].elements(); ++i) {
    const double square = x[0].Number(i) * x[0].Number(i);
    want.SetNumber(i / 3, want.Number(i / 3) + square);
    score += square;
  }
  ExpectNear(attribution.features.at(0).values, want, 1e-5);
  EXPECT_NEAR(attribution.instance_output, score, 1e-2);

  ASSERT_EQ(Open({.graph = kSquares}, {.method = "grad-cam", .layer = "x"}), OkStatus());
  // At x the gradient is 2 x, and a channel's weight the mean of that.
  const Row even = {Tensor::Filled(DType::kFloat32, {20, 30, 3}, 0.5)};
  const Result<Explanation> at_x = Explain(even);
  ASSERT_TRUE(at_x.ok()) << at_x.status().message();
  ExpectNear(at_x->attributions.at(0).features.at(0).values,
             Tensor::Filled(DType::kFloat64, {20, 30, 1}, 1.5), 1e-6);
}

// Of several rows each has its own map, whatever their number.
TEST_F(PicturesTest, GradCamOfManyRowsIsThatOfEach) {
  ASSERT_EQ(Open({.graph = kSquares}, {.method = "grad-cam"}), OkStatus());
  std::vector<Row> requests;
  for (int i = 0; i < 20; ++i) requests.push_back(Halves(0, 0.1F * static_cast<float>(i)));
  const std::vector<Result<Explanation>> all = explainer_->Explain(requests);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    ASSERT_TRUE(all[i].ok()) << all[i].status().message();
    const Tensor& map = all[i]->attributions.at(0).features.at(0).values;
    const double right = 0.1F * static_cast<float>(i);
    EXPECT_NEAR(map.Number(29), 3 * right * right, 1e-5) << i;
    EXPECT_EQ(map.Number(0), 0) << i;
  }
  EXPECT_THAT(explainer_->warnings(), IsEmpty());
}

TEST_F(PicturesTest, GradCamRunsDependentRowsOneByOne) {
  ASSERT_EQ(Open({.graph = R"(
    x = Placeholder[dtype=float32, shape=[?,20,30,3]]()
    rows = Const[dtype=int32, value={0}]()
    mean = Mean[T=float32, Tidx=int32, keep_dims=true](x, rows)
    product = Mul[T=float32](x, mean)
    axes = Const[dtype=int32, value={1, 2, 3}]()
    y = Sum[T=float32, Tidx=int32, keep_dims=false](product, axes) -> [?]
  )"},
                 {.method = "grad-cam", .layer = "product"}),
            OkStatus());
  const std::vector<Row> requests = {Halves(1, 1), Halves(3, 3)};
  const std::vector<Result<Explanation>> all = explainer_->Explain(requests);
  ASSERT_TRUE(all[0].ok() && all[1].ok());
  EXPECT_EQ(explainer_->warnings().at(0).rule, "rows-not-independent");
  EXPECT_NEAR(all[1]->attributions.at(0).features.at(0).values.Number(0), 27, 1e-4)
      << "alone a row is the mean";
}

TEST_F(PicturesTest, GradCamTakesIntegerPictures) {
  ASSERT_EQ(Open({.graph = R"(
    x = Placeholder[dtype=uint8, shape=[?,20,30,3]]()
    pixels = Cast[SrcT=uint8, DstT=float32](x)
    axes = Const[dtype=int32, value={1, 2, 3}]()
    y = Sum[T=float32, Tidx=int32, keep_dims=false](pixels, axes) -> [?]
  )"},
                 {.method = "grad-cam"}),
            OkStatus());
  const Result<Explanation> explanation = Explain({Tensor::Filled(DType::kUInt8, {20, 30, 3}, 7)});
  ASSERT_TRUE(explanation.ok()) << explanation.status().message();
  ExpectNear(explanation->attributions.at(0).features.at(0).values,
             Tensor::Filled(DType::kFloat64, {20, 30, 1}, 21), 1e-6);
}

TEST_F(PicturesTest, GradCamNeedsAPictureAndALayer) {
  const Status table = Open({.graph = R"(
    x = Placeholder[dtype=float32, shape=[?,4]]()
    y = Square[T=float32](x) -> [?,4]
  )"},
                            {.method = "grad-cam"});
  EXPECT_EQ(table.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(table.message(), HasSubstr("grad-cam explains pictures"));
  const Status unknown = Open({.graph = kSquares}, {.method = "grad-cam", .layer = "squares"});
  EXPECT_EQ(unknown.code(), StatusCode::kNotFound);
  EXPECT_THAT(unknown.message(), HasSubstr("did you mean 'square'"));
  EXPECT_EQ(Open({.graph = kSquares},
                 {.method = "grad-cam", .baselines = {{"x", {Baseline(BaselineKind::kZeros)}}}})
                .code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace whylight
