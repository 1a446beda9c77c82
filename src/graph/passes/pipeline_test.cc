#include "graph/passes/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FakePass : public Pass {
 public:
  using Body = std::function<Result<bool>(Graph&)>;
  FakePass(std::string name, Body body) : name_(std::move(name)), body_(std::move(body)) {}

  std::string_view name() const override { return name_; }
  Result<bool> Run(Graph& graph, PassContext&) override { return body_(graph); }

 private:
  std::string name_;
  Body body_;
};

Result<bool> AddNode(Graph& graph) {
  graph.Add(graph.UniqueName("extra"), "NoOp");
  return true;
}
Result<bool> AddNodeInSecret(Graph& graph) {
  graph.Add(graph.UniqueName("extra"), "NoOp");
  return false;
}
Result<bool> DoNothing(Graph&) { return false; }
Result<bool> BreakGraph(Graph& graph) {
  graph.Add(graph.UniqueName("broken"), "Neg");  // Without its input.
  return true;
}
Result<bool> Fail(Graph&) { return NotFound("no checkpoint"); }

Pipeline Of(std::vector<std::pair<std::string, FakePass::Body>> passes) {
  Pipeline pipeline;
  for (auto& [name, body] : passes) pipeline.Add(std::make_unique<FakePass>(name, body));
  return pipeline;
}

Graph Start() { return *GraphFromText("x = Placeholder[dtype=float32]()\n"); }

TEST(Pipeline, RunsInOrderAndReports) {
  Graph graph = Start();
  PassContext context;
  Pipeline pipeline = Of({{"a", AddNode}, {"b", DoNothing}, {"c", AddNode}});
  EXPECT_THAT(pipeline.names(), ElementsAre("a", "b", "c"));
  const auto reports = *pipeline.Run(graph, context, {.check_claims = true});
  ASSERT_EQ(reports.size(), 3u);
  EXPECT_EQ(reports[0].name, "a");
  EXPECT_TRUE(reports[0].changed);
  EXPECT_EQ(reports[0].nodes, 2u);
  EXPECT_FALSE(reports[1].changed);
  EXPECT_EQ(reports[2].nodes, 3u);
  for (const PassReport& report : reports) {
    EXPECT_GE(report.seconds, 0);
    EXPECT_FALSE(report.disabled);
  }
}

TEST(Pipeline, SkipsEveryPassOfADisabledName) {
  Graph graph = Start();
  PassContext context;
  Pipeline pipeline = Of({{"a", AddNode}, {"b", AddNode}, {"a", AddNode}});
  const auto reports = *pipeline.Run(graph, context, {.disable = {"a"}});
  EXPECT_EQ(graph.size(), 2u);
  EXPECT_TRUE(reports[0].disabled);
  EXPECT_FALSE(reports[1].disabled);
  EXPECT_TRUE(reports[2].disabled);
}

TEST(Pipeline, DumpsTheGraphAroundAPass) {
  Graph graph = Start();
  PassContext context;
  std::vector<std::string> titles, texts;
  const PipelineOptions options{.dump = {"b"}, .sink = [&](auto title, auto text) {
                                  titles.emplace_back(title);
                                  texts.emplace_back(text);
                                }};
  ASSERT_TRUE(Of({{"a", AddNode}, {"b", AddNode}}).Run(graph, context, options).ok());
  EXPECT_THAT(titles, ElementsAre("before b", "after b"));
  EXPECT_THAT(texts[0], testing::Not(HasSubstr("extra_1")));
  EXPECT_THAT(texts[1], HasSubstr("extra_1"));
}

TEST(Pipeline, DumpsOnlyFunctionsThatAreCalled) {
  Graph graph = *GraphFromText(R"(
    x = Placeholder[dtype=float32, shape=[2]]()
    y = PartitionedCall[Tin=[float32], Tout=[float32], f=@outer](x)
    function inner {
      a = _Arg[T=float32, index=0]()
      b = Neg[T=float32](a)
      return b
    }
    function nobodys {
      a = _Arg[T=float32, index=0]()
      return a
    }
    function outer {
      a = _Arg[T=float32, index=0]()
      b = PartitionedCall[Tin=[float32], Tout=[float32], f=@inner](a)
      return b
    }
  )");
  PassContext context;
  std::string dump;
  const PipelineOptions options{.dump = {"a"}, .sink = [&](auto, auto text) { dump += text; }};
  ASSERT_TRUE(Of({{"a", DoNothing}}).Run(graph, context, options).ok());
  EXPECT_THAT(dump, HasSubstr("function outer"));
  EXPECT_THAT(dump, HasSubstr("function inner"));
  EXPECT_THAT(dump, testing::Not(HasSubstr("nobodys")));
  EXPECT_THAT(GraphToText(graph), HasSubstr("nobodys"));
}

struct Bad {
  const char* name;
  FakePass::Body body;
  PipelineOptions options;
  StatusCode code;
  const char* message;
};
void PrintTo(const Bad& bad, std::ostream* os) { *os << bad.name; }
class BadPipelineTest : public testing::TestWithParam<Bad> {};

TEST_P(BadPipelineTest, NamesThePass) {
  Graph graph = Start();
  PassContext context;
  const auto got = Of({{"good", DoNothing}, {"bad", GetParam().body}, {"good", DoNothing}})
                       .Run(graph, context, GetParam().options);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.status().code(), GetParam().code);
  EXPECT_THAT(got.status().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    , BadPipelineTest,
    testing::Values(Bad{"breaks_the_graph", BreakGraph, {}, StatusCode::kInternal, "after bad: "},
                    Bad{"denies_its_change",
                        AddNodeInSecret,
                        {.check_claims = true},
                        StatusCode::kInternal,
                        "bad: changed the graph and said that it did not"},
                    Bad{"fails", Fail, {}, StatusCode::kNotFound, "bad: no checkpoint"},
                    Bad{"unknown_to_disable",
                        DoNothing,
                        {.disable = {"worse"}},
                        StatusCode::kInvalidArgument,
                        "disable-pass: expected one of good, bad, got 'worse'"},
                    Bad{"unknown_to_dump",
                        DoNothing,
                        {.dump = {"worse"}},
                        StatusCode::kInvalidArgument,
                        "dump-pass: expected one of good, bad, got 'worse'"}),
    [](const auto& row) { return row.param.name; });

TEST(Pipeline, RefusesABrokenGraphBeforeAnyPass) {
  Graph graph = Start();
  ASSERT_TRUE(BreakGraph(graph).ok());
  PassContext context;
  EXPECT_EQ(Of({{"a", DoNothing}}).Run(graph, context).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(StandardPipeline, LeavesOutWhatNobodyServes) {
  const std::vector<std::string> bare = StandardPipeline({}).names();
  EXPECT_THAT(bare, testing::Not(testing::Contains("freeze_variables")));
  EXPECT_THAT(bare, testing::Not(testing::Contains("fold_constants")));
  const std::vector<std::string> all =
      StandardPipeline({.value_of = [](const Node&) { return std::optional<Tensor>(); },
                        .evaluate =
                            [](const Graph&, std::span<const Output>) {
                              return Result<std::vector<Tensor>>(std::vector<Tensor>());
                            }})
          .names();
  EXPECT_THAT(all, testing::Contains("freeze_variables").Times(1));
  EXPECT_THAT(all, testing::Contains("fold_constants").Times(2));
  EXPECT_THAT(all, testing::Contains("fold_batch_norm").Times(1));
}

// A TensorFlow 1 model of Keras: only the branch of inference is left.
TEST(StandardPipeline, DoesNotAskForTheLearningPhase) {
  Graph graph = *GraphFromText(R"(
x = Placeholder[dtype=float32]()
no = Const[dtype=bool, value=false]()
phase = PlaceholderWithDefault[shape=[]](no)
cond/Switch = Switch(phase, phase)
cond/switch_t = Identity(cond/Switch:1)
cond/pred_id = Identity(phase)
cond/half = Const[dtype=float32, value=0.5](^cond/switch_t)
cond/x = Switch(x, cond/pred_id)
cond/mul = Mul(cond/x:1, cond/half)
cond/Merge = Merge(cond/x, cond/mul)
y = Exp(cond/Merge)
)");
  std::vector<Output> outputs = {*graph.FindOutput("y")}, inputs = {*graph.FindOutput("x")};
  PassContext context{.outputs = &outputs, .inputs = &inputs};
  const auto reports = StandardPipeline({}).Run(graph, context, {.check_claims = true});
  ASSERT_TRUE(reports.ok()) << reports.status().message();
  graph.library = {};
  EXPECT_EQ(GraphToText(graph), "x = Placeholder[dtype=float32]()\ny = Exp[T=float32](x)\n");
}

TEST(StandardPipeline, TakesAKerasBlockIntoOneConvolution) {
  Graph graph = *GraphFromText(R"(
x = Placeholder[dtype=float32]()
k = VarHandleOp[dtype=float32, shape=[1,1,2,3], shared_name="k"]()
g = VarHandleOp[dtype=float32, shape=[3], shared_name="g"]()
b = VarHandleOp[dtype=float32, shape=[3], shared_name="b"]()
w = ReadVariableOp[dtype=float32](k)
s = ReadVariableOp[dtype=float32](g)
t = ReadVariableOp[dtype=float32](b)
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, w)
eps = Const[dtype=float32, value=0.5]()
u = AddV2(s, eps)
r = Rsqrt(u)
m = Mul(l, r)
a = AddV2(m, t)
done = NoOp(^w, ^s, ^t)
y = Identity(a, ^done)
)");
  std::vector<Output> outputs = {*graph.FindOutput("y")}, inputs = {*graph.FindOutput("x")};
  PassContext context{.outputs = &outputs, .inputs = &inputs};
  int evaluations = 0;
  const PassServices services{
      .value_of = [](const Node& variable) -> Result<std::optional<Tensor>> {
        return std::optional(Tensor::Filled(DType::kFloat32, *variable.Attr<Shape>("shape"), 2));
      },
      .evaluate = [&](const Graph&, std::span<const Output> wanted) -> Result<std::vector<Tensor>> {
        ++evaluations;
        std::vector<Tensor> values;
        for (const Output output : wanted) {
          const Shape shape = output.node->Is("Mul") ? Shape{1, 1, 2, 3} : Shape{3};
          values.push_back(Tensor::Filled(DType::kFloat32, shape, 4));
        }
        return values;
      }};
  const auto reports = StandardPipeline(services).Run(graph, context, {.check_claims = true});
  ASSERT_TRUE(reports.ok()) << reports.status().message();
  EXPECT_EQ(evaluations, 2);
  EXPECT_TRUE(outputs[0].node->Is("BiasAdd"));
  const Node& conv = *outputs[0].node->inputs[0].node;
  EXPECT_EQ(conv.name, "l");
  EXPECT_TRUE(conv.inputs[1].node->Is("Const")) << conv.inputs[1].node->op;
  EXPECT_EQ(conv.inputs[1].node->name, "l/folded_weights");
}

}  // namespace
}  // namespace whylight
