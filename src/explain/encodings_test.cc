// Encodings, sparse inputs and several outputs, on the real runtime: against closed forms, and for
// the Estimator with feature columns against TensorFlow's own numbers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "io/files.h"
#include "io/instances.h"
#include "io/json.h"
#include "model/test_model.h"
#include "testing/runtime_test.h"
#include "whylight/explainer.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class EncodingsTest : public RuntimeTest {
 protected:
  Status Open(const TestModelSpec& spec, ExplainOptions options, const std::string& metadata) {
    model_ = OpenTestModel(folder_, spec);
    return Open(std::move(options), metadata);
  }
  Status Open(ExplainOptions options, const std::string& metadata) {
    if (model_ == nullptr) return Internal("no model");
    const Result<ParsedMetadata> parsed = ParseExplanationMetadataText(metadata);
    if (!parsed.ok()) return parsed.status();
    WHYLIGHT_RETURN_IF_ERROR(parsed->status());
    options.metadata = parsed->metadata;
    options.metadata_source = "test";
    options.session.threads = 1;
    WHYLIGHT_ASSIGN_OR_RETURN(explainer_, Explainer::Open(*model_, runtime(), std::move(options)));
    return OkStatus();
  }

  std::vector<Explanation> Explain(const std::vector<Row>& requests) {
    std::vector<Explanation> all;
    for (Result<Explanation>& one : explainer_->Explain(requests)) {
      EXPECT_TRUE(one.ok()) << one.status().message();
      all.push_back(one.ok() ? *std::move(one) : Explanation());
    }
    return all;
  }

  // "age: 1.5; job: 1 2" of an attribution: names of elements where they stand for the feature.
  static std::string Shares(const OutputAttribution& attribution) {
    std::string text;
    for (const FeatureAttribution& feature : attribution.features) {
      text += (text.empty() ? "" : "; ") + feature.name + ":";
      const std::span<const double> values = feature.values.data<double>();
      for (std::size_t i = 0; i < values.size(); ++i) {
        char number[48];
        std::snprintf(number, sizeof number, " %s%.6g",
                      feature.named_by_elements ? (feature.element_names[i] + "=").c_str() : "",
                      std::abs(values[i]) < 1e-9 ? 0 : values[i]);
        text += number;
      }
    }
    return text;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Explainer> explainer_;
};

const ExplainOptions kGradients{.method = "integrated-gradients", .steps = 4};
const ExplainOptions kShapley{.method = "sampled-shapley", .paths = 8};

Tensor Strings(const std::vector<std::string>& values) {
  return Tensor::Strings(Shape{std::ssize(values)}, values);
}
Tensor Floats(const std::vector<float>& values) {
  return Tensor::Of<float>(Shape{std::ssize(values)}, values);
}
Tensor Ids(const std::vector<std::int64_t>& values) {
  return Tensor::Of<std::int64_t>(Shape{std::ssize(values)}, values);
}

// Two ids to rows of a table, weighted: linear behind the table, so shares have a closed form.
//   table = {1 2} {3 5} {7 11},  y = sum over ids k, columns d of (k + 1) * (1, 10)[d] * row
TestModelSpec Embeddings() {
  return {.graph = R"(
            ids = Placeholder[dtype=int64, shape=[?,2]]()
            table = Const[dtype=float32, value={{1, 2}, {3, 5}, {7, 11}}]()
            axis = Const[dtype=int32, value=0]()
            rows = GatherV2[Taxis=int32, Tindices=int64, Tparams=float32](table, ids, axis)
            by = Const[dtype=float32, value={{1, 10}, {2, 20}}]()
            products = Mul[T=float32](rows, by)
            axes = Const[dtype=int32, value={1, 2}]()
            y = Sum[T=float32](products, axes) -> [?]
          )",
          .signatures = {{.inputs = {{"ids", "ids"}}}},
          .tf2 = false};
}

TEST_F(EncodingsTest, ConcatEmbeddingGivesANumberForEachId) {
  ASSERT_EQ(Open(Embeddings(), kGradients, R"({"inputs": {"ids": {"input_tensor_name": "ids:0",
      "encoding": "concat_embedding", "encoded_tensor_name": "rows:0"}}})"),
            OkStatus());
  const auto explanation = Explain({{Ids({1, 2})}});
  // 3 + 50 and 2 * (7 + 110)
  EXPECT_EQ(Shares(explanation[0].attributions.at(0)), "ids: 53 234");
}

TEST_F(EncodingsTest, CombinedEmbeddingGivesOneNumberFromItsEncodedBaseline) {
  ASSERT_EQ(Open(Embeddings(), kGradients, R"({"inputs": {"ids": {"input_tensor_name": "ids:0",
      "encoding": "combined_embedding", "encoded_tensor_name": "rows:0",
      "encoded_baselines": [[[1, 1], [0, 0]]]}}})"),
            OkStatus());
  const auto explanation = Explain({{Ids({1, 2})}});
  EXPECT_EQ(Shares(explanation[0].attributions.at(0)), "ids: 276");  // 53 + 234 - 11
  EXPECT_DOUBLE_EQ(explanation[0].attributions.at(0).baseline_output, 11);
}

TEST_F(EncodingsTest, CombinedIdsUnderShapleyAreOneNumberToo) {
  ASSERT_EQ(Open(Embeddings(), kShapley, R"({"inputs": {"ids": {"input_tensor_name": "ids:0",
      "encoding": "combined_embedding", "encoded_tensor_name": "rows:0",
      "input_baselines": [0]}}})"),
            OkStatus());
  const auto explanation = Explain({{Ids({1, 2})}});
  EXPECT_EQ(Shares(explanation[0].attributions.at(0)), "ids: 224");  // 287 - 21 - 42
}

// A vector of words' counts: y = x . (1, -2, 4)
TestModelSpec Bag() {
  return {.graph = R"(
            x = Placeholder[dtype=float32, shape=[?,3]]()
            w = Const[dtype=float32, value={{1}, {-2}, {4}}]()
            y = MatMul[T=float32](x, w) -> [?,1]
          )"};
}

struct BagCase {
  const char* name;
  std::string encoding;
  std::vector<float> x;
  std::string baseline;
  std::string want;
};
void PrintTo(const BagCase& c, std::ostream* os) { *os << c.name; }
class BagTest : public EncodingsTest, public testing::WithParamInterface<BagCase> {};

TEST_P(BagTest, NamesThePresent) {
  for (const ExplainOptions& options : {kGradients, kShapley}) {
    ASSERT_EQ(Open(Bag(), options,
                   R"({"inputs": {"x": {"input_tensor_name": "x", "encoding": ")" +
                       GetParam().encoding + R"(", "input_baselines": [)" + GetParam().baseline +
                       R"(], "index_feature_mapping": ["a", "b", "c"]}}})"),
              OkStatus());
    const auto explanation = Explain({{Floats(GetParam().x)}});
    EXPECT_EQ(Shares(explanation[0].attributions.at(0)), GetParam().want) << options.method;
  }
}
INSTANTIATE_TEST_SUITE_P(
    , BagTest,
    testing::Values(
        BagCase{"bag", "bag_of_features", {2, 0, 1}, "0", "x: a=2 b=0 c=4"},
        BagCase{"sparse", "bag_of_features_sparse", {2, 0, 1}, "0", "x: a=2 c=4"},
        BagCase{
            "sparse_missed", "bag_of_features_sparse", {2, 0, 1}, "[0, 1, 1]", "x: a=2 b=2 c=0"},
        BagCase{"one_hot", "indicator", {0, 0, 1}, "[1, 0, 0]", "x: c=3"},
        BagCase{"multi_hot", "indicator", {0, 1, 1}, "[1, 0, 0]", "x: a=-1 b=-2 c=4"}),
    [](const auto& row) { return row.param.name; });

// A sparse tensor of number words, made of what the request holds; weights at the same places.
//   y = sum over the row of number(word) * weight
TestModelSpec Sparse() {
  return {.graph = R"(
            words = Placeholder[dtype=string, shape=[?,?]]()
            scale = Placeholder[dtype=float32, shape=[?,?]]()
            none = Const[dtype=string, value=""]()
            has = NotEqual[T=string](words, none)
            at = Where[T=bool](has)
            values = GatherNd[Tindices=int64, Tparams=string](words, at)
            sizes = Shape[T=string, out_type=int64](words)
            weights = GatherNd[Tindices=int64, Tparams=float32](scale, at)
            numbers = StringToNumber[out_type=float32](values)
            products = Mul[T=float32](numbers, weights)
            zero = Const[dtype=float32, value=0]()
            dense = SparseToDense[T=float32, Tindices=int64](at, sizes, products, zero)
            axes = Const[dtype=int32, value={1}]()
            y = Sum[T=float32](dense, axes) -> [?]
          )",
          .signatures = {{.inputs = {{"words", "words"}, {"scale", "scale"}}}},
          .tf2 = false};
}
constexpr char kSparse[] = R"({"inputs": {"w": {"input_tensor_name": "values:0", %s
    "indices_tensor_name": "at:0", "dense_shape_tensor_name": "sizes:0",
    "weight_values_name": "weights:0", "weight_indices_name": "at:0",
    "weight_dense_shape_name": "sizes:0"}}})";
std::string SparseMetadata(const std::string& members) {
  std::string text = kSparse;
  return text.replace(text.find("%s"), 2, members);
}

TEST_F(EncodingsTest, ASparseInputIsExplainedValueByValueWithItsWeights) {
  ASSERT_EQ(Open(Sparse(), kShapley, SparseMetadata("")), OkStatus());
  EXPECT_THAT(explainer_->plan().explained, ElementsAre("w"));
  // Requests of the same width in one run; the second has a value less.
  const auto explanations = Explain({{Floats({1, 10, 100}), Strings({"2", "3", "5"})},
                                     {Floats({4, 10, 0}), Strings({"7", "1", ""})}});
  EXPECT_EQ(Shares(explanations[0].attributions.at(0)), "w: 2 30 500");
  EXPECT_EQ(Shares(explanations[1].attributions.at(0)), "w: 28 10");
  EXPECT_DOUBLE_EQ(explanations[1].attributions.at(0).instance_output, 38);
  EXPECT_DOUBLE_EQ(explanations[1].attributions.at(0).baseline_output, 0);
}

TEST_F(EncodingsTest, ASparseBaselineTakesThePlaceOfValuesOrStandsAtTheFront) {
  ASSERT_EQ(Open(Sparse(), kShapley,
                 SparseMetadata(R"("encoding": "combined_embedding", "input_baselines": ["1"],)")),
            OkStatus());
  const std::vector<Row> requests = {{Floats({1, 10, 100}), Strings({"2", "3", ""})}};
  EXPECT_EQ(Shares(Explain(requests)[0].attributions.at(0)), "w: 21");  // 32 - 11
  ASSERT_EQ(Open(kShapley, SparseMetadata(R"("input_baselines": [["1", "1", "4"]],)")), OkStatus());
  const OutputAttribution list = Explain(requests)[0].attributions.at(0);
  // The weight of a value that the instance does not have is 0.
  EXPECT_EQ(Shares(list), "w: 1 20 0");
}

TEST_F(EncodingsTest, ASparseInputWithoutItsEncodedTensorIsRefusedForGradients) {
  const Status status = Open(Sparse(), kGradients, SparseMetadata(""));
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("w (its dtype is string)"));
  ASSERT_EQ(Open(kGradients, SparseMetadata(R"("encoded_tensor_name": "dense:0",)")), OkStatus());
  EXPECT_EQ(Shares(Explain({{Floats({1, 10}), Strings({"2", "3"})}})[0].attributions.at(0)),
            "w: 2 30");
}

// Two outputs: [?,2] and [?], and names that come with the rows.
TestModelSpec TwoOutputs() {
  return {
      .graph = R"(
            x = Placeholder[dtype=float32, shape=[?,2]]()
            w = Const[dtype=float32, value={{1, 3}, {2, -1}}]()
            y = MatMul[T=float32](x, w) -> [?,2]
            axes = Const[dtype=int32, value={1}]()
            z = Sum[T=float32](x, axes) -> [?]
            text = AsString[T=float32](y) -> [?,2]
            last = Const[dtype=int32, value=2]()
            grid = ExpandDims[T=float32, Tdim=int32](y, last) -> [?,2,1]
          )",
      .signatures = {{.inputs = {{"x", "x"}},
                      .outputs = {{"y", "y"}, {"z", "z"}, {"text", "text"}, {"grid", "grid"}}}}};
}
constexpr char kX[] = R"("inputs": {"x": {"input_tensor_name": "x"}})";

TEST_F(EncodingsTest, SeveralOutputsAtOnceAreThoseOfEachAlone) {
  const std::vector<Row> requests = {{Floats({1, 2})}, {Floats({4, -1})}};
  for (ExplainOptions options : {kGradients, kShapley}) {
    options.top_k = -1;
    options.output_name = "z, y";
    ASSERT_EQ(Open(TwoOutputs(), options, std::string("{") + kX + "}"), OkStatus());
    EXPECT_EQ(explainer_->plan().output, "z, y");
    const auto both = Explain(requests);
    ASSERT_EQ(both[0].attributions.size(), 3u);
    EXPECT_EQ(both[0].attributions.at(0).output_name, "z");
    EXPECT_TRUE(both[0].attributions.at(0).output_index.empty());
    EXPECT_EQ(Shares(both[0].attributions.at(0)), "x: 1 2");
    EXPECT_EQ(both[0].attributions.at(1).output_name, "y");
    EXPECT_THAT(both[0].attributions.at(1).output_index, ElementsAre(0));
    EXPECT_EQ(Shares(both[0].attributions.at(1)), "x: 1 4");
    EXPECT_EQ(Shares(both[0].attributions.at(2)), "x: 3 -2");
    EXPECT_DOUBLE_EQ(both[1].attributions.at(0).instance_output, 3);
    EXPECT_EQ(Shares(both[1].attributions.at(1)), "x: 12 1");
  }
}

TEST_F(EncodingsTest, MetadataWithSeveralOutputsExplainsAll) {
  ASSERT_EQ(Open(TwoOutputs(), kGradients, std::string("{") + kX + R"(, "outputs": {
      "first": {"output_tensor_name": "y", "index_name_mapping_key": "text"},
      "second": {"output_tensor_name": "grid", "index_name_mapping": [["up"], ["down"]]}}})"),
            OkStatus());
  const auto explanation = Explain({{Floats({1, 2})}});
  ASSERT_EQ(explanation[0].attributions.size(), 2u);
  EXPECT_EQ(explanation[0].attributions.at(0).output_name, "first");
  EXPECT_EQ(explanation[0].attributions.at(0).display_name, "5.000000");  // Of this row.
  EXPECT_EQ(explanation[0].attributions.at(1).output_name, "second");
  EXPECT_THAT(explanation[0].attributions.at(1).output_index, ElementsAre(0, 0));
  EXPECT_EQ(explanation[0].attributions.at(1).display_name, "up");
}

// The Estimator's feature columns.
class FeatureColumnsTest : public EncodingsTest {
 protected:
  static constexpr char kColumns[] = R"({"framework": "tensorflow", "inputs": {
    "age": {"input_tensor_name": "ParseExample/ParseExampleV2:6", "input_baselines": [40]%s},
    "hours": {"input_tensor_name": "ParseExample/ParseExampleV2:7", "input_baselines": [35]},
    "job": {"input_tensor_name": "ParseExample/ParseExampleV2:2",
            "indices_tensor_name": "ParseExample/ParseExampleV2:0",
            "dense_shape_tensor_name": "ParseExample/ParseExampleV2:4",
            "encoding": "combined_embedding", "JOB_BASELINES": JOB,
            "encoded_tensor_name":
                "dnn/input_from_feature_columns/input_layer/job_embedding/Reshape:0"},
    "work": {"input_tensor_name": "ParseExample/ParseExampleV2:3",
             "indices_tensor_name": "ParseExample/ParseExampleV2:1",
             "dense_shape_tensor_name": "ParseExample/ParseExampleV2:5",
             "encoding": "indicator", "JOB_BASELINES": WORK,
             "index_feature_mapping": ["private", "state", "self"],
             "encoded_tensor_name":
                 "dnn/input_from_feature_columns/input_layer/work_indicator/Sum:0"}},
    "outputs": {"OUT": {"output_tensor_name": "OUT"}}})";
  static std::string Columns(bool encoded, const std::string& output) {
    std::string text = kColumns;
    const std::pair<std::string, std::string> kReplace[] = {
        {"%s", ""},
        {"JOB_BASELINES", encoded ? "encoded_baselines" : "input_baselines"},
        {"JOB_BASELINES", encoded ? "encoded_baselines" : "input_baselines"},
        {" JOB,", encoded ? " [0]," : " [\"cook\"],"},
        {"WORK", encoded ? "[[1, 0, 0]]" : "[\"private\"]"},
        {"OUT", output},
        {"OUT", output}};
    for (const auto& [from, to] : kReplace) text.replace(text.find(from), from.size(), to);
    return text;
  }

  std::vector<Row> Requests() {
    const std::string folder = ModelPath("tf1_dnn_classifier_parsing") + "/../request.json";
    const auto reader =
        OpenInstances({folder}, {{.name = "examples", .dtype = DType::kString, .shape = Shape{}}});
    EXPECT_TRUE(reader.ok()) << reader.status().message();
    std::vector<Row> rows;
    const Result<std::vector<Instance>> instances = ReadAll(**reader);
    for (const Instance& instance : *instances) rows.push_back(instance.values);
    return rows;
  }
};

TEST_F(FeatureColumnsTest, GradientsAtTheEncodedTensorsAreTensorFlows) {
  model_ = OpenModelOfTree("tf1_dnn_classifier_parsing");
  ExplainOptions options = kGradients;
  options.steps = 400;  // ReLUs: the error falls as 1 / steps.
  ASSERT_EQ(Open(options, Columns(true, "logits")), OkStatus());
  const auto explanations = Explain(Requests());
  const std::string path = ModelPath("tf1_dnn_classifier_parsing") + "/../encoded.json";
  const Json golden = *ParseJson(*ReadFile(path));
  const Json::Array& rows = golden.Find("rows")->array();
  ASSERT_EQ(explanations.size(), rows.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const OutputAttribution& got = explanations[r].attributions.at(0);
    EXPECT_NEAR(got.instance_output, rows[r].Find("score")->number(), 1e-4);
    EXPECT_NEAR(got.baseline_output, rows[r].Find("baseline")->number(), 1e-4);
    // Both sum 400 and 2000 points of a piecewise linear function.
    const double tolerance = 5e-3 * std::abs(got.instance_output - got.baseline_output) + 1e-3;
    ASSERT_EQ(got.features.size(), 4u);
    for (const FeatureAttribution& feature : got.features) {
      const Json& want = *rows[r].Find(feature.name);
      double sum = 0;
      for (const double value : feature.values.data<double>()) sum += value;
      if (feature.name != "work") {
        EXPECT_EQ(feature.values.elements(), 1u);
        EXPECT_NEAR(sum, want.number(), tolerance) << feature.name << " of row " << r;
        continue;
      }
      // One-hot: what holds 1 has the whole column's share.
      double whole = 0;
      for (const Json& one : want.array()) whole += one.number();
      EXPECT_THAT(feature.element_names, ElementsAre(r == 0 ? "self" : "private"));
      EXPECT_NEAR(sum, whole, tolerance) << "work of row " << r;
    }
  }
}

TEST_F(FeatureColumnsTest, ShapleyValuesOfSparseColumnsAreThoseOfTheExample) {
  model_ = OpenModelOfTree("tf1_dnn_classifier_parsing");
  ExplainOptions options{.method = "sampled-shapley", .paths = 4000, .players = Players::kInputs};
  options.class_name = "1";
  ASSERT_EQ(Open(options, Columns(false, "probabilities")), OkStatus());
  const auto explanations = Explain({Requests()[0]});
  // shapley.example of expected.npz: exact, by replacing fields of the serialized example.
  const std::map<std::string, double> kWant = {{"age", 3.59639544e-01},
                                               {"hours", -2.97186732e-02},
                                               {"work", 6.68712148e-01},
                                               {"job", 1.28254026e-03}};
  const OutputAttribution& got = explanations[0].attributions.at(0);
  ASSERT_EQ(got.features.size(), kWant.size());
  for (const FeatureAttribution& feature : got.features) {
    ASSERT_EQ(feature.values.elements(), 1u) << feature.name;
    // Marginals lie within 1: five standard errors of 4000 orders are below 5 / (2 * 63).
    EXPECT_NEAR(feature.values.data<double>()[0], kWant.at(feature.name), 0.04) << feature.name;
  }
}

}  // namespace
}  // namespace whylight
