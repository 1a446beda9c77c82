#include "explain/explanation_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "io/json.h"
#include "whylight/version.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

OutputAttribution Rich() {
  OutputAttribution attribution{.output_name = "risk",
                                .output_index = {1},
                                .display_name = "rich",
                                .instance_output = 0.9,
                                .baseline_output = 0.2,
                                .approximation_error = 0.001};
  attribution.features.push_back({.name = "age",
                                  .values = Tensor::Of<double>(Shape{2}, {0.5, 2}),
                                  .input = Tensor::Of<float>(Shape{2}, {1, 2})});
  attribution.features.push_back(
      {.name = "sex", .values = Tensor::Scalar(0.0), .input = Tensor::ScalarString("f")});
  return attribution;
}

Explanation One(OutputAttribution attribution) {
  Explanation explanation;
  explanation.prediction.push_back({"risk", Tensor::Of<float>(Shape{2}, {0.1f, 0.9f})});
  explanation.attributions.push_back(std::move(attribution));
  return explanation;
}

Provenance Steps() {
  Provenance provenance;
  provenance.plan = {.signature = "serving_default",
                     .reason = "the only one",
                     .method = "integrated-gradients",
                     .settings = {{.name = "steps", .json = "50", .text = ""}},
                     .held = {"ids (int64)"},
                     .baselines = {{.input = "age", .text = "zeros", .origin = "default"}}};
  return provenance;
}

Json Parsed(const std::string& line) {
  EXPECT_THAT(line, Not(HasSubstr("\n")));
  Result<Json> json = ParseJson(line);
  EXPECT_TRUE(json.ok()) << json.status().message() << " in " << line;
  return json.ok() ? *std::move(json) : Json();
}

const Json& Attribution(const Json& line, std::size_t i = 0) {
  return line.Find("explanation")->Find("attributions")->array()[i];
}

std::vector<std::string> Keys(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.object()) keys.push_back(key);
  return keys;
}

TEST(ExplanationLineTest, IsTheLineOfTheHeader) {
  EXPECT_EQ(
      ExplanationLine(R"({"age": [0.3, 1]})", One(Rich()), Steps()),
      R"({"instance":{"age": [0.3, 1]},"prediction":[0.1,0.9],"explanation":{"attributions":[)"
      R"({"baselineOutputValue":0.2,"instanceOutputValue":0.9,)"
      R"("featureAttributions":{"age":[0.5,2.0],"sex":0.0},"outputIndex":[1],)"
      R"("outputDisplayName":"rich","approximationError":0.001,"outputName":"risk"}]},)"
      R"("whylight":{"version":")" +
          std::string(kVersion) +
          R"(","signature":"serving_default","reason":"the only one",)"
          R"#("method":"integrated-gradients","steps":50,"baselines":{"age":"zeros (default)"},)#"
          R"#("held":["ids (int64)"],"warnings":[]}})#");
}

TEST(ExplanationLineTest, WritesIntegralNumbersWithAPoint) {
  OutputAttribution attribution = Rich();
  attribution.instance_output = 1;
  attribution.baseline_output = -0.0;
  attribution.approximation_error = 0;
  attribution.features = {{.name = "x",
                           .values = Tensor::Of<double>(Shape{4}, {3, -2, 1e20, -0.0}),
                           .input = Tensor(DType::kFloat32, Shape{4})}};
  const std::string line = ExplanationLine("1", One(attribution), Steps());
  EXPECT_THAT(line, HasSubstr(R"("baselineOutputValue":-0.0,"instanceOutputValue":1.0)"));
  EXPECT_THAT(line, HasSubstr(R"("x":[3.0,-2.0,1.0e+20,-0.0])"));
  EXPECT_THAT(line, HasSubstr(R"("approximationError":0.0)"));
}

TEST(ExplanationLineTest, ReadsBackBitForBit) {
  OutputAttribution attribution = Rich();
  attribution.features[0].values =
      Tensor::Of<double>(Shape{3}, {0.1 + 0.2, 5e-324, -1.7976931348623157e308});
  const Json line = Parsed(ExplanationLine("null", One(attribution), Steps()));
  const Json& values = *Attribution(line).Find("featureAttributions")->Find("age");
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(values.array()[i].number(), attribution.features[0].values.Number(i));
  }
}

TEST(ExplanationLineTest, WritesAnUnknownErrorAsNull) {
  OutputAttribution attribution = Rich();
  attribution.approximation_error = std::numeric_limits<double>::infinity();
  const std::string line = ExplanationLine("1", One(attribution), {});
  EXPECT_TRUE(Attribution(Parsed(line)).Find("approximationError")->is_null()) << line;
}

TEST(ExplanationLineTest, LeavesOutWhatThereIsNot) {
  OutputAttribution attribution = Rich();
  attribution.output_index.clear();
  attribution.display_name.clear();
  Provenance provenance;
  provenance.plan.settings = {{.name = "paths", .json = "25", .text = ""},
                              {.name = "seed", .json = "3", .text = ""}};
  const Json line = Parsed(ExplanationLine("", One(attribution), provenance));
  EXPECT_TRUE(line.Find("instance")->is_null());
  EXPECT_THAT(Keys(Attribution(line)),
              ElementsAre("baselineOutputValue", "instanceOutputValue", "featureAttributions",
                          "approximationError", "outputName"));
  const Json& ours = *line.Find("whylight");
  EXPECT_EQ(ours.Find("steps"), nullptr);
  EXPECT_EQ(ours.Find("preprocess"), nullptr);
  EXPECT_EQ(ours.Find("held"), nullptr);
  EXPECT_EQ(ours.Find("pieces"), nullptr);
  EXPECT_EQ(ours.Find("effort"), nullptr);
  EXPECT_EQ(ours.Find("sampling"), nullptr);
  EXPECT_EQ(ours.Find("paths")->int64(), 25);
  EXPECT_EQ(ours.Find("seed")->int64(), 3);
}

TEST(ExplanationLineTest, SaysWhatATolerancesTook) {
  OutputAttribution attribution = Rich();
  attribution.effort = {.steps = 31, .probes = 24, .estimated_error = 0.25, .converged = false};
  const Json line = Parsed(ExplanationLine("", One(attribution), {}));
  const Json& effort = line.Find("whylight")->Find("effort")->array().at(0);
  EXPECT_EQ(effort.Find("steps")->int64(), 31);
  EXPECT_EQ(effort.Find("probes")->int64(), 24);
  EXPECT_EQ(effort.Find("estimatedError")->number(), 0.25);
  EXPECT_FALSE(effort.Find("converged")->boolean());
}

TEST(ExplanationLineTest, HasStandardErrorsBesideTheAttributions) {
  OutputAttribution attribution = Rich();
  attribution.sampling = {.exact = false, .paths = 25, .coalitions = 77};
  attribution.features[0].standard_errors =
      Tensor::Of<double>(Shape{2}, {0.25, std::numeric_limits<double>::infinity()});
  attribution.features[0].element_names = {"height", "weight"};
  attribution.features[0].named_by_elements = true;
  attribution.features[1].standard_errors = Tensor::Scalar(0.0);
  Explanation explanation = One(attribution);
  attribution.sampling = {.exact = true, .paths = 0, .coalitions = 4};
  explanation.attributions.push_back(attribution);
  const std::string line = ExplanationLine("1", explanation, {});
  EXPECT_THAT(line, HasSubstr(R"("sampling":[{"exact":false,"paths":25,"coalitions":77,)"
                              R"("standardErrors":{"height":0.25,"weight":null,"sex":0.0}},)"
                              R"({"exact":true,"coalitions":4,"standardErrors":{)"));
  EXPECT_THAT(Keys(Attribution(Parsed(line))),
              ElementsAre("baselineOutputValue", "instanceOutputValue", "featureAttributions",
                          "outputIndex", "outputDisplayName", "approximationError", "outputName"));
}

TEST(ExplanationLineTest, NestsAsTheFeatureDoes) {
  OutputAttribution attribution = Rich();
  attribution.output_index = {1, 0};
  attribution.features = {{.name = "image",
                           .values = Tensor::Of<double>(Shape{2, 2}, {1, 2, 3, 4}),
                           .input = Tensor(DType::kFloat32, Shape{2, 2})},
                          {.name = "none",
                           .values = Tensor(DType::kFloat64, Shape{0}),
                           .input = Tensor(DType::kFloat32, Shape{0})}};
  const std::string line = ExplanationLine("1", One(attribution), Steps());
  EXPECT_THAT(line, HasSubstr(R"("image":[[1.0,2.0],[3.0,4.0]],"none":[])"));
  EXPECT_THAT(line, HasSubstr(R"("outputIndex":[1,0])"));
}

TEST(ExplanationLineTest, NamesElementsOfABagOfFeatures) {
  OutputAttribution attribution = Rich();
  attribution.features[0].element_names = {"height", "wei\"ght"};
  attribution.features[0].named_by_elements = true;
  const Json line = Parsed(ExplanationLine("1", One(attribution), Steps()));
  const Json& features = *Attribution(line).Find("featureAttributions");
  EXPECT_THAT(Keys(features), ElementsAre("height", "wei\"ght", "sex"));
  EXPECT_EQ(features.Find("height")->number(), 0.5);
}

TEST(ExplanationLineTest, NamesPredictionsOfSeveralOutputs) {
  Explanation explanation = One(Rich());
  explanation.prediction.push_back({"label", Tensor::Strings(Shape{}, {"r\xc3\xa9sum\xc3\xa9"})});
  explanation.prediction.push_back({"rank", Tensor::Scalar<std::int64_t>(3)});
  const std::string line = ExplanationLine("1", explanation, Steps());
  EXPECT_THAT(
      line,
      HasSubstr(
          "\"prediction\":{\"risk\":[0.1,0.9],\"label\":\"r\xc3\xa9sum\xc3\xa9\",\"rank\":3}"));
}

TEST(ExplanationLineTest, CarriesThePiecesOfAText) {
  OutputAttribution attribution = Rich();
  attribution.features = {{.name = "content",
                           .values = Tensor::Of<double>(Shape{2}, {0.5, 1}),
                           .input = Tensor::Strings(Shape{2}, {"line 1\n", "\"2\""})}};
  Explanation explanation = One(attribution);
  explanation.attributions.push_back(attribution);  // Another class: the same pieces, once.
  const Json line = Parsed(ExplanationLine("1", explanation, Steps()));
  const Json& pieces = *line.Find("whylight")->Find("pieces");
  EXPECT_THAT(Keys(pieces), ElementsAre("content"));
  EXPECT_EQ(pieces.Find("content")->array()[0].string(), "line 1\n");
  EXPECT_EQ(pieces.Find("content")->array()[1].string(), "\"2\"");
}

TEST(ExplanationLineTest, CarriesTheParametersOfTheMethod) {
  Provenance provenance = Steps();
  provenance.plan.settings.push_back({.name = "xraiAlgorithm", .json = "\"fast\"", .text = ""});
  provenance.plan.settings.push_back({.name = "maxSigma", .json = "50.0", .text = ""});
  EXPECT_THAT(ExplanationLine("", One(Rich()), provenance),
              HasSubstr("\"steps\":50,\"xraiAlgorithm\":\"fast\",\"maxSigma\":50.0,"));
}

TEST(ExplanationLineTest, CarriesTheRegionsOfAPicture) {
  OutputAttribution attribution = Rich();
  attribution.features = {{.name = "image",
                           .values = Tensor::Of<double>(Shape{1, 3, 1}, {2, 2, -1}),
                           .input = Tensor(DType::kFloat32, Shape{1, 3, 3})}};
  attribution.features[0].regions = {
      {.rank = 1, .area = 0.75, .attribution = 2, .pixels = {{.first = 0, .length = 2}}},
      {.rank = 2,
       .area = 0.25,
       .attribution = -1,
       .is_rest = true,
       .pixels = {{.first = 2, .length = 1}}}};
  Explanation explanation = One(attribution);
  explanation.attributions.push_back(attribution);
  const std::string line = ExplanationLine("", explanation, Steps());
  const std::string one = R"({"image":[{"rank":1,"attribution":2.0,"area":0.75,"mask":[0,2]},)"
                          R"({"rank":2,"attribution":-1.0,"area":0.25,"rest":true,"mask":[2,1]}]})";
  EXPECT_THAT(line, HasSubstr("\"regions\":[" + one + "," + one + "]"));
  // Beside the attributions, where Google's SDK refuses unknown keys.
  const Json json = Parsed(line);
  ASSERT_NE(json.Find("whylight")->Find("regions"), nullptr);
  EXPECT_EQ(Attribution(json).Find("regions"), nullptr);
  EXPECT_EQ(Attribution(json).Find("featureAttributions")->Find("image")->array().size(), 1u);
}

TEST(ExplanationLineTest, TellsTheMemberOfAGroupThatARegionIsOf) {
  OutputAttribution attribution = Rich();
  attribution.features = {
      {.name = "group", .values = Tensor::Scalar(3.0), .input = Tensor(DType::kFloat32, Shape{0})}};
  attribution.features[0].regions = {{.rank = 1,
                                      .area = 1,
                                      .attribution = 3,
                                      .pixels = {{.first = 0, .length = 1}},
                                      .input = "photo"}};
  EXPECT_THAT(ExplanationLine("", One(attribution), Steps()),
              HasSubstr(R"("regions":[{"group":[{"input":"photo","rank":1,)"));
}

TEST(ExplanationLineTest, CarriesTheWarningsOfPlanAndAttributions) {
  OutputAttribution attribution = Rich();
  attribution.warnings = {{.rule = "large-gap", .message = "b", .fix = "c"}};
  Provenance provenance = Steps();
  provenance.plan.warnings = {{.rule = "zero-baseline", .message = "a", .fix = "f"}};
  const Json line = Parsed(ExplanationLine("1", One(attribution), provenance));
  const Json::Array& warnings = line.Find("whylight")->Find("warnings")->array();
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_EQ(warnings[0].Find("rule")->string(), "zero-baseline");
  EXPECT_EQ(warnings[1].Find("rule")->string(), "large-gap");
  EXPECT_EQ(warnings[1].Find("message")->string(), "b");
}

TEST(PredictionLineTest, WritesWhatIsNotFiniteAsNull) {
  const float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(PredictionLine("[1]", {{"y", Tensor::Of<float>(Shape{3}, {1, kInfinity, -kInfinity})}}),
            R"({"instance":[1],"prediction":[1.0,null,null]})");
}

TEST(PredictionLineTest, WritesBytesAsBase64) {
  EXPECT_EQ(PredictionLine("", {{"y", Tensor::ScalarString("\xff\xfe")}}),
            R"({"instance":null,"prediction":{"b64":"//4="}})");
}

TEST(ErrorLineTest, HasCodeNameAndPlace) {
  EXPECT_EQ(ErrorLine(R"({"x":1})", "instances.jsonl:3", InvalidArgument("x: expected \"3\"")),
            R"({"instance":{"x":1},"error":{"code":3,"status":"INVALID_ARGUMENT",)"
            R"("place":"instances.jsonl:3","message":"x: expected \"3\""}})");
}

}  // namespace
}  // namespace whylight
