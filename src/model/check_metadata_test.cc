#include "model/check_metadata.h"

#include <gtest/gtest.h>

#include "model/test_model.h"

namespace whylight {
namespace {

using Said = CheckReport::Verdict;

// [rule] place: message, one a line; of severity notes the rule begins with "note ".
std::string Findings(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    if (!problem.rule.starts_with("metadata-")) continue;
    text += problem.severity == Problem::Severity::kError     ? ""
            : problem.severity == Problem::Severity::kWarning ? "warning "
                                                              : "note ";
    text += "[" + problem.rule + "] " + problem.place + ": " + problem.message + "\n";
  }
  return text;
}

CheckReport Judge(const Model& model, const std::string& metadata) {
  const Result<ParsedMetadata> parsed = ParseExplanationMetadataText(metadata);
  EXPECT_TRUE(parsed.ok()) << parsed.status().message();
  CheckReport report = CheckModel(model);
  if (parsed.ok()) CheckMetadata(model, *parsed, report);
  return report;
}

TestModelSpec Flowers(bool tf2) {
  return {.graph = R"(
            ids = Placeholder[dtype=int64, shape=[?,3]]()
            w = Placeholder[dtype=float32, shape=[?,4]]()
            names = Placeholder[dtype=string, shape=[?,2]]()
            floats = Cast[SrcT=int64, DstT=float32](ids) -> [?,3]
            unused = Neg[T=float32](w) -> [?,4]
            y = Softmax[T=float32](w) -> [?,4]
            z = Neg[T=float32](floats) -> [?,3]
            labels = Identity[T=string](names) -> [?,2]
            count = Neg[T=int64](ids) -> [?,3]
          )",
          .signatures =
              {{.inputs = {{"ids", "ids"}, {"flower", "w"}, {"names", "names"}},
                .outputs = {{"y", "y"}, {"z", "z"}, {"labels", "labels"}, {"count", "count"}}}},
          .tf2 = tf2};
}

struct Row {
  const char* name;
  std::string metadata;
  std::string findings;  // All of them.
};
void PrintTo(const Row& row, std::ostream* os) { *os << row.name; }

// Around one entry for `flower`; the others are listed so that nothing is said of them.
std::string Flower(const std::string& members) {
  return R"({"inputs": {"f": {"input_tensor_name": "flower", )" + members +
         R"(}, "ids": {"encoded_tensor_name": "floats:0", "input_tensor_name": "ids"},
         "names": {"input_tensor_name": "names", "input_baselines": )" +
         (members.find("_baselines") == std::string::npos ? "[]" : "[\"\"]") +
         R"(}}, "outputs": {"y": {}}})";
}
const std::string kNamesNote =
    "note [metadata-encoding] inputs.names: no gradient reaches a string tensor: Integrated "
    "Gradients holds it at the instance's value\n";

class CheckMetadataTest : public testing::TestWithParam<Row> {};

TEST_P(CheckMetadataTest, SaysEverythingWithItsPath) {
  const TemporaryFolder folder;
  const std::unique_ptr<Model> model = OpenTestModel(folder, Flowers(true));
  ASSERT_NE(model, nullptr);
  const CheckReport report = Judge(*model, GetParam().metadata);
  EXPECT_EQ(Findings(report.problems), GetParam().findings);
  const bool refused = ("\n" + GetParam().findings).find("\n[") != std::string::npos;
  EXPECT_EQ(report.verdict, refused ? Said::kRefuse : Said::kExplain);
  EXPECT_EQ(report.methods.empty(), refused);
}

INSTANTIATE_TEST_SUITE_P(
    , CheckMetadataTest,
    testing::Values(
        Row{"good", Flower(R"("encoding": "bag_of_features", "input_baselines": [0],
            "index_feature_mapping": ["a", "b", "c", "d"])"),
            kNamesNote},
        Row{"all_at_once",
            R"({"inputs": {"flowr": {"groupNam": "g"},
                           "age": {"inputTensorName": "flower", "encodedTensorName": "flots:0",
                                   "inputBaselines": [[1, 2, 3]]},
                           "ids": {"inputTensorName": "ids", "inputBaselines": [[1, "two", 3]],
                                   "encodedTensorName": "floats:0"}},
                "outputs": {"p": {"outputTensorName": "yy"}}})",
            "[metadata-form] inputs.flowr.groupNam: unknown key; did you mean 'groupName'?\n"
            "[metadata-name] outputs.p.outputTensorName: signature 'serving_default' has no output "
            "'yy'; it has count, labels, y, z\n"
            "[metadata-name] inputs.flowr: signature 'serving_default' has no input 'flowr' (did "
            "you mean 'flower'?); it has flower, ids, names\n"
            "[metadata-name] inputs.age.encodedTensorName: there is no node 'flots' in the graph "
            "(did you mean 'floats'?)\n"
            "[metadata-shape] inputs.age.inputBaselines[0]: expected 4 values, got 3\n"
            "[metadata-shape] inputs.ids.inputBaselines[0][1]: expected an integer, got \"two\"\n"
            "note [metadata-held] inputs: input 'names' is not listed: it is held at the "
            "instance's value\n"},
        Row{"mapping_of_another_size",
            Flower(R"("encoding": "indicator", "index_feature_mapping": ["a", "b"])"),
            "[metadata-shape] inputs.f.index_feature_mapping: expected 4 names, one for each "
            "element of float32 [4]; got 2\n" +
                kNamesNote},
        Row{"one_tensor_twice", Flower(R"("group_name": "g"}, "again": {
            "input_tensor_name": "flower")"),
            "[metadata-name] inputs.again.input_tensor_name: 'f' names the same tensor: its score "
            "would count twice\n" +
                kNamesNote},
        Row{"not_on_the_way", Flower(R"("encoded_tensor_name": "unused:0")"),
            "[metadata-name] inputs.f.encoded_tensor_name: there is no node 'unused' in the graph"
            "\n" +
                kNamesNote},
        Row{"encoded_integers", Flower(R"("encoded_tensor_name": "ids")"),
            "[metadata-dtype] inputs.f.encoded_tensor_name: gradients are taken at this tensor, so "
            "it must be floating-point; it is int64\n" +
                kNamesNote},
        Row{"encoded_baselines_of_nothing", Flower(R"("encoded_baselines": [0])"),
            "[metadata-encoding] inputs.f.encoded_baselines: there is no encoded_tensor_name that "
            "they could be baselines of\n" +
                kNamesNote},
        Row{"image_that_is_none", Flower(R"("modality": "image")"),
            "[metadata-shape] inputs.f.modality: an image is height, width and channels of "
            "numbers, got float32 [4]\n" +
                kNamesNote},
        Row{"ids_that_do_not_divide",
            Flower(R"("encoding": "identity"}, "k": {"input_tensor_name": "ids",
                   "encoding": "concat_embedding", "encoded_tensor_name": "flower")"),
            "[metadata-encoding] inputs.k.encoding: encoding concat_embedding needs a row for each "
            "of 3 ids, the encoded tensor is float32 [4]\n"
            "[metadata-name] inputs.ids.input_tensor_name: 'k' names the same tensor: its score "
            "would count twice\n" +
                kNamesNote},
        Row{"sparse_parts",
            Flower(R"("indices_tensor_name": "flower", "dense_shape_tensor_name": "idx")"),
            "[metadata-dtype] inputs.f.indices_tensor_name: expected a tensor of int64, it is "
            "float32\n"
            "[metadata-name] inputs.f.dense_shape_tensor_name: signature 'serving_default' has no "
            "input 'idx' (did you mean 'ids'?); it has flower, ids, names\n" +
                kNamesNote},
        Row{"labels",
            R"({"outputs": {"y": {"index_name_mapping": ["a", "b", "c"]},
                            "z": {"index_name_mapping": [["a"], ["b", "c"]]},
                            "count": {"index_name_mapping_key": "labls"}}})",
            "warning [metadata-form] inputs: none: they are taken from the signature\n"
            "warning [metadata-form] outputs: the service explained one output, got 3\n"
            "[metadata-shape] outputs.y.index_name_mapping: expected 4 names, in the shape of one "
            "instance's output [4]; got 3 names as [3]\n"
            "[metadata-shape] outputs.z.index_name_mapping: the lists of names have different "
            "lengths\n"
            "[metadata-dtype] outputs.count: expected a floating-point output, such as "
            "probabilities or logits; 'count' is int64\n"
            "[metadata-name] outputs.count.index_name_mapping_key: signature 'serving_default' has "
            "no output 'labls' (did you mean 'labels'?); it has count, labels, y, z\n"},
        Row{"framework", R"({"framework": "tensorflow", "inputs": {"w": {"input_tensor_name":
            "flower"}, "i": {"input_tensor_name": "ids", "encoded_tensor_name": "floats:0"},
            "names": {"input_tensor_name": "names"}}, "outputs": {"y": {}}})",
            "warning [metadata-framework] framework: the model was written by tensorflow2, the "
            "file says tensorflow\n" +
                kNamesNote}),
    [](const auto& row) { return row.param.name; });

TEST(CheckMetadataOfTf1Test, NamesTensorsOfTheGraph) {
  const TemporaryFolder folder;
  const std::unique_ptr<Model> model = OpenTestModel(folder, Flowers(false));
  ASSERT_NE(model, nullptr);
  const CheckReport report = Judge(*model, R"({"inputs": {
      "w": {"input_tensor_name": "w:0"}, "f": {"input_tensor_name": "floats:0"},
      "n": {"input_tensor_name": "names"}, "u": {"input_tensor_name": "unused:0"}},
      "outputs": {"y": {"output_tensor_name": "y:0"}, "f": {"output_tensor_name": "floats:0"}}})");
  EXPECT_EQ(Findings(report.problems),
            "warning [metadata-form] outputs: the service explained one output, got 2\n"
            "note [metadata-encoding] inputs.n: no gradient reaches a string tensor: Integrated "
            "Gradients holds it at the instance's value\n"
            "[metadata-name] inputs.u.input_tensor_name: no output of signature 'serving_default' "
            "depends on 'unused:0'\n");
}

// The Estimator's own tensors, with the shapes that TensorFlow left in the graph.
TEST(CheckMetadataOfTf1Test, ShapesAreThoseThatTheGraphHints) {
  const std::unique_ptr<Model> model = OpenModelOfTree("tf1_dnn_classifier_parsing");
  ASSERT_NE(model, nullptr);
  const CheckReport report = Judge(*model, R"({"framework": "tensorflow", "inputs": {
      "age": {"input_tensor_name": "ParseExample/ParseExampleV2:6", "input_baselines": [[1, 2]]}},
      "outputs": {"p": {"output_tensor_name": "dnn/head/predictions/probabilities:0",
                        "index_name_mapping": ["poor", "rich"]}}})");
  EXPECT_EQ(Findings(report.problems),
            "[metadata-shape] inputs.age.input_baselines[0]: expected 1 value, got 2\n");
  EXPECT_EQ(report.verdict, Said::kRefuse);
}

}  // namespace
}  // namespace whylight
