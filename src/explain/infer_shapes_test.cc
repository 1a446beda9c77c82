#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "explain/clean_up.h"
#include "graph/text.h"
#include "testing/runtime_test.h"

namespace whylight {
namespace {

using testing::HasSubstr;

class InferShapesTest : public RuntimeTest {
 protected:
  // Inputs are the placeholders of the text, with rows; the output is y.
  void Build(const std::string& text) {
    Result<Graph> graph = GraphFromText(text);
    ASSERT_TRUE(graph.ok()) << graph.status().message();
    program_.graph = *std::move(graph);
    for (const std::unique_ptr<Node>& node : program_.graph.nodes()) {
      if (!node->Is("Placeholder")) continue;
      const Port port{.name = node->name,
                      .tensor = {node.get(), 0},
                      .dtype = node->AttrOr("dtype", DType::kInvalid),
                      .shape = node->AttrOr("shape", Shape::UnknownRank())};
      program_.request.push_back(port);
      program_.inputs.push_back({.port = port});
    }
    program_.outputs.push_back({.name = "y", .tensor = {program_.graph.Find("y"), 0}});
  }
  Status Infer() { return InferProgramShapes(program_, runtime(), row_bytes_); }
  Shape Of(std::string_view node) {
    return program_.graph.OutputShape({program_.graph.Find(node), 0});
  }

  Program program_;
  std::int64_t row_bytes_ = -1;
};

TEST_F(InferShapesTest, KnowsWhatTheRowsDoNotChange) {
  ASSERT_NO_FATAL_FAILURE(Build(R"(
    x = Placeholder[dtype=float32, shape=[?,4]]()
    w = Const[dtype=float32, value=splat([4,3], 1)]()
    y = MatMul[T=float32](x, w)
  )"));
  ASSERT_EQ(Infer(), OkStatus());
  EXPECT_EQ(Of("w"), (Shape{4, 3}));
  EXPECT_EQ(Of("y").dim(1), 3);
  EXPECT_LT(Of("y").dim(0), Shape::kUnknown) << "a symbol";
  EXPECT_EQ(Of("y").dim(0), Of("x").dim(0)) << "the same one: as many rows";
  EXPECT_EQ(program_.graph.Find("x")->AttrOr("shape", Shape{}), (Shape{-1, 4}))
      << "the placeholder takes any number of rows as before";
}

TEST_F(InferShapesTest, SizesThatGrowAlikeShareASymbol) {
  ASSERT_NO_FATAL_FAILURE(Build(R"(
    x = Placeholder[dtype=float32, shape=[?,4]]()
    all = Const[dtype=int32, value={-1}]()
    zero = Const[dtype=int32, value=0]()
    flat = Reshape[T=float32, Tshape=int32](x, all)
    negative = Neg[T=float32](flat)
    twice = ConcatV2[N=2, T=float32, Tidx=int32](x, x, zero)
    y = Neg[T=float32](x)
  )"));
  ASSERT_EQ(Infer(), OkStatus());
  const std::int64_t rows = Of("x").dim(0), flat = Of("flat").dim(0), twice = Of("twice").dim(0);
  EXPECT_LT(flat, Shape::kUnknown);
  EXPECT_EQ(Of("negative").dim(0), flat);
  EXPECT_NE(flat, rows) << "four times the rows";
  EXPECT_NE(twice, rows);
  EXPECT_NE(twice, flat);
}

TEST_F(InferShapesTest, WhatHangsOnValuesIsUnknown) {
  ASSERT_NO_FATAL_FAILURE(Build(R"(
    x = Placeholder[dtype=bool, shape=[?]]()
    y = Where[T=bool](x)
  )"));
  ASSERT_EQ(Infer(), OkStatus());
  EXPECT_EQ(Of("y"), (Shape{-1, 1}));
}

TEST_F(InferShapesTest, CountsTheBytesOfOneMoreRow) {
  ASSERT_NO_FATAL_FAILURE(Build(R"(
    x = Placeholder[dtype=float32, shape=[?,4]]()
    w = Const[dtype=float32, value=splat([4,3], 1)]()
    h = MatMul[T=float32](x, w)
    y = Cast[SrcT=float32, DstT=float64](h)
  )"));
  ASSERT_EQ(Infer(), OkStatus());
  // x: 4 floats, h: 3 floats, y: 3 doubles; twice for the gradients. The weights are no row's.
  EXPECT_EQ(row_bytes_, 2 * (16 + 12 + 24));
}

TEST_F(InferShapesTest, AFixedBatchHasNoSymbols) {
  ASSERT_NO_FATAL_FAILURE(Build(R"(
    x = Placeholder[dtype=float32, shape=[2,4]]()
    y = Neg[T=float32](x)
  )"));
  program_.layout = program_.request_layout = {.kind = RowLayout::Kind::kFixed, .size = 2};
  ASSERT_EQ(Infer(), OkStatus());
  EXPECT_EQ(Of("y"), (Shape{2, 4}));
  EXPECT_EQ(row_bytes_, 0);
}

// A graph that reshapes to [1,...] cannot take two rows, whatever its signature says.
TEST_F(InferShapesTest, AGraphForOneRowBecomesAFixedBatch) {
  ASSERT_NO_FATAL_FAILURE(Build(R"(
    x = Placeholder[dtype=float32, shape=[?,4]]()
    one = Const[dtype=int32, value={1, 4}]()
    y = Reshape[T=float32, Tshape=int32](x, one)
  )"));
  ASSERT_EQ(Infer(), OkStatus());
  EXPECT_EQ(program_.layout.kind, RowLayout::Kind::kFixed);
  EXPECT_EQ(program_.layout.size, 1);
  EXPECT_EQ(program_.request_layout.size, 1);
  EXPECT_EQ(program_.inputs[0].port.shape, (Shape{1, 4}));
  EXPECT_EQ(Of("y"), (Shape{1, 4}));
}

TEST_F(InferShapesTest, AGraphForNoNumberOfRowsIsTensorFlowsError) {
  ASSERT_NO_FATAL_FAILURE(Build(R"(
    x = Placeholder[dtype=float32, shape=[?,4]]()
    w = Const[dtype=float32, value=splat([5,3], 1)]()
    y = MatMul[T=float32](x, w)
  )"));
  const Status status = Infer();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("4 and 5"));
  EXPECT_EQ(program_.layout.kind, RowLayout::Kind::kBatched);
}

TEST_F(InferShapesTest, AFeatureInsideTheGraphGetsItsSourcesShape) {
  ASSERT_NO_FATAL_FAILURE(Build(R"(
    raw = Placeholder[dtype=uint8, shape=[?,4]]()
    age = Cast[SrcT=uint8, DstT=float32](raw)
    cut = Placeholder[dtype=float32, shape=<unknown>]()
    y = Neg[T=float32](cut)
  )"));
  program_.request.pop_back();
  program_.inputs.erase(program_.inputs.begin());
  program_.inputs[0].source = Output{program_.graph.Find("age"), 0};
  ASSERT_EQ(Infer(), OkStatus());
  EXPECT_EQ(program_.inputs[0].port.shape, (Shape{-1, 4}));
  EXPECT_EQ(Of("y").dim(1), 4) << "and what follows is inferred again";
}

}  // namespace
}  // namespace whylight
