#include "graph/passes/variables.h"

#include <gtest/gtest.h>

#include "graph/text.h"

namespace whylight {
namespace {

struct Case {
  const char* name;
  std::string_view text;
  std::vector<std::string> unwritten;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }
class UnwrittenVariablesTest : public testing::TestWithParam<Case> {};

TEST_P(UnwrittenVariablesTest, Names) {
  const Result<Graph> graph = GraphFromText(GetParam().text);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  std::vector<Output> outputs = {{.node = graph->Find("y"), .index = 0}};
  const std::set<const Node*> got = UnwrittenVariables(*graph, {.outputs = &outputs});
  std::vector<std::string> names;
  for (const auto& node : graph->nodes()) {
    if (got.contains(node.get())) names.push_back(node->name);
  }
  EXPECT_EQ(names, GetParam().unwritten);
}

constexpr std::string_view kFunctions = R"(
function reads {
  h = _Arg[T=resource, index=0]()
  r = ReadVariableOp[dtype=float32](h)
  return r
}
function writes {
  h = _Arg[T=resource, index=0]()
  one = Const[dtype=float32, value=1]()
  a = AssignAddVariableOp[dtype=float32](h, one)
  r = ReadVariableOp[dtype=float32](h, ^a)
  return r
}
function returns_it {
  h = _Arg[T=resource, index=0]()
  return h
}
function calls_writer {
  h = _Arg[T=resource, index=0]()
  c = PartitionedCall[Tin=[resource], Tout=[float32], f=@writes](h)
  return c
}
function calls_itself {
  h = _Arg[T=resource, index=0]()
  c = PartitionedCall[Tin=[resource], Tout=[float32], f=@calls_itself](h)
  return c
}
)";

std::string WithFunctions(std::string_view text) {
  return std::string(text) + std::string(kFunctions);
}

INSTANTIATE_TEST_SUITE_P(, UnwrittenVariablesTest,
                         testing::Values(Case{"read",
                                              R"(
v = VarHandleOp[dtype=float32, shape=[]]()
y = ReadVariableOp[dtype=float32](v)
)",
                                              {"v"}},
                                         Case{"gathered_and_asked_for_its_shape",
                                              R"(
v = VarHandleOp[dtype=float32, shape=[3]]()
i = Const[dtype=int32, value={0}]()
g = ResourceGather[dtype=float32](v, i)
s = VariableShape(v)
y = Pack[N=2](g, g, ^s)
)",
                                              {"v"}},
                                         Case{"written",
                                              R"(
v = VarHandleOp[dtype=float32, shape=[]]()
one = Const[dtype=float32, value=1]()
w = AssignVariableOp[dtype=float32](v, one)
y = ReadVariableOp[dtype=float32](v, ^w)
)",
                                              {}},
                                         Case{"written_by_who_is_not_needed",
                                              R"(
v = VarHandleOp[dtype=float32, shape=[]]()
one = Const[dtype=float32, value=1]()
w = AssignVariableOp[dtype=float32](v, one)
y = ReadVariableOp[dtype=float32](v)
)",
                                              {"v"}},
                                         Case{"not_needed",
                                              R"(
v = VarHandleOp[dtype=float32, shape=[]]()
r = ReadVariableOp[dtype=float32](v)
y = Const[dtype=float32, value=1]()
)",
                                              {}},
                                         Case{"written_through_an_identity",
                                              R"(
v = VarHandleOp[dtype=float32, shape=[]]()
one = Const[dtype=float32, value=1]()
a = Identity(v)
b = Identity(a)
w = AssignSubVariableOp[dtype=float32](b, one)
y = ReadVariableOp[dtype=float32](v, ^w)
)",
                                              {}},
                                         Case{"written_under_the_same_name",
                                              R"(
v = VarHandleOp[dtype=float32, shape=[], shared_name="k"]()
u = VarHandleOp[dtype=float32, shape=[], shared_name="k"]()
o = VarHandleOp[dtype=float32, shape=[], shared_name="other"]()
one = Const[dtype=float32, value=1]()
w = AssignVariableOp[dtype=float32](u, one)
r = ReadVariableOp[dtype=float32](v, ^w)
s = ReadVariableOp[dtype=float32](o)
y = Add(r, s)
)",
                                              {"o"}},
                                         Case{"taken_by_an_op_that_nobody_knows",
                                              R"(
v = VarHandleOp[dtype=float32, shape=[]]()
y = DestroyResourceOp(v)
)",
                                              {}},
                                         Case{"tf1_read",
                                              R"(
v = VariableV2[dtype=float32, shape=[]]()
r = Identity(v)
n = Neg(v)
y = Add(r, n)
)",
                                              {"v"}},
                                         Case{"tf1_written",
                                              R"(
v = VariableV2[dtype=float32, shape=[]]()
one = Const[dtype=float32, value=1]()
w = Assign(v, one)
y = Identity(v, ^w)
)",
                                              {}},
                                         Case{"tf1_written_through_a_reference",
                                              R"(
v = VariableV2[dtype=float32, shape=[]]()
r = RefIdentity(v)
one = Const[dtype=float32, value=1]()
w = AssignAdd(r, one)
y = Identity(v, ^w)
)",
                                              {}},
                                         Case{"read_in_a_tf1_loop",
                                              R"(
v = VarHandleOp[dtype=float32, shape=[]]()
e = Enter[frame_name="f"](v)
r = ReadVariableOp[dtype=float32](e)
y = Exit(r)
)",
                                              {"v"}}),
                         [](const auto& row) { return row.param.name; });

struct CallCase {
  const char* name;
  std::string_view text;
  std::vector<std::string> unwritten;
};
class CallTest : public testing::TestWithParam<CallCase> {};

TEST_P(CallTest, FollowsHandlesIntoFunctions) {
  const std::string text = WithFunctions(GetParam().text);
  const Result<Graph> graph = GraphFromText(text);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  std::vector<Output> outputs = {{.node = graph->Find("y"), .index = 0}};
  const std::set<const Node*> got = UnwrittenVariables(*graph, {.outputs = &outputs});
  std::vector<std::string> names;
  for (const Node* node : got) names.push_back(node->name);
  EXPECT_EQ(names, GetParam().unwritten);
}

INSTANTIATE_TEST_SUITE_P(, CallTest,
                         testing::Values(CallCase{"reader",
                                                  R"(
v = VarHandleOp[dtype=float32, shape=[]]()
y = StatefulPartitionedCall[Tin=[resource], Tout=[float32], f=@reads](v)
)",
                                                  {"v"}},
                                         CallCase{"writer",
                                                  R"(
v = VarHandleOp[dtype=float32, shape=[]]()
y = StatefulPartitionedCall[Tin=[resource], Tout=[float32], f=@writes](v)
)",
                                                  {}},
                                         CallCase{"writer_two_calls_down",
                                                  R"(
v = VarHandleOp[dtype=float32, shape=[]]()
y = StatefulPartitionedCall[Tin=[resource], Tout=[float32], f=@calls_writer](v)
)",
                                                  {}},
                                         CallCase{"one_branch_writes",
                                                  R"(
v = VarHandleOp[dtype=float32, shape=[]]()
p = Placeholder[dtype=bool]()
y = If[Tcond=bool, Tin=[resource], Tout=[float32], then_branch=@reads, else_branch=@writes](p, v)
)",
                                                  {}},
                                         CallCase{"no_branch_writes",
                                                  R"(
v = VarHandleOp[dtype=float32, shape=[]]()
p = Placeholder[dtype=bool]()
y = If[Tcond=bool, Tin=[resource], Tout=[float32], then_branch=@reads, else_branch=@reads](p, v)
)",
                                                  {"v"}},
                                         CallCase{"returned_and_then_written",
                                                  R"(
v = VarHandleOp[dtype=float32, shape=[]]()
c = PartitionedCall[Tin=[resource], Tout=[resource], f=@returns_it](v)
one = Const[dtype=float32, value=1]()
w = AssignVariableOp[dtype=float32](c, one)
y = ReadVariableOp[dtype=float32](v, ^w)
)",
                                                  {}},
                                         CallCase{"calls_itself",
                                                  R"(
v = VarHandleOp[dtype=float32, shape=[]]()
y = PartitionedCall[Tin=[resource], Tout=[float32], f=@calls_itself](v)
)",
                                                  {"v"}},
                                         CallCase{"missing_function",
                                                  R"(
v = VarHandleOp[dtype=float32, shape=[]]()
y = PartitionedCall[Tin=[resource], Tout=[float32], f=@nowhere](v)
)",
                                                  {}}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight
