// What is found in the functions of loops and branches, and what is made of them. Their gradients
// are compared with TensorFlow's and with central differences in golden_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "autodiff/gradients.h"
#include "graph/builder.h"
#include "graph/import.h"
#include "graph/text.h"
#include "graph/verify.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ControlFlowTest : public testing::Test {
 protected:
  // Between the nodes of a text whose inputs are named x, y, ...
  void Read(const std::string& text) {
    Result<Graph> graph = GraphFromText(text);
    ASSERT_TRUE(graph.ok()) << graph.status().message();
    graph_ = *std::move(graph);
  }

  Output Find(const std::string& name) {
    const Result<Output> output = graph_.FindOutput(name);
    EXPECT_TRUE(output.ok()) << output.status().message();
    return output.ok() ? *output : Output{};
  }

  Result<PathAnalysis> Analyse(const std::string& y, const std::string& x) {
    return AnalysePath(graph_, std::vector{Find(y)}, std::vector{Find(x)});
  }

  Result<std::vector<Output>> Gradients(const std::string& y, const std::vector<std::string>& xs) {
    GraphBuilder b(graph_, "test");
    const Output to = Find(y);
    const Output dy = b.Op("Placeholder", {}, {{"dtype", b.dtype(to)}});
    EXPECT_TRUE(b.status().ok()) << b.status().message();
    std::vector<Output> from;
    for (const std::string& x : xs) from.push_back(Find(x));
    auto dxs = AddGradients(graph_, std::vector{to}, std::vector{dy}, from);
    const Status verified = VerifyGraph(graph_);
    EXPECT_TRUE(verified.ok()) << verified.message();
    return dxs;
  }

  FunctionBody Body(const std::string& name) {
    const FunctionDef* function = graph_.library.Find(name);
    EXPECT_NE(function, nullptr) << name;
    auto body = ImportFunction(*function, graph_.registry());
    EXPECT_TRUE(body.ok()) << body.status().message();
    return *std::move(body);
  }

  static int Count(const Graph& graph, const std::string& op) {
    return static_cast<int>(
        std::ranges::count_if(graph.nodes(), [&](const auto& node) { return node->Is(op); }));
  }

  Graph graph_;
};

// The first result comes from a alone, the second from b alone.
constexpr char kBranches[] = R"(
  c = Placeholder[dtype=bool]()
  x = Placeholder[dtype=float32]()
  w = Placeholder[dtype=float32]()
  if = If[Tout=[float32, float32], then_branch=@yes, else_branch=@no](c, x, w)
  first = Neg(if)
  second = Neg(if:1)
  function yes {
    a = _Arg[T=float32, index=0]()
    b = _Arg[T=float32, index=1]()
    s = Sin(a)
    m = MatrixExponential(b)
    return s, m
  }
  function no {
    a = _Arg[T=float32, index=0]()
    b = _Arg[T=float32, index=1]()
    f = Floor(a)
    return f, b
  }
)";

TEST_F(ControlFlowTest, BranchesLeadFromAnInputToWhatTheyComputeFromIt) {
  Read(kBranches);
  auto path = Analyse("first", "x");
  ASSERT_TRUE(path.ok()) << path.status().message();
  EXPECT_THAT(path->reaches, ElementsAre(true));
  EXPECT_THAT(path->missing, IsEmpty()) << "MatrixExponential is on the path of w alone";
  path = Analyse("second", "x");
  ASSERT_TRUE(path.ok()) << path.status().message();
  EXPECT_THAT(path->reaches, ElementsAre(false));
}

TEST_F(ControlFlowTest, OpsWithoutARuleAreNamedWithTheirFunction) {
  Read(kBranches);
  const auto path = Analyse("second", "w");
  ASSERT_TRUE(path.ok()) << path.status().message();
  ASSERT_EQ(path->missing.size(), 1u);
  EXPECT_EQ(Describe(path->missing[0]), "MatrixExponential 'm' in function 'yes'");
  const auto dx = Gradients("second", {"w"});
  ASSERT_FALSE(dx.ok());
  EXPECT_EQ(dx.status().code(), StatusCode::kUnimplemented);
  EXPECT_EQ(dx.status().message(),
            "no gradient is known for MatrixExponential 'm' in function 'yes'");
}

TEST_F(ControlFlowTest, PathsThatEndInAFunctionSayWhere) {
  Read(R"(
    c = Placeholder[dtype=bool]()
    x = Placeholder[dtype=float32]()
    if = StatelessIf[Tout=[float32], then_branch=@yes, else_branch=@no](c, x)
    function yes {
      a = _Arg[T=float32, index=0]()
      f = Floor(a)
      return f
    }
    function no {
      a = _Arg[T=float32, index=0]()
      i = Cast[DstT=int32](a)
      f = Cast[DstT=float32](i)
      return f
    }
  )");
  const auto dx = Gradients("if", {"x"});
  ASSERT_FALSE(dx.ok());
  EXPECT_EQ(dx.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(dx.status().message(),
            "the output has no gradient with respect to 'x:0': its path ends at "
            "Cast 'i' in function 'no', Floor 'f' in function 'yes'");
}

// a <- a * w, b <- b + a, while a is small; w is handed on.
constexpr char kLoop[] = R"(
  a = Placeholder[dtype=float32]() -> [2,3]
  b = Placeholder[dtype=float32]() -> [2,3]
  w = Placeholder[dtype=float32]() -> [2,3]
  loop = While[cond=@more, body=@step, parallel_iterations=7](a, b, w)
  function more {
    a = _Arg[T=float32, index=0]()
    b = _Arg[T=float32, index=1]()
    w = _Arg[T=float32, index=2]()
    axes = Const[dtype=int32, value={0, 1}]()
    sum = Sum(a, axes)
    limit = Const[dtype=float32, value=10]()
    less = Less(sum, limit)
    return less
  }
  function step {
    a = _Arg[T=float32, index=0]()
    b = _Arg[T=float32, index=1]()
    w = _Arg[T=float32, index=2]()
    next_a = Mul(a, w)
    next_b = AddV2(b, a)
    return next_a, next_b, w
  }
)";

TEST_F(ControlFlowTest, LoopsLeadOnOverAnyNumberOfSteps) {
  Read(kLoop);
  for (const auto& [y, x, reaches] :
       {std::tuple{"loop:0", "a", true}, std::tuple{"loop:0", "b", false},
        std::tuple{"loop:0", "w", true}, std::tuple{"loop:1", "a", true},
        std::tuple{"loop:1", "b", true}, std::tuple{"loop:1", "w", true},
        std::tuple{"loop:2", "a", false}, std::tuple{"loop:2", "w", true}}) {
    const auto path = Analyse(y, x);
    ASSERT_TRUE(path.ok()) << path.status().message();
    EXPECT_THAT(path->reaches, ElementsAre(reaches)) << x << " to " << y;
  }
}

TEST_F(ControlFlowTest, WhatOnlyCountsTheStepsIsCutAtTheCondition) {
  Read(kLoop);
  const auto path = Analyse("loop:2", "a");
  ASSERT_TRUE(path.ok()) << path.status().message();
  EXPECT_THAT(path->cut_at, ElementsAre(ElementsAre("Less 'less' in function 'more'")));
}

TEST_F(ControlFlowTest, ALoopIsChangedInPlaceAndKeepsItsOutputs) {
  Read(kLoop);
  Node* const loop = Find("loop").node;
  const auto dxs = Gradients("loop:1", {"a", "w"});
  ASSERT_TRUE(dxs.ok()) << dxs.status().message();
  EXPECT_EQ(loop->Attr<FunctionRef>("body")->name, "step_forward");
  EXPECT_EQ(loop->Attr<FunctionRef>("cond")->name, "more_forward");
  // a at every step, and a counter. w is the same at every step.
  EXPECT_EQ(loop->inputs.size(), 5u);
  EXPECT_EQ(Count(graph_, "EmptyTensorList"), 1);
  const Node& backward = *(*dxs)[0].node;
  EXPECT_EQ(backward.op, "StatelessWhile");
  EXPECT_EQ(backward.AttrOr<std::int64_t>("parallel_iterations", 0), 7);
  EXPECT_EQ((*dxs)[1].node, &backward);
  // steps, da, db, dw, the list of a, w
  EXPECT_EQ(backward.inputs.size(), 6u);
  EXPECT_EQ(backward.shapes[1], (Shape{2, 3}));
  const FunctionBody body = Body(backward.Attr<FunctionRef>("body")->name);
  EXPECT_EQ(Count(body.graph, "TensorListPopBack"), 1);
  EXPECT_EQ(Count(body.graph, "BroadcastGradientArgs"), 0) << "the shapes are known";
}

TEST_F(ControlFlowTest, WithoutAUseForThemLoopVariablesArePassedAround) {
  Read(kLoop);
  const std::size_t functions = graph_.library.functions().size();
  const auto dw = Gradients("loop:2", {"w"});
  ASSERT_TRUE(dw.ok()) << dw.status().message();
  EXPECT_EQ((*dw)[0].node->op, "Placeholder") << "the cotangent itself";
  EXPECT_EQ(graph_.library.functions().size(), functions);
}

TEST_F(ControlFlowTest, ASecondGradientFindsTheLoopAsTheFirstLeftIt) {
  Read(kLoop);
  ASSERT_TRUE(Gradients("loop:1", {"a"}).ok());
  const auto again = Gradients("loop:0", {"w"});
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(Find("loop").node->Attr<FunctionRef>("body")->name, "step_forward_forward");
}

TEST_F(ControlFlowTest, ABranchReturnsWhatItsDerivativeNeeds) {
  Read(R"(
    c = Placeholder[dtype=bool]()
    x = Placeholder[dtype=float32]()
    if = If[Tout=[float32], then_branch=@yes, else_branch=@no](c, x)
    function yes {
      a = _Arg[T=float32, index=0]()
      s = Sigmoid(a)
      t = Tanh(s)
      return t
    }
    function no {
      a = _Arg[T=float32, index=0]()
      e = Exp(a)
      return e
    }
  )");
  const auto dx = Gradients("if", {"x"});
  ASSERT_TRUE(dx.ok()) << dx.status().message();
  // Tanh and Exp are the result already; Sigmoid is added, and stands for nothing in the other.
  EXPECT_EQ(Find("if").node->Attr<std::vector<DType>>("Tout")->size(), 2u);
  EXPECT_EQ((*dx)[0].node->op, "StatelessIf");
  EXPECT_EQ((*dx)[0].node->inputs.size(), 4u) << "c, dy and two results: x itself is not needed";
}

TEST_F(ControlFlowTest, AFunctionThatReachesItselfIsRefusedByName) {
  Read(R"(
    c = Placeholder[dtype=bool]()
    x = Placeholder[dtype=float32]()
    if = If[Tout=[float32], then_branch=@f, else_branch=@g](c, x)
    function f {
      a = _Arg[T=float32, index=0]()
      more = Const[dtype=bool, value=true]()
      inner = If[Tout=[float32], then_branch=@g, else_branch=@f](more, a)
      return inner
    }
    function g {
      a = _Arg[T=float32, index=0]()
      n = Neg(a)
      return n
    }
  )");
  const auto dx = Gradients("if", {"x"});
  ASSERT_FALSE(dx.ok());
  EXPECT_EQ(dx.status().code(), StatusCode::kUnimplemented);
  EXPECT_EQ(dx.status().message(), "the function 'f' calls itself: 'f' -> 'f'");
}

TEST_F(ControlFlowTest, FunctionsThatDoNotFitAreErrors) {
  struct Row {
    const char* attrs;
    const char* message;
  };
  for (const Row& row :
       {Row{"then_branch=@one, else_branch=@gone", "'gone' is not in the graph's"},
        Row{"then_branch=@one, else_branch=@two", "'two' takes 2 and returns 1"}}) {
    Read(std::string(R"(
      c = Placeholder[dtype=bool]()
      x = Placeholder[dtype=float32]()
      if = If[Tout=[float32], )") +
         row.attrs + R"(](c, x)
      function one {
        a = _Arg[T=float32, index=0]()
        return a
      }
      function two {
        a = _Arg[T=float32, index=0]()
        b = _Arg[T=float32, index=1]()
        return b
      }
    )");
    const auto path = Analyse("if", "x");
    ASSERT_FALSE(path.ok());
    EXPECT_EQ(path.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(path.status().message(), HasSubstr(row.message));
  }
}

TEST_F(ControlFlowTest, CallsInABodyAreInlined) {
  Read(R"(
    x = Placeholder[dtype=float32]()
    loop = While[cond=@more, body=@step](x)
    function more {
      a = _Arg[T=float32, index=0]()
      limit = Const[dtype=float32, value=10]()
      less = Less(a, limit)
      return less
    }
    function step {
      a = _Arg[T=float32, index=0]()
      call = PartitionedCall[Tout=[float32], f=@square](a)
      return call
    }
    function square {
      a = _Arg[T=float32, index=0]()
      s = Square(a)
      return s
    }
  )");
  const auto dx = Gradients("loop", {"x"});
  ASSERT_TRUE(dx.ok()) << dx.status().message();
  EXPECT_EQ(Count(Body("step_forward").graph, "PartitionedCall"), 0);
}

TEST_F(ControlFlowTest, WhereOnlyAShapeCountsTheShapeIsStored) {
  // The gradient of Sum needs the shape of what was summed, which changes from step to step.
  Read(R"(
    x = Placeholder[dtype=float32]()
    t = Placeholder[dtype=float32]()
    loop = While[cond=@more, body=@step](x, t)
    function more {
      a = _Arg[T=float32, index=0]()
      t = _Arg[T=float32, index=1]()
      limit = Const[dtype=float32, value=10]()
      less = Less(t, limit)
      return less
    }
    function step {
      a = _Arg[T=float32, index=0]()
      t = _Arg[T=float32, index=1]()
      axis = Const[dtype=int32, value={0}]()
      sum = Sum[keep_dims=true](a, axis)
      rank = Rank(sum)
      one = Const[dtype=float32, value=1]()
      next = AddV2(t, one)
      return sum, next
    }
  )");
  ASSERT_TRUE(Gradients("loop", {"x"}).ok());
  int lists = 0;
  for (const auto& node : graph_.nodes()) {
    if (!node->Is("EmptyTensorList")) continue;
    ++lists;
    EXPECT_EQ(node->AttrOr("element_dtype", DType::kInvalid), DType::kInt32);
  }
  EXPECT_EQ(lists, 1);
}

TEST_F(ControlFlowTest, OfAListThatNothingArrivesAtTheLengthIsStored) {
  // The list goes on, but only the tensor that is taken from it is used.
  Read(R"(
    x = Placeholder[dtype=variant]()
    t = Placeholder[dtype=float32]() -> []
    loop = While[cond=@more, body=@step](x, t)
    function more {
      a = _Arg[T=variant, index=0]()
      t = _Arg[T=float32, index=1]()
      limit = Const[dtype=float32, value=10]()
      less = Less(t, limit)
      return less
    }
    function step {
      a = _Arg[T=variant, index=0]()
      t = _Arg[T=float32, index=1]()
      shape = Const[dtype=int32, value=-1]()
      pop = TensorListPopBack[element_dtype=float32](a, shape)
      length = TensorListLength(pop)
      size = Cast[DstT=float32](length)
      next = Mul(pop:1, size)
      again = TensorListReserve[element_dtype=float32](shape, length)
      return again, next
    }
  )");
  const auto dx = Gradients("loop:1", {"x"});
  ASSERT_TRUE(dx.ok()) << dx.status().message();
  for (const auto& node : graph_.nodes()) {
    if (!node->Is("EmptyTensorList")) continue;
    EXPECT_NE(node->AttrOr("element_dtype", DType::kInvalid), DType::kVariant);
  }
}

TEST_F(ControlFlowTest, OfTwoTensorsThatAreComparedTheMaskIsStored) {
  Read(R"(
    x = Placeholder[dtype=float32]() -> [5]
    w = Placeholder[dtype=float32]() -> [5]
    loop = While[cond=@more, body=@step](x, w)
    function more {
      a = _Arg[T=float32, index=0]()
      b = _Arg[T=float32, index=1]()
      axis = Const[dtype=int32, value={0}]()
      sum = Sum(b, axis)
      limit = Const[dtype=float32, value=10]()
      less = Less(sum, limit)
      return less
    }
    function step {
      a = _Arg[T=float32, index=0]()
      b = _Arg[T=float32, index=1]()
      max = Maximum(a, b)
      next = AddV2(b, b)
      return max, next
    }
  )");
  ASSERT_TRUE(Gradients("loop", {"x"}).ok());
  ASSERT_EQ(Count(graph_, "EmptyTensorList"), 1);
  for (const auto& node : graph_.nodes()) {
    if (node->Is("EmptyTensorList")) {
      EXPECT_EQ(node->AttrOr("element_dtype", DType::kInvalid), DType::kBool);
    }
  }
}

}  // namespace
}  // namespace whylight
