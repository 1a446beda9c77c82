#include "graph/passes/inline_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "graph/export.h"
#include "graph/import.h"
#include "graph/passes/pass_test.h"
#include "graph/passes/prune.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "savedmodel/saved_model.h"
#include "testing/runtime_test.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Lines of graph text before the first function.
std::string Nodes(const std::string& text) { return text.substr(0, text.find("function ")); }

struct Row {
  const char* name;
  std::string_view before;
  std::string_view after;  // Without functions.
  std::vector<std::string> outputs = {"y:0"};
  Keep keep = {};
};
void PrintTo(const Row& row, std::ostream* os) { *os << row.name; }

class InlineCallsTest : public testing::TestWithParam<Row> {};

TEST_P(InlineCallsTest, GivesTheGraph) {
  InlineCalls pass;
  const Result<PassResult> result = RunPass(pass, GetParam().before, GetParam().keep);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_TRUE(result->changed);
  EXPECT_EQ(Nodes(result->text), Normal(GetParam().after));
  EXPECT_EQ(result->outputs, GetParam().outputs);
}

INSTANTIATE_TEST_SUITE_P(
    , InlineCallsTest,
    testing::Values(
        Row{.name = "binds_arguments_and_results",
            .before = R"(
x = Placeholder[dtype=float32]()
c = PartitionedCall[Tout=[float32,float32], f=@f](x)
y = Add(c, c:1)
function f {
  a = _Arg[T=float32, index=0]()
  b = Neg(a)
  return b, a
}
)",
            .after = R"(
x = Placeholder[dtype=float32]()
y = Add(c/b, x)
c/b = Neg(x)
)"},
        Row{.name = "nested_and_fetched",
            .before = R"(
x = Placeholder[dtype=float32]()
y = StatefulPartitionedCall[Tout=[float32], f=@outer](x) @ "/device:CPU:1"
function inner {
  a = _Arg[T=float32, index=0]()
  b = Neg(a) @ "/device:CPU:0"
  return b
}
function outer {
  a = _Arg[T=float32, index=0]()
  c = PartitionedCall[Tout=[float32], f=@inner](a)
  d = PartitionedCall[Tout=[float32], f=@inner](c)
  return d
}
)",
            .after = R"(
x = Placeholder[dtype=float32]()
y/c/b = Neg(x) @ "/device:CPU:0"
y/d/b = Neg(y/c/b) @ "/device:CPU:0"
)",
            .outputs = {"y/d/b:0"}},
        Row{.name = "device_of_the_call",
            .before = R"(
x = Placeholder[dtype=float32]()
y = PartitionedCall[Tout=[float32], f=@f](x) @ "/device:CPU:1"
function f {
  a = _Arg[T=float32, index=0]()
  b = Neg(a)
  return b
}
)",
            .after = R"(
x = Placeholder[dtype=float32]()
y/b = Neg(x) @ "/device:CPU:1"
)",
            .outputs = {"y/b:0"}},
        Row{.name = "call_by_name",
            .before = R"(
x = Placeholder[dtype=float32]()
y = my_function(x)
function my_function {
  a = _Arg[T=float32, index=0]()
  b = Neg(a)
  return b
}
)",
            .after = R"(
x = Placeholder[dtype=float32]()
y/b = Neg(x)
)",
            .outputs = {"y/b:0"}},
        Row{.name = "a_frame_for_each_call",
            .before = R"(
x = Placeholder[dtype=float32]()
c = f(x)
y = f(c)
function f {
  a = _Arg[T=float32, index=0]()
  e = Enter[frame_name="while", is_constant=true](a)
  b = Exit(e)
  return b
}
)",
            .after = R"(
x = Placeholder[dtype=float32]()
c/e = Enter[frame_name="c/while", is_constant=true](x)
c/b = Exit(c/e)
y/e = Enter[frame_name="y/while", is_constant=true](c/b)
y/b = Exit(y/e)
)",
            .outputs = {"y/b:0"}},
        Row{.name = "passes_an_argument_through_two_calls",
            .before = R"(
x = Placeholder[dtype=float32]()
y = PartitionedCall[Tout=[float32], f=@outer](x)
function inner {
  a = _Arg[T=float32, index=0]()
  return a
}
function outer {
  a = _Arg[T=float32, index=0]()
  c = PartitionedCall[Tout=[float32], f=@inner](a)
  return c
}
)",
            .after = "x = Placeholder[dtype=float32]()\n",
            .outputs = {"x:0"}},
        // Only what reads state waits for the call's control input; the product does not.
        Row{.name = "readers_of_state_wait_for_the_call",
            .before = R"(
v = VarHandleOp[dtype=float32, shape=[]]()
x = Placeholder[dtype=float32]()
w = AssignVariableOp(v, x)
y = StatefulPartitionedCall[Tout=[float32], f=@f](x, v, ^w)
function f {
  a = _Arg[T=float32, index=0]()
  h = _Arg[T=resource, index=1]()
  s = Square(a)
  r = ReadVariableOp[dtype=float32](h)
  b = Mul(s, r)
  return b, ^r
}
)",
            .after = R"(
v = VarHandleOp[dtype=float32, shape=[]]()
x = Placeholder[dtype=float32]()
w = AssignVariableOp[dtype=float32](v, x)
y/s = Square(x)
y/r = ReadVariableOp[dtype=float32](v, ^w)
y/b = Mul(y/s, y/r)
)",
            .outputs = {"y/b:0"}},
        // Fetching the result runs the assignment, and who waits for the call waits for it, too.
        Row{.name = "effects_run_with_the_results",
            .before = R"(
v = VarHandleOp[dtype=float32, shape=[]]()
x = Placeholder[dtype=float32]()
y = StatefulPartitionedCall[Tout=[float32], f=@f](x, v)
z = NoOp(^y)
function f {
  a = _Arg[T=float32, index=0]()
  h = _Arg[T=resource, index=1]()
  b = Neg(a)
  w = AssignVariableOp(h, a)
  return b, ^w
}
)",
            .after = R"(
v = VarHandleOp[dtype=float32, shape=[]]()
x = Placeholder[dtype=float32]()
z = NoOp(^y/done)
y/b = Neg(x)
y/w = AssignVariableOp[dtype=float32](v, x)
y/result = Identity(y/b, ^y/w)
y/done = NoOp(^y/w, ^y/result)
)",
            .outputs = {"y/result:0"}},
        // A layer without an effect is no reason to wait for it.
        Row{.name = "heads_do_not_wait_for_each_other",
            .before = R"(
x = Placeholder[dtype=float32]()
y = StatefulPartitionedCall[Tout=[float32,float32], f=@model](x)
function layer {
  a = _Arg[T=float32, index=0]()
  b = Neg(a)
  return b
}
function model {
  a = _Arg[T=float32, index=0]()
  c = StatefulPartitionedCall[Tout=[float32], f=@layer](a)
  d = StatefulPartitionedCall[Tout=[float32], f=@layer](a)
  return c, d, ^c, ^d
}
)",
            .after = R"(
x = Placeholder[dtype=float32]()
y/c/b = Neg(x)
y/d/b = Neg(x)
)",
            .outputs = {"y/c/b:0"}},
        Row{.name = "a_call_that_is_a_target",
            .before = R"(
v = VarHandleOp[dtype=float32, shape=[]]()
x = Placeholder[dtype=float32]()
i = StatefulPartitionedCall[Tout=[], f=@f](x, v)
function f {
  a = _Arg[T=float32, index=0]()
  h = _Arg[T=resource, index=1]()
  w = AssignVariableOp(h, a)
  return ^w
}
)",
            .after = R"(
v = VarHandleOp[dtype=float32, shape=[]]()
x = Placeholder[dtype=float32]()
i/w = AssignVariableOp[dtype=float32](v, x)
i/done = NoOp(^i/w)
)",
            .outputs = {},
            .keep = {.outputs = {}, .targets = {"i"}}},
        // A call in one branch of TF1's control flow is dead or alive as a whole.
        Row{.name = "under_tf1_control_flow_all_hangs_on_the_inputs",
            .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
s = Switch(x, p)
c = PartitionedCall[Tout=[float32], f=@f](s:1)
y = Merge(s, c)
function f {
  a = _Arg[T=float32, index=0]()
  b = Const[value=3.0]()
  return b
}
)",
            .after = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
s = Switch(x, p)
y = Merge(s, c/result)
c/b = Const[value=3.0](^s)
c/result = Identity(c/b, ^s)
)"},
        Row{.name = "polymorphic_body",
            .before = R"(
x = Placeholder[dtype=float32]()
y = poly[T=float32](x)
function poly {
  a = _Arg[T=float32, index=0]()
  b = Neg[T=raw(4a0154)](a)
  return a
}
)",
            .after = R"(
x = Placeholder[dtype=float32]()
y/b = Neg[T=float32](x)
)",
            .outputs = {"x:0"}},
        Row{.name = "colocation_follows",
            .before = R"(
x = Placeholder[dtype=float32]()
y = PartitionedCall[Tout=[float32], f=@f](x)
function f {
  a = _Arg[T=float32, index=0]()
  b = Neg[_class=["loc:@a"]](a)
  c = Neg[_class=["loc:@b"]](b)
  return c
}
)",
            .after = R"(
x = Placeholder[dtype=float32]()
y/b = Neg(x)
y/c = Neg[_class=["loc:@y/b"]](y/b)
)",
            .outputs = {"y/c:0"}}),
    [](const auto& row) { return row.param.name; });

TEST(InlineTest, LeavesWhatIsNoCall) {
  InlineCalls pass;
  ExpectCase(pass, {.name = "no_call", .before = R"(
x = Placeholder[dtype=float32]()
y = StatelessWhile[T=[float32], body=@f, cond=@g](x)
)"});
}

struct ErrorRow {
  const char* name;
  std::string_view text;
  StatusCode code;
  const char* message;
};
void PrintTo(const ErrorRow& row, std::ostream* os) { *os << row.name; }
class InlineCallsErrorTest : public testing::TestWithParam<ErrorRow> {};

TEST_P(InlineCallsErrorTest, SaysWhy) {
  Result<Graph> graph = GraphFromText(GetParam().text);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  PassContext context;
  const Result<bool> ran = InlineCalls().Run(*graph, context);
  EXPECT_EQ(ran.status().code(), GetParam().code);
  EXPECT_THAT(ran.status().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    , InlineCallsErrorTest,
    testing::Values(ErrorRow{"recursion", R"(
y = PartitionedCall[Tin=[], Tout=[], f=@f]()
function f {
  c = PartitionedCall[Tin=[], Tout=[], f=@g]()
  return
}
function g {
  c = PartitionedCall[Tin=[], Tout=[], f=@f]()
  return
}
)",
                             StatusCode::kUnimplemented,
                             "the function 'f' calls itself: 'f' -> 'g' -> 'f'"},
                    ErrorRow{"missing_function", "y = PartitionedCall[Tin=[], Tout=[], f=@f]()\n",
                             StatusCode::kInvalidArgument,
                             "PartitionedCall 'y' calls the function 'f', which is not"},
                    ErrorRow{"no_function", "y = PartitionedCall[Tin=[], Tout=[]]()\n",
                             StatusCode::kInvalidArgument, "does not name its function"},
                    ErrorRow{"argument_count", R"(
y = PartitionedCall[Tin=[], Tout=[], f=@f]()
function f {
  a = _Arg[T=float32, index=0]()
  return
}
)",
                             StatusCode::kInvalidArgument, "takes 1 arguments, the call gives 0"},
                    ErrorRow{"result_count", R"(
y = PartitionedCall[Tin=[], Tout=[float32], f=@f]()
z = Neg(y)
function f {
  return
}
)",
                             StatusCode::kInvalidArgument,
                             "node 'z': tensor 'y:0': the function returns 0 tensors"}),
    [](const auto& row) { return row.param.name; });

TEST(InlineTest, RefusesFunctionsThatFillAnyMemory) {
  std::string text = "y = PartitionedCall[Tin=[], Tout=[], f=@f40]()\nfunction f0 {\nreturn\n}\n";
  for (int i = 1; i <= 40; ++i) {
    const std::string call =
        " = PartitionedCall[Tin=[], Tout=[], f=@f" + std::to_string(i - 1) + "]()\n";
    text += "function f" + std::to_string(i) + " {\na" + call + "b" + call + "return\n}\n";
  }
  Result<Graph> graph = GraphFromText(text);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  PassContext context;
  const Result<bool> ran = InlineCalls({.max_nodes = 1000}).Run(*graph, context);
  EXPECT_EQ(ran.status().code(), StatusCode::kResourceExhausted);
}

TEST(InlineTest, DamagedFunctionsGiveAStatus) {
  constexpr unsigned kSeed = 11;
  std::mt19937 random(kSeed);
  const auto model = ReadSavedModel(WHYLIGHT_SOURCE_DIR "/tests/models/tf2_while_power/model");
  ASSERT_TRUE(model.ok()) << model.status().message();
  const std::string bytes(model->meta_graphs[0].graph_def);
  int inlined = 0;
  for (int round = 0; round < 500; ++round) {
    std::string damaged = bytes;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    Result<Graph> graph = ImportGraph(damaged, OpRegistry::Builtin());
    if (!graph.ok()) continue;
    PassContext context;
    const Result<bool> ran = InlineCalls({.max_nodes = 10'000}).Run(*graph, context);
    EXPECT_TRUE(ran.ok() || !ran.status().message().empty());
    if (ran.ok()) ++inlined;
  }
  EXPECT_GT(inlined, 0);  // Or the damage never got that far.
}

class InlinedModelTest : public RuntimeTest {};

TEST_F(InlinedModelTest, TensorFlowTakesEverySignature) {
  int signatures = 0;
  const std::filesystem::path folder = WHYLIGHT_SOURCE_DIR "/tests/models";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (!entry.is_directory() || name == "generate" || name.starts_with("bad_")) continue;
    SCOPED_TRACE(name);
    const auto model = ReadSavedModel(entry.path() / "model");
    ASSERT_TRUE(model.ok()) << model.status().message();
    for (const MetaGraph& meta : model->meta_graphs) {
      for (const auto& [key, signature] : meta.signatures) {
        SCOPED_TRACE(key);
        Result<Graph> graph = ImportGraph(meta.graph_def, OpRegistry::Builtin());
        ASSERT_TRUE(graph.ok()) << graph.status().message();
        std::vector<Output> outputs;
        for (const auto& [alias, info] : signature.outputs) {
          const Result<Output> output = graph->FindOutput(info.tensor);
          if (output.ok()) outputs.push_back(*output);  // Not of a sparse or a composite tensor.
        }
        if (outputs.empty()) continue;
        PassContext context{.outputs = &outputs};
        const Result<bool> inlined = InlineCalls().Run(*graph, context);
        ASSERT_TRUE(inlined.ok()) << inlined.status().message();
        ASSERT_TRUE(Prune().Run(*graph, context).ok());
        EXPECT_EQ(VerifyGraph(*graph).message(), "");
        EXPECT_TRUE(std::ranges::none_of(graph->nodes(), [](const auto& node) {
          return node->op.ends_with("PartitionedCall");
        }));
        const auto exported = ExportGraph(*graph);
        ASSERT_TRUE(exported.ok()) << exported.status().message();
        const auto session = NewSession(exported->graph_def);
        EXPECT_TRUE(session.ok()) << session.status().message();
        ++signatures;
      }
    }
  }
  EXPECT_GT(signatures, 40);
}

TEST(PruneTest, KeepsWhatIsNeededAndFed) {
  Prune pass;
  ExpectCase(pass, {.name = "",
                    .before = R"(
x = Placeholder[dtype=float32]()
i = NoOp()
j = NoOp()
y = Neg(x, ^i)
z = Exp(y)
t = NoOp(^j)
fed = Exp(x)
)",
                    .after = R"(
x = Placeholder[dtype=float32]()
i = NoOp()
j = NoOp()
y = Neg(x, ^i)
t = NoOp(^j)
fed = Exp(x)
)",
                    .keep = {.outputs = {"y"}, .inputs = {"fed"}, .targets = {"t"}}});
}

TEST(PruneTest, WithoutRootsNothingGoes) {
  Prune pass;
  ExpectCase(pass, {.name = "",
                    .before = "x = Placeholder[dtype=float32]()\n",
                    .keep = {.outputs = {}, .inputs = {}}});
}

}  // namespace
}  // namespace whylight
