#include "graph/verify.h"

#include <gtest/gtest.h>

#include "graph/text.h"

namespace whylight {
namespace {

struct Row {
  const char* name;
  const char* text;
  const char* message;  // "": the graph is right.
};
void PrintTo(const Row& row, std::ostream* os) { *os << row.name; }

class VerifyGraphTest : public testing::TestWithParam<Row> {};

TEST_P(VerifyGraphTest, FindsWhatIsWrong) {
  const Result<Graph> graph = GraphFromText(GetParam().text);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const Status status = VerifyGraph(*graph);
  const std::string_view expected = GetParam().message;
  EXPECT_EQ(status.code(), expected.empty() ? StatusCode::kOk : StatusCode::kInternal);
  EXPECT_NE(status.message().find(expected), std::string::npos) << status.message();
}

INSTANTIATE_TEST_SUITE_P(
    , VerifyGraphTest,
    testing::Values(
        Row{"empty", "", ""},
        Row{"right", "x = Placeholder[dtype=float32]()\ny = Add(x, x, ^x)\n", ""},
        Row{"loop",
            "x = Placeholder[dtype=float32]()\ne = Enter[frame_name=\"f\"](x)\n"
            "m = Merge(e, n)\nn = NextIteration(m)\n",
            ""},
        Row{"custom_op", "x = MyOp()\ny = MyOther(x:7)\n", ""},
        Row{"reference",
            "v = VariableV2[dtype=float32, shape=[]]()\n"
            "x = Placeholder[dtype=float32]()\na = Assign(v, x)\ni = Identity(v)\n",
            ""},
        Row{"not_a_reference", "x = Placeholder[dtype=float32]()\na = Assign(x, x)\n",
            "Assign 'a': input 0 (ref): expected a reference, found Placeholder 'x:0'"},
        Row{"too_few", "x = Placeholder[dtype=float32]()\ny = Add[T=float32](x)\n",
            "Add 'y': expected 2 inputs, found 1"},
        Row{"too_many", "x = Placeholder[dtype=float32]()\ny = Neg[T=float32](x, x)\n",
            "Neg 'y': expected 1 inputs, found 2"},
        Row{"wrong_type", "x = Placeholder[dtype=float32]()\ny = Neg[T=int32](x)\n",
            "Neg 'y': input 0 (x): expected int32, found float32 from Placeholder 'x:0'"},
        Row{"no_such_output", "x = Placeholder[dtype=float32]()\ny = Neg[T=float32](x:1)\n",
            "there is no output 1"},
        Row{"cycle", "a = Neg[T=float32](b)\nb = Neg[T=float32](a)\n", "there is a cycle"},
        Row{"control_cycle", "a = NoOp(^b)\nb = NoOp(^a)\n", "there is a cycle"},
        Row{"missing_attribute", "x = Placeholder()\n",
            ""},  // Its type is asked for by users only.
        Row{"missing_type", "x = Placeholder()\ny = Neg(x)\n", "attribute"},
        Row{"bad_name", "<a> = NoOp()\n", "expected a name of letters"}),
    [](const auto& row) { return row.param.name; });

TEST(VerifyEdgesTest, FindsEdgesIntoOtherGraphs) {
  Result<Graph> graph = GraphFromText("x = Placeholder[dtype=float32]()\ny = Neg(x)\n");
  ASSERT_TRUE(graph.ok());
  Graph other;
  Node* const stranger = other.Add("x", "Placeholder");
  graph->Find("y")->inputs[0].node = stranger;
  EXPECT_NE(VerifyGraph(*graph).message().find("expected a tensor of this graph"),
            std::string::npos);
}

TEST(VerifyEdgesTest, FindsNamesChangedBehindTheGraph) {
  Graph graph;
  graph.Add("x", "NoOp")->name = "y";
  EXPECT_FALSE(VerifyGraph(graph).ok());
}

}  // namespace
}  // namespace whylight
