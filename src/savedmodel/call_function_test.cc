#include "savedmodel/call_function.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "savedmodel/test_files.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// `wrapper` calls `callee` with its arguments in `order`, such as "\"x\" \"w\"".
std::string Wrapper(const std::string& wrapper, const std::string& callee,
                    const std::string& inputs) {
  return "function { signature { name: \"" + wrapper +
         "\" input_arg { name: \"x\" } input_arg { name: \"w\" } output_arg { name: \"y\" } }"
         " node_def { name: \"c\" op: \"StatefulPartitionedCall\" " +
         inputs + " attr { key: \"f\" value { func { name: \"" + callee +
         "\" } } } }"
         " node_def { name: \"i\" op: \"Identity\" input: \"c:output:0\" input: \"^n\" }"
         " node_def { name: \"n\" op: \"NoOp\" input: \"^c\" }"
         " ret { key: \"y\" value: \"i:output:0\" } } ";
}

const char kTraced[] =
    "function { signature { name: \"f\" input_arg { name: \"a\" } input_arg { name: \"b\" }"
    " output_arg { name: \"z\" } }"
    " node_def { name: \"m\" op: \"MatMul\" input: \"a\" input: \"b\" }"
    " ret { key: \"z\" value: \"m:product:0\" } } "
    "function { signature { name: \"g\" input_arg { name: \"a\" } input_arg { name: \"b\" }"
    " output_arg { name: \"z\" } }"
    " node_def { name: \"m\" op: \"Mul\" input: \"a\" input: \"b\" }"
    " ret { key: \"z\" value: \"m:z:0\" } } ";

std::string Call(const std::string& name, const std::string& function, const std::string& weight) {
  return "node { name: \"" + name + "_x\" op: \"Placeholder\" } node { name: \"" + name +
         "\" op: \"StatefulPartitionedCall\" input: \"" + name + "_x\" input: \"" + weight +
         "\" attr { key: \"f\" value { func { name: \"" + function + "\" } } } } ";
}

SignatureDef MakeSignature(const std::string& node) {
  SignatureDef signature;
  signature.key = node;
  signature.inputs["x"].tensor = node + "_x:0";
  signature.outputs["y"].tensor = node + ":0";
  return signature;
}

std::string Graph() {
  return Wire(
      "tensorflow.GraphDef",
      "node { name: \"w1\" op: \"VarHandleOp\" } node { name: \"w2\" op: \"VarHandleOp\" }" +
          Call("same", "wrap1", "w1") + Call("same2", "wrap2", "w1") + Call("direct", "f", "w1") +
          Call("other_weight", "wrap1", "w2") + Call("other_function", "wrap3", "w1") +
          Call("swapped", "wrap4", "w1") + Call("missing", "nowhere", "w1") +
          Call("loop", "loop", "w1") + " library { " +
          Wrapper("wrap1", "f", "input: \"x\" input: \"w\"") +
          Wrapper("wrap2", "f", "input: \"x\" input: \"w\"") +
          Wrapper("wrap3", "g", "input: \"x\" input: \"w\"") +
          Wrapper("wrap4", "f", "input: \"w\" input: \"x\"") +
          Wrapper("loop", "loop", "input: \"x\" input: \"w\"") + kTraced + "}");
}

struct Row {
  const char* a;
  const char* b;
  bool same;
};
void PrintTo(const Row& row, std::ostream* os) { *os << row.a << "_" << row.b; }

class SameCalledFunctionTest : public testing::TestWithParam<Row> {};

TEST_P(SameCalledFunctionTest, LooksThroughWrappers) {
  const std::string bytes = Graph();
  const CallGraph calls(bytes);
  const SignatureDef a = MakeSignature(GetParam().a), b = MakeSignature(GetParam().b);
  EXPECT_EQ(SameCalledFunction(calls, a, b), GetParam().same);
  EXPECT_EQ(SameCalledFunction(calls, b, a), GetParam().same);
}

INSTANTIATE_TEST_SUITE_P(
    , SameCalledFunctionTest,
    testing::Values(Row{"same", "same", true}, Row{"same", "same2", true},
                    Row{"same", "direct", true}, Row{"same", "other_weight", false},
                    Row{"same", "other_function", false}, Row{"same", "swapped", false},
                    Row{"same", "missing", false}, Row{"loop", "missing", false}),
    [](const auto& row) { return std::string(row.param.a) + "_" + row.param.b; });

TEST(SameCalledFunction, EndsOnFunctionsThatCallThemselves) {
  const std::string bytes = Graph();
  const CallGraph calls(bytes);
  SameCalledFunction(calls, MakeSignature("loop"), MakeSignature("loop"));  // It returns.
}

TEST(SameCalledFunction, EndsOnFunctionsThatDoubleTheWorkAtEachLevel) {
  std::string functions;
  for (int i = 0; i < 60; ++i) {
    const std::string next = "f" + std::to_string(i + 1);
    const std::string call =
        "op: \"PartitionedCall\" attr { key: \"f\" value { func { name: \"" + next + "\" } } }";
    functions += "function { signature { name: \"f" + std::to_string(i) +
                 "\" input_arg { name: \"a\" } output_arg { name: \"z\" } }"
                 " node_def { name: \"p\" input: \"a\" " +
                 call +
                 " }"
                 " node_def { name: \"q\" input: \"p:output:0\" " +
                 call +
                 " }"
                 " ret { key: \"z\" value: \"q:output:0\" } } ";
  }
  functions +=
      "function { signature { name: \"f60\" input_arg { name: \"a\" } output_arg { name: "
      "\"z\" } } node_def { name: \"e\" op: \"Exp\" input: \"a\" } ret { key: \"z\" "
      "value: \"e:y:0\" } } ";
  const std::string bytes =
      Wire("tensorflow.GraphDef",
           "node { name: \"s_x\" op: \"Placeholder\" } node { name: \"s\" op: \"PartitionedCall\" "
           "input: \"s_x\" attr { key: \"f\" value { func { name: \"f0\" } } } } library { " +
               functions + "}");
  const CallGraph calls(bytes);
  SameCalledFunction(calls, MakeSignature("s"), MakeSignature("s"));  // It returns.
}

TEST(SameCalledFunction, NeedsTheSameKeys) {
  const std::string bytes = Graph();
  const CallGraph calls(bytes);
  const SignatureDef a = MakeSignature("same");
  SignatureDef b = MakeSignature("same2");
  b.outputs["z"] = b.outputs["y"];
  EXPECT_FALSE(SameCalledFunction(calls, a, b));
  b = MakeSignature("same2");
  b.inputs["other"] = b.inputs["x"];
  b.inputs.erase("x");
  EXPECT_FALSE(SameCalledFunction(calls, a, b));
}

TEST(CallGraph, OfDamagedBytesIsEmpty) {
  const CallGraph calls("\x0A\x7Fnot a graph");
  EXPECT_THAT(calls.nodes(), IsEmpty());
  EXPECT_FALSE(SameCalledFunction(calls, MakeSignature("a"), MakeSignature("a")));
}

TEST(CompositeInputs, NamesThePartsOfARaggedArgument) {
  const std::string bytes = Graph();
  const CallGraph calls(bytes);
  MetaGraph graph;
  graph.objects.composite_arguments["f"] = {{.type = "RaggedTensorSpec", .first = 0, .count = 9}};
  const auto composites = CompositeInputs(calls, graph, MakeSignature("same"));
  ASSERT_THAT(composites, SizeIs(1));
  EXPECT_EQ(composites[0].type, "RaggedTensorSpec");
  EXPECT_THAT(composites[0].keys, ElementsAre("x"));
  EXPECT_THAT(CompositeInputs(calls, graph, MakeSignature("other_function")), IsEmpty());
}

TEST(CompositeInputs, OfARealModel) {
  const Result<SavedModel> model = ReadSavedModel(ModelPath("tf2_sparse_signature"));
  ASSERT_TRUE(model.ok()) << model.status().message();
  const MetaGraph& graph = model->meta_graphs.at(0);
  const auto composites =
      CompositeInputs(CallGraph(graph.graph_def), graph, graph.signatures.at("serving_default"));
  ASSERT_THAT(composites, SizeIs(1));
  EXPECT_EQ(composites[0].type, "SparseTensorSpec");
  EXPECT_THAT(composites[0].keys, ElementsAre("features", "features_1", "features_2"));
}

}  // namespace
}  // namespace whylight
