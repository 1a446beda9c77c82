#include "explain/trial_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/op_list.h"
#include "model/test_model.h"
#include "runtime/fake_runtime.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Said = CheckReport::Verdict;

Status Failed(const std::string& message, StatusCode code = StatusCode::kFailedPrecondition) {
  return Status(code, message);
}

struct ErrorCase {
  const char* name;
  Status status;
  const char* rule;  // "": the error is about the made-up row.
};
void PrintTo(const ErrorCase& c, std::ostream* os) { *os << c.name; }

class TrialRunTest : public testing::Test {
 protected:
  void SetUp() override {
    runtime_.SetOpList(std::string(kOpListBytes, kOpListSize));
    runtime_.Answer("y", [](const FakeFeeds& feeds) -> Result<Tensor> {
      const Shape rows{feeds.begin()->second.shape().dim(0)};
      return Tensor(DType::kFloat32, rows);
    });
  }

  CheckReport Try(const TestModelSpec& spec) {
    const std::unique_ptr<Model> model = OpenTestModel(folder_, spec);
    if (model == nullptr) return {};
    CheckReport report = CheckModel(*model);
    TrialRun(*model, runtime_, {.threads = 1}, report);
    return report;
  }

  TemporaryFolder folder_;
  FakeRuntime runtime_;
};

const TestModelSpec kNeg = {.graph = R"(
  x = Placeholder[dtype=float32, shape=[?]]()
  y = Neg[T=float32](x) -> [?]
)"};

TEST_F(TrialRunTest, AModelThatRunsKeepsItsVerdict) {
  const CheckReport report = Try(kNeg);
  EXPECT_EQ(report.verdict, Said::kExplain);
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_THAT(report.methods, ElementsAre("integrated-gradients", "sampled-shapley"));
  ASSERT_EQ(runtime_.runs().size(), 1u);
  EXPECT_EQ(runtime_.runs()[0].feeds.at("x:0"), Tensor::Of<float>(Shape{1}, {0}));
}

TEST_F(TrialRunTest, OpenAxesOfTheMadeUpRowHaveOneElement) {
  TestModelSpec spec = {.graph = R"(
    s = Placeholder[dtype=string, shape=[?,3,?]]()
    n = Placeholder[dtype=float32, shape=[?,2]]()
    t = StringToNumber[out_type=float32](s)
    all = Const[dtype=int32, value={1, 2}]()
    one = Const[dtype=int32, value={1}]()
    a = Mean[T=float32, Tidx=int32](t, all)
    b = Mean[T=float32, Tidx=int32](n, one)
    y = AddV2[T=float32](a, b) -> [?]
  )",
                        .signatures = {{.inputs = {{"n", "n"}, {"s", "s"}}}}};
  EXPECT_EQ(Try(spec).verdict, Said::kExplain);
  ASSERT_FALSE(runtime_.runs().empty());
  const FakeFeeds feeds = runtime_.runs().back().feeds;
  EXPECT_EQ(feeds.at("s:0"), Tensor::Strings(Shape{1, 3, 1}, {"", "", ""}));
  EXPECT_EQ(feeds.at("n:0"), Tensor::Of<float>(Shape{1, 2}, {0, 0}));
}

TEST_F(TrialRunTest, AModelThatFilesRefuseIsNotRun) {
  const CheckReport report = Try({.graph = R"(
    x = Placeholder[dtype=float32, shape=[?]]()
    y = PyFunc[token="pyfunc_0", Tin=[float32], Tout=[float32]](x) -> [?]
  )"});
  EXPECT_EQ(report.verdict, Said::kLoadError);
  EXPECT_EQ(runtime_.sessions().size(), 0u);
}

class TrialRunErrorTest : public TrialRunTest, public testing::WithParamInterface<ErrorCase> {};

TEST_P(TrialRunErrorTest, IsTheModelsFaultOrTheRows) {
  runtime_.FailRuns(1, GetParam().status);
  const CheckReport report = Try(kNeg);
  const std::string rule = GetParam().rule;
  EXPECT_EQ(IsContentError(GetParam().status), rule.empty());
  if (rule.empty()) {
    EXPECT_EQ(report.verdict, Said::kExplain);
    EXPECT_THAT(report.problems, IsEmpty());
    return;
  }
  EXPECT_EQ(report.verdict, Said::kLoadError);
  EXPECT_THAT(report.methods, IsEmpty());
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_EQ(report.problems[0].rule, rule);
  EXPECT_EQ(report.problems[0].place, "signature 'serving_default'");
  EXPECT_THAT(report.problems[0].message, HasSubstr(GetParam().status.message()));
  EXPECT_NE(report.problems[0].fix, "");
}

// Messages are TensorFlow's own, shortened.
INSTANTIATE_TEST_SUITE_P(
    , TrialRunErrorTest,
    testing::Values(
        ErrorCase{"no_jpeg",
                  Failed("Unknown image file format. One of JPEG, PNG, GIF, BMP required."
                         "\n\t [[{{node DecodeJpeg}}]]"),
                  ""},
        ErrorCase{"no_example", Failed("Could not parse serialized Example: feature 'age'"), ""},
        ErrorCase{"missing_feature",
                  Failed("Name: <unknown>, Feature: age (data type: float) is "
                         "required but could not be found."),
                  ""},
        ErrorCase{"no_number", Failed("StringToNumberOp could not correctly convert string: "), ""},
        ErrorCase{"an_id", Failed("indices[0] = 0 is not in [1, 5)"), ""},
        ErrorCase{"a_shape",
                  Failed("Matrix size-incompatible: In[0]: [1,1], In[1]: [4,2]",
                         StatusCode::kInvalidArgument),
                  ""},
        ErrorCase{"a_python_function",
                  Failed("ValueError: callback pyfunc_0 is not found\n\t [[{{node PyFunc}}]]",
                         StatusCode::kInvalidArgument),
                  "python-function"},
        ErrorCase{"a_variable",
                  Failed("Could not find variable dense/kernel. This could mean that "
                         "the variable has been deleted.",
                         StatusCode::kNotFound),
                  "missing-variable"},
        ErrorCase{"a_reference_variable", Failed("Attempting to use uninitialized value w"),
                  "missing-variable"},
        ErrorCase{"a_table", Failed("Table not initialized."), "missing-variable"},
        ErrorCase{"a_kernel",
                  Failed("No OpKernel was registered to support Op 'CudnnRNN'",
                         StatusCode::kInvalidArgument),
                  "missing-kernel"},
        ErrorCase{
            "an_op",
            Failed("Op type not registered 'SentencepieceOp' in binary", StatusCode::kNotFound),
            "unknown-op"},
        ErrorCase{"an_unimplemented_part",
                  Failed("only NHWC on this device", StatusCode::kUnimplemented), "unknown-op"},
        ErrorCase{"anything_else", Failed("assertion failed", StatusCode::kInternal),
                  "run-failed"}),
    [](const auto& row) { return row.param.name; });

TEST_F(TrialRunTest, AGraphThatCannotBeLoadedIsALoadError) {
  runtime_.FailExtend(InvalidArgument("Op type not registered 'Neg' in binary"));
  const CheckReport report = Try(kNeg);
  EXPECT_EQ(report.verdict, Said::kLoadError);
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_EQ(report.problems[0].rule, "unknown-op");
}

// What runs but cannot be explained stays what the files said of it.
TEST_F(TrialRunTest, ARefusedModelIsRunAsItPredicts) {
  const TestModelSpec spec = {
      .graph = R"(
    x = Placeholder[dtype=float32, shape=[?]]()
    y = Neg[T=float32](x) -> [?]
    z = Abs[T=float32](x) -> [?]
  )",
      .signatures = {{.key = "other", .outputs = {{"z", "z"}}}, TestSignature{}}};
  EXPECT_EQ(Try(spec).verdict, Said::kRefuse);
  EXPECT_EQ(runtime_.runs().size(), 1u);
  runtime_.FailRuns(1, Failed("Table not initialized."));
  EXPECT_EQ(Try(spec).verdict, Said::kLoadError);
}

}  // namespace
}  // namespace whylight
