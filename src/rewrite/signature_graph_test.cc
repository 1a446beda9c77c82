#include "rewrite/signature_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"
#include "model/test_model.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// text -> ids -> embedding -> y; the lookup of ids is tied to the result by a control edge, as auto
// control dependencies do.
TestModelSpec Text() {
  return {.graph = R"(
    text = Placeholder[dtype=string, shape=[?]]()
    rooms = Placeholder[dtype=float32, shape=[?]]()
    call = StatefulPartitionedCall[Tin=[float32, string], Tout=[float32], f=@serve](rooms, text) -> [?]
    function serve {
      rooms = _Arg[T=float32, index=0]()
      text = _Arg[T=string, index=1]()
      layer/ids = StringToHashBucketFast[num_buckets=4](text)
      layer/weights = Const[dtype=float32, value={1, 2, 3, 4}]()
      axis = Const[dtype=int32, value=0]()
      layer/emb = GatherV2[Tparams=float32, Tindices=int64, Taxis=int32](layer/weights, layer/ids, axis)
      other/emb = Neg[T=float32](rooms)
      sum = AddV2[T=float32](layer/emb, other/emb)
      ready = NoOp(^layer/ids, ^sum)
      y = Identity[T=float32](sum, ^ready)
      return y
    }
  )",
          .signatures = {
              {.inputs = {{"rooms", "rooms"}, {"text", "text"}}, .outputs = {{"y", "call"}}}}};
}

class SignatureGraphTest : public testing::Test {
 protected:
  SignatureGraph Open(const TestModelSpec& spec) {
    model_ = OpenTestModel(folder_, spec);
    Result<SignatureGraph> graph =
        OpenSignatureGraph(*model_, model_->meta().signatures.at("serving_default"));
    EXPECT_TRUE(graph.ok()) << graph.status().message();
    if (graph.ok()) return *std::move(graph);
    return {.graph = Graph(), .main = Graph()};
  }

  static Port Named(const SignatureGraph& graph, const std::string& name,
                    const std::string& tensor) {
    const Result<Output> found = FindTensor(graph, tensor);
    EXPECT_TRUE(found.ok()) << found.status().message();
    if (!found.ok()) return {};
    return {.name = name, .tensor = *found, .dtype = *graph.graph.OutputType(*found)};
  }

  TemporaryFolder folder_;
  std::unique_ptr<Model> model_;
};

TEST_F(SignatureGraphTest, ATensorIsFoundByItsWholeNameOrAnEndOfIt) {
  const SignatureGraph graph = Open(Text());
  for (const char* name : {"call/layer/emb:0", "layer/emb:0", "layer/emb", "call/layer/emb"}) {
    const Result<Output> found = FindTensor(graph, name);
    ASSERT_TRUE(found.ok()) << name << ": " << found.status().message();
    EXPECT_EQ(found->node->name, "layer/emb");
    EXPECT_EQ(TensorName(graph, *found), "call/layer/emb:0");
  }
  EXPECT_EQ(FindTensor(graph, "weights")->node->name, "layer/weights");
  EXPECT_EQ(TensorName(graph, *FindTensor(graph, "rooms")), "rooms");
}

TEST_F(SignatureGraphTest, AnUnclearNameIsRefusedWithTheOnesThatFit) {
  const SignatureGraph graph = Open(Text());
  EXPECT_THAT(FindTensor(graph, "emb").status().message(),
              HasSubstr("found 2 that end so: layer/emb, other/emb"));
  EXPECT_THAT(FindTensor(graph, "layer/embb").status().message(), HasSubstr("layer/emb'"));
  EXPECT_EQ(FindTensor(graph, "layer/emb:3").status().code(), StatusCode::kNotFound);
}

TEST_F(SignatureGraphTest, ACutThatLeavesAWayOpenIsRefused) {
  const SignatureGraph graph = Open(Text());
  const Port emb = Named(graph, "emb", "layer/emb");
  const Status open = CheckCut(graph, {emb}, graph.outputs);
  EXPECT_EQ(open.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(open.message(), HasSubstr("output 'y' still needs the input 'rooms' beside 'emb'"));
  EXPECT_TRUE(CheckCut(graph, {emb, Named(graph, "rooms", "rooms")}, graph.outputs).ok());
  EXPECT_TRUE(CheckCut(graph, {emb, Named(graph, "other", "other/emb")}, graph.outputs).ok());
}

TEST_F(SignatureGraphTest, AnInputThatNobodyNeedsIsRefused) {
  const SignatureGraph graph = Open(Text());
  const Status unused = CheckCut(
      graph, {Named(graph, "sum", "sum"), Named(graph, "emb", "layer/emb")}, graph.outputs);
  EXPECT_THAT(unused.message(), HasSubstr("input 'emb': no output ('y') depends on its tensor"));
}

TEST_F(SignatureGraphTest, ThePartBehindTheCutDoesNotRunWhatIsBeforeIt) {
  SignatureGraph graph = Open(Text());
  const std::vector<Port> inputs = {Named(graph, "rooms", "rooms"),
                                    Named(graph, "emb", "layer/emb")};
  const std::vector<Port> outputs = graph.outputs;
  const Result<FunctionPart> part = CutOut(graph, inputs, outputs);
  ASSERT_TRUE(part.ok()) << part.status().message();
  const std::string text = GraphToText(part->body.graph, {.only_called = true});
  EXPECT_THAT(text, Not(HasSubstr("StringToHashBucketFast")));
  EXPECT_THAT(text, HasSubstr("sum = AddV2[T=float32](emb, other/emb)"));
  EXPECT_THAT(text, HasSubstr("y = Identity[T=float32](sum)"));  // Nothing has an effect.
  ASSERT_EQ(part->inputs.size(), 2u);                            // By name.
  EXPECT_EQ(part->inputs[0].name, "emb");
  EXPECT_EQ(part->inputs[1].name, "rooms");
  EXPECT_EQ(part->body.args[0], part->inputs[0].tensor.node);
  EXPECT_TRUE(ExportFunction(part->body).ok());
}

TEST_F(SignatureGraphTest, ThePartBeforeTheCutPassesInputsOn) {
  SignatureGraph graph = Open(Text());
  const std::vector<Port> inputs = graph.inputs;
  const std::vector<Port> outputs = {Named(graph, "rooms", "rooms"),
                                     Named(graph, "emb", "layer/emb")};
  const Result<FunctionPart> part = CutOut(graph, inputs, outputs);
  ASSERT_TRUE(part.ok()) << part.status().message();
  const std::string text = GraphToText(part->body.graph, {.only_called = true});
  EXPECT_THAT(text, Not(HasSubstr("AddV2")));
  EXPECT_THAT(text, HasSubstr("StringToHashBucketFast"));
  EXPECT_THAT(text, HasSubstr("rooms_passed = Identity[T=float32](rooms)"));
  EXPECT_EQ(part->body.args.size(), 2u);
}

TEST_F(SignatureGraphTest, OnlyTheCapturesThatAPartNeedsGoWithIt) {
  const std::unique_ptr<Model> model = OpenModelOfTree("tf2_text_preprocess");
  ASSERT_NE(model, nullptr);
  Result<SignatureGraph> graph =
      OpenSignatureGraph(*model, model->meta().signatures.at("serving_default"));
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_EQ(graph->captures.size(), 7u);
  std::vector<Port> table;  // What looks words up.
  for (const std::unique_ptr<Node>& node : graph->graph.nodes()) {
    if (!node->Is("LookupTableFindV2")) continue;
    table.push_back({.name = "ids", .tensor = {node.get(), 0}, .dtype = DType::kInt64});
  }
  ASSERT_EQ(table.size(), 1u);
  const std::vector<Port> inputs = graph->inputs;
  const Result<FunctionPart> part = CutOut(*graph, inputs, table);
  ASSERT_TRUE(part.ok()) << part.status().message();
  ASSERT_EQ(part->captures.size(), 2u);  // The table, and what it gives for unknown words.
  EXPECT_EQ(part->captures[0].bound.node->name, "hash_table");
}

TEST_F(SignatureGraphTest, ASessionsGraphIsTakenAsItIs) {
  TestModelSpec spec{.graph = R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    hidden = Neg[T=float32](x)
    y = Abs[T=float32](hidden) -> [?,2]
  )",
                     .tf2 = false};
  const SignatureGraph graph = Open(spec);
  EXPECT_EQ(graph.call, nullptr);
  EXPECT_EQ(TensorName(graph, *FindTensor(graph, "hidden")), "hidden:0");
  EXPECT_TRUE(CheckApart(graph, {Named(graph, "h", "hidden"), Named(graph, "x", "x")}).ok());
  EXPECT_THAT(CheckApart(graph, {Named(graph, "h", "hidden"), Named(graph, "a", "y")}).message(),
              HasSubstr("comes from 'hidden:0'"));
}

TEST_F(SignatureGraphTest, OutputsOfNoCallAreRefused) {
  model_ = OpenTestModel(folder_, {.graph = R"(
    x = Placeholder[dtype=float32, shape=[?,2]]()
    y = Abs[T=float32](x) -> [?,2]
  )"});
  const Result<SignatureGraph> graph =
      OpenSignatureGraph(*model_, model_->meta().signatures.at("serving_default"));
  EXPECT_EQ(graph.status().code(), StatusCode::kUnimplemented);
  EXPECT_THAT(graph.status().message(), HasSubstr("outputs of one call"));
}

}  // namespace
}  // namespace whylight
