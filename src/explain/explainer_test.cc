#include "whylight/explainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "explain/counting_runtime.h"
#include "model/test_model.h"
#include "testing/runtime_test.h"

namespace whylight {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = CountedRun::Kind;

// f(x) = w . x elementwise for two classes: class 0 is x0 + 2 x1, class 1 is 3 x0 - x1.
constexpr char kLinear[] = R"(
  x = Placeholder[dtype=float32, shape=[?,2]]()
  w = Const[dtype=float32, value={{1, 3}, {2, -1}}]()
  y = MatMul[T=float32](x, w) -> [?,2]
)";

class ExplainerTest : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    counting_ = std::make_unique<CountingRuntime>(runtime());
  }

  Status Open(const TestModelSpec& spec, ExplainOptions options = {}) {
    model_ = OpenTestModel(folder_, spec);
    return Open(std::move(options));
  }
  Status OpenFromTree(const std::string& name, ExplainOptions options = {}) {
    model_ = OpenModelOfTree(name);
    return Open(std::move(options));
  }

  // The explanation of one request, which must be good.
  Explanation Good(const Row& request) {
    std::vector<Result<Explanation>> explanations = explainer_->Explain({&request, 1});
    EXPECT_EQ(explanations.size(), 1u);
    EXPECT_TRUE(explanations[0].ok()) << explanations[0].status().message();
    return explanations[0].ok() ? *std::move(explanations[0]) : Explanation();
  }

  static Row Vector(std::initializer_list<float> values) {
    return {Tensor::Of<float>(Shape{static_cast<std::int64_t>(values.size())}, values)};
  }

  // Values of the only feature of the first attribution.
  static std::vector<double> Values(const Explanation& explanation, std::size_t attribution = 0) {
    if (attribution >= explanation.attributions.size()) return {};
    const Tensor& values = explanation.attributions[attribution].features.at(0).values;
    return {values.data<double>().begin(), values.data<double>().end()};
  }

  std::string Rules() const {
    std::string rules;
    for (const Warning& warning : explainer_->warnings()) {
      rules += (rules.empty() ? "" : " ") + warning.rule;
    }
    return rules;
  }

  TemporaryFolder folder_;
  std::unique_ptr<CountingRuntime> counting_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Explainer> explainer_;

 private:
  Status Open(ExplainOptions options) {
    if (model_ == nullptr) return Internal("no model");
    options.session.threads = 1;
    WHYLIGHT_ASSIGN_OR_RETURN(explainer_, Explainer::Open(*model_, *counting_, std::move(options)));
    counting_->Reset();
    return OkStatus();
  }
};

const ExplainOptions kGradients{.method = "integrated-gradients", .steps = 8};
const ExplainOptions kShapley{.method = "sampled-shapley", .paths = 10};

// What all methods hold.
// By name, so that a failure does not print all options.
class MethodTest : public ExplainerTest, public testing::WithParamInterface<std::string> {
 protected:
  static ExplainOptions Options() { return {.method = GetParam(), .steps = 8, .paths = 10}; }
};

TEST_P(MethodTest, SharesOutALinearScoreExactly) {
  ExplainOptions options = Options();
  options.baselines["x"] = {Json(Json::Array{Json(1.0), Json(-1.0)})};
  ASSERT_EQ(Open({.graph = kLinear}, options), OkStatus());
  const Explanation explanation = Good(Vector({4, 3}));
  ASSERT_EQ(explanation.attributions.size(), 1u);
  const OutputAttribution& attribution = explanation.attributions[0];
  EXPECT_THAT(attribution.output_index, ElementsAre(0)) << "10 against 9";
  EXPECT_EQ(attribution.output_name, "y");
  EXPECT_DOUBLE_EQ(attribution.instance_output, 10);
  EXPECT_DOUBLE_EQ(attribution.baseline_output, -1);
  EXPECT_NEAR(Values(explanation)[0], 3, 1e-6);
  EXPECT_NEAR(Values(explanation)[1], 8, 1e-6);
  EXPECT_NEAR(attribution.approximation_error, 0, 1e-6);
  EXPECT_EQ(explanation.prediction[0].value, Tensor::Of<float>(Shape{2}, {10, 9}));
  EXPECT_EQ(Rules(), "");
}

TEST_P(MethodTest, GivesZerosForTheBaselineItself) {
  ASSERT_EQ(Open({.graph = kLinear}, Options()), OkStatus());
  const Explanation explanation = Good(Vector({0, 0}));
  EXPECT_THAT(Values(explanation), ElementsAre(0, 0));
  EXPECT_EQ(explanation.attributions[0].approximation_error, 0);
  EXPECT_EQ(counting_->Rows(Kind::kGradients), 0) << "a path of no length";
}

TEST_P(MethodTest, AveragesOverBaselines) {
  ExplainOptions options = Options();
  options.baselines["x"] = {Json(0.0), Json(Json::Array{Json(2.0), Json(4.0)})};
  ASSERT_EQ(Open({.graph = kLinear}, options), OkStatus());
  const Explanation explanation = Good(Vector({4, 3}));
  EXPECT_NEAR(Values(explanation)[0], 4 - 1, 1e-6);
  EXPECT_NEAR(Values(explanation)[1], 2 * (3 - 2), 1e-6);
  EXPECT_NEAR(explanation.attributions[0].baseline_output, 5, 1e-6);
}

TEST_P(MethodTest, ExplainsAllElementsInOrderOfTheirScores) {
  ExplainOptions options = Options();
  options.top_k = -1;
  options.labels = {"first", "second"};
  ASSERT_EQ(Open({.graph = kLinear}, options), OkStatus());
  const Explanation explanation = Good(Vector({2, 1}));  // 4 and 5.
  ASSERT_EQ(explanation.attributions.size(), 2u);
  EXPECT_THAT(explanation.attributions[0].output_index, ElementsAre(1));
  EXPECT_EQ(explanation.attributions[0].display_name, "second");
  EXPECT_EQ(explanation.attributions[1].display_name, "first");
  EXPECT_NEAR(Values(explanation, 0)[0], 6, 1e-5);
  EXPECT_NEAR(Values(explanation, 0)[1], -1, 1e-5);
  EXPECT_NEAR(Values(explanation, 1)[0], 2, 1e-5);
  EXPECT_NEAR(Values(explanation, 1)[1], 2, 1e-5);
}

TEST_P(MethodTest, ATieGoesToTheLowerIndex) {
  ASSERT_EQ(Open({.graph = kLinear}, Options()), OkStatus());
  const Explanation explanation = Good(Vector({3, 2}));  // 7 and 7.
  EXPECT_THAT(explanation.attributions.at(0).output_index, ElementsAre(0));
}

TEST_P(MethodTest, IndexesAnOutputOfRankTwo) {
  ExplainOptions options = Options();
  options.output_indices = {{1, 0}, {0, 2}};
  ASSERT_EQ(Open({.graph = R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    w = Const[dtype=float32, value={{1, 2, 3, 4, 5, 6}, {0, 0, 0, 10, 0, 0}}]()
    flat = MatMul[T=float32](x, w)
    shape = Const[dtype=int32, value={-1, 2, 3}]()
    y = Reshape[T=float32, Tshape=int32](flat, shape) -> [?,2,3]
  )"},
                 options),
            OkStatus());
  const Explanation explanation = Good(Vector({1, 1}));
  ASSERT_EQ(explanation.attributions.size(), 2u);
  EXPECT_THAT(explanation.attributions[0].output_index, ElementsAre(1, 0));
  EXPECT_EQ(explanation.attributions[0].instance_output, 14);
  EXPECT_NEAR(Values(explanation, 0)[0], 4, 1e-5);
  EXPECT_NEAR(Values(explanation, 0)[1], 10, 1e-5);
  EXPECT_THAT(explanation.attributions[1].output_index, ElementsAre(0, 2));
  EXPECT_NEAR(Values(explanation, 1)[0], 3, 1e-5);
  EXPECT_EQ(Values(explanation, 1)[1], 0);
}

TEST_P(MethodTest, AnOutputOfOneNumberHasNoIndex) {
  ASSERT_EQ(Open({.graph = R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    axis = Const[dtype=int32, value={1}]()
    y = Sum[T=float32, Tidx=int32](x, axis) -> [?]
  )"},
                 Options()),
            OkStatus());
  const Explanation explanation = Good(Vector({1, 2}));
  EXPECT_THAT(explanation.attributions.at(0).output_index, IsEmpty());
  EXPECT_NEAR(Values(explanation)[0], 1, 1e-6);
  EXPECT_NEAR(Values(explanation)[1], 2, 1e-6);
}

TEST_P(MethodTest, OneBadRequestDoesNotFailItsNeighbours) {
  ASSERT_EQ(Open({.graph = R"(
    s = Placeholder[dtype=string, shape=[?]]()
    p = StringToNumber[out_type=float32](s) -> [?]
    x = Placeholder[dtype=float32, shape=[?]]()
    y = Mul[T=float32](x, x) -> [?]
  )",
                  .signatures =
                      {{.key = "xai_preprocess", .inputs = {{"s", "s"}}, .outputs = {{"x", "p"}}},
                       {.key = "xai_model"}}},
                 Options()),
            OkStatus());
  const std::vector<Row> requests = {
      {Tensor::ScalarString("3")}, {Tensor::ScalarString("three")}, {Tensor::ScalarString("-2")}};
  const std::vector<Result<Explanation>> explanations = explainer_->Explain(requests);
  ASSERT_EQ(explanations.size(), 3u);
  ASSERT_TRUE(explanations[0].ok()) << explanations[0].status().message();
  EXPECT_NEAR(Values(*explanations[0])[0], 9, 1e-5);
  EXPECT_EQ(explanations[1].status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(explanations[1].status().message(), HasSubstr("three"));
  ASSERT_TRUE(explanations[2].ok()) << explanations[2].status().message();
  EXPECT_NEAR(Values(*explanations[2])[0], 4, 1e-5);
}

TEST_P(MethodTest, ABaselineOfAnotherShapeFailsWithItsPlace) {
  ExplainOptions options = Options();
  options.baselines["x"] = {Json(Json::Array{Json(1.0), Json(2.0), Json(3.0)})};
  ASSERT_EQ(Open({.graph = kLinear}, options), OkStatus());
  const std::vector<Row> requests = {Vector({1, 2}), Vector({3, 4})};
  for (const Result<Explanation>& explanation : explainer_->Explain(requests)) {
    EXPECT_EQ(explanation.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(explanation.status().message(), HasSubstr("baseline of 'x'"));
    EXPECT_THAT(explanation.status().message(), HasSubstr("3"));
  }
}

TEST_P(MethodTest, StopsWhenAsked) {
  ExplainOptions options = Options();
  bool stop = false;
  options.cancelled = [&stop] { return stop; };
  options.batch_size = 2;
  ASSERT_EQ(Open({.graph = kLinear}, options), OkStatus());
  const std::vector<Row> requests = {Vector({1, 2}), Vector({3, 4})};
  for (const Result<Explanation>& explanation : explainer_->Explain(requests)) {
    EXPECT_TRUE(explanation.ok()) << explanation.status().message();
  }
  stop = true;
  counting_->Reset();
  for (const Result<Explanation>& explanation : explainer_->Explain(requests)) {
    EXPECT_EQ(explanation.status().code(), StatusCode::kCancelled);
  }
  EXPECT_THAT(counting_->runs(), IsEmpty());
}

TEST_P(MethodTest, NoRequestsNoExplanations) {
  ASSERT_EQ(Open({.graph = kLinear}, Options()), OkStatus());
  EXPECT_THAT(explainer_->Explain({}), IsEmpty());
  EXPECT_THAT(counting_->runs(), IsEmpty());
}

TEST_P(MethodTest, DependentRowsAreExplainedOneByOne) {
  ASSERT_EQ(OpenFromTree("tf2_batch_statistics", Options()), OkStatus());
  const std::vector<Row> requests = {Vector({1, -2, 3}), Vector({-4, 0.5f, 2}),
                                     Vector({10, 10, 10})};
  const std::vector<Result<Explanation>> together = explainer_->Explain(requests);
  EXPECT_EQ(Rules(), "zero-baseline rows-not-independent");
  for (std::size_t i = 0; i < requests.size(); ++i) {
    ASSERT_TRUE(together[i].ok()) << together[i].status().message();
    ASSERT_EQ(OpenFromTree("tf2_batch_statistics", Options()), OkStatus());
    const Explanation alone = Good(requests[i]);
    EXPECT_EQ(Rules(), "zero-baseline rows-not-independent") << i;
    EXPECT_EQ(together[i]->prediction[0].value, alone.prediction[0].value) << i;
    const OutputAttribution &a = together[i]->attributions[0], &b = alone.attributions[0];
    EXPECT_EQ(a.output_index, b.output_index) << i;
    EXPECT_EQ(a.instance_output, b.instance_output) << i;
    EXPECT_EQ(a.baseline_output, b.baseline_output) << i;
    EXPECT_EQ(Values(*together[i]), Values(alone)) << i;
    // A row alone loses half of itself: score of class k is softplus(x / 2 . w_k).
    const double sum = a.features[0].values.Number(0) + a.features[0].values.Number(1) +
                       a.features[0].values.Number(2);
    EXPECT_NEAR(sum, a.instance_output - a.baseline_output, 1e-3) << i;
    EXPECT_NEAR(a.baseline_output, std::log(2.0), 1e-6) << i;
  }
}

TEST_P(MethodTest, SaysOnlyOnceThatRowsDepend) {
  ASSERT_EQ(OpenFromTree("tf2_batch_statistics", Options()), OkStatus());
  const std::vector<Row> requests = {Vector({1, -2, 3}), Vector({-4, 0.5f, 2})};
  explainer_->Explain(requests);
  counting_->Reset();
  explainer_->Explain(requests);
  EXPECT_EQ(Rules(), "zero-baseline rows-not-independent");
  EXPECT_EQ(counting_->MostRows(), 1);
}

TEST_P(MethodTest, IndependentRowsShareRuns) {
  ASSERT_EQ(OpenFromTree("tf2_linear_with_bias", Options()), OkStatus());
  const std::vector<Row> requests(20, Vector({1, -2, 3}));
  for (const Result<Explanation>& explanation : explainer_->Explain(requests)) {
    ASSERT_TRUE(explanation.ok()) << explanation.status().message();
  }
  EXPECT_EQ(Rules(), "zero-baseline");
  EXPECT_GT(counting_->MostRows(), 1);
}

INSTANTIATE_TEST_SUITE_P(, MethodTest,
                         testing::Values("integrated-gradients", "sampled-shapley", "kernel-shap"),
                         [](const auto& row) { return row.param.substr(row.param.find('-') + 1); });

TEST_F(ExplainerTest, ANaNGradientFailsItsRowAlone) {
  // Above 88.7 the score is 0 and the gradient 0 * infinity.
  ASSERT_EQ(Open({.graph = R"(
    x = Placeholder[dtype=float32, shape=[?]]()
    zeros = ZerosLike[T=float32](x)
    exp = Exp[T=float32](x)
    ten = Const[dtype=float32, value=10]()
    small = Less[T=float32](x, ten)
    y = SelectV2[T=float32](small, exp, zeros) -> [?]
  )"},
                 kGradients),
            OkStatus());
  const std::vector<Row> requests = {
      {Tensor::Scalar(2.0f)}, {Tensor::Scalar(200.0f)}, {Tensor::Scalar(-1.0f)}};
  const std::vector<Result<Explanation>> explanations = explainer_->Explain(requests);
  ASSERT_TRUE(explanations[0].ok()) << explanations[0].status().message();
  EXPECT_NEAR(Values(*explanations[0])[0], std::exp(2.0) - 1, 1e-5);
  EXPECT_EQ(explanations[1].status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(
      explanations[1].status().message(),
      AllOf(HasSubstr("4 of 8"), HasSubstr("(positions 0.5917,"), HasSubstr("sampled-shapley")));
  ASSERT_TRUE(explanations[2].ok()) << explanations[2].status().message();
  EXPECT_NEAR(Values(*explanations[2])[0], std::exp(-1.0) - 1, 1e-5);
}

TEST_F(ExplainerTest, CountsAsTheHeadersSay) {
  ASSERT_EQ(Open({.graph = kLinear}, kGradients), OkStatus());
  const std::vector<Row> requests = {Vector({1, 2}), Vector({3, 4}), Vector({5, 6})};
  explainer_->Explain(requests);
  // Predictions, once and the first row alone; each instance and each baseline, 8 points a path;
  // the checks of dependence.
  EXPECT_EQ(counting_->Rows(Kind::kOutputs), 3 + 1);
  EXPECT_EQ(counting_->Rows(Kind::kScores), 3 + 3 + 3);
  EXPECT_EQ(counting_->Rows(Kind::kGradients), 3 * 8 + 3);
}

TEST_F(ExplainerTest, ShapleyCostsNoMoreThanTheHeaderSays) {
  ASSERT_EQ(Open({.graph = kLinear}, kShapley), OkStatus());
  const std::vector<Row> requests = {Vector({1, 2})};
  explainer_->Explain(requests);
  // Of two players there are four coalitions, whatever the paths, and 3 rows of the check.
  EXPECT_EQ(counting_->Rows(Kind::kScores), 4 + 3);
  EXPECT_EQ(counting_->Rows(Kind::kGradients), 0);
}

TEST_F(ExplainerTest, PlayersMayBeInputs) {
  ExplainOptions options = kShapley;
  options.players = Players::kInputs;
  ASSERT_EQ(Open({.graph = R"(
    a = Placeholder[dtype=float32, shape=[?,2]]()
    b = Placeholder[dtype=float32, shape=[?,2]]()
    y = AddV2[T=float32](a, b) -> [?,2]
  )",
                  .signatures = {{.inputs = {{"a", "a"}, {"b", "b"}}}}},
                 options),
            OkStatus());
  const Explanation explanation =
      Good({Tensor::Of<float>(Shape{2}, {1, 2}), Tensor::Of<float>(Shape{2}, {3, 5})});
  const OutputAttribution& attribution = explanation.attributions.at(0);
  ASSERT_EQ(attribution.features.size(), 2u);
  EXPECT_EQ(attribution.features[0].values.shape(), Shape{});
  EXPECT_NEAR(attribution.features[0].values.Number(0), 2, 1e-6);
  EXPECT_NEAR(attribution.features[1].values.Number(0), 5, 1e-6);
}

// Four inputs a to d, and y = a * b + c * d with d an integer; the metadata joins a and b.
constexpr char kProducts[] = R"(
  a = Placeholder[dtype=float32, shape=[?]]()
  b = Placeholder[dtype=float32, shape=[?]]()
  c = Placeholder[dtype=float32, shape=[?]]()
  d = Placeholder[dtype=int64, shape=[?]]()
  e = Cast[SrcT=int64, DstT=float32](d)
  left = Mul[T=float32](a, b)
  right = Mul[T=float32](c, e)
  y = AddV2[T=float32](left, right) -> [?]
)";

TEST_P(MethodTest, GivesAGroupOneShare) {
  ExplainOptions options = Options();
  options.metadata.emplace();
  options.metadata_source = "m.json";
  for (const auto& [name, group] : {std::pair("a", "area"), {"b", "area"}, {"c", ""}}) {
    InputMetadata& input = options.metadata->inputs.emplace_back();
    input.name = name;
    input.group_name = group;
  }
  const std::map<std::string, std::string> inputs = {
      {"a", "a"}, {"b", "b"}, {"c", "c"}, {"d", "d"}};
  ASSERT_EQ(Open({.graph = kProducts, .signatures = {{.inputs = inputs}}}, options), OkStatus());
  const Explanation explanation = Good({Tensor::Scalar(3.0f), Tensor::Scalar(4.0f),
                                        Tensor::Scalar(5.0f), Tensor::Scalar<std::int64_t>(2)});
  const OutputAttribution& attribution = explanation.attributions.at(0);
  ASSERT_EQ(attribution.features.size(), 2u);
  EXPECT_EQ(attribution.features[0].name, "area");
  EXPECT_EQ(attribution.features[0].values.shape(), Shape{});
  EXPECT_NEAR(attribution.features[0].values.Number(0), 12, 1e-5);
  EXPECT_EQ(attribution.features[1].name, "c");
  EXPECT_NEAR(attribution.features[1].values.Number(0), 10, 1e-5);  // d is held.
  if (GetParam() == "integrated-gradients") return;
  // The group is one player: from two players four coalitions, not eight.
  EXPECT_TRUE(attribution.sampling->exact);
  EXPECT_EQ(attribution.sampling->coalitions, 4);
  EXPECT_EQ(attribution.features[0].standard_errors, Tensor::Scalar(0.0));
}

TEST_F(ExplainerTest, RefusesAGroupCalledLikeAnotherInput) {
  ExplainOptions options = kShapley;
  options.metadata.emplace();
  options.metadata_source = "m.json";
  for (const auto& [name, group] : {std::pair("a", "c"), {"c", ""}}) {
    InputMetadata& input = options.metadata->inputs.emplace_back();
    input.name = name;
    input.group_name = group;
  }
  const std::map<std::string, std::string> inputs = {
      {"a", "a"}, {"b", "b"}, {"c", "c"}, {"d", "d"}};
  const Status status = Open({.graph = kProducts, .signatures = {{.inputs = inputs}}}, options);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("m.json"), HasSubstr("group_name 'c'")));
}

// Integers have no gradient; ten elements are too many for an exact answer with ten paths.
TEST_F(ExplainerTest, ShapleyMethodsTellTheErrorOfEachElement) {
  constexpr char kSquares[] = R"(
    x = Placeholder[dtype=int64, shape=[?,10]]()
    f = Cast[SrcT=int64, DstT=float32](x)
    axis = Const[dtype=int32, value={1}]()
    sum = Sum[T=float32, Tidx=int32, keep_dims=false](f, axis)
    square = Square[T=float32](sum)
    y = Mul[T=float32](square, sum) -> [?]
  )";
  const Row request = {Tensor::Of<std::int64_t>(Shape{10}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})};
  for (ExplainOptions options :
       {kShapley, ExplainOptions{.method = "kernel-shap", .samples = 90}}) {
    ASSERT_EQ(Open({.graph = kSquares}, options), OkStatus());
    const OutputAttribution attribution = Good(request).attributions.at(0);
    ASSERT_TRUE(attribution.sampling.has_value());
    EXPECT_FALSE(attribution.sampling->exact);
    EXPECT_EQ(attribution.sampling->paths, options.method == "sampled-shapley" ? 10 : 0);
    EXPECT_LE(attribution.sampling->coalitions, 92);
    const Tensor& errors = attribution.features.at(0).standard_errors;
    ASSERT_EQ(errors.shape(), Shape{10});
    double squares = 0, sum = 0;
    for (std::size_t i = 0; i < 10; ++i) {
      EXPECT_GT(errors.Number(i), 0);
      squares += errors.Number(i) * errors.Number(i);
      sum += attribution.features[0].values.Number(i);
    }
    const double difference = attribution.instance_output - attribution.baseline_output;
    EXPECT_NEAR(sum, difference, 1e-6 * difference);
    EXPECT_NEAR(std::sqrt(squares) / difference, attribution.approximation_error, 1e-9);
  }
  ExplainOptions exact = kShapley;
  exact.path_rule = PathRule::kExact;
  ASSERT_EQ(Open({.graph = kSquares}, exact), OkStatus());
  EXPECT_TRUE(Good(request).attributions.at(0).sampling->exact);
  ExplainOptions tolerant = kShapley;
  tolerant.path_rule = PathRule::kTolerance;
  tolerant.tolerance = 0.04;
  ASSERT_EQ(Open({.graph = kSquares}, tolerant), OkStatus());
  const OutputAttribution near = Good(request).attributions.at(0);
  EXPECT_LE(near.approximation_error, 0.04);
  EXPECT_GE(near.sampling->paths, 16);
}

TEST_F(ExplainerTest, ExplainsBeforeASoftmaxOnRequest) {
  const std::string graph = std::string(R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    w = Const[dtype=float32, value={{1, 3}, {2, -1}}]()
    z = MatMul[T=float32](x, w)
    y = Softmax[T=float32](z) -> [?,2]
  )");
  ExplainOptions options = kGradients;
  options.logits = true;
  ASSERT_EQ(Open({.graph = graph}, options), OkStatus());
  EXPECT_EQ(explainer_->plan().output, "y (logits)");
  const Explanation explanation = Good(Vector({4, 3}));
  EXPECT_NEAR(explanation.attributions.at(0).instance_output, 10, 1e-5);
  EXPECT_NEAR(Values(explanation)[1], 6, 1e-5);
  EXPECT_NEAR(explanation.prediction[0].value.Number(0), 1 / (1 + std::exp(-1.0)), 1e-6);
}

struct RefusalCase {
  const char* name;
  ExplainOptions options;
  StatusCode code;
  const char* text;
};
void PrintTo(const RefusalCase& c, std::ostream* os) { *os << c.name; }

class RefusalTest : public ExplainerTest, public testing::WithParamInterface<RefusalCase> {};

TEST_P(RefusalTest, SaysWhatFits) {
  const RefusalCase& c = GetParam();
  const Status status =
      Open({.graph = kLinear,
            .signatures = {{.inputs = {{"features", "x"}}, .outputs = {{"scores", "y"}}}}},
           c.options);
  EXPECT_EQ(status.code(), c.code);
  EXPECT_THAT(status.message(), HasSubstr(c.text));
}

ExplainOptions WithBaseline(const std::string& input) {
  ExplainOptions options;
  options.baselines[input] = {Json(0.0)};
  return options;
}

INSTANTIATE_TEST_SUITE_P(
    , RefusalTest,
    testing::Values(
        RefusalCase{
            "output", {.output_name = "score"}, StatusCode::kNotFound, "did you mean 'scores'"},
        RefusalCase{"method", {.method = "lime"}, StatusCode::kInvalidArgument, "sampled-shapley"},
        RefusalCase{"no_steps", {.steps = 0}, StatusCode::kInvalidArgument, "--steps 0"},
        RefusalCase{"many_steps", {.steps = 10001}, StatusCode::kInvalidArgument, "1 to 10000"},
        RefusalCase{"no_paths", {.paths = 0}, StatusCode::kInvalidArgument, "--paths 0"},
        RefusalCase{"top_none", {.top_k = 0}, StatusCode::kInvalidArgument, "--top-k 0"},
        RefusalCase{"top_minus_two", {.top_k = -2}, StatusCode::kInvalidArgument, "--top-k -2"},
        RefusalCase{"logits", {.logits = true}, StatusCode::kInvalidArgument, "Softmax or Sigmoid"},
        RefusalCase{"pieces_by_gradients",
                    {.players = Players::kWords},
                    StatusCode::kInvalidArgument,
                    "--pieces"},
        RefusalCase{"pieces_without_text",
                    {.method = "sampled-shapley", .players = Players::kLines},
                    StatusCode::kInvalidArgument,
                    "one string input"},
        RefusalCase{
            "baseline_name", WithBaseline("feature"), StatusCode::kInvalidArgument,
            "--baseline feature: no explained input of that name (did you mean 'features'?)"},
        RefusalCase{
            "signature", {.signature = "serving"}, StatusCode::kNotFound, "serving_default"},
        RefusalCase{
            "class", {.class_name = "2"}, StatusCode::kOutOfRange, "--class 2: the output has"},
        RefusalCase{
            "index", {.output_indices = {{1, 2}}}, StatusCode::kOutOfRange, "--output-indices 2"},
        RefusalCase{"labels",
                    {.labels = {"a", "b", "c"}},
                    StatusCode::kOutOfRange,
                    "--labels: 3 names for an output of 2 elements"},
        RefusalCase{"feature_names",
                    {.feature_names = {"a"}},
                    StatusCode::kOutOfRange,
                    "--feature-names: 1 name for input 'features' of 2 elements"},
        RefusalCase{
            "names_of_whole_inputs",
            {.method = "sampled-shapley", .players = Players::kInputs, .feature_names = {"a", "b"}},
            StatusCode::kInvalidArgument,
            "--players inputs"},
        RefusalCase{"memory",
                    {.memory_limit = 1'000'000},
                    StatusCode::kResourceExhausted,
                    "the limit is 1 MB"}),
    [](const auto& row) { return row.param.name; });

TEST_F(ExplainerTest, AnIntegerInputIsHeldAndSaid) {
  ASSERT_EQ(Open({.graph = R"(
    a = Placeholder[dtype=float32, shape=[?]]()
    n = Placeholder[dtype=int32, shape=[?]]()
    m = Cast[SrcT=int32, DstT=float32](n)
    y = Mul[T=float32](a, m) -> [?]
  )",
                  .signatures = {{.inputs = {{"a", "a"}, {"n", "n"}}}}},
                 kGradients),
            OkStatus());
  EXPECT_THAT(explainer_->plan().explained, ElementsAre("a"));
  EXPECT_THAT(explainer_->plan().held, ElementsAre("n (its dtype is int32)"));
  const Explanation explanation = Good({Tensor::Scalar(2.0f), Tensor::Scalar<std::int32_t>(-3)});
  EXPECT_NEAR(Values(explanation)[0], -6, 1e-6);
}

TEST_F(ExplainerTest, SaysWhereABaselineComesFrom) {
  ASSERT_EQ(Open({.graph = kLinear}, kGradients), OkStatus());
  ASSERT_EQ(explainer_->plan().baselines.size(), 1u);
  EXPECT_EQ(explainer_->plan().baselines[0].text, "zeros");
  EXPECT_EQ(explainer_->plan().baselines[0].origin, "default");
  EXPECT_EQ(Rules(), "zero-baseline");
}

// Two words of any length: their number is known with the row only.
constexpr char kAnyLength[] = R"(
  x = Placeholder[dtype=float32, shape=[?,?]]()
  y = Mul[T=float32](x, x)
)";

TEST_F(ExplainerTest, ARowTellsWhatTheShapesDoNot) {
  ExplainOptions options = kGradients;
  options.feature_names = {"a", "b"};
  options.class_name = "1";
  ASSERT_EQ(Open({.graph = kAnyLength}, options), OkStatus());
  const std::vector<Row> requests = {Vector({1, 2}), Vector({1, 2, 3}), Vector({5})};
  const std::vector<Result<Explanation>> explanations = explainer_->Explain(requests);
  ASSERT_TRUE(explanations[0].ok()) << explanations[0].status().message();
  EXPECT_THAT(explanations[0]->attributions[0].features[0].element_names, ElementsAre("a", "b"));
  EXPECT_EQ(explanations[1].status().code(), StatusCode::kOutOfRange);
  EXPECT_THAT(explanations[1].status().message(), HasSubstr("2 names for input 'x' of 3 elements"));

  options.feature_names.clear();
  ASSERT_EQ(Open({.graph = kAnyLength}, options), OkStatus());
  const std::vector<Result<Explanation>> classes = explainer_->Explain(requests);
  EXPECT_TRUE(classes[1].ok());
  EXPECT_EQ(classes[2].status().code(), StatusCode::kOutOfRange);
  EXPECT_THAT(classes[2].status().message(), HasSubstr("--class 1"));
}

TEST_F(ExplainerTest, NamesOfAHeaderGiveWayToGivenOnes) {
  const auto names = [&] {
    return Good(Vector({1, 2})).attributions.at(0).features.at(0).element_names;
  };
  ASSERT_EQ(Open({.graph = kLinear}, kGradients), OkStatus());
  explainer_->NameFeatures({"a", "b", "c"});  // Not of this input.
  EXPECT_THAT(names(), IsEmpty());
  explainer_->NameFeatures({"a", "b"});
  EXPECT_THAT(names(), ElementsAre("a", "b"));
  ExplainOptions options = kGradients;
  options.feature_names = {"c", "d"};
  ASSERT_EQ(Open({.graph = kLinear}, options), OkStatus());
  explainer_->NameFeatures({"a", "b"});
  EXPECT_THAT(names(), ElementsAre("c", "d"));
}

TEST_F(ExplainerTest, PredictsRowsInOrder) {
  model_ = OpenTestModel(folder_, {.graph = kLinear});
  ASSERT_NE(model_, nullptr);
  const Result<std::unique_ptr<Predictor>> predictor =
      Predictor::Open(*model_, *counting_, {.batch_size = 2, .session = {.threads = 1}});
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  EXPECT_EQ((*predictor)->signature(), "serving_default");
  EXPECT_TRUE((*predictor)->has_rows());
  const std::vector<Row> requests = {Vector({1, 0}), Vector({0, 1}), Vector({2, 2})};
  const auto predictions = (*predictor)->Predict(requests);
  ASSERT_EQ(predictions.size(), 3u);
  for (const auto& prediction : predictions) {
    ASSERT_TRUE(prediction.ok()) << prediction.status().message();
  }
  EXPECT_EQ((*predictions[0])[0].value, Tensor::Of<float>(Shape{2}, {1, 3}));
  EXPECT_EQ((*predictions[1])[0].value, Tensor::Of<float>(Shape{2}, {2, -1}));
  EXPECT_EQ((*predictions[2])[0].value, Tensor::Of<float>(Shape{2}, {6, 4}));
}

}  // namespace
}  // namespace whylight
