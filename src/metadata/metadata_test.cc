#include "whylight/metadata.h"

#include <gtest/gtest.h>

#include "io/json.h"

namespace whylight {
namespace {

ParsedMetadata Parse(const std::string& text) {
  Result<ParsedMetadata> parsed = ParseExplanationMetadataText(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  return parsed.ok() ? *std::move(parsed) : ParsedMetadata();
}

constexpr const char* kLegacy = R"({
  "inputs": {
    "data": {"input_tensor_name": "data:0", "input_baselines": [[1, 2.5]],
             "encoding": "BAG_of_features", "index_feature_mapping": ["a", "b"]},
    "Image": {"INPUT_tensor_name": "img", "modality": "image", "domain": {"min": 0, "max": 1},
              "visualization": {"type": "pixels"}, "input_baselines": [0]}},
  "outputs": {"duration": {"output_tensor_name": "d:0", "index_name_mapping": ["x", "y"]}},
  "framework": "Tensorflow", "tags": ["explainable_ai_sdk"]})";

TEST(MetadataTest, ReadsTheLegacyFile) {
  const ParsedMetadata parsed = Parse(kLegacy);
  ASSERT_TRUE(parsed.status().ok()) << parsed.status().message();
  EXPECT_TRUE(parsed.problems.empty());
  const ExplanationMetadata& m = parsed.metadata;
  EXPECT_EQ(m.form, MetadataForm::kLegacy);
  EXPECT_EQ(m.framework, "tensorflow");
  ASSERT_EQ(m.inputs.size(), 2u);
  EXPECT_EQ(m.inputs[0].name, "data");
  EXPECT_EQ(m.inputs[0].encoding, Encoding::kBagOfFeatures);
  EXPECT_EQ(m.inputs[0].index_feature_mapping, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(m.inputs[0].modality_or_default(), Modality::kNumeric);
  EXPECT_EQ(m.inputs[1].name, "Image");
  EXPECT_EQ(m.inputs[1].input_tensor_name, "img");
  EXPECT_EQ(m.inputs[1].domain->max, 1);
  EXPECT_EQ(m.outputs[0].output_tensor_name, "d:0");
  EXPECT_EQ(m.FindInput("data"), &m.inputs[0]);
  EXPECT_EQ(m.FindInput("none"), nullptr);
}

constexpr const char* kVertex = R"({
  "inputs": {"x": {"inputTensorName": "x", "encoding": "CONCAT_EMBEDDING",
                   "encodedTensorName": "e", "groupName": "g",
                   "featureValueDomain": {"originalMean": 2}},
             "empty": {}},
  "outputs": {"y": {"outputTensorName": "y", "indexDisplayNameMapping": [["a"], ["b"]]}}})";

TEST(MetadataTest, ReadsTheVertexMessage) {
  const ParsedMetadata parsed = Parse(kVertex);
  ASSERT_TRUE(parsed.status().ok()) << parsed.status().message();
  EXPECT_EQ(parsed.metadata.form, MetadataForm::kVertex);
  EXPECT_EQ(parsed.metadata.inputs[0].encoding, Encoding::kConcatEmbedding);
  EXPECT_EQ(parsed.metadata.inputs[0].domain->original_mean, 2);
  EXPECT_EQ(parsed.metadata.inputs[0].group_name, "g");
}

TEST(MetadataTest, WhatIsWrittenReadsBackTheSame) {
  for (const char* text : {kLegacy, kVertex}) {
    const ExplanationMetadata first = Parse(text).metadata;
    for (const MetadataForm form : {MetadataForm::kLegacy, MetadataForm::kVertex}) {
      std::vector<std::string> lost;
      const Json json = ExplanationMetadataToJson(first, form, &lost);
      const ParsedMetadata again = ParseExplanationMetadata(json, form);
      EXPECT_TRUE(again.status().ok()) << again.status().message();
      EXPECT_EQ(ExplanationMetadataToJson(again.metadata, form), json);
      EXPECT_EQ(ExplanationMetadataToJson(again.metadata, MetadataForm::kVertex),
                ExplanationMetadataToJson(first, MetadataForm::kVertex));
      const bool loses = first.form == MetadataForm::kLegacy && form == MetadataForm::kVertex;
      EXPECT_EQ(lost, loses ? (std::vector<std::string>{"framework", "tags"})
                            : std::vector<std::string>());
    }
  }
}

struct ProblemCase {
  const char* name;
  std::string text;
  std::string line;  // "place: message", a piece of the status.
};
void PrintTo(const ProblemCase& c, std::ostream* os) { *os << c.name; }
class MetadataProblemTest : public testing::TestWithParam<ProblemCase> {};
TEST_P(MetadataProblemTest, IsAnErrorWithItsPlace) {
  const Status status = Parse(GetParam().text).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find(GetParam().line), std::string::npos) << status.message();
}
INSTANTIATE_TEST_SUITE_P(
    , MetadataProblemTest,
    testing::Values(
        ProblemCase{"slip", R"({"inputs":{"age":{"input_tensor_nam":"a"}}})",
                    "inputs.age.input_tensor_nam: unknown key; did you mean 'input_tensor_name'?"},
        ProblemCase{"slip_in_camel_case", R"({"inputs":{"age":{"inputTensorNam":"a"}}})",
                    "inputs.age.inputTensorNam: unknown key; did you mean 'inputTensorName'?"},
        ProblemCase{"unknown_at_the_top", R"({"inputz":{}})",
                    "inputz: unknown key; did you mean 'inputs'?"},
        ProblemCase{"two_spellings", R"({"framework":"tensorflow","Framework":"tensorflow"})",
                    "Framework: given twice"},
        ProblemCase{"no_object", "[1]", "expected an object, got an array of 1 value"},
        ProblemCase{"inputs_list", R"({"inputs":[]})", "inputs: expected an object, got an array"},
        ProblemCase{"input_text", R"({"inputs":{"a":"b"}})",
                    "inputs.a: expected an object, got a string"},
        ProblemCase{"name_number", R"({"inputs":{"a":{"input_tensor_name":3}}})",
                    "inputs.a.input_tensor_name: expected a string, got a number"},
        ProblemCase{"encoding", R"({"inputs":{"a":{"encoding":"identty"}}})",
                    "got \"identty\" (did you mean 'identity'?)"},
        ProblemCase{"framework", R"({"framework":"keras"})",
                    "framework: expected one of tensorflow,"},
        ProblemCase{"baselines_number", R"({"inputs":{"a":{"input_baselines":0}}})",
                    "inputs.a.input_baselines: expected a list, got a number"},
        ProblemCase{"uneven_baselines",
                    R"({"inputs":{"a":{"input_baselines":[0]},"b":{"input_baselines":[0,1]}}})",
                    "inputs.b: expected 1 baselines, as 'a' has, got 2"},
        ProblemCase{"both_baselines",
                    R"({"inputs":{"a":{"input_baselines":[0],"encoded_baselines":[0]}}})",
                    "input_baselines and encoded_baselines exclude each other"},
        ProblemCase{"no_mapping", R"({"inputs":{"a":{"encoding":"indicator"}}})",
                    "inputs.a: encoding indicator needs index_feature_mapping"},
        ProblemCase{
            "name_twice",
            R"({"inputs":{"a":{"encoding":"indicator","index_feature_mapping":["x","x"]}}})",
            "the name \"x\" stands twice"},
        ProblemCase{"half_sparse", R"({"inputs":{"a":{"indices_tensor_name":"i:0"}}})",
                    "indices_tensor_name and dense_shape_tensor_name go together"},
        ProblemCase{"half_weights", R"({"inputs":{"a":{"weight_values_name":"w:0"}}})",
                    "expected 3 of them, got 1"},
        ProblemCase{"half_domain", R"({"inputs":{"a":{"domain":{"min":0}}}})",
                    "inputs.a.domain: the least and the greatest value go together"},
        ProblemCase{"empty_domain", R"({"inputs":{"a":{"domain":{"min":2,"max":1}}}})",
                    "the least value is above the greatest"},
        ProblemCase{"domain_key", R"({"inputs":{"a":{"domain":{"mn":0}}}})",
                    "inputs.a.domain.mn: unknown key"},
        ProblemCase{"visualization_of_numbers",
                    R"({"inputs":{"a":{"visualization":{"type":"pixels"}}}})",
                    "inputs.a: visualization needs the modality image, got numeric"},
        ProblemCase{"labels_twice", R"({"outputs":{"y":{"index_name_mapping":["a","a"]}}})",
                    "outputs.y.index_name_mapping[1]: the name \"a\" stands twice"},
        ProblemCase{
            "labels_and_key",
            R"({"outputs":{"y":{"index_name_mapping":["a"],"index_name_mapping_key":"k"}}})",
            "exclude each other"},
        ProblemCase{"no_tensor_name", R"({"framework":"tensorflow2","inputs":{"a":{}}})",
                    "inputs: framework tensorflow2 needs at least one input_tensor_name"}),
    [](const auto& row) { return row.param.name; });

TEST(MetadataTest, AllProblemsAreReported) {
  const ParsedMetadata parsed =
      Parse(R"({"a":1,"inputs":{"x":{"b":2,"encoding":3}},"framework":4})");
  EXPECT_EQ(parsed.problems.size(), 4u) << parsed.status().message();
}

TEST(MetadataTest, TheServicesLimitsAreWarnings) {
  const ParsedMetadata parsed = Parse(
      R"({"inputs":{"a":{"input_baselines":[1,2,3,4,5,6,7,8,9,10,11]}},"outputs":{"x":{},"y":{}}})");
  EXPECT_TRUE(parsed.status().ok());
  ASSERT_EQ(parsed.problems.size(), 2u);
  EXPECT_EQ(parsed.problems[0].message, "11 baselines: the service took at most 10");
}

TEST(BaselineTest, TakesAScalarOrTheExactShape) {
  const auto read = [](const char* json, DType dtype, const Shape& shape) {
    return BaselineFromJson(*ParseJson(json), dtype, shape, "inputs.a.input_baselines[0]");
  };
  EXPECT_EQ(*read("0.5", DType::kFloat32, {2}), Tensor::Of<float>({2}, {0.5f, 0.5f}));
  EXPECT_EQ(*read("[1,2]", DType::kFloat32, {Shape::kUnknown}), Tensor::Of<float>({2}, {1, 2}));
  EXPECT_EQ(*read("0.0", DType::kInt32, {2}), Tensor::Of<std::int32_t>({2}, {0, 0}));
  EXPECT_EQ(*read("\"\"", DType::kString, {2}), Tensor::Strings({2}, {"", ""}));
  EXPECT_EQ(*read("3", DType::kFloat64, {}), Tensor::Scalar(3.0));
  EXPECT_EQ(read("[1,2]", DType::kFloat32, {3}).status().message(),
            "inputs.a.input_baselines[0]: expected 3 values, got 2");
  EXPECT_EQ(read("[1,\"x\"]", DType::kFloat32, {2}).status().message(),
            "inputs.a.input_baselines[0][1]: expected a number, got \"x\"");
  EXPECT_FALSE(read("1", DType::kFloat32, {Shape::kUnknown}).ok());
  EXPECT_FALSE(read("0.5", DType::kInt32, {2}).ok());
  EXPECT_FALSE(read("null", DType::kFloat32, {2}).ok());
  EXPECT_FALSE(read("NaN", DType::kFloat32, {2}).ok());
}

TEST(ParametersTest, ReadsBothDialects) {
  const auto parse = [](const char* json) { return *ParseExplanationParameters(*ParseJson(json)); };
  ExplanationParameters p = parse(
      R"({"integratedGradientsAttribution":{"stepCount":200.0,"smoothGradConfig":
          {"featureNoiseSigma":{"noiseSigma":[{"name":"a","sigma":0.5},{"name":"b"}]}}},"topK":-1})");
  EXPECT_EQ(p.method, MethodName::kIntegratedGradients);
  EXPECT_EQ(p.step_count, 200);
  EXPECT_EQ(p.top_k, -1);
  EXPECT_EQ(p.warnings.size(), 1u);
  using Sigmas = std::vector<std::pair<std::string, double>>;
  EXPECT_EQ(p.smooth_grad->feature_noise_sigma, (Sigmas{{"a", 0.5}, {"b", 0.1}}));
  p = parse(R"({"sampledShapleyAttribution":{"numPaths":10},"outputIndices":[2,0]})");
  EXPECT_EQ(p.method, MethodName::kSampledShapley);
  EXPECT_EQ(p.path_count, 10);
  EXPECT_EQ(p.output_indices, (std::vector<std::int64_t>{2, 0}));
  p = parse(
      R"({"xrai_attribution":{"num_integral_steps":5,"blur_baseline_config":{"max_blur_sigma":3}}})");
  EXPECT_EQ(p.method, MethodName::kXrai);
  EXPECT_EQ(p.max_blur_sigma, 3);
}

TEST(ParametersTest, RefusesWhatIsOutOfRange) {
  const std::pair<const char*, const char*> kRows[] = {
      {R"({"integratedGradientsAttribution":{"stepCount":0}})",
       "expected an integer of at least 1 that fits in 32 bits, got 0"},
      {R"({"integratedGradientsAttribution":{"stepCount":1.5}})", "expected an integer, got 1.5"},
      {R"({"integratedGradientsAttribution":{"stepCount":1e300}})",
       "fits in 32 bits, got 1.0e+300"},
      {R"({"integratedGradientsAttribution":{"stepCont":5}})", "did you mean 'stepCount'?"},
      {R"({"integratedGradientsAttribution":{},"xraiAttribution":{}})", "a second method"},
      {R"({"sampledShapleyAttribution":{"stepCount":5}})", "unknown key"},
      {R"({"topK":0})", "topK: expected at least 1, or -1 for all, got 0"},
      {R"({"outputIndices":[-1]})", "outputIndices[0]: expected an integer of at least 0"},
      {R"({"integratedGradientsAttribution":{"smoothGradConfig":{"noiseSigma":-1}}})",
       "at least 0"},
      {R"(3)", "expected an object"}};
  for (const auto& [json, message] : kRows) {
    const Status status = ParseExplanationParameters(*ParseJson(json)).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << json;
    EXPECT_NE(status.message().find(message), std::string::npos) << status.message();
  }
  EXPECT_EQ(ParseExplanationParameters(*ParseJson(R"({"examples":{}})")).status().code(),
            StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace whylight
