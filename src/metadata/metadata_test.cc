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
      const Json json = ExplanationMetadataToJson(first, form, {.foreign = &lost});
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

// Every field that each form has, in the order in which it is written.
constexpr const char* kAllOfLegacy = R"({
  "inputs": {
    "work": {"input_tensor_name": "p:3", "encoding": "combined_embedding", "modality": "categorical",
             "encoded_baselines": [0.5, [1, 2]], "encoded_tensor_name": "e:0",
             "indices_tensor_name": "p:1", "dense_shape_tensor_name": "p:5", "group_name": "g",
             "weight_values_name": "w:3", "weight_indices_name": "w:1",
             "weight_dense_shape_name": "w:5", "is_sequential": true, "input_tensor_type": "t",
             "input_tensor_dtype": "string", "gradient_tensor_names": {"y": "g:0"}},
    "age": {"input_tensor_name": "p:6", "encoding": "identity", "input_baselines": [40, [1.5]],
            "domain": {"min": 0.0, "max": 1.5, "original_mean": 3.0, "original_stddev": 2.5}},
    "words": {"encoding": "bag_of_features_sparse", "index_feature_mapping": ["a", "b"]},
    "photo": {"input_tensor_name": "i:0", "encoding": "identity", "modality": "image",
              "visualization": {"type": "outlines", "polarity": "both", "color_map": "pink_green",
                                "clip_above_percentile": 99, "clip_below_percentile": 40.5,
                                "overlay_type": "mask_black", "overlay_multiplier": 0.5,
                                "output_format": "png", "resized_shape": [10, 20],
                                "translate": [1, 2], "shade_within_outlines": false}}},
  "outputs": {"y": {"output_tensor_name": "y:0", "index_name_mapping": ["n", "p"],
                    "output_tensor_dtype": "float32"},
              "z": {"output_tensor_name": "z:0", "index_name_mapping_key": "k"}},
  "framework": "tensorflow", "tags": ["explainable_ai_sdk"], "serving_sigdef_key": "s",
  "embeddings": {"m": {"embedding_tensor_name": "m:0"}}, "sigdef_inputs": {},
  "preparer_version": "1.2.3"})";
constexpr const char* kAllOfVertex = R"({
  "inputs": {
    "x": {"inputTensorName": "x", "encoding": "CONCAT_EMBEDDING", "modality": "text",
          "encodedBaselines": [[[1, 2], [3, 4]]], "encodedTensorName": "e",
          "indicesTensorName": "i", "denseShapeTensorName": "d", "groupName": "g"},
    "b": {"encoding": "BAG_OF_FEATURES", "inputBaselines": [[0, 1]],
          "indexFeatureMapping": ["u", "v"]},
    "photo": {"encoding": "IDENTITY", "modality": "image",
              "featureValueDomain": {"minValue": 0.0, "maxValue": 255.0, "originalMean": 1.0,
                                     "originalStddev": 2.0},
              "visualization": {"type": "PIXELS", "polarity": "POSITIVE", "colorMap": "VIRIDIS",
                                "overlayType": "GRAYSCALE", "clipPercentUpperbound": 99.9,
                                "clipPercentLowerbound": 62}}},
  "outputs": {"y": {"outputTensorName": "y", "indexDisplayNameMapping": [["a", "b"], ["c", "d"]]},
              "z": {"outputTensorName": "z", "displayNameMappingKey": "names"}},
  "featureAttributionsSchemaUri": "gs://b/s.yaml", "latentSpaceSource": "gs://b/l"})";

TEST(MetadataTest, EachFormBecomesTheOtherAndBackWithoutLoss) {
  for (const auto& [text, other] : {std::pair{kAllOfLegacy, MetadataForm::kVertex},
                                    std::pair{kAllOfVertex, MetadataForm::kLegacy}}) {
    const ParsedMetadata first = Parse(text);
    ASSERT_TRUE(first.status().ok()) << first.status().message();
    // Nothing is lost by reading and writing the same form,
    EXPECT_EQ(ExplanationMetadataToJson(first.metadata, first.metadata.form), *ParseJson(text));
    // nor on the way through the other.
    const Json there = ExplanationMetadataToJson(first.metadata, other, {.keep = true});
    const ParsedMetadata second = Parse(WriteJson(there));
    ASSERT_TRUE(second.status().ok()) << second.status().message();
    EXPECT_EQ(second.metadata.form, other);
    EXPECT_EQ(WriteJson(ExplanationMetadataToJson(second.metadata, first.metadata.form)),
              WriteJson(*ParseJson(text)));
  }
}

TEST(MetadataTest, NamesWhatTheOtherFormHasNoFieldFor) {
  std::vector<std::string> foreign;
  Json json = ExplanationMetadataToJson(Parse(kAllOfLegacy).metadata, MetadataForm::kVertex,
                                        {.foreign = &foreign});
  EXPECT_EQ(foreign, (std::vector<std::string>{
                         "inputs.work.weight_values_name", "inputs.work.weight_indices_name",
                         "inputs.work.weight_dense_shape_name", "inputs.work.is_sequential",
                         "inputs.work.input_tensor_type", "inputs.work.input_tensor_dtype",
                         "inputs.work.gradient_tensor_names", "inputs.photo.visualization",
                         "outputs.y.output_tensor_dtype", "framework", "tags", "serving_sigdef_key",
                         "embeddings", "sigdef_inputs", "preparer_version"}));
  EXPECT_EQ(json.Find("whylight"), nullptr);
  EXPECT_EQ(WriteJson(*json.Find("inputs")->Find("photo")->Find("visualization")),
            R"({"type":"OUTLINES","polarity":"BOTH","colorMap":"PINK_GREEN",)"
            R"("clipPercentUpperbound":99,"clipPercentLowerbound":40.5,)"
            R"("overlayType":"MASK_BLACK"})");
  foreign.clear();
  json = ExplanationMetadataToJson(Parse(kAllOfVertex).metadata, MetadataForm::kLegacy,
                                   {.keep = true, .foreign = &foreign});
  EXPECT_EQ(foreign,
            (std::vector<std::string>{"featureAttributionsSchemaUri", "latentSpaceSource"}));
  EXPECT_EQ(WriteJson(*json.Find("whylight")),
            R"({"featureAttributionsSchemaUri":"gs://b/s.yaml","latentSpaceSource":"gs://b/l"})");
}

TEST(MetadataTest, ReadsWhatProtobufWrites) {
  const ParsedMetadata parsed = Parse(R"({"inputs": {"x": {"inputTensorName": null,
      "encoding": "ENCODING_UNSPECIFIED", "modality": "image",
      "visualization": {"type": "TYPE_UNSPECIFIED", "overlayType": "NONE"}}}, "outputs": null})");
  ASSERT_TRUE(parsed.status().ok()) << parsed.status().message();
  EXPECT_EQ(parsed.metadata.inputs[0].encoding, Encoding::kIdentity);
  EXPECT_EQ(WriteJson(parsed.metadata.inputs[0].visualization), R"({"overlay_type":"none"})");
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
        ProblemCase{"visualization_key",
                    R"({"inputs":{"a":{"modality":"image","visualization":{"colour_map":"red"}}}})",
                    "inputs.a.visualization.colour_map: unknown key; did you mean 'color_map'?"},
        ProblemCase{
            "visualization_name",
            R"({"inputs":{"a":{"modality":"image","visualization":{"color_map":"virdis"}}}})",
            "got \"virdis\" (did you mean 'viridis'?)"},
        ProblemCase{"percentile_range",
                    R"({"inputs":{"a":{"modality":"image",
                        "visualization":{"clip_above_percentile":101}}}})",
                    "visualization.clip_above_percentile: expected 0 to 100, got 101"},
        ProblemCase{"percentiles_crossed",
                    R"({"inputs":{"a":{"inputTensorName":"a","modality":"image",
                        "visualization":{"clipPercentUpperbound":50}}}})",
                    "the lower percentile must be below the upper one: 62.0 and 50.0"},
        ProblemCase{"blur_of_outlines",
                    R"({"inputs":{"a":{"modality":"image",
                        "visualization":{"type":"outlines","blur_sigma":2}}}})",
                    "blur_sigma is a setting of type pixels, the type is outlines"},
        ProblemCase{"shade_of_pixels",
                    R"({"inputs":{"a":{"modality":"image",
                        "visualization":{"type":"pixels","shade_within_outlines":true}}}})",
                    "shade_within_outlines is a setting of type outlines"},
        ProblemCase{"translate_negative",
                    R"({"inputs":{"a":{"modality":"image","visualization":{"translate":[-1,0]}}}})",
                    "translate: expected a list of two integers of at least 0"},
        ProblemCase{
            "resized_shape_of_one",
            R"({"inputs":{"a":{"modality":"image","visualization":{"resized_shape":[7]}}}})",
            "resized_shape: expected a list of two integers of at least 1"},
        ProblemCase{"kept_for_nobody",
                    R"({"inputs":{"a":{"inputTensorName":"a"}},
                        "whylight":{"inputs":{"b":{"is_sequential":true}}}})",
                    "whylight.inputs.b: there is no entry of that name outside of whylight"},
        ProblemCase{"kept_half_weights",
                    R"({"inputs":{"a":{"inputTensorName":"a"}},
                        "whylight":{"inputs":{"a":{"weight_values_name":"w"}}}})",
                    "expected 3 of them, got 1"},
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

TEST(MetadataTest, TheServicesLimitsAreErrorsOrWarnings) {
  const Json json = *ParseJson(
      R"({"inputs":{"a":{"input_baselines":[1,2,3,4,5,6,7,8,9,10,11]}},"outputs":{"x":{},"y":{}}})");
  EXPECT_EQ(ParseExplanationMetadata(json).status().message(),
            "inputs.a.input_baselines: expected at most 10 baselines, the services' range, got 11; "
            "--beyond-service-limits takes it");
  const ParsedMetadata parsed = ParseExplanationMetadata(json, ServiceLimits::kNoted);
  EXPECT_TRUE(parsed.status().ok());
  ASSERT_EQ(parsed.problems.size(), 2u);  // The other: more than one output.
  EXPECT_EQ(parsed.problems[0].place, "inputs.a.input_baselines");
  EXPECT_EQ(parsed.problems[0].message, "the services take at most 10 baselines, got 11");
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
      R"({"integratedGradientsAttribution":{"stepCount":100.0,"smoothGradConfig":
          {"featureNoiseSigma":{"noiseSigma":[{"name":"a","sigma":0.5},{"name":"b"}]}}},"topK":-1})");
  EXPECT_EQ(p.method, MethodName::kIntegratedGradients);
  EXPECT_EQ(p.step_count, 100);
  EXPECT_EQ(p.top_k, -1);
  EXPECT_TRUE(p.warnings.empty());
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

struct LimitCase {
  const char* name;
  const char* json;
  const char* place;
  const char* range;
  const char* found;
};
void PrintTo(const LimitCase& c, std::ostream* os) { *os << c.name; }

class ServiceLimitTest : public testing::TestWithParam<LimitCase> {};

TEST_P(ServiceLimitTest, IsAnErrorThatNamesTheRangeOrANote) {
  const LimitCase& row = GetParam();
  const Json parameters = *ParseJson(row.json);
  const Json spec = *ParseJson(R"({"parameters":)" + std::string(row.json) + "}");
  const std::string refused = std::string(row.place) + ": expected " + row.range +
                              ", the services' range, got " + row.found +
                              "; --beyond-service-limits takes it";
  const Status status = ParseExplanationParameters(parameters).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), refused);
  EXPECT_EQ(ParseExplanationSpecOverride(spec).status().message(), "parameters." + refused);

  const auto taken = ParseExplanationParameters(parameters, ServiceLimits::kNoted);
  ASSERT_TRUE(taken.ok()) << taken.status().message();
  ASSERT_EQ(taken->warnings.size(), 1u);
  EXPECT_EQ(taken->warnings[0].place, row.place);
  EXPECT_EQ(taken->warnings[0].message,
            std::string("the services take ") + row.range + ", got " + row.found);
  const auto overridden = ParseExplanationSpecOverride(spec, ServiceLimits::kNoted);
  ASSERT_TRUE(overridden.ok()) << overridden.status().message();
  EXPECT_EQ(overridden->warnings.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    , ServiceLimitTest,
    testing::Values(LimitCase{"steps", R"({"integratedGradientsAttribution":{"stepCount":101}})",
                              "integratedGradientsAttribution.stepCount", "1 to 100", "101"},
                    LimitCase{"xrai_steps", R"({"xraiAttribution":{"numIntegralSteps":5000}})",
                              "xraiAttribution.numIntegralSteps", "1 to 100", "5000"},
                    LimitCase{"paths", R"({"sampledShapleyAttribution":{"pathCount":51}})",
                              "sampledShapleyAttribution.pathCount", "1 to 50", "51"},
                    LimitCase{"noisy_samples",
                              R"({"xraiAttribution":{"smoothGradConfig":{"noisySampleCount":51}}})",
                              "xraiAttribution.smoothGradConfig.noisySampleCount", "1 to 50",
                              "51"}),
    [](const auto& row) { return row.param.name; });

TEST(SpecOverrideTest, HasNoMoreBaselinesThanTheServicesTake) {
  const Json spec =
      *ParseJson(R"({"metadata":{"inputs":{"a":{"inputBaselines":[1,2,3,4,5,6,7,8,9,10,11]}}}})");
  EXPECT_EQ(ParseExplanationSpecOverride(spec).status().message(),
            "metadata.inputs.a.inputBaselines: expected at most 10 baselines, the services' range, "
            "got 11; --beyond-service-limits takes it");
  const auto taken = ParseExplanationSpecOverride(spec, ServiceLimits::kNoted);
  ASSERT_TRUE(taken.ok()) << taken.status().message();
  EXPECT_EQ(taken->baselines[0].second.size(), 11u);
  EXPECT_EQ(taken->warnings.size(), 1u);
}

TEST(SpecOverrideTest, HoldsWhatExamplesAreRestrictedTo) {
  const auto parse = [](const char* json) {
    return ParseExplanationSpecOverride(*ParseJson(json));
  };
  const Result<ExplanationSpecOverride> spec = parse(R"({"examplesOverride": {
      "neighborCount": 4, "crowdingCount": 2, "returnEmbeddings": true, "dataFormat": "INSTANCES",
      "restrictions": [{"namespaceName": "class", "allow": ["cat"], "deny": ["dog", "cow"]}]}})");
  ASSERT_TRUE(spec.ok()) << spec.status().message();
  EXPECT_EQ(spec->examples.neighbor_count, 4);
  EXPECT_EQ(spec->examples.crowding_count, 2);
  EXPECT_EQ(spec->examples.return_embeddings, true);
  ASSERT_EQ(spec->examples.restrictions.size(), 1u);
  EXPECT_EQ(spec->examples.restrictions[0].name_space, "class");
  EXPECT_EQ(spec->examples.restrictions[0].allow, std::vector<std::string>{"cat"});
  EXPECT_EQ(spec->examples.restrictions[0].deny, (std::vector<std::string>{"dog", "cow"}));
  const Status misspelt =
      parse(R"({"examplesOverride":{"restrictions":[{"namespace":"a"}]}})").status();
  EXPECT_NE(misspelt.message().find("restrictions[0].namespace: unknown key"), std::string::npos)
      << misspelt.message();
  const Status skips = parse(R"({"examplesOverride":{"dataFormat":"EMBEDDINGS"}})").status();
  EXPECT_EQ(skips.code(), StatusCode::kUnimplemented);
  EXPECT_NE(skips.message().find("expected INSTANCES"), std::string::npos) << skips.message();
}

TEST(SpecOverrideTest, HoldsParametersAndBaselines) {
  const auto parse = [](const char* json) {
    return ParseExplanationSpecOverride(*ParseJson(json));
  };
  const Result<ExplanationSpecOverride> spec = parse(
      R"({"parameters":{"topK":2},"metadata":{"inputs":{"a":{"inputBaselines":[0,[1,2]]},"b":{}}}})");
  ASSERT_TRUE(spec.ok()) << spec.status().message();
  EXPECT_EQ(spec->parameters->top_k, 2);
  ASSERT_EQ(spec->baselines.size(), 1u);
  EXPECT_EQ(spec->baselines[0].first, "a");
  EXPECT_EQ(WriteJson(spec->baselines[0].second.at(1)), "[1,2]");
  EXPECT_FALSE(parse("{}")->parameters.has_value());
  EXPECT_EQ(parse(R"({"metadata":{"inputs":{"a":{"input_baseline":[0]}}},"parameters":{"topK":0}})")
                .status()
                .message(),
            "metadata.inputs.a.input_baseline: unknown key; did you mean 'input_baselines'?\n"
            "parameters.topK: expected at least 1, or -1 for all, got 0");
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
      {R"({"examples":{"neighborCount":0}})", "expected an integer of at least 1"},
      {R"({"examples":{"presets":{"query":"EXACT"}}})",
       "examples.presets.query: expected one of PRECISE, FAST, got \"EXACT\""},
      {R"({"examples":{"presets":{},"nearestNeighborSearchConfig":{}}})", "exclude each other"},
      {R"({"examples":{"nearestNeighborSearchConfig":{"config":{"distanceMeasureType":3}}}})",
       "DOT_PRODUCT_DISTANCE, got a number"},
      {R"({"examples":{},"xraiAttribution":{}})", "a second method"},
      {R"(3)", "expected an object"}};
  for (const auto& [json, message] : kRows) {
    const Status status = ParseExplanationParameters(*ParseJson(json)).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << json;
    EXPECT_NE(status.message().find(message), std::string::npos) << status.message();
  }
}

TEST(ParametersTest, ReadsExamples) {
  const Result<ExplanationParameters> parsed = ParseExplanationParameters(*ParseJson(R"({
    "examples": {
      "exampleGcsSource": {"dataFormat": "JSONL", "gcsSource": {"uris": ["a.jsonl", "b.jsonl"]}},
      "neighborCount": 7,
      "nearestNeighborSearchConfig": {"contentsDeltaUri": "", "config": {
        "dimensions": 50, "approximateNeighborsCount": 10,
        "distanceMeasureType": "COSINE_DISTANCE", "featureNormType": "UNIT_L2_NORM",
        "algorithmConfig": {"treeAhConfig": {"leafNodeEmbeddingCount": 1000}}}}}})"));
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed->method, MethodName::kExamples);
  const ExamplesParameters& examples = parsed->examples;
  EXPECT_EQ(examples.uris, (std::vector<std::string>{"a.jsonl", "b.jsonl"}));
  EXPECT_EQ(examples.neighbor_count, 7);
  EXPECT_EQ(examples.dimensions, 50);
  EXPECT_EQ(examples.distance, Distance::kCosine);
  EXPECT_EQ(examples.normalize, true);

  const Result<ExplanationParameters> preset = ParseExplanationParameters(*ParseJson(
      R"({"examples": {"presets": {"query": "FAST", "modality": "TABULAR"}, "neighborCount": 3}})"));
  ASSERT_TRUE(preset.ok()) << preset.status().message();
  EXPECT_EQ(preset->examples.neighbor_count, 3);
  EXPECT_EQ(preset->examples.distance, std::nullopt);
}

}  // namespace
}  // namespace whylight
