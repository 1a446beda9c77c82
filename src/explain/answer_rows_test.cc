#include "explain/answer_rows.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "io/json.h"

namespace whylight {
namespace {

std::string Text(const std::vector<RowValue>& row) {
  std::string text;
  for (const RowValue& value : row) {
    text += value.name + " " + DTypeName(value.value.dtype()) + " ";
    JsonWriter(&text, {.non_finite = JsonWriterOptions::NonFinite::kToken}).Value(value.value);
    text += '\n';
  }
  return text;
}

Explanation TwoClasses() {
  Explanation explanation;
  explanation.prediction = {{"risk", Tensor::Of<float>({2}, {0.25f, 0.75f})},
                            {"id", Tensor::Scalar<std::int64_t>(7)}};
  OutputAttribution attribution{.output_name = "risk",
                                .output_index = {1},
                                .display_name = "rich",
                                .instance_output = 0.75,
                                .baseline_output = 0.5,
                                .approximation_error = 0.001};
  attribution.features.push_back({.name = "x",
                                  .values = Tensor::Of<double>({2}, {0.5, 2}),
                                  .input = Tensor::Of<float>({2}, {1, 2}),
                                  .element_names = {"age", "hours"}});
  explanation.attributions = {attribution, attribution};
  explanation.attributions[1].output_index = {0};
  explanation.attributions[1].display_name.clear();
  return explanation;
}

TEST(PredictionRow, HasEveryOutput) {
  EXPECT_EQ(Text(PredictionRow({.number = 3, .json = "{\"x\":1}"}, TwoClasses().prediction)),
            "row int64 3\n"
            "instance string \"{\\\"x\\\":1}\"\n"
            "prediction/risk float32 [0.25,0.75]\n"
            "prediction/id int64 7\n");
}

TEST(ExplanationRows, HasARowForEachAttribution) {
  const auto rows = ExplanationRows({.number = 3, .json = "1"}, TwoClasses(), {{.rule = "slow"}});
  ASSERT_EQ(rows.size(), 2u);
  const std::string head =
      "row int64 3\ninstance string \"1\"\nprediction/risk float32 [0.25,0.75]\n"
      "prediction/id int64 7\noutput_name string \"risk\"\n";
  const std::string tail =
      "instance_output float64 0.75\nbaseline_output float64 0.5\n"
      "approximation_error float64 0.001\nattributions/x float64 [0.5,2.0]\n"
      "attributions/x/names string [\"age\",\"hours\"]\nwarnings string [\"slow\"]\n";
  EXPECT_EQ(Text(rows[0]),
            head + "output_index int64 [1]\noutput_display_name string \"rich\"\n" + tail);
  EXPECT_EQ(Text(rows[1]),
            head + "output_index int64 [0]\noutput_display_name string \"\"\n" + tail);
}

TEST(ExplanationRows, SayShapesErrorsAndPiecesWhereThereAreSome) {
  Explanation explanation = TwoClasses();
  explanation.attributions.pop_back();
  OutputAttribution& only = explanation.attributions[0];
  only.has_baseline = false;
  only.warnings = {{.rule = "large-error"}};
  only.features = {
      {.name = "image",
       .values = Tensor::Of<double>({1, 2}, {1, 2}),
       .input = Tensor::Of<float>({1, 2}, {1, 2}),
       .standard_errors = Tensor::Of<double>({1, 2}, {0, std::numeric_limits<double>::infinity()})},
      {.name = "text",
       .values = Tensor::Of<double>({2}, {3, 4}),
       .input = Tensor::Strings({2}, {"a ", "b"})}};
  const std::string text = Text(ExplanationRows({.number = 0, .json = "1"}, explanation, {})[0]);
  EXPECT_EQ(text.substr(text.find("instance_output")),
            "instance_output float64 0.75\napproximation_error float64 0.001\n"
            "attributions/image float64 [[1.0,2.0]]\nattributions/image/shape int64 [1,2]\n"
            "attributions/image/standard_errors float64 [[0.0,Infinity]]\n"
            "attributions/text float64 [3.0,4.0]\nattributions/text/pieces string [\"a \",\"b\"]\n"
            "warnings string [\"large-error\"]\n");
}

TEST(PredictionCells, HaveOneForEachElementAndScalarMember) {
  const AnsweredInstance instance{
      .number = 3, .json = R"({"age":[31.5],"job":"clerk","row":7,"none":null,"list":[1,2]})"};
  EXPECT_EQ(Text(PredictionCells(instance, {}, TwoClasses().prediction)),
            "row int64 3\nage string \"31.5\"\njob string \"clerk\"\n"
            "instance:row string \"7\"\nnone string \"\"\n"
            "prediction:risk[0] float32 0.25\nprediction:risk[1] float32 0.75\n"
            "prediction:id int64 7\n");
  EXPECT_EQ(Text(PredictionCells({.number = 0, .json = "[1,2]"}, {}, {})), "row int64 0\n");
  const std::vector<std::string> names = {"age", "hours"};
  EXPECT_EQ(Text(PredictionCells({.number = 0, .json = "[1,2]"}, names, {})),
            "row int64 0\nage string \"1\"\nhours string \"2\"\n");
  EXPECT_EQ(Text(PredictionCells({.number = 0, .json = "\"a text\""}, {}, {})),
            "row int64 0\ninstance string \"a text\"\n");
  const std::vector<NamedValue> map = {{"m", Tensor::Of<float>({2, 2}, {1, 2, 3, 4})}};
  EXPECT_EQ(Text(PredictionCells({.number = 0, .json = ""}, {}, map)),
            "row int64 0\nprediction:m[0,0] float32 1.0\nprediction:m[0,1] float32 2.0\n"
            "prediction:m[1,0] float32 3.0\nprediction:m[1,1] float32 4.0\n");
}

TEST(ExplanationCells, HaveTheElementsThatHaveNamesAndElseSums) {
  Explanation explanation = TwoClasses();
  explanation.attributions[0].features.push_back({.name = "image",
                                                  .values = Tensor::Of<double>({1, 2}, {1, 2.5}),
                                                  .input = Tensor::Of<float>({1, 2}, {1, 2})});
  explanation.attributions[1].has_baseline = false;
  explanation.attributions[1].warnings = {{.rule = "large-gap"}};
  const AnsweredInstance instance{.number = 3, .json = R"({"x":[40,8],"image":[[1,2]]})"};
  const auto rows = ExplanationCells(instance, explanation, {{.rule = "slow"}});
  ASSERT_EQ(rows.size(), 2u);
  const std::string head =
      "row int64 3\nage string \"40\"\nhours string \"8\"\noutput string \"risk\"\n";
  EXPECT_EQ(Text(rows[0]),
            head +
                "index string \"1\"\nlabel string \"rich\"\nscore float64 0.75\n"
                "baseline_score float64 0.5\nattr:age float64 0.5\nattr:hours float64 2.0\n"
                "attr:image float64 3.5\napproximation_error float64 0.001\n"
                "warnings string \"slow\"\n");
  EXPECT_EQ(Text(rows[1]),
            head +
                "index string \"0\"\nlabel string \"\"\nscore float64 0.75\n"
                "attr:age float64 0.5\nattr:hours float64 2.0\n"
                "approximation_error float64 0.001\nwarnings string \"slow large-gap\"\n");
}

}  // namespace
}  // namespace whylight
