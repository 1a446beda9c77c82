#include "explain/layer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"

namespace whylight {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// A program of the graph: placeholders are its inputs, `outputs` its outputs.
Program ProgramOf(const std::string& text, const std::vector<std::string>& outputs) {
  Program program;
  Result<Graph> graph = GraphFromText(text);
  EXPECT_TRUE(graph.ok()) << graph.status().message();
  if (graph.ok()) program.graph = *std::move(graph);
  for (const std::unique_ptr<Node>& node : program.graph.nodes()) {
    if (!node->Is("Placeholder")) continue;
    program.inputs.push_back({.port = {.name = node->name,
                                       .tensor = {node.get(), 0},
                                       .dtype = node->AttrOr("dtype", DType::kInvalid),
                                       .shape = node->AttrOr("shape", Shape{})},
                              .source = std::nullopt});
  }
  for (const std::string& name : outputs) {
    const Output tensor{program.graph.Find(name), 0};
    program.outputs.push_back({.name = name,
                               .tensor = tensor,
                               .dtype = DType::kFloat32,
                               .shape = program.graph.OutputShape(tensor)});
  }
  return program;
}

Explained AllInputsOf(const Program& program) {
  Explained explained;
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    explained.inputs.push_back(i);
    explained.names.push_back(program.inputs[i].port.name);
    explained.ids.push_back(0);
  }
  return explained;
}

// Two pictures of which one goes through convolutions, a global mean that keeps its axes, and
// classes. Rows are $1.
constexpr char kCnn[] = R"(
  x = Placeholder[dtype=float32, shape=[?,8,8,3]]() -> [$1,8,8,3]
  other = Placeholder[dtype=float32, shape=[?,8,8,3]]() -> [$1,8,8,3]
  w = Const[dtype=float32, value=splat([3,3,3,4], 0.5)]() -> [3,3,3,4]
  net/edges/Conv2D = Conv2D[strides=[1,1,1,1], padding="SAME"](x, w) -> [$1,8,8,4]
  net/edges/Relu = Relu(net/edges/Conv2D) -> [$1,8,8,4]
  w2 = Const[dtype=float32, value=splat([3,3,4,5], 0.5)]() -> [3,3,4,5]
  net/top/Conv2D = Conv2D[strides=[1,2,2,1], padding="SAME"](net/edges/Relu, w2) -> [$1,4,4,5]
  net/top/Relu = Relu(net/top/Conv2D) -> [$1,4,4,5]
  space = Const[dtype=int32, value={1, 2}]()
  net/mean = Mean[Tidx=int32, keep_dims=true](net/top/Relu, space) -> [$1,1,1,5]
  sizes = Const[dtype=int32, value={-1, 5}]()
  net/flat = Reshape[Tshape=int32](net/mean, sizes) -> [$1,5]
  w3 = Const[dtype=float32, value=splat([5,2], 0.5)]() -> [5,2]
  net/logits = MatMul(net/flat, w3) -> [$1,2]
  lengths = Sum[Tidx=int32, keep_dims=false](other, all) -> [$1]
  all = Const[dtype=int32, value={1, 2, 3}]()
  one = Const[dtype=int32, value=1]()
  column = ExpandDims[Tdim=int32](lengths, one) -> [$1,1]
  y = AddV2(net/logits, column) -> [$1,2]
)";

class MapsTest : public testing::Test {
 protected:
  Result<ChosenLayer> Choose(const std::string& layer, const std::string& text = kCnn) {
    program_ = ProgramOf(text, {"y"});
    explained_ = AllInputsOf(program_);
    return ChooseMaps(program_, program_.outputs[0].tensor, {.method = "grad-cam", .layer = layer},
                      explained_);
  }
  std::string Name(const std::string& layer) {
    const Result<ChosenLayer> chosen = Choose(layer);
    return chosen.ok() ? chosen->is.name : chosen.status().message();
  }

  Program program_;
  Explained explained_;
};

TEST_F(MapsTest, AreTheLastWithHeightAndWidth) {
  const Result<ChosenLayer> chosen = Choose("");
  ASSERT_TRUE(chosen.ok()) << chosen.status().message();
  EXPECT_EQ(chosen->is.name, "net/top/Relu:0");
  EXPECT_EQ(chosen->tensor.name(), "net/top/Relu:0");
  EXPECT_EQ(chosen->is.reason, "the last with height and width");
  EXPECT_EQ(chosen->is.shape, Shape({4, 4, 5}));
  EXPECT_FALSE(chosen->is.channels_first);
}

TEST_F(MapsTest, HoldThePictureThatDoesNotLeadThere) {
  ASSERT_TRUE(Choose("").ok());
  EXPECT_THAT(explained_.names, ElementsAre("x"));
  EXPECT_THAT(explained_.inputs, ElementsAre(0u));
  EXPECT_THAT(explained_.held, ElementsAre("other (the layer does not depend on it)"));
}

TEST_F(MapsTest, AreCalledByTensorNodeEndOrScope) {
  EXPECT_EQ(Name("net/edges/Relu:0"), "net/edges/Relu:0");
  EXPECT_EQ(Name("net/edges/Relu"), "net/edges/Relu:0");
  EXPECT_EQ(Name("edges/Conv2D"), "net/edges/Conv2D:0");
  EXPECT_EQ(Name("edges/Conv2D:0"), "net/edges/Conv2D:0");
  EXPECT_EQ(Name("edges"), "net/edges/Relu:0") << "the last of the scope";
  EXPECT_EQ(Name("net/top"), "net/top/Relu:0");
}

TEST_F(MapsTest, AreFoundUnderNumbersIfThereIsOne) {
  std::string text = kCnn;
  for (const char* const name : {"top", "edges"}) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 6)) {
      text.replace(at, std::string(name).size(),
                   name == std::string("top") ? "conv_2" : "conv_1_2");
    }
  }
  EXPECT_EQ(Choose("conv", text)->is.name, "net/conv_2/Relu:0");
  EXPECT_EQ(Choose("conv_1", text)->is.name, "net/conv_1_2/Relu:0");
  std::string twice = kCnn;
  for (std::size_t at = twice.find("edges"); at != std::string::npos;
       at = twice.find("edges", at)) {
    twice.replace(at, 5, "top_1");
  }
  const Status several = Choose("top", twice).status();
  EXPECT_EQ(several.code(), StatusCode::kInvalidArgument) << "which of them, nobody knows";
  EXPECT_THAT(several.message(), AllOf(HasSubstr("names are numbered"), HasSubstr("net/top_1/Relu"),
                                       HasSubstr("net/top/Relu")));
}

TEST_F(MapsTest, RefuseANameThatIsNotOne) {
  const Status unknown = Choose("tops").status();
  EXPECT_EQ(unknown.code(), StatusCode::kNotFound);
  EXPECT_THAT(unknown.message(),
              AllOf(HasSubstr("--layer tops"), HasSubstr("did you mean 'top'"),
                    HasSubstr("from the last on, net/top/Relu:0 [4,4,5], net/top/Conv2D:0")));
  const Status several = Choose("Relu").status();
  EXPECT_EQ(several.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(several.message(), AllOf(HasSubstr("several tensors"), HasSubstr("net/edges/Relu:0"),
                                       HasSubstr("net/top/Relu:0")));
  EXPECT_EQ(Choose("dge").status().code(), StatusCode::kNotFound) << "no part of a name";
  const Status flat = Choose("net/flat").status();
  EXPECT_EQ(flat.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(flat.message(), HasSubstr("net/flat:0 of [5] a row"));
  EXPECT_EQ(Choose("w2").status().code(), StatusCode::kNotFound) << "no picture leads there";
}

TEST_F(MapsTest, NeedAGradient) {
  // The first product is compared with, which has no gradient; the second is what counts.
  const std::string text = R"(
    x = Placeholder[dtype=float32, shape=[?,8,8,3]]() -> [$1,8,8,3]
    early = Relu(x) -> [$1,8,8,3]
    late = Floor(early) -> [$1,8,8,3]
    half = Mul(x, early) -> [$1,8,8,3]
    sum = AddV2(late, half) -> [$1,8,8,3]
    axes = Const[dtype=int32, value={1, 2, 3}]()
    y = Sum[Tidx=int32, keep_dims=false](sum, axes) -> [$1]
  )";
  EXPECT_EQ(Choose("", text)->is.name, "sum:0");
  const std::string cut = R"(
    x = Placeholder[dtype=float32, shape=[?,8,8,3]]() -> [$1,8,8,3]
    early = Relu(x) -> [$1,8,8,3]
    axes = Const[dtype=int32, value={1, 2, 3}]()
    sum = Sum[Tidx=int32, keep_dims=false](early, axes) -> [$1]
    y = Floor(sum) -> [$1]
  )";
  EXPECT_EQ(Choose("", cut).status().code(), StatusCode::kFailedPrecondition);
  const Status named = Choose("early", cut).status();
  EXPECT_EQ(named.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(named.message(), HasSubstr("--layer early: no gradient of the output reaches it"));
}

TEST_F(MapsTest, OfIntegersAreBehindTheCast) {
  EXPECT_EQ(Choose("", R"(
    x = Placeholder[dtype=uint8, shape=[?,8,8,3]]() -> [$1,8,8,3]
    pixels = Cast[SrcT=uint8, DstT=float32](x) -> [$1,8,8,3]
    axes = Const[dtype=int32, value={1, 2, 3}]()
    y = Sum[Tidx=int32, keep_dims=false](pixels, axes) -> [$1]
  )")
                ->is.name,
            "pixels:0");
}

TEST_F(MapsTest, TakeTheirLayoutFromTheConvolution) {
  const std::string first = R"(
    x = Placeholder[dtype=float32, shape=[?,3,8,1]]() -> [$1,3,8,1]
    w = Const[dtype=float32, value=splat([1,1,3,4], 0.5)]() -> [1,1,3,4]
    conv = Conv2D[strides=[1,1,1,1], padding="SAME", data_format="NCHW"](x, w) -> [$1,4,8,1]
    top = Relu(conv) -> [$1,4,8,1]
    order = Const[dtype=int32, value={0, 2, 3, 1}]()
    last = Transpose[Tperm=int32](top, order) -> [$1,8,1,4]
    axes = Const[dtype=int32, value={1, 2, 3}]()
    y = Sum[Tidx=int32, keep_dims=false](last, axes) -> [$1]
  )";
  EXPECT_TRUE(Choose("top", first)->is.channels_first);
  EXPECT_FALSE(Choose("last", first)->is.channels_first) << "behind a transposition";
  EXPECT_FALSE(Choose("top")->is.channels_first);
}

class EmbeddingTest : public testing::Test {
 protected:
  Result<ChosenLayer> Choose(ExplainOptions options = {},
                             const std::vector<std::string>& outputs = {"y"}) {
    options.method = "examples";
    program_ = ProgramOf(kCnn, outputs);
    return ChooseEmbedding(program_, options);
  }
  Program program_;
};

TEST_F(EmbeddingTest, IsTheLastVectorBeforeTheFinalAffineLayer) {
  const Result<ChosenLayer> chosen = Choose();
  ASSERT_TRUE(chosen.ok()) << chosen.status().message();
  EXPECT_EQ(chosen->is.name, "net/flat:0");
  EXPECT_EQ(chosen->is.reason, "the last vector before the final MatMul of 'y'");
  EXPECT_EQ(chosen->is.shape, Shape({5}));
}

TEST_F(EmbeddingTest, IsTheOutputOfThatName) {
  program_ = ProgramOf(kCnn, {"y", "net/flat"});
  program_.outputs[1].name = "embedding";
  const Result<ChosenLayer> chosen = ChooseEmbedding(program_, {.method = "examples"});
  ASSERT_TRUE(chosen.ok()) << chosen.status().message();
  EXPECT_EQ(chosen->is.name, "net/flat:0");
  EXPECT_EQ(chosen->is.reason, "the output 'embedding'");

  ExplanationMetadata metadata;
  metadata.outputs.push_back({.name = "embedding", .output_tensor_name = "net/logits"});
  EXPECT_EQ(Choose({.metadata = metadata}, {"y", "net/logits"})->is.name, "net/logits:0");
}

TEST_F(EmbeddingTest, IsAnyFloatThatIsNamed) {
  EXPECT_EQ(Choose({.layer = "top"})->is.name, "net/top/Relu:0");
  EXPECT_EQ(Choose({.layer = "top"})->is.reason, "--layer");
  EXPECT_EQ(Choose({.layer = "x"})->is.name, "x:0") << "the input itself";
}

TEST_F(EmbeddingTest, AsksWhereThereIsNone) {
  program_ = ProgramOf(R"(
    x = Placeholder[dtype=float32, shape=[?,4]]() -> [$1,4]
    y = Tanh(x) -> [$1,4]
  )",
                       {"y"});
  const Status status = ChooseEmbedding(program_, {.method = "examples"}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("name one by --layer"),
                                      HasSubstr("from the last on, y:0 [4], x:0 [4]")));
}

struct VectorCase {
  const char* name;
  const char* graph;
  bool has_one;
};
void PrintTo(const VectorCase& c, std::ostream* os) { *os << c.name; }
class HasEmbeddingTest : public testing::TestWithParam<VectorCase> {};
TEST_P(HasEmbeddingTest, WhereRowsCanBeCompared) {
  EXPECT_EQ(HasEmbedding(ProgramOf(GetParam().graph, {"y"})), GetParam().has_one);
}
INSTANTIATE_TEST_SUITE_P(
    , HasEmbeddingTest,
    testing::Values(VectorCase{"floating_input",
                               "x = Placeholder[dtype=float32, shape=[?,2]]() -> [?,2]\n"
                               "y = Cast[SrcT=float32, DstT=int32](x) -> [?,2]\n",
                               true},
                    VectorCase{"vector_of_ids",
                               "x = Placeholder[dtype=int32, shape=[?,2]]() -> [?,2]\n"
                               "y = Cast[SrcT=int32, DstT=float32](x) -> [?,2]\n",
                               true},
                    VectorCase{"shape_is_not_known",
                               "x = Placeholder[dtype=int32, shape=[?,2]]() -> [?,2]\n"
                               "y = Cast[SrcT=int32, DstT=float32](x)\n",
                               true},
                    VectorCase{"one_number_a_row",
                               "x = Placeholder[dtype=int32, shape=[?]]() -> [?]\n"
                               "y = Cast[SrcT=int32, DstT=float32](x) -> [?]\n",
                               false},
                    VectorCase{"integers_alone",
                               "x = Placeholder[dtype=int32, shape=[?,2]]() -> [?,2]\n"
                               "y = Neg[T=int32](x) -> [?,2]\n",
                               false}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight
