#include "model/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "model/test_model.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Said = CheckReport::Verdict;

std::string RulesOf(const std::vector<Problem>& problems) {
  std::string rules;
  for (const Problem& problem : problems) rules += (rules.empty() ? "" : " ") + problem.rule;
  return rules;
}

constexpr char kBoth[] = "integrated-gradients sampled-shapley";
constexpr char kShapley[] = "sampled-shapley";

struct Row {
  const char* name;
  TestModelSpec model;
  Said verdict;
  const char* methods;  // Joined by a space.
  const char* rules;    // Of all problems, in order.
  const char* text;     // A piece of the first problem's place, message and fix.
};
void PrintTo(const Row& row, std::ostream* os) { *os << row.name; }

class CheckModelTest : public testing::TestWithParam<Row> {};

TEST_P(CheckModelTest, JudgesFromTheFiles) {
  const Row& row = GetParam();
  const TemporaryFolder folder;
  const std::unique_ptr<Model> model = OpenTestModel(folder, row.model);
  ASSERT_NE(model, nullptr);
  const CheckReport report = CheckModel(*model);
  EXPECT_EQ(VerdictName(report.verdict), VerdictName(row.verdict));
  std::string methods;
  for (const std::string& method : report.methods) methods += (methods.empty() ? "" : " ") + method;
  EXPECT_EQ(methods, row.methods);
  EXPECT_EQ(RulesOf(report.problems), row.rules);
  if (report.problems.empty()) return;
  const Problem& first = report.problems[0];
  EXPECT_THAT(first.place + "\n" + first.message + "\n" + first.fix, HasSubstr(row.text));
}

TestModelSpec Neg() {
  return {.graph = R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    y = Neg[T=float32](x) -> [?,2]
  )"};
}

TestModelSpec TwoInputs(const std::string& rest) {
  return {.graph = R"(
            a = Placeholder[dtype=float32, shape=[?]]()
            n = Placeholder[dtype=int32, shape=[?]]()
          )" + rest,
          .signatures = {{.inputs = {{"a", "a"}, {"n", "n"}}}}};
}

TestModelSpec CustomOp() {
  return {.graph = R"(
            x = Placeholder[dtype=float32, shape=[?]]()
            y = SentencePiece(x) -> [?]
          )",
          .ops =
              "op { name: \"SentencePiece\" input_arg { name: \"x\" type: 1 }"
              " output_arg { name: \"y\" type: 1 } }"};
}

INSTANTIATE_TEST_SUITE_P(
    , CheckModelTest,
    testing::Values(
        Row{"explains", Neg(), Said::kExplain, kBoth, "", ""},
        Row{"an_integer_beside_a_float", TwoInputs(R"(
              m = Cast[SrcT=int32, DstT=float32](n)
              y = Mul[T=float32](a, m) -> [?]
            )"),
            Said::kExplain, kBoth, "cut-gradient",
            "input 'n'\nno gradient reaches it (its dtype is int32)"},
        Row{"ids_in_a_float",
            {.graph = R"(
              x = Placeholder[dtype=float32, shape=[?]]()
              ids = Cast[SrcT=float32, DstT=int32](x)
              w = Const[dtype=float32, value={0.5, 2}]()
              axis = Const[dtype=int32, value=0]()
              y = GatherV2[Tparams=float32, Tindices=int32, Taxis=int32](w, ids, axis) -> [?]
            )"},
            Said::kExplain,
            kShapley,
            "cut-gradient",
            "it ends at Cast 'ids'"},
        Row{"an_input_that_nobody_reads", TwoInputs(R"(
              zero = Sub[T=int32](n, n)
              y = Neg[T=float32](a) -> [?]
            )"),
            Said::kExplain, kBoth, "cut-gradient", "input 'n'"},
        Row{"a_float_that_nobody_reads",
            {.graph = R"(
              a = Placeholder[dtype=float32, shape=[?]]()
              b = Placeholder[dtype=float32, shape=[?]]()
              y = Neg[T=float32](a) -> [?]
            )",
             .signatures = {{.inputs = {{"a", "a"}, {"b", "b"}}}}},
            Said::kExplain,
            kBoth,
            "unused-input",
            "input 'b'\noutput 'y' does not depend on it"},
        Row{"ops_without_a_rule_all_at_once",
            {.graph = R"(
              x = Placeholder[dtype=float32, shape=[?]]()
              g = RandomGammaGrad[T=float32](x, x)
              z = FakeQuantWithMinMaxArgsGradient(g, g)
              y = Neg[T=float32](z) -> [?]
            )"},
            Said::kExplain,
            kShapley,
            "no-gradient-rule",
            "FakeQuantWithMinMaxArgsGradient 'z'"},
        Row{"a_custom_op", CustomOp(), Said::kLoadError, "", "unknown-op no-gradient-rule",
            "node 'y'\nop SentencePiece is not one of TensorFlow's"},
        Row{"a_python_function",
            {.graph = R"(
              x = Placeholder[dtype=float32, shape=[?]]()
              y = PyFunc[token="pyfunc_0", Tin=[float32], Tout=[float32]](x) -> [?]
            )"},
            Said::kLoadError,
            "",
            "python-function no-gradient-rule",
            "node 'y'\nop PyFunc calls"},
        Row{"a_python_function_in_a_branch",
            {.graph = R"(
              x = Placeholder[dtype=float32, shape=[?]]()
              c = Const[dtype=bool, value=true]()
              one = Const[dtype=float32, value=1]()
              z = If[Tcond=bool, Tin=[float32], Tout=[float32], then_branch=@python, else_branch=@python](c, one)
              y = Mul[T=float32](x, z) -> [?]
              function python {
                a = _Arg[T=float32, index=0]()
                p = EagerPyFunc[token="pyfunc_1", Tin=[float32], Tout=[float32]](a)
                return p
              }
            )"},
            Said::kLoadError,
            "",
            "python-function",
            "node 'p'"},
        Row{"one_that_nobody_calls",
            {.graph = R"(
              x = Placeholder[dtype=float32, shape=[?]]()
              y = Neg[T=float32](x) -> [?]
              function python {
                a = _Arg[T=float32, index=0]()
                p = EagerPyFunc[token="pyfunc_1", Tin=[float32], Tout=[float32]](a)
                return p
              }
            )"},
            Said::kExplain,
            kBoth,
            "",
            ""},
        Row{"a_variable_without_value",
            {.graph = R"(
              x = Placeholder[dtype=float32, shape=[?]]()
              v = VarHandleOp[dtype=float32, shape=[], container="", shared_name="v"]()
              r = ReadVariableOp[dtype=float32](v)
              y = Mul[T=float32](x, r) -> [?]
            )"},
            Said::kLoadError,
            "",
            "missing-variable",
            "variable 'v'"},
        Row{"only_serialized_bytes",
            {.graph = R"(
              x = Placeholder[dtype=string, shape=[?]]()
              y = StringToNumber[out_type=float32](x) -> [?]
            )"},
            Said::kPredictOnly,
            "",
            "serialized-input",
            "xai_preprocess"},
        Row{"several_signatures",
            {.graph = R"(
              x = Placeholder[dtype=float32, shape=[?]]()
              y = Neg[T=float32](x) -> [?]
              z = Abs[T=float32](x) -> [?]
            )",
             .signatures = {{.key = "a"}, {.key = "b", .outputs = {{"z", "z"}}}}},
            Said::kRefuse,
            "",
            "several-signatures",
            "xai_model"},
        // What a run would miss is said even where nothing can be explained.
        Row{"refused_and_broken",
            {.graph = R"(
              x = Placeholder[dtype=float32, shape=[?]]()
              y = PyFunc[token="pyfunc_0", Tin=[float32], Tout=[float32]](x) -> [?]
              z = Abs[T=float32](y) -> [?]
            )",
             .signatures = {{.key = "a"}, {.key = "serving_default", .outputs = {{"z", "z"}}}}},
            Said::kLoadError,
            "",
            "python-function several-signatures",
            "node 'y'"}),
    [](const auto& row) { return row.param.name; });

TEST(CheckModel, SaysWhichSignaturesAndWhy) {
  const TemporaryFolder folder;
  const std::unique_ptr<Model> model = OpenTestModel(
      folder,
      {.graph = R"(
        raw = Placeholder[dtype=uint8, shape=[?,2]]()
        floats = Cast[SrcT=uint8, DstT=float32](raw) -> [?,2]
        x = Placeholder[dtype=float32, shape=[?,2]]()
        y = Neg[T=float32](x) -> [?,2]
      )",
       .signatures = {
           {.key = "xai_model"},
           {.key = "xai_preprocess", .inputs = {{"bytes", "raw"}}, .outputs = {{"x", "floats"}}}}});
  ASSERT_NE(model, nullptr);
  const CheckReport report = CheckModel(*model);
  EXPECT_EQ(report.signature, "xai_model");
  EXPECT_EQ(report.preprocess, "xai_preprocess");
  EXPECT_THAT(report.reason, HasSubstr("xai_model"));
  EXPECT_THAT(report.methods, ElementsAre("integrated-gradients", "sampled-shapley"));
}

TEST(CheckModel, TakesTheSignatureThatIsAskedFor) {
  const TemporaryFolder folder;
  const std::unique_ptr<Model> model =
      OpenTestModel(folder, {.graph = Neg().graph,
                             .signatures = {{.key = "a"}, {.key = "b", .outputs = {{"z", "y"}}}},
                             .tf2 = false});
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(CheckModel(*model, {.signature = "b"}).signature, "b");
  const CheckReport unknown = CheckModel(*model, {.signature = "c"});
  EXPECT_EQ(unknown.verdict, Said::kRefuse);
  EXPECT_EQ(RulesOf(unknown.problems), "unknown-signature");
}

TEST(CheckModel, TellsWhatTensorFlow1WroteLikeTensorFlow2) {
  const CheckReport report = CheckPath(ModelPath("tf1_saved_model_save"));
  EXPECT_EQ(report.verdict, Said::kExplain);
  ASSERT_EQ(RulesOf(report.problems), "tf1-saved-model-save");
  EXPECT_EQ(report.problems[0].severity, Problem::Severity::kNote);
  EXPECT_THAT(report.problems[0].message, HasSubstr("TensorFlow 1.15.5"));
  for (const char* other : {"tf1_ref_variables", "tf2_linear_with_bias"}) {
    EXPECT_THAT(RulesOf(CheckPath(ModelPath(other)).problems),
                Not(HasSubstr("tf1-saved-model-save")))
        << other;
  }
}

TEST(CheckModel, TellsCustomGradientsThatTheModelDoesNotHold) {
  const CheckReport unsaved = CheckPath(ModelPath("tf2_custom_gradient_unsaved"));
  EXPECT_EQ(unsaved.verdict, Said::kExplain);
  ASSERT_EQ(RulesOf(unsaved.problems), "custom-gradient");
  EXPECT_EQ(unsaved.problems[0].severity, Problem::Severity::kWarning);
  EXPECT_THAT(unsaved.problems[0].place, HasSubstr("IdentityN '"));
  EXPECT_THAT(unsaved.problems[0].place, HasSubstr(" and 4 more"));
  EXPECT_THAT(unsaved.problems[0].message, HasSubstr("the model was saved without it"));
  for (const char* saved :
       {"tf2_custom_gradient", "tf2_custom_gradient_loops", "tf2_custom_gradient_keras3"}) {
    EXPECT_EQ(RulesOf(CheckPath(ModelPath(saved)).problems), "") << saved;
  }
}

TEST(CheckModel, NamesAnAssetThatIsNotThere) {
  const TemporaryFolder folder;
  const std::filesystem::path copy = folder.path("model");
  std::filesystem::copy(ModelPath("tf2_lookup_asset"), copy,
                        std::filesystem::copy_options::recursive);
  std::filesystem::remove(copy / "assets" / "cities.txt");
  const CheckReport report = CheckPath(copy.string());
  EXPECT_EQ(report.verdict, Said::kLoadError);
  ASSERT_FALSE(report.problems.empty());
  EXPECT_EQ(report.problems[0].rule, "missing-asset");
  EXPECT_EQ(report.problems[0].place, (copy / "assets" / "cities.txt").string());
}

struct UnreadableCase {
  const char* name;  // A folder of tests/models.
  const char* text;
};
void PrintTo(const UnreadableCase& c, std::ostream* os) { *os << c.name; }

class UnreadableModelTest : public testing::TestWithParam<UnreadableCase> {};

TEST_P(UnreadableModelTest, IsAReportAndNoError) {
  const CheckReport report = CheckPath(ModelPath(GetParam().name));
  EXPECT_EQ(report.verdict, Said::kLoadError);
  EXPECT_EQ(report.signature, "");
  EXPECT_THAT(report.methods, IsEmpty());
  ASSERT_EQ(RulesOf(report.problems), "unreadable-model");
  EXPECT_EQ(report.problems[0].place, ModelPath(GetParam().name));
  EXPECT_THAT(report.problems[0].message, HasSubstr(GetParam().text));
}
INSTANTIATE_TEST_SUITE_P(, UnreadableModelTest,
                         testing::Values(UnreadableCase{"bad_empty_pb", "saved_model.pb"},
                                         UnreadableCase{"bad_garbage_pb", "saved_model.pb"},
                                         UnreadableCase{"bad_truncated_pb", "saved_model.pb"},
                                         UnreadableCase{"bad_no_model", "a folder without a model"},
                                         UnreadableCase{"not_there_at_all", "not_there_at_all"}),
                         [](const auto& row) { return row.param.name; });

TEST(CheckPath, NamesTheTagsThatAreThere) {
  const CheckReport report = CheckPath(ModelPath("tf2_linear_with_bias"), {.tags = {"train"}});
  EXPECT_EQ(report.verdict, Said::kLoadError);
  ASSERT_EQ(RulesOf(report.problems), "unreadable-model");
  EXPECT_THAT(report.problems[0].message, HasSubstr("serve"));
}

TEST(VerdictName, IsTheWordOfTheJson) {
  EXPECT_EQ(VerdictName(Said::kExplain), "explain");
  EXPECT_EQ(VerdictName(Said::kRefuse), "refuse");
  EXPECT_EQ(VerdictName(Said::kPredictOnly), "predict_only");
  EXPECT_EQ(VerdictName(Said::kLoadError), "load_error");
}

TEST(AnalyseGradients, SaysForEachInputWhatHoldsItBack) {
  const TemporaryFolder folder;
  const std::unique_ptr<Model> model = OpenTestModel(
      folder,
      {.graph = R"(
        a = Placeholder[dtype=float32, shape=[?]]()
        ids = Placeholder[dtype=float32, shape=[?]]()
        n = Placeholder[dtype=int64, shape=[?]]()
        idle = Placeholder[dtype=float32, shape=[?]]()
        whole = Cast[SrcT=float32, DstT=int32](ids)
        back = Cast[SrcT=int32, DstT=float32](whole)
        count = Cast[SrcT=int64, DstT=float32](n)
        sum = AddV2[T=float32](back, count)
        y = Mul[T=float32](a, sum) -> [?]
      )",
       .signatures = {{.inputs = {{"a", "a"}, {"ids", "ids"}, {"idle", "idle"}, {"n", "n"}}}}});
  ASSERT_NE(model, nullptr);
  const Result<Program> program =
      BuildProgram(*model, {.signature = &model->meta().signatures.begin()->second});
  ASSERT_TRUE(program.ok()) << program.status().message();
  const Result<GradientReport> report = AnalyseGradients(*program, program->outputs[0].tensor);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_THAT(report->missing, IsEmpty());
  std::vector<std::string> lines;
  for (const GradientReport::Input& input : report->inputs) {
    lines.push_back(input.name + (input.differentiable ? " yes" : " no") +
                    (input.unused ? " unused" : "") + " " + input.why_not);
  }
  EXPECT_THAT(lines, ElementsAre("a yes ", "idle yes unused ", "ids no it ends at Cast 'whole'",
                                 "n no its dtype is int64"));
}

}  // namespace
}  // namespace whylight
