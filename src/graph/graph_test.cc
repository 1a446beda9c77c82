#include "graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Graph Read(std::string_view text) {
  Result<Graph> graph = GraphFromText(text);
  EXPECT_TRUE(graph.ok()) << graph.status().message();
  return graph.ok() ? *std::move(graph) : Graph();
}

std::vector<std::string> Names(const std::vector<Node*>& nodes) {
  std::vector<std::string> names;
  for (const Node* node : nodes) names.push_back(node->name);
  return names;
}

TEST(GraphTest, UniqueNamesCountUp) {
  Graph graph;
  EXPECT_EQ(graph.UniqueName("a"), "a");
  graph.Add("a", "NoOp");
  EXPECT_EQ(graph.UniqueName("a"), "a_1");
  graph.Add("a_1", "NoOp");
  graph.Add("a_2", "NoOp");
  EXPECT_EQ(graph.UniqueName("a"), "a_3");
}

TEST(GraphTest, RenameKeepsEdges) {
  Graph graph = Read("x = Placeholder[dtype=float32]()\ny = Neg(x)\n");
  graph.Rename(graph.Find("x"), "z");
  EXPECT_EQ(graph.Find("x"), nullptr);
  EXPECT_EQ(graph.Find("y")->inputs[0].name(), "z:0");
}

TEST(GraphTest, FindsOutputsByName) {
  const Graph graph = Read(
      "x = Placeholder[dtype=float32]()\ndense/kernel = Placeholder[dtype=float32]()\n"
      "k = Const[value=1]()\nt = TopKV2(x, k)\n");
  EXPECT_EQ(graph.FindOutput("t:1")->index, 1);
  EXPECT_EQ(graph.FindOutput("t")->index, 0);
  EXPECT_EQ(graph.FindOutput("t:2").status().code(), StatusCode::kNotFound);
  EXPECT_THAT(graph.FindOutput("t:2").status().message(), HasSubstr("has 2 outputs"));
  EXPECT_THAT(graph.FindOutput("t:x").status().message(), HasSubstr("number after the colon"));
  EXPECT_THAT(graph.FindOutput("dense/kernal:0").status().message(),
              HasSubstr("did you mean 'dense/kernel'?"));
  EXPECT_THAT(graph.FindOutput("nothing_like_it").status().message(),
              Not(HasSubstr("did you mean")));
}

TEST(GraphTest, TopologicalOrderPutsProducersFirst) {
  const Graph graph =
      Read("c = Add(a, b)\nb = Neg(a, ^d)\na = Placeholder[dtype=float32]()\nd = NoOp()\n");
  EXPECT_THAT(Names(graph.TopologicalOrder()), ElementsAre("a", "d", "b", "c"));
}

TEST(GraphTest, TopologicalOrderCutsLoopsAtTheBackEdge) {
  const Graph graph = Read(
      "x = Placeholder[dtype=float32]()\ne = Enter[frame_name=\"f\"](x)\nm = Merge(e, n)\n"
      "n = NextIteration(m)\n");
  EXPECT_THAT(Names(graph.TopologicalOrder()), ElementsAre("x", "e", "m", "n"));
}

TEST(GraphTest, TopologicalOrderIsNotRecursive) {
  Graph graph;
  Node* last = graph.Add("n0", "NoOp");
  for (int i = 1; i < 200'000; ++i) {
    Node* const node = graph.Add("n" + std::to_string(i), "NoOp");
    last->control_inputs.push_back(node);  // The first in the list needs the last.
    last = node;
  }
  EXPECT_EQ(graph.TopologicalOrder().front(), last);
}

TEST(GraphTest, AncestorsStopWhereTold) {
  const Graph graph = Read(
      "x = Placeholder[dtype=float32]()\na = Neg(x)\nb = Exp(a, ^c)\nc = NoOp()\nd = NoOp()\n");
  const Output b{graph.Find("b"), 0}, a{graph.Find("a"), 0};
  EXPECT_EQ(graph.Ancestors({b}).size(), 4u);
  EXPECT_EQ(graph.Ancestors({b}, {a}), (std::set<const Node*>{graph.Find("b"), graph.Find("c")}));
  EXPECT_TRUE(graph.Ancestors({b}, {b}).empty());
}

TEST(GraphTest, ReplaceUsesSparesTheNewNode) {
  Graph graph = Read("x = Placeholder[dtype=float32]()\na = Neg(x)\nb = Add(x, x)\n");
  EXPECT_EQ(graph.ReplaceUses({graph.Find("x"), 0}, {graph.Find("a"), 0}), 2);
  EXPECT_EQ(graph.Find("a")->inputs[0].name(), "x:0");
  EXPECT_EQ(graph.Find("b")->inputs[1].name(), "a:0");
}

TEST(GraphTest, RemovedNodesCannotBeFound) {
  Graph graph = Read("a = NoOp()\nb = NoOp()\n");
  graph.RemoveIf([](const Node& node) { return node.name == "a"; });
  EXPECT_EQ(graph.size(), 1u);
  EXPECT_EQ(graph.Find("a"), nullptr);
  EXPECT_EQ(graph.UniqueName("a"), "a");
}

TEST(GraphTest, UseMapListsEveryInput) {
  const Graph graph = Read("x = Placeholder[dtype=float32]()\nb = Add(x, x)\n");
  const UseMap uses(graph);
  ASSERT_EQ(uses.Of({graph.Find("x"), 0}).size(), 2u);
  EXPECT_EQ(uses.Of({graph.Find("x"), 0})[1].input, 1);
  EXPECT_TRUE(uses.Of({graph.Find("b"), 0}).empty());
}

TEST(GraphTest, CallByNameHasTheTypesOfTheSignature) {
  const Graph graph = Read(R"(
x = Placeholder[dtype=float32]()
y = my_function(x)
function my_function {
  a = _Arg[T=float32, index=0]()
  b = Shape(a)
  return a, b
}
)");
  EXPECT_EQ(*graph.OutputType({graph.Find("y"), 1}), DType::kInt32);
  EXPECT_FALSE(graph.OutputType({graph.Find("y"), 2}).ok());
}

}  // namespace
}  // namespace whylight
