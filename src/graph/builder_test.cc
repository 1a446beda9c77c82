#include "graph/builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/shapes.h"
#include "graph/text.h"
#include "graph/verify.h"

namespace whylight {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kBatch = -2;  // A symbol.
constexpr std::int64_t kOther = -3;

class BuilderTest : public testing::Test {
 protected:
  Output Input(const std::string& name, Shape shape, DType dtype = DType::kFloat32) {
    Node* const node = graph_.Add(name, "Placeholder");
    node->attrs["dtype"] = dtype;
    node->shapes = {std::move(shape)};
    return {node, 0};
  }
  // What was added since the last call; it must be a graph that the verifier accepts.
  std::string Added() {
    EXPECT_EQ(b_.status().message(), "");
    EXPECT_EQ(VerifyGraph(graph_).message(), "");
    std::string text;
    for (; seen_ < graph_.size(); ++seen_) {
      const Node& node = *graph_.nodes()[seen_];
      if (node.Is("Placeholder")) continue;
      text += node.op;
      for (const Output& input : node.inputs) text += " " + input.name();
      if (node.Is("Const")) {
        if (const auto values = ConstantInts({graph_.nodes()[seen_].get(), 0})) {
          text += " " + AttrToString(*values);
        }
      }
      text += "\n";
    }
    return text;
  }

  Graph graph_;
  GraphBuilder b_{graph_, "g"};
  std::size_t seen_ = 0;
};

TEST_F(BuilderTest, DeducesTypesAndLengths) {
  const Output x = Input("x", {kBatch, 2});
  const Output y = b_.Concat({x, x, x}, b_.Scalar(DType::kInt32, 1));
  EXPECT_EQ(y.node->AttrOr<std::int64_t>("N", 0), 3);
  EXPECT_EQ(y.node->AttrOr("T", DType::kInvalid), DType::kFloat32);
  EXPECT_EQ(b_.shape(y), (Shape{kBatch, 6}));
  EXPECT_EQ(b_.dtype(y), DType::kFloat32);
  EXPECT_EQ(y.node->name, "g/ConcatV2");
  const Output stitched = b_.Op("DynamicStitch", {b_.Int32s({0}), b_.Int32s({1}), x, x});
  EXPECT_EQ(stitched.node->AttrOr<std::int64_t>("N", 0), 2);
  EXPECT_EQ(VerifyGraph(graph_).message(), "");
}

TEST_F(BuilderTest, EqualConstantsAreMadeOnce) {
  const Output one = b_.Scalar(DType::kFloat32, 1);
  EXPECT_EQ(b_.Scalar(DType::kFloat32, 1), one);
  EXPECT_NE(b_.Scalar(DType::kFloat64, 1), one);
  EXPECT_NE(b_.Const(Tensor::Of<float>({1}, {1.0f})), one);
  EXPECT_NE(b_.Scalar(DType::kFloat32, 0), b_.Scalar(DType::kFloat32, -0.0));
}

TEST_F(BuilderTest, FirstErrorIsKeptAndTheRestDoesNothing) {
  const Output x = Input("x", {2});
  const Output bad = b_.Add(x, b_.Scalar(DType::kInt32, 1));
  EXPECT_EQ(bad.node, nullptr);
  EXPECT_THAT(b_.status().message(),
              HasSubstr("g: AddV2: input 1 (y): expected float32, got int32"));
  const std::size_t size = graph_.size();
  const Output after = b_.SumTo(b_.Mul(bad, b_.ScalarLike(bad, 2)), b_.Transpose(x, bad), bad);
  EXPECT_EQ(after.node, nullptr);
  EXPECT_EQ(b_.Concat({bad, bad}, bad).node, nullptr);
  EXPECT_EQ(b_.ShapeOf(bad).node, nullptr);
  EXPECT_EQ(b_.ReshapeLike(bad, x).node, nullptr);
  EXPECT_EQ(graph_.size(), size);
  EXPECT_THAT(b_.status().message(), HasSubstr("AddV2"));
}

TEST_F(BuilderTest, ErrorsSayWhat) {
  const Output x = Input("x", {2});
  const auto error = [&](std::string_view op, const std::vector<Output>& inputs, Attrs attrs) {
    GraphBuilder b(graph_, "g");
    EXPECT_EQ(b.OpNode(op, inputs, std::move(attrs)), nullptr);
    return b.status().message();
  };
  EXPECT_THAT(error("Frob", {}, {}), HasSubstr("Frob is not a known op"));
  EXPECT_THAT(error("Neg", {}, {}), HasSubstr("expected 1 input, got 0"));
  EXPECT_THAT(error("Neg", {x, x}, {}), HasSubstr("expected 1 input, got 2"));
  EXPECT_THAT(error("Cast", {x}, {}), HasSubstr("attribute DstT (type) is missing"));
  EXPECT_THAT(error("Neg", {x}, {{"nope", true}}), HasSubstr("there is no attribute nope"));
  EXPECT_THAT(error("Neg", {x}, {{"T", DType::kInt32}}), HasSubstr("expected int32, got float32"));
  EXPECT_THAT(error("Neg", {Output{x.node, 1}}, {}), HasSubstr("there is no output 1"));
}

TEST_F(BuilderTest, KnownShapesAreConstants) {
  EXPECT_EQ((b_.ShapeOf(Input("x", {2, 3})), Added()), "Const [2,3]\n");
  EXPECT_EQ((b_.ShapeOf(Input("y", {kBatch})), Added()), "Shape y:0\n");
  EXPECT_EQ((b_.Rank(Input("z", {-1, -1})), Added()), "Const [2]\n");
  EXPECT_EQ((b_.Rank(Input("w", Shape::UnknownRank())), Added()), "Rank w:0\n");
  EXPECT_EQ((b_.Size(Input("v", {2, 3})), Added()), "Const [6]\n");
  EXPECT_EQ((b_.Cast(Input("u", {}), DType::kFloat32), Added()), "");
  EXPECT_EQ((b_.Conj(Input("t", {})), Added()), "");
}

struct ReshapeRow {
  const char* name;
  Shape x, like;
  const char* added;
};
void PrintTo(const ReshapeRow& row, std::ostream* os) { *os << row.name; }
class ReshapeLikeTest : public BuilderTest, public testing::WithParamInterface<ReshapeRow> {};
TEST_P(ReshapeLikeTest, AddsWhatItMust) {
  const Output x = Input("x", GetParam().x), like = Input("like", GetParam().like);
  b_.ReshapeLike(x, like);
  EXPECT_EQ(Added(), GetParam().added);
}
constexpr const char* kDynamic = "Shape like:0\nReshape x:0 g/Shape:0\n";
INSTANTIATE_TEST_SUITE_P(
    , ReshapeLikeTest,
    testing::Values(ReshapeRow{"equal", {2, 3}, {2, 3}, ""},
                    ReshapeRow{"symbol", {kBatch, 3}, {kBatch, 3}, ""},
                    ReshapeRow{"two_symbols", {kBatch, kOther}, {kBatch, kOther}, ""},
                    ReshapeRow{"one_unknown_follows", {-1, 3}, {-1, 3}, ""},
                    ReshapeRow{"two_unknown", {-1, -1}, {-1, -1}, kDynamic},
                    ReshapeRow{"known", {6}, {2, 3}, "Const [2,3]\nReshape x:0 g/Const:0\n"},
                    ReshapeRow{
                        "one_open", {-1}, {kBatch, 3}, "Const [-1,3]\nReshape x:0 g/Const:0\n"},
                    ReshapeRow{"empty_axis", {-1}, {kBatch, 0}, kDynamic},
                    ReshapeRow{"no_rank", {2}, Shape::UnknownRank(), kDynamic}),
    [](const auto& row) { return row.param.name; });

struct SumToRow {
  const char* name;
  Shape like, other;
  const char* added;
};
void PrintTo(const SumToRow& row, std::ostream* os) { *os << row.name; }
class SumToTest : public BuilderTest, public testing::WithParamInterface<SumToRow> {};
TEST_P(SumToTest, SumsTheAxesThatWereBroadcast) {
  const Output value = Input("v", BroadcastShape(GetParam().like, GetParam().other));
  const Output like = Input("like", GetParam().like), other = Input("other", GetParam().other);
  const Output sum = b_.SumTo(value, like, other);
  EXPECT_EQ(Added(), GetParam().added);
  EXPECT_TRUE(Compatible(b_.shape(sum), GetParam().like)) << b_.shape(sum).ToString();
}
constexpr const char* kRuntime =
    "Shape like:0\nShape other:0\nBroadcastGradientArgs g/Shape:0 g/Shape_1:0\n"
    "Sum v:0 g/BroadcastGradientArgs:0\nReshape g/Sum:0 g/Shape:0\n";
INSTANTIATE_TEST_SUITE_P(
    , SumToTest,
    testing::Values(SumToRow{"equal", {2, 3}, {2, 3}, ""},
                    SumToRow{"equal_symbols", {kBatch, 3}, {kBatch, 3}, ""},
                    SumToRow{"other_is_scalar", {kBatch, -1}, {}, ""},
                    SumToRow{"other_has_ones", {kBatch, -1}, {1, 1}, ""},
                    SumToRow{"known_is_never_broadcast", {2, 3}, {kBatch, -1}, ""},
                    SumToRow{"bias", {3}, {kBatch, 3}, "Const [0]\nSum v:0 g/Const:0\n"},
                    SumToRow{"scalar", {}, {kBatch, 3}, "Const [0,1]\nSum v:0 g/Const:0\n"},
                    SumToRow{"ones", {1, 3}, {kBatch, 3}, "Const [0]\nSum v:0 g/Const:0\n"},
                    SumToRow{"one_against_unknown", {1}, {-1}, "Const [0]\nSum v:0 g/Const:0\n"},
                    SumToRow{"one_against_one", {1, 1}, {1, 1}, ""},
                    SumToRow{"dropped_and_kept",
                             {1, 3},
                             {5, 4, 3},
                             "Const [0,1]\nSum v:0 g/Const:0\nSqueeze g/Sum:0\n"},
                    SumToRow{"other_symbol", {kBatch}, {kOther}, kRuntime},
                    SumToRow{"unknown_sizes", {-1}, {-1}, kRuntime},
                    SumToRow{"symbol_against_known",
                             {kBatch},
                             {4},
                             "Shape like:0\nConst [4]\nBroadcastGradientArgs g/Shape:0 g/Const:0\n"
                             "Sum v:0 g/BroadcastGradientArgs:0\nReshape g/Sum:0 g/Shape:0\n"},
                    SumToRow{"no_rank",
                             Shape::UnknownRank(),
                             {2},
                             "Shape like:0\nConst [2]\nBroadcastGradientArgs g/Shape:0 g/Const:0\n"
                             "Sum v:0 g/BroadcastGradientArgs:0\nReshape g/Sum:0 g/Shape:0\n"}),
    [](const auto& row) { return row.param.name; });

// Shapes ------------------------------------------------------------------------------------------

struct ShapeRow {
  const char* name;
  const char* lines;  // The last one is `y`.
  const char* shape;
};
void PrintTo(const ShapeRow& row, std::ostream* os) { *os << row.name; }
class InferShapesTest : public testing::TestWithParam<ShapeRow> {};
TEST_P(InferShapesTest, Follows) {
  const auto graph = GraphFromText(std::string("x = Placeholder[dtype=float32]() -> [$1,3,4]\n"
                                               "u = Placeholder[dtype=float32]() -> <unknown>\n"
                                               "i = Placeholder[dtype=int32]() -> [2]\n") +
                                   GetParam().lines);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  Node* const y = graph->Find("y");
  y->shapes = InferShapes(*y);
  const std::string text = GraphToText(*graph);
  const std::size_t arrow = text.find(" -> ", text.find("\ny = "));
  EXPECT_EQ(arrow == std::string::npos ? "" : text.substr(arrow + 4),
            GetParam().shape + std::string(*GetParam().shape == '\0' ? "" : "\n"));
}
INSTANTIATE_TEST_SUITE_P(
    , InferShapesTest,
    testing::Values(
        ShapeRow{"unary", "y = Exp(x)", "[$1,3,4]"}, ShapeRow{"unknown", "y = Exp(u)", ""},
        ShapeRow{"broadcast", "c = Const[value={{1}, {2}, {3}}]()\ny = Mul[T=float32](x, c)",
                 "[$1,3,4]"},
        ShapeRow{"no_broadcast", "c = Const[value={1, 2}]()\ny = Mul[T=float32](x, c)", ""},
        ShapeRow{"reshape", "c = Const[value={-1, 12}]()\ny = Reshape(x, c)", "[$1,12]"},
        ShapeRow{"reshape_merges", "c = Const[value={-1, 4}]()\ny = Reshape(x, c)", "[?,4]"},
        ShapeRow{"reshape_runtime", "y = Reshape(x, i)", "[?,?]"},
        ShapeRow{"reshape_zero", "c = Const[value={-1, 0}]()\ny = Reshape(x, c)", "[?,0]"},
        ShapeRow{"sum", "c = Const[value={1, -1}]()\ny = Sum(x, c)", "[$1]"},
        ShapeRow{"sum_keep", "c = Const[value=1]()\ny = Sum[keep_dims=true](x, c)", "[$1,1,4]"},
        ShapeRow{"sum_bad_axis", "c = Const[value=3]()\ny = Sum(x, c)", ""},
        ShapeRow{"expand", "c = Const[value=-1]()\ny = ExpandDims(x, c)", "[$1,3,4,1]"},
        ShapeRow{"transpose", "c = Const[value={2, 0, 1}]()\ny = Transpose(x, c)", "[4,$1,3]"},
        ShapeRow{"transpose_runtime", "y = Transpose(x, i)", "[?,?,?]"},
        ShapeRow{"matmul",
                 "a = Placeholder[dtype=float32]() -> [$1,3]\n"
                 "y = MatMul[transpose_a=true](a, a)",
                 "[3,3]"},
        ShapeRow{"batch_matmul", "y = BatchMatMulV2[adj_y=true](x, x)", "[$1,3,3]"},
        ShapeRow{"pad", "c = Const[value={{0, 0}, {1, 1}, {0, 2}}]()\ny = Pad(x, c)", "[$1,5,6]"},
        ShapeRow{"pad_symbol", "c = Const[value={{0, 1}, {0, 0}, {0, 0}}]()\ny = Pad(x, c)",
                 "[?,3,4]"},
        ShapeRow{"tile", "c = Const[value={1, 2, 1}]()\ny = Tile(x, c)", "[$1,6,4]"},
        ShapeRow{"gather", "c = Const[value=1]()\ny = GatherV2(x, i, c)", "[$1,2,4]"},
        ShapeRow{"slice",
                 "b = Const[value={0, 1, 0}]()\ns = Const[value={-1, -1, 2}]()\n"
                 "y = Slice(x, b, s)",
                 "[$1,2,2]"},
        ShapeRow{"strided_slice",
                 "b = Const[value={5, 0, -3}]()\ne = Const[value={0, 1, 9}]()\n"
                 "s = Const[value={1, 1, 2}]()\n"
                 "y = StridedSlice[begin_mask=1, end_mask=1, shrink_axis_mask=2](x, b, e, s)",
                 "[$1,2]"},
        ShapeRow{"strided_slice_backwards",
                 "b = Const[value={0, -1}]()\ne = Const[value={0, 0}]()\n"
                 "s = Const[value={1, -2}]()\n"
                 "y = StridedSlice[ellipsis_mask=1, end_mask=2](x, b, e, s)",
                 "[$1,3,2]"},
        ShapeRow{"strided_slice_new_axis",
                 "b = Const[value={0, 1}]()\ne = Const[value={0, 2}]()\n"
                 "s = Const[value={1, 1}]()\n"
                 "y = StridedSlice[new_axis_mask=1](x, b, e, s)",
                 "[1,?,3,4]"},
        ShapeRow{"strided_slice_runtime",
                 "s = Const[value={1, 1}]()\n"
                 "y = StridedSlice[begin_mask=1, end_mask=1](x, i, i, s)",
                 "[$1,?,4]"},
        ShapeRow{"strided_slice_too_many",
                 "c = Const[value={1, 1, 1, 1}]()\ny = StridedSlice(x, c, c, c)", ""},
        ShapeRow{"strided_slice_two_ellipses",
                 "c = Const[value={1, 1, 1}]()\ny = StridedSlice[ellipsis_mask=3](x, c, c, c)", ""},
        ShapeRow{"split", "c = Const[value=-1]()\ny = Split[num_split=2](c, x)",
                 "[$1,3,2], [$1,3,2]"},
        ShapeRow{"split_runtime", "a = Placeholder[dtype=int32]()\ny = Split[num_split=2](a, x)",
                 "[?,?,?], [?,?,?]"},
        ShapeRow{"unpack", "y = Unpack[num=3, axis=1](x)", "[$1,4], [$1,4], [$1,4]"},
        ShapeRow{"select", "c = Placeholder[dtype=bool]() -> [2]\ny = Select(c, x, x)", "[$1,3,4]"},
        ShapeRow{"pack", "y = Pack[axis=1](x, x)", "[$1,2,3,4]"},
        ShapeRow{"concat", "c = Const[value=0]()\ny = ConcatV2(x, x, c)", "[?,3,4]"},
        ShapeRow{"fill", "c = Const[value={2, 3}]()\ns = Const[value=1.0]()\ny = Fill(c, s)",
                 "[2,3]"},
        ShapeRow{"range",
                 "z = Const[value=0]()\no = Const[value=1]()\nl = Const[value=5]()\n"
                 "y = Range(z, l, o)",
                 "[5]"},
        ShapeRow{"shape", "y = Shape(x)", "[3]"},
        ShapeRow{"constant", "y = Const[value={1, 2}]()", "[2]"},
        ShapeRow{"squeeze",
                 "c = Const[value=1]()\na = Placeholder[dtype=float32]() -> [1,$1,1]\n"
                 "y = Squeeze[squeeze_dims=[0,-1]](a)",
                 "[$1]"},
        ShapeRow{"squeeze_unknown", "y = Squeeze(x)", ""}, ShapeRow{"no_rule", "y = Unique(i)", ""},
        ShapeRow{"no_inputs", "y = ConcatV2[N=0, T=float32]()", ""}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight
