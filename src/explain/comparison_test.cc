#include "explain/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/test_model.h"
#include "testing/runtime_test.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Class 0 is x0 + 2 x1, class 1 is 3 x0 - x1. `scale` is held: an integer has no gradient.
constexpr char kLinear[] = R"(
  x = Placeholder[dtype=float32, shape=[?,2]]()
  scale = Placeholder[dtype=int32, shape=[?,1]]()
  w = Const[dtype=float32, value={{1, 3}, {2, -1}}]()
  m = MatMul[T=float32](x, w)
  s = Cast[SrcT=int32, DstT=float32](scale)
  y = Mul[T=float32](m, s) -> [?,2]
)";

// Fails for rows of another length than the weights have.
constexpr char kAnyLength[] = R"(
  x = Placeholder[dtype=float32, shape=[?,?]]()
  w = Const[dtype=float32, value={{1}, {2}}]()
  y = MatMul[T=float32](x, w) -> [?,1]
)";

Row Request(std::initializer_list<float> x) {
  return {Tensor::Of<std::int32_t>(Shape{1}, {1}),
          Tensor::Of<float>(Shape{static_cast<std::int64_t>(x.size())}, x)};
}

class ComparisonTest : public RuntimeTest {
 protected:
  Comparison Compare(const TestModelSpec& spec, const std::vector<ExplainOptions>& options) {
    model_ = OpenTestModel(folder_, spec);
    std::vector<ComparedMethod> methods;
    for (ExplainOptions of_method : options) {
      of_method.session.threads = 1;
      Result<std::unique_ptr<MeasuredExplainer>> explainer =
          MeasuredExplainer::Open(*model_, runtime(), of_method);
      EXPECT_TRUE(explainer.ok()) << explainer.status().message();
      methods.push_back({.name = of_method.method, .explainer = *std::move(explainer)});
    }
    return Comparison(std::move(methods), 0, 50);
  }
  static TestModelSpec Linear() {
    return {.graph = kLinear, .signatures = {{.inputs = {{"scale", "scale"}, {"x", "x"}}}}};
  }

  TemporaryFolder folder_;
  std::unique_ptr<Model> model_;
};

const ExplainOptions kGradients{.method = "integrated-gradients", .steps = 4};
const ExplainOptions kShapley{.method = "sampled-shapley", .path_rule = PathRule::kExact};

TEST_F(ComparisonTest, MeasuresWhatAllMethodsExplain) {
  Comparison comparison = Compare(Linear(), {kGradients, kShapley});
  const std::vector<Row> requests = {Request({4, 3}), Request({-1, 2})};
  EXPECT_THAT(comparison.Add(requests), ElementsAre(OkStatus(), OkStatus()));
  EXPECT_THAT(comparison.features(), ElementsAre("x")) << "gradients hold the scale";
  EXPECT_EQ(comparison.rows(), 2u);
  // Both are exact for a line, and 3 x0 of 4 x0 - x1 is the best order there is.
  for (std::size_t m = 0; m < 2; ++m) {
    const MethodScore score = comparison.scoreboard()->Score(m);
    ASSERT_TRUE(score.gap.has_value());
    EXPECT_NEAR(*score.gap, 0, 1e-6);
    EXPECT_GE(score.faithfulness, comparison.scoreboard()->Score(2).faithfulness);
    EXPECT_FALSE(score.sic.has_value()) << "no picture";
    EXPECT_GT(comparison.SecondsPerRow(m), 0);
  }
  ASSERT_EQ(comparison.agreements().size(), 1u);
  EXPECT_NEAR(comparison.agreements()[0].rank, 1, 1e-9);
  EXPECT_THAT(comparison.reference()[0].text, HasSubstr("zeros"));
}

TEST_F(ComparisonTest, OnlyMethodsThatSumToTheDifferenceHaveAGap) {
  Comparison comparison = Compare(Linear(), {kGradients, {.method = "gradient-x-input"}});
  const Row request = Request({4, 3});
  EXPECT_THAT(comparison.Add({&request, 1}), ElementsAre(OkStatus()));
  EXPECT_TRUE(comparison.scoreboard()->Score(0).gap.has_value());
  EXPECT_FALSE(comparison.scoreboard()->Score(1).gap.has_value());
}

TEST_F(ComparisonTest, ARowThatAMethodCannotExplainDoesNotCount) {
  const ExplainOptions by_integers{.method = "integrated-gradients", .steps = 2};
  Comparison comparison = Compare({.graph = kAnyLength}, {by_integers, kShapley});
  const std::vector<Row> requests = {{Tensor::Of<float>(Shape{2}, {1, 2})},
                                     {Tensor::Of<float>(Shape{3}, {1, 2, 3})}};
  const std::vector<Status> statuses = comparison.Add(requests);
  ASSERT_EQ(statuses.size(), 2u);
  EXPECT_EQ(statuses[0], OkStatus());
  EXPECT_THAT(statuses[1].message(), HasSubstr("integrated-gradients: "));
  EXPECT_EQ(comparison.rows(), 1u);
  EXPECT_EQ(comparison.scoreboard()->rows(), 1u);
}

TEST_F(ComparisonTest, AMethodThatFailsOnAllFirstRowsIsLeftOut) {
  // One row of 21 players is more than can be exact.
  ExplainOptions exact = kShapley;
  Comparison comparison = Compare(
      {.graph =
           "x = Placeholder[dtype=float32, shape=[?,40]]()\ny = Exp[T=float32](x) -> [?,40]\n"},
      {kGradients, exact});
  const Row request = {Tensor::Filled(DType::kFloat32, Shape{40}, 0.5)};
  EXPECT_THAT(comparison.Add({&request, 1}), ElementsAre(OkStatus()));
  ASSERT_EQ(comparison.left_out().size(), 1u);
  EXPECT_EQ(comparison.left_out()[0].name, "sampled-shapley");
  EXPECT_EQ(comparison.methods().size(), 1u);
}

TEST_F(ComparisonTest, AProbeScoresAndDecides) {
  model_ = OpenTestModel(folder_, Linear());
  ExplainOptions options = kGradients;
  options.top_k = -1;
  const Result<std::unique_ptr<MeasuredExplainer>> explainer =
      MeasuredExplainer::Open(*model_, runtime(), options);
  ASSERT_TRUE(explainer.ok()) << explainer.status().message();
  const Row request = Request({4, 3});  // Scores 10 and 9.
  const std::vector<Result<Explanation>> explained = (*explainer)->Explain({&request, 1});
  ASSERT_TRUE(explained[0].ok()) << explained[0].status().message();
  const std::vector<ProbeTarget> targets = {
      {.request = &request, .explanation = &*explained[0], .attribution = 0},
      {.request = &request, .explanation = &*explained[0], .attribution = 1}};
  const Result<std::unique_ptr<Probe>> probe = (*explainer)->OpenProbe(targets, {"x"});
  ASSERT_TRUE(probe.ok()) << probe.status().message();
  EXPECT_EQ((*probe)->x()[0][0], request[1]);
  const Row other = {Tensor::Of<float>(Shape{2}, {5, 1})};  // Scores 7 and 14.
  const std::vector<Point> points = {{.instance = 0, .row = (*probe)->x()[0]},
                                     {.instance = 1, .row = (*probe)->x()[1]},
                                     {.instance = 0, .row = other},
                                     {.instance = 1, .row = other}};
  EXPECT_THAT(*(*probe)->function().Evaluate(points), ElementsAre(10, 9, 7, 14));
  EXPECT_THAT(*(*probe)->Decides(points), ElementsAre(true, false, false, true));
  EXPECT_EQ((*explainer)->OpenProbe(targets, {"scale"}).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace whylight
