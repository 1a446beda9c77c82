#include "explain/infer_metadata.h"

#include <gtest/gtest.h>

#include "io/json.h"
#include "model/test_model.h"

namespace whylight {
namespace {

MetadataDraft Draft(const std::string& name, const InferOptions& options = {}) {
  static std::vector<std::unique_ptr<Model>> models;  // The draft's graph refers to its ops.
  models.push_back(OpenModelOfTree(name));
  Result<MetadataDraft> draft = DraftMetadata(*models.back(), options);
  EXPECT_TRUE(draft.ok()) << draft.status().message();
  return draft.ok() ? *std::move(draft) : MetadataDraft();
}

std::string Text(const MetadataDraft& draft) {
  return WriteJson(ExplanationMetadataToJson(draft.metadata, draft.metadata.form));
}

std::string ReasonOf(const MetadataDraft& draft, const std::string& place) {
  for (const FieldReason& one : draft.reasons) {
    if (one.place == place) return one.value + ": " + one.reason;
  }
  return "";
}

struct Case {
  const char* model;
  std::string metadata;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.model; }
class InferMetadataTest : public testing::TestWithParam<Case> {};

TEST_P(InferMetadataTest, WritesWhatTheBuildersWrite) {
  const MetadataDraft draft = Draft(GetParam().model);
  EXPECT_EQ(Text(draft), GetParam().metadata);
  // And it is what our own check takes, with a reason for each field that is written.
  EXPECT_TRUE(
      ParseExplanationMetadata(ExplanationMetadataToJson(draft.metadata, MetadataForm::kLegacy))
          .status()
          .ok());
  for (const InputMetadata& input : draft.metadata.inputs) {
    EXPECT_NE(ReasonOf(draft, "inputs." + input.name + ".input_tensor_name"), "");
    EXPECT_NE(ReasonOf(draft, "inputs." + input.name + ".modality"), "");
  }
}

INSTANTIATE_TEST_SUITE_P(
    , InferMetadataTest,
    testing::Values(
        // SDK 1.3.3's SavedModelMetadataBuilder, but for its tag.
        Case{"tf2_iris_save_one_signature",
             R"({"inputs":{"flower":{"input_tensor_name":"flower","encoding":"identity",)"
             R"("modality":"numeric"}},"outputs":{"probabilities":{"output_tensor_name":)"
             R"("probabilities"}},"framework":"tensorflow2"})"},
        Case{"tf2_int_onehot",
             R"({"inputs":{"amount":{"input_tensor_name":"amount","encoding":"identity",)"
             R"("modality":"numeric"},"codes":{"input_tensor_name":"codes","encoding":"identity",)"
             R"("modality":"categorical"}},"outputs":{"y":{"output_tensor_name":"y"}},)"
             R"("framework":"tensorflow2"})"},
        // With xai_preprocess the inputs are those of xai_model.
        Case{"tf2_tabular_preprocess_two_outputs",
             R"({"inputs":{"colour_onehot":{"input_tensor_name":"colour_onehot",)"
             R"("encoding":"identity","modality":"numeric"},"scaled":{"input_tensor_name":)"
             R"("scaled","encoding":"identity","modality":"numeric"}},"outputs":{"value":)"
             R"({"output_tensor_name":"value"}},"framework":"tensorflow2"})"},
        Case{"tf2_image_preprocess",
             R"({"inputs":{"numpy_inputs":{"input_tensor_name":"numpy_inputs",)"
             R"("encoding":"identity","modality":"image","visualization":{"type":"pixels",)"
             R"("polarity":"positive","color_map":"pink_green","overlay_type":"grayscale"}}},)"
             R"("outputs":{"probabilities":{"output_tensor_name":"probabilities"}},)"
             R"("framework":"tensorflow2"})"},
        // The Estimator builder's: tensors of the graph, logits of several outputs.
        Case{"tf1_linear_regressor_raw",
             R"({"inputs":{"age":{"input_tensor_name":"age_1:0","encoding":"identity",)"
             R"("modality":"numeric"},"bmi":{"input_tensor_name":"bmi_1:0","encoding":"identity",)"
             R"("modality":"numeric"},"bp":{"input_tensor_name":"bp_1:0","encoding":"identity",)"
             R"("modality":"numeric"},"s5":{"input_tensor_name":"s5_1:0","encoding":"identity",)"
             R"("modality":"numeric"}},"outputs":{"predictions":{"output_tensor_name":)"
             R"("linear/linear_model/linear_model/linear_model/weighted_sum:0"}},)"
             R"("framework":"tensorflow"})"},
        Case{"tf1_dnn_classifier_parsing",
             R"({"inputs":{"age":{"input_tensor_name":"ParseExample/ParseExampleV2:6",)"
             R"("encoding":"identity","modality":"numeric"},"hours":{"input_tensor_name":)"
             R"("ParseExample/ParseExampleV2:7","encoding":"identity","modality":"numeric"},)"
             R"("job":{"input_tensor_name":"ParseExample/ParseExampleV2:2","encoding":)"
             R"("combined_embedding","modality":"categorical","encoded_tensor_name":)"
             R"("dnn/input_from_feature_columns/input_layer/job_embedding/)"
             R"(job_embedding_weights/embedding_lookup_sparse:0","indices_tensor_name":)"
             R"("ParseExample/ParseExampleV2:0","dense_shape_tensor_name":)"
             R"("ParseExample/ParseExampleV2:4"},"work":{"input_tensor_name":)"
             R"("ParseExample/ParseExampleV2:3","encoding":"combined_embedding","modality":)"
             R"("categorical","encoded_tensor_name":"dnn/input_from_feature_columns/)"
             R"(input_layer/work_indicator/one_hot:0","indices_tensor_name":)"
             R"("ParseExample/ParseExampleV2:1","dense_shape_tensor_name":)"
             R"("ParseExample/ParseExampleV2:5"}},"outputs":{"logits":{"output_tensor_name":)"
             R"("dnn/logits/BiasAdd:0"}},"framework":"tensorflow"})"}),
    [](const auto& row) { return std::string(row.param.model); });

Row RowOf(const std::vector<float>& values) {
  return {Tensor::Of<float>({std::ssize(values)}, values)};
}

TEST(InferFromDataTest, MediansDomainsAndNames) {
  MetadataDraft draft = Draft("tf2_several_with_xai_model");
  const std::vector<Row> rows = {RowOf({5, 3, 1, 0.25f}), RowOf({7, 3.5f, 4, 1.5f}),
                                 RowOf({6, 2, 5, 1.3f})};
  AddData({.rows = rows, .element_names = {"a", "b", "c", "d"}, .source = "train.csv"}, {}, draft);
  const InputMetadata& input = draft.metadata.inputs[0];
  EXPECT_EQ(WriteJson(input.input_baselines), "[[6.0,3.0,4.0,1.3]]");
  EXPECT_EQ(input.encoding, Encoding::kBagOfFeatures);
  EXPECT_EQ(input.index_feature_mapping, (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_FALSE(input.domain.has_value());  // Of four features there is no one domain.
  EXPECT_EQ(ReasonOf(draft, "inputs.flower.input_baselines"),
            "[[6.0,3.0,4.0,1.3]]: the median of 3 rows of train.csv");
}

TEST(InferFromDataTest, AScalarHasADomainAndACategoryItsMostFrequentValue) {
  MetadataDraft draft = Draft("tf1_table_asset");
  const auto row = [](float amount, const char* grade) {
    return Row{Tensor::Of<float>({}, {amount}), Tensor::ScalarString(grade)};
  };
  ASSERT_EQ(draft.metadata.inputs[0].name, "amount");
  const std::vector<Row> rows = {row(1, "low"), row(4, "high"), row(2, "high"), row(9, "low"),
                                 row(2, "high")};
  AddData({.rows = rows, .element_names = {}, .source = "d"}, {}, draft);
  EXPECT_EQ(WriteJson(draft.metadata.inputs[0].input_baselines), "[2.0]");
  EXPECT_EQ(draft.metadata.inputs[0].domain->min, 1);
  EXPECT_EQ(draft.metadata.inputs[0].domain->max, 9);
  EXPECT_EQ(WriteJson(draft.metadata.inputs[1].input_baselines), R"(["high"])");
}

TEST(InferFromDataTest, APictureHasItsUsualRangeAndBlackAndWhite) {
  MetadataDraft draft = Draft("tf2_image_preprocess");
  ASSERT_EQ(draft.metadata.inputs.size(), 1u);
  const std::vector<Row> rows = {{Tensor::Of<float>({1, 2, 3}, {0, 0.1f, 0.2f, 0.7f, 0.9f, 0.3f})}};
  AddData({.rows = rows, .element_names = {}, .source = "d"}, {}, draft);
  EXPECT_EQ(draft.metadata.inputs[0].domain->min, 0);
  EXPECT_EQ(draft.metadata.inputs[0].domain->max, 1);
  EXPECT_EQ(WriteJson(draft.metadata.inputs[0].input_baselines), "[0.0,1.0]");
}

TEST(InferMetadataErrorTest, AnOutputThatIsNotThere) {
  const std::unique_ptr<Model> model = OpenModelOfTree("tf2_several_with_xai_model");
  const Status status = DraftMetadata(*model, {.output_name = "probabilties"}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_NE(status.message().find("did you mean 'probabilities'?"), std::string::npos);
  const std::unique_ptr<Model> several = OpenModelOfTree("tf2_several_without_xai_model");
  EXPECT_EQ(DraftMetadata(*several).status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace whylight
