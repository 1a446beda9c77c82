#include "explain/path_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"
#include "graph/verify.h"

namespace whylight {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

// What the sums are worth is engine_test's; here is what the graph becomes.
class PathGraphTest : public testing::Test {
 protected:
  Result<PathGraph> Add(const std::string& text, std::vector<std::size_t> gradients) {
    Result<Graph> graph = GraphFromText(text);
    if (!graph.ok()) return graph.status();
    program_.graph = *std::move(graph);
    for (const std::unique_ptr<Node>& node : program_.graph.nodes()) {
      if (!node->Is("Placeholder")) continue;
      program_.inputs.push_back({.port = {.name = node->name,
                                          .tensor = {node.get(), 0},
                                          .dtype = node->AttrOr("dtype", DType::kInvalid),
                                          .shape = node->AttrOr("shape", Shape{})}});
    }
    return AddPathGraph(
        program_, {.output = {program_.graph.Find("y"), 0}, .gradients = std::move(gradients)});
  }
  const Node& At(const std::string& tensor) { return *program_.graph.FindOutput(tensor)->node; }

  Program program_;
};

constexpr char kSquare[] = R"(
  x = Placeholder[dtype=float16, shape=[?,2]]()
  held = Placeholder[dtype=float32, shape=[?]]()
  y = Square[T=float16](x) -> [?,2]
)";

TEST_F(PathGraphTest, WithoutGradientsThereAreScoresOnly) {
  const Result<PathGraph> path = Add(kSquare, {});
  ASSERT_TRUE(path.ok()) << path.status().message();
  EXPECT_THAT(path->inputs, IsEmpty());
  EXPECT_EQ(program_.graph.Find("x")->op, "Placeholder") << "nothing lies in front of it";
  EXPECT_EQ(*program_.graph.OutputType(*program_.graph.FindOutput(path->scores)), DType::kFloat64);
  EXPECT_EQ(VerifyGraph(program_.graph), OkStatus());
}

TEST_F(PathGraphTest, AnInputCanStillBeFedItself) {
  const Result<PathGraph> path = Add(kSquare, {0});
  ASSERT_TRUE(path.ok()) << path.status().message();
  EXPECT_EQ(VerifyGraph(program_.graph), OkStatus());
  const Node& x = *program_.graph.Find("x");
  EXPECT_EQ(x.op, "PlaceholderWithDefault") << "by default the point on the path";
  EXPECT_EQ(x.AttrOr("dtype", DType::kInvalid), DType::kFloat16);
  EXPECT_EQ(x.AttrOr("shape", Shape{}), (Shape{-1, 2}));
  EXPECT_EQ(program_.graph.Find("held")->op, "Placeholder");
  ASSERT_EQ(path->inputs.size(), 1u);
  EXPECT_EQ(path->inputs[0].index, 0u);
  for (const std::string& fed : {path->inputs[0].x, path->inputs[0].baseline}) {
    EXPECT_EQ(At(fed).op, "Placeholder");
    EXPECT_EQ(At(fed).AttrOr("dtype", DType::kInvalid), DType::kFloat16);
    EXPECT_EQ(At(fed).AttrOr("shape", Shape{}), (Shape{-1, 2}));
  }
  EXPECT_EQ(*program_.graph.OutputType(*program_.graph.FindOutput(path->inputs[0].sum)),
            DType::kFloat64);
}

// n instances even where the model takes one row without an axis.
TEST_F(PathGraphTest, InstancesHaveAnAxisWhereTheModelHasNone) {
  program_.layout.kind = RowLayout::Kind::kNone;
  const Result<PathGraph> path = Add(R"(
    x = Placeholder[dtype=float32, shape=[2]]()
    y = Square[T=float32](x) -> [2]
  )",
                                     {0});
  ASSERT_TRUE(path.ok()) << path.status().message();
  EXPECT_EQ(At(path->inputs[0].x).AttrOr("shape", Shape{}), (Shape{-1, 2}));
  EXPECT_EQ(VerifyGraph(program_.graph), OkStatus());
}

TEST_F(PathGraphTest, NamesEveryOpWithoutAGradient) {
  const Status status = Add(R"(
    x = Placeholder[dtype=float32, shape=[?]]()
    g = RandomGammaGrad[T=float32](x, x)
    y = FakeQuantWithMinMaxArgsGradient(g, g) -> [?]
  )",
                            {0})
                            .status();
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("RandomGammaGrad"), HasSubstr("FakeQuantWithMinMaxArgsGradient")));
}

TEST_F(PathGraphTest, RefusesAGradientThatWouldBeAQuietZero) {
  const Status status = Add(R"(
    x = Placeholder[dtype=float32, shape=[?]]()
    id = Cast[SrcT=float32, DstT=int32](x)
    y = Cast[SrcT=int32, DstT=float32](id) -> [?]
  )",
                            {0})
                            .status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("id"));
}

}  // namespace
}  // namespace whylight
