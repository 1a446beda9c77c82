#include "autodiff/gradients.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "graph/builder.h"
#include "graph/text.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Graphs are built with one builder; nodes carry the names given here.
class GradientsTest : public testing::Test {
 protected:
  Output Placeholder(const std::string& name, DType dtype = DType::kFloat32) {
    return Named(name, b_.Op("Placeholder", {}, {{"dtype", dtype}}));
  }

  Output Named(const std::string& name, Output output) {
    EXPECT_TRUE(b_.status().ok()) << b_.status().message();
    graph_.Rename(output.node, name);
    return output;
  }

  PathAnalysis Analyse(std::vector<Output> ys, std::vector<Output> xs) {
    EXPECT_TRUE(b_.status().ok()) << b_.status().message();
    auto result = AnalysePath(graph_, ys, xs);
    EXPECT_TRUE(result.ok()) << result.status().message();
    return result.ok() ? *std::move(result) : PathAnalysis();
  }

  Result<std::vector<Output>> Gradients(std::vector<Output> ys, std::vector<Output> xs) {
    EXPECT_TRUE(b_.status().ok()) << b_.status().message();
    std::vector<Output> dys;
    for (const Output& y : ys) dys.push_back(b_.Op("Placeholder", {}, {{"dtype", b_.dtype(y)}}));
    return AddGradients(graph_, ys, dys, xs);
  }

  int Count(const std::string& op) const {
    return static_cast<int>(std::count_if(graph_.nodes().begin(), graph_.nodes().end(),
                                          [&](const auto& node) { return node->Is(op); }));
  }

  Graph graph_;
  GraphBuilder b_{graph_, "test"};
};

TEST_F(GradientsTest, ChainOfTwoOps) {
  const Output x = Placeholder("x");
  const Output y = b_.Exp(b_.Neg(x));
  const auto dx = Gradients({y}, {x});
  ASSERT_TRUE(dx.ok()) << dx.status().message();
  // dx = -(dy * y)
  const Node& neg = *(*dx)[0].node;
  EXPECT_EQ(neg.op, "Neg");
  EXPECT_EQ(neg.inputs[0].node->op, "Mul");
  EXPECT_THAT(neg.inputs[0].node->inputs, testing::Contains(y));
}

TEST_F(GradientsTest, XThatIsYHasTheCotangentItself) {
  const Output x = Placeholder("x"), dy = Placeholder("dy");
  const auto dx = AddGradients(graph_, std::vector{x}, std::vector{dy}, std::vector{x});
  ASSERT_TRUE(dx.ok()) << dx.status().message();
  EXPECT_THAT(*dx, ElementsAre(dy));
}

TEST_F(GradientsTest, TwoConsumersAreAddedAndMoreThanTwoByAddN) {
  const Output x = Placeholder("x");
  const Output two = b_.Mul(b_.Neg(x), b_.Exp(x));
  auto dx = Gradients({two}, {x});
  ASSERT_TRUE(dx.ok()) << dx.status().message();
  EXPECT_EQ((*dx)[0].node->op, "AddV2");
  const Output three = b_.Op("AddN", {b_.Neg(x), b_.Exp(x), b_.Tanh(x)});
  dx = Gradients({three}, {x});
  ASSERT_TRUE(dx.ok()) << dx.status().message();
  EXPECT_EQ((*dx)[0].node->op, "AddN");
  EXPECT_EQ((*dx)[0].node->inputs.size(), 3u);
}

TEST_F(GradientsTest, OutputsOfSeveralYsAreSummed) {
  const Output x = Placeholder("x");
  const auto dx = Gradients({b_.Neg(x), b_.Neg(x)}, {x});
  ASSERT_TRUE(dx.ok()) << dx.status().message();
  EXPECT_EQ((*dx)[0].node->op, "AddV2");
}

TEST_F(GradientsTest, InnerTensorsAndTheirSourcesCanBothBeExplained) {
  const Output x = Placeholder("x");
  const Output inner = b_.Exp(x), y = b_.Neg(inner);
  const auto dxs = Gradients({y}, {x, inner});
  ASSERT_TRUE(dxs.ok()) << dxs.status().message();
  EXPECT_EQ((*dxs)[1].node->op, "Neg");
  EXPECT_THAT((*dxs)[0].node->inputs, testing::Contains((*dxs)[1]));
}

TEST_F(GradientsTest, RulesOffThePathAreNotCalled) {
  const Output x = Placeholder("x"), other = Placeholder("other");
  const Output weights = b_.Sigmoid(other);  // Not between x and y.
  b_.Tanh(x);                                // Leads nowhere.
  const Output y = b_.Add(x, weights);
  ASSERT_TRUE(Gradients({y}, {x}).ok());
  EXPECT_EQ(Count("SigmoidGrad"), 0);
  EXPECT_EQ(Count("TanhGrad"), 0);
}

TEST_F(GradientsTest, OutputsThatReceiveNothingGetZeros) {
  const Output x = Placeholder("x");
  const Node* split =
      b_.OpNode("Split", {b_.Scalar(DType::kInt32, 0), x}, {{"num_split", std::int64_t{2}}});
  ASSERT_NE(split, nullptr);
  const Output first{const_cast<Node*>(split), 0};
  ASSERT_TRUE(Gradients({b_.Neg(first)}, {x}).ok());
  EXPECT_EQ(Count("ZerosLike"), 1);
}

TEST_F(GradientsTest, StopGradientEndsOnePathAndLeavesTheOther) {
  const Output x = Placeholder("x");
  const Output stopped = b_.Op("StopGradient", {x});
  const PathAnalysis both = Analyse({b_.Mul(x, stopped)}, {x});
  EXPECT_THAT(both.reaches, ElementsAre(true));
  EXPECT_THAT(both.cut_at, ElementsAre(IsEmpty()));
  graph_.Rename(stopped.node, "stop");
  const PathAnalysis one = Analyse({b_.Neg(stopped)}, {x});
  EXPECT_THAT(one.reaches, ElementsAre(false));
  EXPECT_THAT(one.cut_at, ElementsAre(ElementsAre("StopGradient 'stop'")));
}

TEST_F(GradientsTest, IdsThatComeAsFloatsAreRefusedAtTheCast) {
  const Output ids = Placeholder("ids"), table = Placeholder("table");
  const Output cast = Named("embedding/Cast", b_.Cast(ids, DType::kInt32));
  const Output y = b_.Gather(table, cast);
  const PathAnalysis path = Analyse({y}, {ids, table});
  EXPECT_THAT(path.reaches, ElementsAre(false, true));
  EXPECT_THAT(path.cut_at, ElementsAre(ElementsAre("Cast 'embedding/Cast'"), IsEmpty()));
  const auto dx = Gradients({y}, {ids});
  ASSERT_FALSE(dx.ok());
  EXPECT_EQ(dx.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(dx.status().message(),
            "the output has no gradient with respect to 'ids:0': its path ends at "
            "Cast 'embedding/Cast'");
}

TEST_F(GradientsTest, IntegerInputIsNamedByItsType) {
  const Output ids = Placeholder("ids", DType::kInt64), table = Placeholder("table");
  const PathAnalysis path = Analyse({b_.Gather(table, ids)}, {ids});
  EXPECT_THAT(path.cut_at, ElementsAre(ElementsAre("Placeholder 'ids' (int64)")));
}

TEST_F(GradientsTest, CutsThatDoNotLeadToYAreNotNamed) {
  const Output x = Placeholder("x"), w = Placeholder("w");
  b_.Op("ArgMax", {x, b_.Scalar(DType::kInt32, 0)});  // A second head.
  const PathAnalysis path = Analyse({b_.Neg(w)}, {x});
  EXPECT_THAT(path.cut_at, ElementsAre(IsEmpty()));
  const auto dx = Gradients({b_.Neg(w)}, {x});
  ASSERT_FALSE(dx.ok());
  EXPECT_EQ(dx.status().message(), "the output does not depend on the values of 'x:0'");
}

TEST_F(GradientsTest, ReadingTheShapeIsNotAPath) {
  const Output x = Placeholder("x"), w = Placeholder("w");
  const PathAnalysis path = Analyse({b_.Reshape(w, b_.Op("Shape", {x}))}, {x});
  EXPECT_THAT(path.reaches, ElementsAre(false));
  EXPECT_THAT(path.cut_at, ElementsAre(IsEmpty()));
}

TEST_F(GradientsTest, ArgMaxAndComparisonsAreCuts) {
  const Output x = Placeholder("x"), w = Placeholder("w");
  const Output arg = Named("arg", b_.Op("ArgMax", {x, b_.Scalar(DType::kInt32, 0)}));
  const Output less = Named("less", b_.Less(x, w));
  const Output y = b_.Add(b_.Gather(w, arg), b_.Cast(less, DType::kFloat32));
  EXPECT_THAT(Analyse({y}, {x}).cut_at, ElementsAre(ElementsAre("ArgMax 'arg'", "Less 'less'")));
}

TEST_F(GradientsTest, AllOpsWithoutARuleAreListed) {
  const Output x = Placeholder("x");
  const Output det = Named("det", b_.Op("MatrixExponential", {x}));
  const Output y = Named("next", b_.Op("RandomShuffle", {det}));
  const auto dx = Gradients({y}, {x});
  ASSERT_FALSE(dx.ok());
  EXPECT_EQ(dx.status().code(), StatusCode::kUnimplemented);
  EXPECT_EQ(dx.status().message(),
            "no gradient is known for MatrixExponential 'det', RandomShuffle 'next'");
  const PathAnalysis path = Analyse({y}, {x});
  EXPECT_THAT(path.reaches, ElementsAre(true));
  ASSERT_EQ(path.missing.size(), 2u);
  EXPECT_EQ(path.missing[0].op, "MatrixExponential");
  EXPECT_EQ(path.missing[1].node, "next");
}

TEST_F(GradientsTest, OpsWithoutARuleOffThePathDoNotMatter) {
  const Output x = Placeholder("x"), w = Placeholder("w");
  const Output y = b_.Mul(x, b_.Op("MatrixExponential", {w}));
  EXPECT_THAT(Analyse({y}, {x}).missing, IsEmpty());
  EXPECT_TRUE(Gradients({y}, {x}).ok());
}

TEST_F(GradientsTest, LoopsAreMissingRulesByOpAndNode) {
  const Output x = Placeholder("x"), more = Placeholder("more", DType::kBool);
  const Output enter = b_.Op("Enter", {x}, {{"frame_name", std::string("loop")}});
  const Output merge = Named("merge", b_.Op("Merge", {enter, enter}));
  const Output out = b_.Op("Switch", {merge, more});
  const Output inside{out.node, 1};
  merge.node->inputs[1] = b_.Op("NextIteration", {b_.Neg(inside)});
  const Output y = b_.Op("Exit", {out});
  const PathAnalysis path = Analyse({y}, {x});
  std::vector<std::string> ops;
  for (const MissingGradient& m : path.missing) ops.push_back(m.op);
  EXPECT_THAT(ops, ElementsAre("Enter", "Merge", "Switch", "NextIteration", "Exit"));
  EXPECT_EQ(Gradients({y}, {x}).status().code(), StatusCode::kUnimplemented);
}

TEST_F(GradientsTest, TensorListsCarryTheGradientAlthoughTheyAreVariants) {
  const Output x = Placeholder("x");
  const Output list = b_.Op("TensorListFromTensor", {x, b_.Int32s({-1})});
  const Output y =
      b_.Op("TensorListStack", {list, b_.Int32s({-1})}, {{"element_dtype", DType::kFloat32}});
  const PathAnalysis path = Analyse({y}, {x});
  EXPECT_THAT(path.reaches, ElementsAre(true));
  if (FindGradientRule("TensorListStack") == nullptr) {
    EXPECT_EQ(path.missing.size(), 2u);
  }
}

TEST_F(GradientsTest, InputWithoutAKnownDerivativeOnThePathIsAnErrorNotAZero) {
  const Output x = Placeholder("x"), n = Placeholder("n");
  const Output y = Named("poly", b_.Op("Polygamma", {n, x}));
  EXPECT_TRUE(Gradients({y}, {x}).ok());
  const auto dn = Gradients({y}, {n});
  ASSERT_FALSE(dn.ok());
  EXPECT_EQ(dn.status().code(), StatusCode::kUnimplemented);
  EXPECT_EQ(dn.status().message(),
            "no gradient of Polygamma 'poly' is known with respect to input 0, 'n:0'");
}

TEST_F(GradientsTest, PreventedGradientSaysTheModelsOwnReason) {
  const Output x = Placeholder("x");
  const Output y = Named("guard", b_.Op("PreventGradient", {x}, {{"message", std::string("no")}}));
  const auto dx = Gradients({y}, {x});
  ASSERT_FALSE(dx.ok());
  EXPECT_EQ(dx.status().message(),
            "gradient of PreventGradient 'guard': the model forbids this gradient: \"no\"");
}

// tf.custom_gradient with the function g(dr, da, c) = dr * c, which Whylight has attached or not.
constexpr std::string_view kCustomGradient = R"(
x = Placeholder[dtype=float32]()
z = Placeholder[dtype=float32]()
c = Exp(x)
r = Square(x)
)";
constexpr std::string_view kGradientFunction = R"(
function g {
  dr = _Arg[T=float32, index=0]()
  da = _Arg[T=float32, index=1]()
  c = _Arg[T=float32, index=2]()
  dx = Mul(dr, c)
  return dx
}
)";

Result<std::vector<Output>> GradientOfYByX(Graph& graph) {
  return AddGradients(graph, std::vector{*graph.FindOutput("y")},
                      std::vector{*graph.FindOutput("dy")}, std::vector{*graph.FindOutput("x")});
}

TEST(CustomGradientTest, WithoutAFunctionIsTheNaturalOne) {
  Result<Graph> graph = GraphFromText(std::string(kCustomGradient) + R"(
y = IdentityN[_gradient_op_type="CustomGradient-1"](r, x)
dy = OnesLike(r)
)");
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const auto dx = GradientOfYByX(*graph);
  ASSERT_TRUE(dx.ok()) << dx.status().message();
  EXPECT_TRUE(graph->Ancestors(*dx).contains(graph->Find("dy")));
  EXPECT_FALSE(graph->Ancestors(*dx).contains(graph->Find("c")));
}

TEST(CustomGradientTest, CallsTheModelsFunctionAndInlinesIt) {
  Result<Graph> graph = GraphFromText(std::string(kCustomGradient) + R"(
y = IdentityN[_whylight_gradient="g", _whylight_gradient_captures=1, _whylight_gradient_inputs=[1]](r, x, c)
dy = OnesLike(r)
)" + std::string(kGradientFunction));
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const auto dx = GradientOfYByX(*graph);
  ASSERT_TRUE(dx.ok()) << dx.status().message();
  // Neither through r nor through c: the whole derivative is what g says.
  const Node& product = *(*dx)[0].node;
  EXPECT_EQ(product.op, "Mul");
  EXPECT_THAT(product.inputs, ElementsAre(*graph->FindOutput("dy"), *graph->FindOutput("c")));
}

TEST(CustomGradientTest, NoneEndsThePathWithAName) {
  Result<Graph> graph = GraphFromText(std::string(kCustomGradient) + R"(
y = IdentityN[_whylight_gradient="g", _whylight_gradient_captures=1, _whylight_gradient_inputs=[1]](r, z, c)
dy = OnesLike(r)
)" + std::string(kGradientFunction));
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const auto dx = GradientOfYByX(*graph);
  ASSERT_FALSE(dx.ok());
  EXPECT_EQ(dx.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(dx.status().message(), HasSubstr("its path ends at IdentityN 'y'"));
}

TEST_F(GradientsTest, EinsumThatSumsOverItsEllipsisIsRefusedByName) {
  const Output x = Placeholder("x");
  const Output y = Named("e", b_.Op("Einsum", {x}, {{"equation", std::string("i...->i")}}));
  const auto dx = Gradients({y}, {x});
  ASSERT_FALSE(dx.ok());
  EXPECT_THAT(dx.status().message(), HasSubstr("Einsum 'e'"));
}

TEST_F(GradientsTest, MalformedEinsumsAreErrors) {
  const Output x = Placeholder("x");
  for (const char* equation : {"", "->", "ij", "ij->ik->", "...->"}) {
    const Output y = b_.Op("Einsum", {x, x}, {{"equation", std::string(equation)}});
    EXPECT_FALSE(Gradients({y}, {x}).ok()) << equation;
  }
}

TEST_F(GradientsTest, CotangentsAreOnePerOutputAndOfItsType) {
  const Output x = Placeholder("x"), wide = Placeholder("wide", DType::kFloat64);
  const Output y = b_.Neg(x);
  auto dx = AddGradients(graph_, std::vector{y}, {}, std::vector{x});
  ASSERT_FALSE(dx.ok());
  EXPECT_EQ(dx.status().code(), StatusCode::kInvalidArgument);
  dx = AddGradients(graph_, std::vector{y}, std::vector{wide}, std::vector{x});
  ASSERT_FALSE(dx.ok());
  EXPECT_THAT(dx.status().message(), HasSubstr("expected float32, got float64"));
}

TEST_F(GradientsTest, ADeepChainNeedsNoStack) {
  const Output x = Placeholder("x");
  Output y = x;
  for (int i = 0; i < 20000; ++i) y = b_.Neg(y);
  EXPECT_TRUE(Gradients({y}, {x}).ok());
}

TEST_F(GradientsTest, StaticShapesGoWithTheGradients) {
  const Output x = Placeholder("x");
  x.node->shapes = {Shape{Shape::kUnknown, 3}};
  const Output y = b_.Sigmoid(x);
  const auto dx = Gradients({y}, {x});
  ASSERT_TRUE(dx.ok()) << dx.status().message();
  EXPECT_EQ(b_.shape((*dx)[0]), (Shape{Shape::kUnknown, 3}));
}

}  // namespace
}  // namespace whylight
