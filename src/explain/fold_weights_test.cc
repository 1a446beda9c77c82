#include "explain/fold_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A graph with inputs x and outputs y, as the clean-up leaves it.
Program ProgramOf(const std::string& text) {
  Result<Graph> graph = GraphFromText(text);
  if (!graph.ok()) {
    ADD_FAILURE() << graph.status().message();
    return {.graph = Graph()};
  }
  Program program{.graph = *std::move(graph)};
  program.inputs.push_back({.port = {.name = "x", .tensor = {program.graph.Find("x"), 0}}});
  program.outputs.push_back({.name = "y", .tensor = {program.graph.Find("y"), 0}});
  return program;
}

TEST(KeepFoldedWeights, MakesThemAVariableAndReleasesWhatTheyCameFrom) {
  Program program = ProgramOf(R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    w = VarHandleOp[dtype=float32, shape=[2,2], container="", shared_name="w"]()
    r = ReadVariableOp[dtype=float32](w)
    scale = Const[dtype=float32, value={2, 3}]()
    conv/folded_weights = Mul[T=float32](r, scale) -> [2,2]
    y = MatMul[T=float32](x, conv/folded_weights) -> [?,2]
  )");
  const Result<FoldedWeights> folded = KeepFoldedWeights(program);
  ASSERT_TRUE(folded.ok()) << folded.status().message();
  ASSERT_EQ(folded->assign.size(), 1u);
  ASSERT_EQ(folded->release.size(), 1u);

  const Node& read = *program.graph.Find("y")->inputs[1].node;
  ASSERT_EQ(read.op, "ReadVariableOp");
  const Node& handle = *read.inputs[0].node;
  EXPECT_EQ(handle.AttrOr<std::string>("shared_name", ""), "whylight/conv/folded_weights");
  EXPECT_EQ(handle.AttrOr("shape", Shape::UnknownRank()), (Shape{2, 2}));
  EXPECT_THAT(read.shapes, ElementsAre(Shape{2, 2}));

  const Node& assign = *program.graph.Find(folded->assign[0]);
  EXPECT_EQ(assign.op, "AssignVariableOp");
  EXPECT_EQ(assign.inputs[0].node, &handle);
  EXPECT_EQ(assign.inputs[1].node->name, "conv/folded_weights") << "still computed, once";
  const Node& release = *program.graph.Find(folded->release[0]);
  EXPECT_EQ(release.op, "DestroyResourceOp");
  EXPECT_EQ(release.inputs[0].node->name, "w");
}

TEST(KeepFoldedWeights, KeepsAVariableThatSomethingElseReads) {
  Program program = ProgramOf(R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    w = VarHandleOp[dtype=float32, shape=[2,2], container="", shared_name="w"]()
    r = ReadVariableOp[dtype=float32](w)
    scale = Const[dtype=float32, value={2, 3}]()
    conv/folded_weights = Mul[T=float32](r, scale) -> [2,2]
    a = MatMul[T=float32](x, conv/folded_weights)
    b = MatMul[T=float32](x, r)
    y = AddV2[T=float32](a, b) -> [?,2]
  )");
  const Result<FoldedWeights> folded = KeepFoldedWeights(program);
  ASSERT_TRUE(folded.ok()) << folded.status().message();
  EXPECT_EQ(folded->assign.size(), 1u);
  EXPECT_THAT(folded->release, IsEmpty());
}

// The preprocessing function runs in the same session.
TEST(KeepFoldedWeights, KeepsAVariableThatTheRequestsWayReads) {
  Program program = ProgramOf(R"(
    raw = Placeholder[dtype=float32, shape=[?,2]]()
    x = Placeholder[dtype=float32, shape=[?,2]]()
    w = VarHandleOp[dtype=float32, shape=[2,2], container="", shared_name="w"]()
    r = ReadVariableOp[dtype=float32](w)
    source = MatMul[T=float32](raw, r)
    scale = Const[dtype=float32, value={2, 3}]()
    conv/folded_weights = Mul[T=float32](r, scale) -> [2,2]
    y = MatMul[T=float32](x, conv/folded_weights) -> [?,2]
  )");
  program.inputs[0].source = Output{program.graph.Find("source"), 0};
  const Result<FoldedWeights> folded = KeepFoldedWeights(program);
  ASSERT_TRUE(folded.ok()) << folded.status().message();
  EXPECT_EQ(folded->assign.size(), 1u);
  EXPECT_THAT(folded->release, IsEmpty());
}

struct SameCase {
  const char* name;
  const char* graph;
};
void PrintTo(const SameCase& c, std::ostream* os) { *os << c.name; }

class KeptGraphTest : public testing::TestWithParam<SameCase> {};

TEST_P(KeptGraphTest, IsLeftAsItIs) {
  Program program = ProgramOf(GetParam().graph);
  const std::string before = GraphToText(program.graph);
  const Result<FoldedWeights> folded = KeepFoldedWeights(program);
  ASSERT_TRUE(folded.ok()) << folded.status().message();
  EXPECT_THAT(folded->assign, IsEmpty());
  EXPECT_THAT(folded->release, IsEmpty()) << "w is read no more, but nobody folded it";
  EXPECT_EQ(GraphToText(program.graph), before);
}
INSTANTIATE_TEST_SUITE_P(, KeptGraphTest,
                         testing::Values(SameCase{"small_enough_for_a_constant", R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    conv/folded_weights = Const[dtype=float32, value={{1, 2}, {3, 4}}]() -> [2,2]
    y = MatMul[T=float32](x, conv/folded_weights) -> [?,2]
  )"},
                                         SameCase{"of_an_unknown_shape", R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    w = VarHandleOp[dtype=float32, shape=[2,2], container="", shared_name="w"]()
    r = ReadVariableOp[dtype=float32](w)
    conv/folded_weights = Mul[T=float32](r, r) -> [2,?]
    y = MatMul[T=float32](x, conv/folded_weights) -> [?,2]
  )"},
                                         SameCase{"a_name_that_only_looks_like_it", R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    w = VarHandleOp[dtype=float32, shape=[2,2], container="", shared_name="w"]()
    r = ReadVariableOp[dtype=float32](w)
    folded_weights = Mul[T=float32](r, r) -> [2,2]
    y = MatMul[T=float32](x, folded_weights) -> [?,2]
  )"}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight
