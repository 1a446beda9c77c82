#include "explain/read_explanation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "explain/explanation_json.h"
#include "io/json.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Explanation Sampled() {
  Explanation explanation{.prediction = {{"risk", Tensor::Scalar(0.75)}}};
  OutputAttribution& attribution = explanation.attributions.emplace_back();
  attribution = {.output_name = "risk",
                 .output_index = {0, 2},
                 .display_name = "rich",
                 .instance_output = 0.75,
                 .baseline_output = 0.25,
                 .approximation_error = 0.01,
                 .effort = Effort{.steps = 17, .estimated_error = 0.5, .converged = false}};
  attribution.features = {
      {.name = "age", .values = Tensor::Scalar(0.5), .standard_errors = Tensor::Scalar(0.125)},
      {.name = "grid", .values = Tensor::Of<double>(Shape{2, 2}, {1, 2, 3, 4})},
  };
  attribution.sampling = Sampling{.paths = 25};
  attribution.warnings = {{.rule = "large-gap", .message = "8 % is missing"}};
  return explanation;
}

AnsweredRow Read(const std::string& line) {
  Result<AnsweredRow> row = ReadExplanation(line);
  EXPECT_TRUE(row.ok()) << row.status().message() << "\n" << line;
  return row.ok() ? *std::move(row) : AnsweredRow();
}

std::string LineOf(const std::string& instance, const std::string& features) {
  return R"({"instance":)" + instance +
         R"(,"explanation":{"attributions":[{"featureAttributions":)" + features + "}]}}";
}

TEST(ReadExplanationTest, ReadsWhatIsWritten) {
  Provenance provenance;
  provenance.plan.method = "sampled-shapley";
  const std::string line =
      ExplanationLine(R"({"age":31,"grid":[[9,8],[7,6]]})", Sampled(), provenance);
  const AnsweredRow row = Read(line);
  EXPECT_EQ(row.prediction, Json(0.75));
  EXPECT_EQ(row.run.Find("method")->string(), "sampled-shapley");
  EXPECT_EQ(row.run.Find("effort"), nullptr) << "it is of the row";
  EXPECT_EQ(row.run.Find("warnings"), nullptr);
  ASSERT_EQ(row.explanation.attributions.size(), 1u);
  const OutputAttribution& read = row.explanation.attributions[0];
  const OutputAttribution written = Sampled().attributions[0];
  EXPECT_EQ(read.output_name, "risk");
  EXPECT_THAT(read.output_index, ElementsAre(0, 2));
  EXPECT_EQ(read.display_name, "rich");
  EXPECT_EQ(read.instance_output, 0.75);
  EXPECT_EQ(read.baseline_output, 0.25);
  EXPECT_EQ(read.approximation_error, 0.01);
  EXPECT_EQ(read.effort->steps, 17);
  EXPECT_EQ(read.effort->estimated_error, 0.5);
  EXPECT_FALSE(read.effort->converged);
  ASSERT_EQ(read.features.size(), 2u);
  EXPECT_EQ(read.features[0].values, written.features[0].values);
  EXPECT_EQ(read.features[0].standard_errors, written.features[0].standard_errors);
  EXPECT_EQ(read.features[0].input, Tensor::Scalar(31.0));
  EXPECT_EQ(read.features[1].values, written.features[1].values);
  EXPECT_EQ(read.features[1].input, Tensor::Of<double>(Shape{2, 2}, {9, 8, 7, 6}));
  EXPECT_EQ(read.warnings.at(0).rule, "large-gap");
}

TEST(ReadExplanationTest, ReadsRegions) {
  Explanation explanation = Sampled();
  explanation.attributions[0].features[1].regions = {
      {.rank = 1, .area = 0.25, .attribution = 4, .pixels = {{.first = 3, .length = 1}}},
      {.rank = 2, .area = 0.75, .attribution = 2, .is_rest = true, .pixels = {{0, 1}, {1, 2}}}};
  const AnsweredRow row = Read(ExplanationLine("{}", explanation, {}));
  const auto& regions = row.explanation.attributions.at(0).features.at(1).regions;
  ASSERT_EQ(regions.size(), 2u);
  EXPECT_EQ(regions[0].rank, 1);
  EXPECT_EQ(regions[0].area, 0.25);
  EXPECT_EQ(regions[0].attribution, 4);
  EXPECT_FALSE(regions[0].is_rest);
  EXPECT_TRUE(regions[1].is_rest);
  ASSERT_EQ(regions[1].pixels.size(), 2u);
  EXPECT_EQ(regions[1].pixels[1].first, 1);
  EXPECT_EQ(regions[1].pixels[1].length, 2);
}

TEST(ReadExplanationTest, PiecesAreTheInputOfTheirText) {
  Explanation explanation{.prediction = {{"y", Tensor::Scalar(0.5)}}};
  explanation.attributions.push_back({.output_name = "y"});
  explanation.attributions[0].features = {{.name = "text",
                                           .values = Tensor::Of<double>(Shape{2}, {0.5, 0.25}),
                                           .input = Tensor::Strings(Shape{2}, {"not ", "bad"})}};
  const AnsweredRow row = Read(ExplanationLine(R"({"text":"not bad"})", explanation, {}));
  EXPECT_EQ(row.explanation.attributions.at(0).features.at(0).input,
            Tensor::Strings(Shape{2}, {"not ", "bad"}));
}

TEST(ReadExplanationTest, NamedElementsGetTheValuesOfTheirVector) {
  const AnsweredRow row = Read(LineOf(R"({"id":7,"x":[3,4]})", R"({"width":0.5,"height":-0.25})"));
  const auto& features = row.explanation.attributions.at(0).features;
  EXPECT_EQ(features.at(0).input, Tensor::Scalar(3.0));
  EXPECT_EQ(features.at(1).input, Tensor::Scalar(4.0));
}

TEST(ReadExplanationTest, ABareInstanceIsTheOnlyFeature) {
  const AnsweredRow row = Read(LineOf("[3,4]", R"({"x":[0.5,-0.25]})"));
  EXPECT_EQ(row.explanation.attributions.at(0).features.at(0).input,
            Tensor::Of<double>(Shape{2}, {3, 4}));
}

TEST(ReadExplanationTest, AnEmbeddingGetsTheIdsThatItIsOf) {
  const AnsweredRow row =
      Read(LineOf(R"({"ids":[5,6,7]})", R"({"embedding":[[1,2],[3,4],[5,6]]})"));
  EXPECT_EQ(row.explanation.attributions.at(0).features.at(0).input,
            Tensor::Of<double>(Shape{3}, {5, 6, 7}));
}

TEST(ReadExplanationTest, AServicesAnswerHasNoMoreThanItSays) {
  const AnsweredRow row = Read(LineOf(R"({"age":31})", R"({"age":0.5})"));
  EXPECT_EQ(row.run, Json(Json::Object()));
  EXPECT_TRUE(row.prediction.is_null());
  EXPECT_FALSE(row.explanation.attributions.at(0).has_baseline);
}

TEST(ReadExplanationTest, ReadsTheLegacyDialect) {
  const AnsweredRow row =
      Read(R"({"explanation":{"attributions_by_label":[)"
           R"({"attributions":{"age":[0.5],"face":{"b64_jpeg":"/9j/"}},"baseline_score":0.25,)"
           R"("example_score":0.75,"label_index":2,"label_name":"rich","approx_error":0.01,)"
           R"("output_name":"risk","debug_raw_attribution_dict":{"face":[[1,2]]}},)"
           R"({"attributions":{"age":[0.5]},"label_index":-1},)"
           R"({"attributions":{"age":[0.5]},"label_index":[1,3]}]}})");
  ASSERT_EQ(row.explanation.attributions.size(), 3u);
  const OutputAttribution& read = row.explanation.attributions[0];
  EXPECT_EQ(read.output_name, "risk");
  EXPECT_THAT(read.output_index, ElementsAre(2));
  EXPECT_EQ(read.display_name, "rich");
  EXPECT_EQ(read.instance_output, 0.75);
  EXPECT_EQ(read.baseline_output, 0.25);
  EXPECT_EQ(read.approximation_error, 0.01);
  EXPECT_EQ(read.features.at(0).values, Tensor::Of<double>(Shape{1}, {0.5}));
  EXPECT_EQ(read.features.at(1).values, Tensor::Of<double>(Shape{1, 2}, {1, 2}));
  EXPECT_THAT(row.explanation.attributions[1].output_index, ElementsAre());
  EXPECT_THAT(row.explanation.attributions[2].output_index, ElementsAre(1, 3));
}

TEST(ReadExplanationTest, ReadsTheMessagesOwnNames) {
  const AnsweredRow row =
      Read(R"({"explanation":{"attributions":[{"feature_attributions":{"age":[0.5]},)"
           R"("baseline_output_value":0.25,"instance_output_value":0.75,"output_index":[2],)"
           R"("output_display_name":"rich","approximation_error":0.01,"output_name":"risk"}]}})");
  const OutputAttribution& read = row.explanation.attributions.at(0);
  EXPECT_EQ(read.output_name, "risk");
  EXPECT_THAT(read.output_index, ElementsAre(2));
  EXPECT_EQ(read.display_name, "rich");
  EXPECT_EQ(read.instance_output, 0.75);
  EXPECT_EQ(read.baseline_output, 0.25);
  EXPECT_EQ(read.approximation_error, 0.01);
  EXPECT_EQ(read.features.at(0).values, Tensor::Of<double>(Shape{1}, {0.5}));
}

TEST(ReadExplanationTest, AKeyMayStandInTheInstancesPlace) {
  const AnsweredRow row =
      Read(R"({"key":"a7","explanation":{"attributions":[{"featureAttributions":{"age":0.5}}]}})");
  EXPECT_EQ(row.key, Json("a7"));
  EXPECT_TRUE(row.instance.is_null());
}

struct BadLine {
  const char* name;
  std::string line;
  const char* message;
};

class BadLineTest : public testing::TestWithParam<BadLine> {};

TEST_P(BadLineTest, SaysWhereItIsWrong) {
  const Result<AnsweredRow> row = ReadExplanation(GetParam().line);
  ASSERT_FALSE(row.ok());
  EXPECT_EQ(row.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(row.status().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Lines, BadLineTest,
    testing::Values(
        BadLine{"Truncated", R"({"instance":{"age":)", "column"},
        BadLine{"Number", "3", "found a number"},
        BadLine{"Prediction", R"({"instance":1,"prediction":2})", "\"attributions\""},
        BadLine{"Failed", R"({"instance":1,"error":{"code":3}})", "a row that failed"},
        BadLine{"Ragged", LineOf("{}", R"({"x":[[1,2],[3]]})"),
                "explanation.attributions[0].featureAttributions.x: expected numbers in lists of "
                "equal lengths"},
        BadLine{"Word", LineOf("{}", R"({"x":"much"})"), "found a string"},
        BadLine{"Picture", LineOf("{}", R"({"x":{"b64_jpeg":"/9j/"}})"),
                "an answer holds pictures alone"},
        BadLine{"Legacy",
                R"({"explanation":{"attributions_by_label":[{"attributions":{"x":"a"}}]}})",
                "explanation.attributions_by_label[0].featureAttributions.x: expected numbers"},
        BadLine{"NoFeatures", R"({"explanation":{"attributions":[{}]}})",
                "explanation.attributions[0].featureAttributions: expected an object"},
        BadLine{"Score", R"({"explanation":{"attributions":[{"instanceOutputValue":"high"}]}})",
                "explanation.attributions[0].instanceOutputValue: expected a number, found"}),
    [](const auto& of) { return of.param.name; });

struct JsonCase {
  const char* name;
  const char* json;
  std::optional<Tensor> tensor;
};

class TensorOfJsonTest : public testing::TestWithParam<JsonCase> {};

TEST_P(TensorOfJsonTest, IsATensorOrNothing) {
  EXPECT_EQ(TensorOfJson(*ParseJson(GetParam().json)), GetParam().tensor);
}

INSTANTIATE_TEST_SUITE_P(
    Values, TensorOfJsonTest,
    testing::Values(JsonCase{"Scalar", "2", Tensor::Scalar(2.0)},
                    JsonCase{"Matrix", "[[1],[2]]", Tensor::Of<double>(Shape{2, 1}, {1, 2})},
                    JsonCase{"Text", R"("a")", Tensor::ScalarString("a")},
                    JsonCase{"Bytes", R"([{"b64":"/w=="}])", Tensor::Strings(Shape{1}, {"\xff"})},
                    JsonCase{"Mixed", R"([1,"a"])", std::nullopt},
                    JsonCase{"RaggedLater", "[[1,2],[3]]", std::nullopt},
                    JsonCase{"RaggedDeeper", "[1,[2]]", std::nullopt},
                    JsonCase{"RaggedFlatter", "[[1],2]", std::nullopt},
                    JsonCase{"Null", "null", std::nullopt}, JsonCase{"Empty", "[]", std::nullopt},
                    JsonCase{"Object", R"({"b64":"/w==","x":1})", std::nullopt}),
    [](const auto& of) { return of.param.name; });

}  // namespace
}  // namespace whylight
