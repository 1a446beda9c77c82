#include "model/choose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace whylight {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kPredict[] = "tensorflow/serving/predict";
constexpr char kClassify[] = "tensorflow/serving/classify";

TensorInfo Info(DType dtype, Shape shape) {
  TensorInfo info;
  info.dtype = dtype;
  info.shape = std::move(shape);
  return info;
}

// A signature x: float32 [?,4] -> y: float32 [?,1].
SignatureDef Plain(const std::string& method = kPredict) {
  SignatureDef signature;
  signature.method_name = method;
  signature.inputs["x"] = Info(DType::kFloat32, Shape{-1, 4});
  signature.outputs["y"] = Info(DType::kFloat32, Shape{-1, 1});
  return signature;
}

class Builder {
 public:
  static Builder Tf1() { return Builder(); }
  static Builder Tf2() {
    Builder builder;
    builder.graph_.objects.nodes.resize(1);
    return builder;
  }
  Builder& Add(const std::string& key, SignatureDef signature = Plain()) {
    signature.key = key;
    for (auto& [name, info] : signature.inputs) info.tensor = key + "_" + name + ":0";
    for (auto& [name, info] : signature.outputs) info.tensor = key + "_" + name + ":0";
    graph_.signatures[key] = std::move(signature);
    return *this;
  }
  Builder& Add(const std::string& key, const std::function<void(SignatureDef&)>& change) {
    SignatureDef signature = Plain();
    change(signature);
    return Add(key, std::move(signature));
  }
  operator MetaGraph() const { return graph_; }  // NOLINT: implicit on purpose

 private:
  MetaGraph graph_;
};

struct Row {
  const char* name;
  MetaGraph graph;
  std::string named;
  Verdict verdict;
  std::string signature;   // Key; empty: none.
  std::string preprocess;  // Key; empty: none.
  std::string rules;       // Of all problems, in order, as "rule rule".
  const char* text;        // A piece of the first problem, or of the reason without one.
};
void PrintTo(const Row& row, std::ostream* os) { *os << row.name; }

class ChooseSignatureTest : public testing::TestWithParam<Row> {};

TEST_P(ChooseSignatureTest, FollowsTheRules) {
  const Row& row = GetParam();
  const Choice choice = ChooseSignature(row.graph, {.signature = row.named});
  EXPECT_EQ(choice.verdict, row.verdict);
  EXPECT_EQ(choice.refused(), row.verdict != Verdict::kExplain);
  EXPECT_EQ(choice.signature ? choice.signature->key : "", row.signature);
  EXPECT_EQ(choice.preprocess ? choice.preprocess->key : "", row.preprocess);
  EXPECT_EQ(choice.request(), choice.preprocess ? choice.preprocess : choice.signature);
  std::string rules;
  for (const Problem& problem : choice.problems) {
    rules += (rules.empty() ? "" : " ") + problem.rule;
    EXPECT_THAT(problem.place, Not(IsEmpty()));
    EXPECT_THAT(problem.message, Not(IsEmpty()));
    EXPECT_THAT(problem.fix, Not(IsEmpty())) << problem.rule;
  }
  EXPECT_EQ(rules, row.rules);
  const std::string first = choice.problems.empty()
                                ? choice.reason
                                : choice.problems[0].place + ": " + choice.problems[0].message;
  EXPECT_THAT(first, HasSubstr(row.text));
  EXPECT_EQ(choice.signature == nullptr, choice.reason.empty());
}

std::string RowName(const testing::TestParamInfo<Row>& row) { return row.param.name; }

const auto kInit = [](SignatureDef& s) {
  s.inputs.clear();
  s.outputs.clear();
  s.method_name.clear();
};
const auto kTraining = [](SignatureDef& s) { s.method_name = "tensorflow/supervised/training"; };
const auto kFeatures = [](SignatureDef& s) {
  s.inputs.clear();
  s.inputs["features"] = Info(DType::kFloat32, Shape{-1, 4});
};
// x -> features
SignatureDef Preprocess(DType dtype = DType::kFloat32, Shape shape = Shape{-1, 4}) {
  SignatureDef signature = Plain();
  signature.outputs.clear();
  signature.outputs["features"] = Info(dtype, std::move(shape));
  return signature;
}

INSTANTIATE_TEST_SUITE_P(
    Tf2, ChooseSignatureTest,
    testing::Values(
        Row{"one", Builder::Tf2().Add("serving_default").Add("__saved_model_init_op", kInit), "",
            Verdict::kExplain, "serving_default", "", "", "the only serving function"},
        Row{"one_under_another_key", Builder::Tf2().Add("classify"), "", Verdict::kExplain,
            "classify", "", "", "the only serving function"},
        Row{"one_beside_training", Builder::Tf2().Add("serving_default").Add("train", kTraining),
            "", Verdict::kExplain, "serving_default", "", "", "the only serving function"},
        Row{"none", Builder::Tf2().Add("__saved_model_init_op", kInit), "", Verdict::kRefuse, "",
            "", "no-signature", "found none"},
        Row{"several", Builder::Tf2().Add("serving_default").Add("top"), "", Verdict::kRefuse, "",
            "", "several-signatures", "found 'serving_default', 'top'"},
        Row{"xai_model", Builder::Tf2().Add("serving_default").Add("top").Add("xai_model"), "",
            Verdict::kExplain, "xai_model", "", "", "key xai_model"},
        Row{"misspelled", Builder::Tf2().Add("serving_default").Add("xai-model"), "",
            Verdict::kRefuse, "", "", "several-signatures misspelled-key",
            "found 'serving_default', 'xai-model'"},
        Row{"misspelled_case", Builder::Tf2().Add("serving_default").Add("XAI_Model"), "",
            Verdict::kRefuse, "", "", "several-signatures misspelled-key", ""},
        Row{"misspelled_letters", Builder::Tf2().Add("serving_default").Add("xai_modle"), "",
            Verdict::kRefuse, "", "", "several-signatures misspelled-key", ""},
        Row{"misspelled_one_word", Builder::Tf2().Add("serving_default").Add("xaimodel"), "",
            Verdict::kRefuse, "", "", "several-signatures misspelled-key", ""},
        Row{"not_misspelled", Builder::Tf2().Add("serving_default").Add("my_model"), "",
            Verdict::kRefuse, "", "", "several-signatures", ""},
        Row{"misspelled_alone", Builder::Tf2().Add("xai-model"), "", Verdict::kExplain, "xai-model",
            "", "misspelled-key", "must be exactly 'xai_model'"},
        Row{"misspelled_preprocess",
            Builder::Tf2().Add("serving_default").Add("xai_model").Add("xai_preproces"), "",
            Verdict::kExplain, "xai_model", "", "misspelled-key",
            "must be exactly 'xai_preprocess'"},
        Row{"named", Builder::Tf2().Add("serving_default").Add("top"), "top", Verdict::kExplain,
            "top", "", "", "named by the caller"},
        Row{"named_unknown", Builder::Tf2().Add("serving_default").Add("top"), "tpo",
            Verdict::kRefuse, "", "", "unknown-signature",
            "expected one of 'serving_default', 'top' (did you mean 'top'?)"},
        Row{"named_init_op", Builder::Tf2().Add("a").Add("__saved_model_init_op", kInit),
            "__saved_model_init_op", Verdict::kRefuse, "", "", "unknown-signature",
            "expected one of 'a'"}),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    Preprocess, ChooseSignatureTest,
    testing::Values(
        Row{"matches",
            Builder::Tf2()
                .Add("serving_default")
                .Add("xai_model", kFeatures)
                .Add("xai_preprocess", Preprocess()),
            "", Verdict::kExplain, "xai_model", "xai_preprocess", "", "behind xai_preprocess"},
        Row{"named_xai_model",
            Builder::Tf2().Add("xai_model", kFeatures).Add("xai_preprocess", Preprocess()),
            "xai_model", Verdict::kExplain, "xai_model", "xai_preprocess", "", "named"},
        Row{"unknown_sizes_fit",
            Builder::Tf2()
                .Add("xai_model", kFeatures)
                .Add("xai_preprocess", Preprocess(DType::kFloat32, Shape{-1, -1})),
            "", Verdict::kExplain, "xai_model", "xai_preprocess", "", ""},
        Row{"no_rank_fits",
            Builder::Tf2()
                .Add("xai_model", kFeatures)
                .Add("xai_preprocess", Preprocess(DType::kFloat32, Shape::UnknownRank())),
            "", Verdict::kExplain, "xai_model", "xai_preprocess", "", ""},
        Row{"without_model",
            Builder::Tf2().Add("serving_default").Add("xai_preprocess", Preprocess()), "",
            Verdict::kRefuse, "", "", "preprocess-without-model",
            "found 'serving_default', 'xai_preprocess'"},
        Row{"alone", Builder::Tf2().Add("xai_preprocess", Preprocess()), "", Verdict::kRefuse, "",
            "", "preprocess-without-model", ""},
        Row{"with_misspelled_model",
            Builder::Tf2().Add("xai_modell").Add("xai_preprocess", Preprocess()), "",
            Verdict::kRefuse, "", "", "preprocess-without-model misspelled-key", ""},
        Row{"names_differ", Builder::Tf2().Add("xai_model").Add("xai_preprocess", Preprocess()), "",
            Verdict::kRefuse, "xai_model", "xai_preprocess", "preprocess-mismatch",
            "input 'x': has no matching output in 'xai_preprocess' (it has 'features')"},
        Row{"dtypes_differ",
            Builder::Tf2()
                .Add("xai_model", kFeatures)
                .Add("xai_preprocess", Preprocess(DType::kFloat64)),
            "", Verdict::kRefuse, "xai_model", "xai_preprocess", "preprocess-mismatch",
            "xai_preprocess gives float64 [?,4], xai_model takes float32 [?,4]"},
        Row{"shapes_differ",
            Builder::Tf2()
                .Add("xai_model", kFeatures)
                .Add("xai_preprocess", Preprocess(DType::kFloat32, Shape{-1, 2, 2})),
            "", Verdict::kRefuse, "xai_model", "xai_preprocess", "preprocess-mismatch",
            "gives float32 [?,2,2], xai_model takes float32 [?,4]"},
        Row{"one_output_too_many",
            Builder::Tf2()
                .Add("xai_model", kFeatures)
                .Add("xai_preprocess",
                     [] {
                       SignatureDef signature = Preprocess();
                       signature.outputs["size"] = Info(DType::kInt32, Shape{-1});
                       return signature;
                     }()),
            "", Verdict::kRefuse, "xai_model", "xai_preprocess", "preprocess-mismatch",
            "output 'size': has no matching input in 'xai_model'"},
        Row{"named_another",
            Builder::Tf2()
                .Add("serving_default")
                .Add("xai_model", kFeatures)
                .Add("xai_preprocess", Preprocess()),
            "serving_default", Verdict::kExplain, "serving_default", "", "", "named"}),
    RowName);

INSTANTIATE_TEST_SUITE_P(
    Tf1, ChooseSignatureTest,
    testing::Values(Row{"serving_default", Builder::Tf1().Add("predict").Add("serving_default"), "",
                        Verdict::kExplain, "serving_default", "", "", "key serving_default"},
                    Row{"serving_default_classifies",
                        Builder::Tf1().Add("predict").Add("serving_default", Plain(kClassify)), "",
                        Verdict::kExplain, "predict", "", "",
                        "since serving_default is of method tensorflow/serving/classify"},
                    Row{"only_predict", Builder::Tf1().Add("predict").Add("other"), "",
                        Verdict::kExplain, "predict", "", "", "there is no serving_default"},
                    Row{"xai_model_first", Builder::Tf1().Add("serving_default").Add("xai_model"),
                        "", Verdict::kExplain, "xai_model", "", "", "key xai_model"},
                    Row{"named_first",
                        Builder::Tf1().Add("serving_default").Add("xai_model").Add("a"), "a",
                        Verdict::kExplain, "a", "", "", "named"},
                    Row{"only_one", Builder::Tf1().Add("a", Plain(kClassify)), "",
                        Verdict::kExplain, "a", "", "", "the only signature"},
                    Row{"several", Builder::Tf1().Add("a").Add("b"), "", Verdict::kRefuse, "", "",
                        "several-signatures", "found 'a', 'b'"},
                    Row{"serialized",
                        Builder::Tf1().Add("predict",
                                           [](SignatureDef& s) {
                                             s.inputs["x"] = Info(DType::kString, Shape{-1});
                                           }),
                        "", Verdict::kExplain, "predict", "", "serialized-input",
                        "the only input is a string"},
                    Row{"none", Builder::Tf1(), "", Verdict::kRefuse, "", "", "no-signature", ""}),
    RowName);

// A TF2 model with one signature, changed.
MetaGraph With(const std::function<void(SignatureDef&)>& change) {
  return Builder::Tf2().Add("s", change);
}

INSTANTIATE_TEST_SUITE_P(
    Tensors, ChooseSignatureTest,
    testing::Values(
        Row{"string_output",
            With([](SignatureDef& s) { s.outputs["y"] = Info(DType::kString, Shape{-1}); }), "",
            Verdict::kRefuse, "s", "", "no-numeric-output", "found 'y' string [?]"},
        Row{"class_id_output",
            With([](SignatureDef& s) { s.outputs["y"] = Info(DType::kInt64, Shape{-1}); }), "",
            Verdict::kRefuse, "s", "", "no-numeric-output", "found 'y' int64 [?]"},
        Row{"a_score_beside_a_label",
            With([](SignatureDef& s) { s.outputs["label"] = Info(DType::kString, Shape{-1}); }), "",
            Verdict::kExplain, "s", "", "", ""},
        Row{"no_output", With([](SignatureDef& s) { s.outputs.clear(); }), "", Verdict::kRefuse,
            "s", "", "no-numeric-output", "found none"},
        Row{"no_input", With([](SignatureDef& s) { s.inputs.clear(); }), "", Verdict::kRefuse, "s",
            "", "no-input", "found none"},
        Row{"serialized",
            With([](SignatureDef& s) { s.inputs["x"] = Info(DType::kString, Shape{-1}); }), "",
            Verdict::kPredictOnly, "s", "", "serialized-input", "there is no xai_preprocess"},
        Row{"serialized_without_score", With([](SignatureDef& s) {
              s.inputs["x"] = Info(DType::kString, Shape{-1});
              s.outputs["y"] = Info(DType::kString, Shape{-1});
            }),
            "", Verdict::kRefuse, "s", "", "no-numeric-output serialized-input", ""},
        Row{"strings", With([](SignatureDef& s) {
              s.inputs["x"] = Info(DType::kString, Shape{-1});
              s.inputs["z"] = Info(DType::kString, Shape{-1});
            }),
            "", Verdict::kExplain, "s", "", "no-gradient-input", "Sampled Shapley"},
        Row{"images_of_bytes",
            With([](SignatureDef& s) { s.inputs["x"] = Info(DType::kUInt8, Shape{-1, 8, 8, 3}); }),
            "", Verdict::kExplain, "s", "", "no-gradient-input", "'x' uint8 [?,8,8,3]"},
        Row{"ids_beside_numbers",
            With([](SignatureDef& s) { s.inputs["z"] = Info(DType::kInt64, Shape{-1, 2}); }), "",
            Verdict::kExplain, "s", "", "", ""},
        Row{"fixed_batch",
            With([](SignatureDef& s) { s.inputs["x"] = Info(DType::kFloat32, Shape{3, 4}); }), "",
            Verdict::kExplain, "s", "", "fixed-batch", "fixed at 3"},
        Row{"scalar", With([](SignatureDef& s) {
              s.inputs["x"] = Info(DType::kFloat32, Shape{});
              s.outputs["y"] = Info(DType::kFloat32, Shape{});
            }),
            "", Verdict::kExplain, "s", "", "no-batch-axis", "scalars"},
        Row{"no_rank", With([](SignatureDef& s) {
              s.inputs["x"] = Info(DType::kFloat32, Shape::UnknownRank());
            }),
            "", Verdict::kExplain, "s", "", "", ""},
        Row{"scalar_beside_rows",
            With([](SignatureDef& s) { s.inputs["training"] = Info(DType::kBool, Shape{}); }), "",
            Verdict::kPredictOnly, "s", "", "no-common-batch", "the first axes differ"},
        Row{"fixed_beside_free_rows",
            With([](SignatureDef& s) { s.inputs["dense_shape"] = Info(DType::kInt64, Shape{2}); }),
            "", Verdict::kPredictOnly, "s", "", "no-common-batch", "'dense_shape' int64 [2]"},
        Row{"two_fixed_sizes", With([](SignatureDef& s) {
              s.inputs["x"] = Info(DType::kFloat32, Shape{2, 4});
              s.inputs["z"] = Info(DType::kFloat32, Shape{3, 4});
            }),
            "", Verdict::kPredictOnly, "s", "", "no-common-batch", ""},
        Row{"sparse", With([](SignatureDef& s) { s.inputs["x"].kind = TensorInfo::Kind::kSparse; }),
            "", Verdict::kPredictOnly, "s", "", "no-common-batch", "'x' is a sparse tensor"},
        Row{"composite",
            With([](SignatureDef& s) { s.inputs["x"].kind = TensorInfo::Kind::kComposite; }), "",
            Verdict::kPredictOnly, "s", "", "no-common-batch", "'x' is a composite tensor"},
        Row{"loss", With([](SignatureDef& s) { s.outputs["y"] = Info(DType::kFloat32, Shape{}); }),
            "", Verdict::kExplain, "s", "", "output-without-rows", "a single number"},
        Row{"a_line_end_in_the_key", Builder::Tf2().Add("a\nb").Add("c"), "", Verdict::kRefuse, "",
            "", "several-signatures", "found 'a\\nb', 'c'"}),
    RowName);

// Models written by TensorFlow itself: tests/models/README.md says what each is.
struct ModelRow {
  const char* model;
  Verdict verdict;
  const char* signature;
  const char* preprocess;
  const char* rule;  // Of the first error.
};
void PrintTo(const ModelRow& row, std::ostream* os) { *os << row.model; }

class RealModelTest : public testing::TestWithParam<ModelRow> {};

TEST_P(RealModelTest, IsChosenAsItsAuthorMeant) {
  const ModelRow& row = GetParam();
  const Result<SavedModel> model =
      ReadSavedModel(std::string(WHYLIGHT_SOURCE_DIR) + "/tests/models/" + row.model + "/model");
  ASSERT_TRUE(model.ok()) << model.status().message();
  const Result<const MetaGraph*> graph = FindMetaGraph(*model, {});
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const Choice choice = ChooseSignature(**graph);
  EXPECT_EQ(choice.verdict, row.verdict);
  std::string rule;
  for (const Problem& problem : choice.problems) {
    if (rule.empty() && problem.severity == Problem::Severity::kError) rule = problem.rule;
  }
  EXPECT_EQ(rule, row.rule);
  if (row.verdict == Verdict::kExplain) {
    ASSERT_NE(choice.signature, nullptr);
    EXPECT_EQ(choice.signature->key, row.signature);
    EXPECT_EQ(choice.preprocess ? choice.preprocess->key : "", row.preprocess);
  }
}

constexpr Verdict kExplain = Verdict::kExplain, kRefuse = Verdict::kRefuse,
                  kPredictOnly = Verdict::kPredictOnly;

INSTANTIATE_TEST_SUITE_P(
    , RealModelTest,
    testing::Values(
        ModelRow{"keras2_bilstm_text_ids", kExplain, "serving_default", "", ""},
        ModelRow{"keras2_cancer_mlp", kExplain, "serving_default", "", ""},
        ModelRow{"tf1_custom_jpeg_receiver", kExplain, "serving_default", "", ""},
        ModelRow{"tf1_dnn_classifier_parsing", kExplain, "predict", "", ""},
        ModelRow{"tf1_dnn_classifier_raw", kExplain, "predict", "", ""},
        ModelRow{"tf1_ref_variables", kExplain, "serving_default", "", ""},
        ModelRow{"tf2_dict_inputs_mixed", kExplain, "serving_default", "", ""},
        ModelRow{"tf2_fixed_batch_one", kExplain, "serving_default", "", ""},
        ModelRow{"tf2_image_preprocess", kExplain, "xai_model", "xai_preprocess", ""},
        ModelRow{"tf2_image_uint8_input", kExplain, "serving_default", "", ""},
        ModelRow{"tf2_iris_keras3_export", kExplain, "serving_default", "", ""},
        ModelRow{"tf2_no_signature", kRefuse, "", "", "no-signature"},
        ModelRow{"tf2_one_signature_other_key", kExplain, "classify", "", ""},
        ModelRow{"tf2_preprocess_mismatch_dtype", kRefuse, "", "", "preprocess-mismatch"},
        ModelRow{"tf2_preprocess_mismatch_name", kRefuse, "", "", "preprocess-mismatch"},
        ModelRow{"tf2_preprocess_mismatch_shape", kRefuse, "", "", "preprocess-mismatch"},
        ModelRow{"tf2_preprocess_without_xai_model", kRefuse, "", "", "preprocess-without-model"},
        ModelRow{"tf2_ragged_signature", kPredictOnly, "", "", "no-common-batch"},
        ModelRow{"tf2_several_with_xai_model", kExplain, "xai_model", "", ""},
        ModelRow{"tf2_several_without_xai_model", kRefuse, "", "", "several-signatures"},
        ModelRow{"tf2_sparse_signature", kPredictOnly, "", "", "no-common-batch"},
        ModelRow{"tf2_string_output_only", kRefuse, "", "", "no-numeric-output"},
        ModelRow{"tf2_tf_example_preprocess", kExplain, "xai_model", "xai_preprocess", ""},
        ModelRow{"tf2_xai_model_misspelled", kRefuse, "", "", "several-signatures"},
        ModelRow{"tf2_xai_model_other_function", kExplain, "xai_model", "", ""}),
    [](const auto& row) { return row.param.model; });

TEST(ChooseSignature, SaysTheWayOutOfSeveralSignatures) {
  const MetaGraph graph = Builder::Tf2().Add("serving_default").Add("top");
  const Choice choice = ChooseSignature(graph);
  ASSERT_FALSE(choice.problems.empty());
  EXPECT_THAT(choice.problems[0].fix,
              AllOf(HasSubstr("tf.saved_model.save(model, path, signatures={\"serving_default\": "
                              "..., \"xai_model\": ...})"),
                    HasSubstr("whylight explain MODEL --signature ")));
}

struct PredictRow {
  const char* name;
  MetaGraph graph;
  std::string key;
  const char* expected;  // A key, or a piece of the error.
  StatusCode code = StatusCode::kOk;
};
void PrintTo(const PredictRow& row, std::ostream* os) { *os << row.name; }

class PredictSignatureTest : public testing::TestWithParam<PredictRow> {};

TEST_P(PredictSignatureTest, FollowsTheRules) {
  const Result<const SignatureDef*> signature =
      ChoosePredictSignature(GetParam().graph, GetParam().key);
  EXPECT_EQ(signature.status().code(), GetParam().code);
  if (signature.ok()) {
    EXPECT_EQ((*signature)->key, GetParam().expected);
  } else {
    EXPECT_THAT(signature.status().message(), HasSubstr(GetParam().expected));
  }
}

INSTANTIATE_TEST_SUITE_P(
    , PredictSignatureTest,
    testing::Values(
        PredictRow{"default", Builder::Tf2().Add("a").Add("serving_default"), "",
                   "serving_default"},
        PredictRow{"named", Builder::Tf2().Add("a").Add("serving_default"), "a", "a"},
        PredictRow{"only_one", Builder::Tf2().Add("a").Add("__saved_model_init_op", kInit), "",
                   "a"},
        PredictRow{"unknown", Builder::Tf2().Add("alpha"), "alhpa",
                   "expected one of 'alpha' (did you mean 'alpha'?)", StatusCode::kNotFound},
        PredictRow{"init_op", Builder::Tf2().Add("__saved_model_init_op", kInit), "",
                   "no signature", StatusCode::kNotFound},
        PredictRow{"several", Builder::Tf2().Add("a").Add("b"), "", "'a', 'b'",
                   StatusCode::kInvalidArgument},
        PredictRow{"tf1_default_classifies",
                   Builder::Tf1().Add("predict").Add("serving_default", Plain(kClassify)), "",
                   "predict"},
        PredictRow{"tf1_only_classifies",
                   Builder::Tf1().Add("a").Add("serving_default", Plain(kClassify)), "",
                   "serving_default"},
        PredictRow{"tf2_default_keeps_its_rank",
                   Builder::Tf2().Add("predict").Add("serving_default", Plain(kClassify)), "",
                   "serving_default"}),
    [](const auto& row) { return row.param.name; });

TEST(ServingKeys, LeavesOutInitialisersAndTraining) {
  const MetaGraph graph = Builder::Tf2()
                              .Add("serving_default")
                              .Add("train", kTraining)
                              .Add("__saved_model_init_op", kInit)
                              .Add("__saved_model_train_op", kInit);
  EXPECT_THAT(ServingKeys(graph), ElementsAre("serving_default"));
}

TEST(SameFunction, IsTrueForTheTwoKeysOfAKerasExport) {
  const Result<SavedModel> model = ReadSavedModel(std::string(WHYLIGHT_SOURCE_DIR) +
                                                  "/tests/models/tf2_iris_keras3_export/model");
  ASSERT_TRUE(model.ok()) << model.status().message();
  const MetaGraph& graph = model->meta_graphs.at(0);
  EXPECT_TRUE(
      SameFunction(graph, graph.signatures.at("serve"), graph.signatures.at("serving_default")));
}

TEST(SameFunction, IsFalseForTwoFunctionsOfOneModel) {
  const Result<SavedModel> model = ReadSavedModel(
      std::string(WHYLIGHT_SOURCE_DIR) + "/tests/models/tf2_several_without_xai_model/model");
  ASSERT_TRUE(model.ok()) << model.status().message();
  const MetaGraph& graph = model->meta_graphs.at(0);
  EXPECT_FALSE(
      SameFunction(graph, graph.signatures.at("logs"), graph.signatures.at("serving_default")));
}

}  // namespace
}  // namespace whylight
