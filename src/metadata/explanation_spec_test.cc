#include "metadata/explanation_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/json.h"

namespace whylight {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<ExplanationSpec> Try(const std::string& text, const std::string& deployed_model = "") {
  return ParseExplanationSpec(*ParseJson(text), "s.json", deployed_model);
}

ExplanationSpec Parse(const std::string& text, const std::string& deployed_model = "") {
  Result<ExplanationSpec> spec = Try(text, deployed_model);
  EXPECT_TRUE(spec.ok()) << spec.status().message();
  return spec.ok() ? *std::move(spec) : ExplanationSpec();
}

// With these options given.
std::vector<std::string> Notes(const ExplanationSpec& spec,
                               const std::vector<std::string>& given = {}) {
  return NotesOf(spec, [&](std::string_view name) { return std::ranges::count(given, name) > 0; });
}

constexpr char kSpec[] = R"({
  "parameters": {"integratedGradientsAttribution": {"stepCount": 30}, "topK": 2,
                 "outputIndices": [3, 7]},
  "metadata": {"inputs": {"flower": {"inputTensorName": "x", "inputBaselines": [0],
                                     "featureValueDomain": {"minValue": 0, "originalMean": 3}}},
               "outputs": {"p": {"outputTensorName": "p"}}, "latentSpaceSource": "z"}})";

TEST(ExplanationSpecTest, SaysWhatBecomesOfEachField) {
  const ExplanationSpec spec = Parse(kSpec);
  EXPECT_EQ(spec.model, "");
  EXPECT_EQ(*spec.parameters.Find("topK"), Json(2));
  EXPECT_NE(spec.metadata.Find("inputs"), nullptr);
  EXPECT_EQ(spec.parameters_source, "s.json: parameters");
  EXPECT_THAT(
      Notes(spec),
      ElementsAre(
          "s.json: parameters.integratedGradientsAttribution: translated to --method "
          "integrated-gradients",
          "s.json: parameters.integratedGradientsAttribution.stepCount: translated to --steps 30",
          "s.json: parameters.topK: translated to --top-k 2",
          "s.json: parameters.outputIndices: translated to --output-indices 3,7",
          "s.json: metadata.inputs.flower.inputTensorName: used",
          "s.json: metadata.inputs.flower.inputBaselines: used",
          "s.json: metadata.inputs.flower.featureValueDomain.minValue: used",
          "s.json: metadata.inputs.flower.featureValueDomain.originalMean: dropped: is checked, "
          "and changes nothing here",
          "s.json: metadata.outputs.p.outputTensorName: used",
          "s.json: metadata.latentSpaceSource: dropped: is checked, and changes nothing here"));
}

TEST(ExplanationSpecTest, OptionsWin) {
  const ExplanationSpec spec = Parse(kSpec);
  EXPECT_THAT(Notes(spec, {"top-k", "metadata"}),
              ElementsAre("s.json: metadata: dropped: --metadata is given",
                          HasSubstr("--method integrated-gradients"), HasSubstr("--steps 30"),
                          "s.json: parameters.topK: dropped: --top-k is given",
                          HasSubstr("--output-indices")));
  const std::vector<std::string> without = Notes(spec, {"parameters"});
  EXPECT_EQ(without.at(0), "s.json: parameters: dropped: --parameters is given");
  EXPECT_THAT(without, Not(Contains(HasSubstr("--steps"))));
}

TEST(ExplanationSpecTest, WhatSeveralInputsHaveIsSaidOnce) {
  const ExplanationSpec spec =
      Parse(R"({"metadata":{"inputs":{"a":{"modality":"numeric"},"b.c":{"modality":"image"}}}})");
  EXPECT_THAT(Notes(spec), ElementsAre("s.json: metadata.inputs.*.modality (2 of them): used"));
}

TEST(ExplanationSpecTest, ReadsTheDescriptionOfAModel) {
  const ExplanationSpec spec = Parse(R"({"name": "projects/1/models/2", "etag": "x",
    "artifactUri": "gs://bucket/model", "containerSpec": {"imageUri": "tf2-cpu.2-15"},
    "explanationSpec": {"parameters": {"sampledShapleyAttribution": {"pathCount": 10}}}})");
  EXPECT_EQ(spec.model, "gs://bucket/model");
  EXPECT_TRUE(spec.metadata.is_null());
  EXPECT_THAT(
      Notes(spec),
      ElementsAre("s.json: artifactUri: translated to MODEL gs://bucket/model",
                  HasSubstr("containerSpec: dropped: TensorFlow runs the model"),
                  "s.json: name, etag: dropped: not about explanations",
                  "s.json: explanationSpec.parameters.sampledShapleyAttribution: translated to "
                  "--method sampled-shapley",
                  "s.json: explanationSpec.parameters.sampledShapleyAttribution.pathCount: "
                  "translated to --paths 10"));
  EXPECT_EQ(Notes(spec, {"MODEL"}).at(0), "s.json: artifactUri: dropped: MODEL is given");
}

struct Form {
  const char* name;
  const char* text;
  const char* model;
};
class FormTest : public testing::TestWithParam<Form> {};

// All of them ask for 30 steps.
TEST_P(FormTest, IsRead) {
  const ExplanationSpec spec = Parse(GetParam().text);
  EXPECT_EQ(spec.model, GetParam().model);
  const Result<ExplanationParameters> parameters = ParseExplanationParameters(spec.parameters);
  ASSERT_TRUE(parameters.ok()) << parameters.status().message();
  EXPECT_EQ(parameters->step_count, 30);
  EXPECT_THAT(Notes(spec), Contains(HasSubstr("translated to --steps 30")));
}

INSTANTIATE_TEST_SUITE_P(
    , FormTest,
    testing::Values(
        Form{"SnakeCase",
             R"({"artifact_uri":"m","explanation_spec":{"parameters":{
                 "integrated_gradients_attribution":{"step_count":30}}}})",
             "m"},
        Form{"LegacyVersion",
             R"({"deploymentUri":"gs://b/m","framework":"TENSORFLOW","explanationConfig":{
                 "integratedGradientsAttribution":{"numIntegralSteps":30}}})",
             "gs://b/m"},
        Form{"Endpoint",
             R"({"deployedModels":[{"id":"1"},{"id":"2","explanationSpec":{"parameters":{
                 "xraiAttribution":{"stepCount":30}}}}]})",
             ""},
        Form{"UploadRequest",
             R"({"model":{"artifactUri":"m","explanationSpec":{"parameters":{
                 "xraiAttribution":{"stepCount":30}}}}})",
             "m"},
        Form{"ListOfOne", R"([{"parameters":{"xraiAttribution":{"stepCount":30}}}])", ""}),
    [](const auto& of) { return of.param.name; });

constexpr char kEndpoint[] = R"({"deployedModels":[
  {"id":"1","displayName":"red","explanationSpec":{"parameters":{"topK":1}}},
  {"id":"2","displayName":"blue","explanationSpec":{"parameters":{"topK":2}}}]})";

TEST(ExplanationSpecTest, OneOfAnEndpointsModelsIsChosen) {
  for (const char* name : {"2", "blue"}) {
    const ExplanationSpec spec = Parse(kEndpoint, name);
    EXPECT_EQ(*spec.parameters.Find("topK"), Json(2));
    EXPECT_EQ(spec.parameters_source, "s.json: deployedModels[1].explanationSpec.parameters");
  }
}

struct BadSpec {
  const char* name;
  const char* text;
  const char* message;
  const char* deployed_model = "";
};
class BadSpecTest : public testing::TestWithParam<BadSpec> {};

TEST_P(BadSpecTest, SaysWhatItIs) {
  const Result<ExplanationSpec> spec = Try(GetParam().text, GetParam().deployed_model);
  ASSERT_FALSE(spec.ok());
  EXPECT_EQ(spec.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(spec.status().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    , BadSpecTest,
    testing::Values(
        BadSpec{"Number", "3", "s.json: expected an ExplanationSpec"},
        BadSpec{"Empty", "{}", "an object without any of their members"},
        BadSpec{"Metadata", R"({"inputs":{}})", "which --metadata takes"},
        BadSpec{"Parameters", R"({"xraiAttribution":{}})", "which --parameters takes"},
        BadSpec{"UnknownKey", R"({"parameters":{},"metadat":{}})", "s.json: metadat: unknown key"},
        BadSpec{"NoSpec", R"({"artifactUri":"gs://b/m"})", "give MODEL gs://b/m alone"},
        BadSpec{"SpecIsNoObject", R"({"explanationSpec":3})",
                "explanationSpec: expected an object, got a number"},
        BadSpec{"Several", kEndpoint, "found 2; --deployed-model chooses among 1 (red), 2 (blue)"},
        BadSpec{"NoneOfThatName", kEndpoint, "expected one that is called green, found 0", "green"},
        BadSpec{"EndpointWithout", R"({"deployedModels":[{"id":"1"}]})",
                "an endpoint without a deployed model"},
        BadSpec{"DeployedModelOfNone", R"({"parameters":{}})",
                "--deployed-model 7: only what describes an endpoint", "7"}),
    [](const auto& of) { return of.param.name; });

TEST(ExplanationSpecTest, IsWrittenInVertexsWords) {
  const ParsedMetadata metadata =
      ParseExplanationMetadata(*ParseJson(R"({"inputs":{"a":{"input_tensor_name":"x"}},"outputs":{},
                     "framework":"tensorflow2"})"));
  std::vector<std::string> foreign;
  const Json written = ExplanationSpecToJson(
      metadata.metadata, *ParseJson(R"({"integrated_gradients_attribution":{"num_integral_steps":5,
          "smooth_grad_config":{"feature_noise_sigma":{"noise_sigma":[{"name":"a_b"}]}}}})"),
      &foreign);
  EXPECT_EQ(*written.Find("parameters"),
            *ParseJson(R"({"integratedGradientsAttribution":{"stepCount":5,
          "smoothGradConfig":{"featureNoiseSigma":{"noiseSigma":[{"name":"a_b"}]}}}})"));
  const Json* const input = written.Find("metadata")->Find("inputs")->Find("a");
  EXPECT_EQ(*input->Find("inputTensorName"), Json("x"));
  EXPECT_THAT(foreign, ElementsAre("framework"));
  EXPECT_EQ(ExplanationSpecToJson(metadata.metadata, Json()).Find("parameters"), nullptr);
}

}  // namespace
}  // namespace whylight
