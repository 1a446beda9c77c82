#include "graph/passes/custom_gradients.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/passes/pass_test.h"
#include "graph/text.h"
#include "graph/verify.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// dy of the result and of the argument, and a captured tensor: the gradient of the argument.
constexpr std::string_view kGradient = R"(
function g {
  dr = _Arg[T=float32, index=0]()
  da = _Arg[T=float32, index=1]()
  captured = _Arg[T=float32, index=2]()
  dx = Mul(dr, captured)
  return dx
}
)";
// The same of a variable.
constexpr std::string_view kVariableGradient = R"(
function g {
  dr = _Arg[T=float32, index=0]()
  da = _Arg[T=float32, index=1]()
  handle = _Arg[T=resource, index=2]()
  value = ReadVariableOp[dtype=float32](handle)
  dx = Mul(dr, value)
  return dx
}
)";

struct Attached {
  std::string text;
  std::map<std::string, std::string> lost;
};

// Attaches g, with one capture, as the gradient of "CustomGradient-1".
Attached Attach(std::string_view nodes, std::string_view functions,
                std::vector<GradientCapture> captures) {
  Result<Graph> graph = GraphFromText(std::string(nodes) + std::string(functions));
  if (!graph.ok()) {
    ADD_FAILURE() << graph.status().message();
    return {};
  }
  const auto lost = AttachCustomGradients(
      *graph, {{"CustomGradient-1",
                {.function = "g", .returned = {false, true}, .captures = std::move(captures)}}});
  if (!lost.ok()) {
    ADD_FAILURE() << lost.status().message();
    return {};
  }
  const Status status = VerifyGraph(*graph);
  EXPECT_TRUE(status.ok()) << status.message();
  return {.text = GraphToText(*graph, {.only_called = true}), .lost = *lost};
}

TEST(AttachCustomGradientsTest, CapturesOfTheNodesOwnFunctionBecomeInputs) {
  const Attached attached = Attach(R"(
x = Placeholder[dtype=float32]()
y = PartitionedCall[Tout=[float32], f=@f](x)
function f {
  x = _Arg[T=float32, index=0]()
  parts = Split[num_split=2](axis, x)
  axis = Const[dtype=int32, value=0]()
  r = Neg(x)
  custom = IdentityN[_gradient_op_type="CustomGradient-1"](r, x)
  return custom
}
)",
                                   kGradient, {{.function = "f", .tensor = "parts:1"}});
  EXPECT_THAT(attached.lost, IsEmpty());
  EXPECT_EQ(attached.text, Normal(R"(
x = Placeholder[dtype=float32]()
y = PartitionedCall[Tout=[float32], f=@f](x)
function f {
  x = _Arg[T=float32, index=0]()
  parts = Split[num_split=2](axis, x)
  axis = Const[dtype=int32, value=0]()
  r = Neg(x)
  custom = IdentityN[_gradient_op_type="CustomGradient-1", _whylight_gradient="g", _whylight_gradient_captures=1, _whylight_gradient_inputs=[1]](r, x, parts:1)
  return custom
}
)"));
}

TEST(AttachCustomGradientsTest, CapturesOfAnOuterFunctionGoThroughLoopsAndBranches) {
  const Attached attached = Attach(R"(
x = Placeholder[dtype=float32]()
y = PartitionedCall[Tout=[float32], f=@f](x)
function f {
  x = _Arg[T=float32, index=0]()
  outer = Exp(x)
  loop = StatelessWhile[T=[float32], body=@body, cond=@cond](x)
  return loop
}
function body {
  v = _Arg[T=float32, index=0]()
  p = Const[dtype=bool, value=true]()
  branch = StatelessIf[Tin=[float32], Tout=[float32], else_branch=@no, then_branch=@yes](p, v)
  return branch
}
function cond {
  v = _Arg[T=float32, index=0]()
  less = Const[dtype=bool, value=true]()
  return less
}
function yes {
  a = _Arg[T=float32, index=0]()
  r = Neg(a)
  custom = IdentityN[_gradient_op_type="CustomGradient-1"](r, a)
  return custom
}
function no {
  a = _Arg[T=float32, index=0]()
  return a
}
)",
                                   kGradient, {{.function = "f", .tensor = "outer:0"}});
  EXPECT_THAT(attached.lost, IsEmpty());
  EXPECT_EQ(attached.text, Normal(R"(
x = Placeholder[dtype=float32]()
y = PartitionedCall[Tout=[float32], f=@f](x)
function body_with_captures {
  v = _Arg[T=float32, index=0]()
  captured = _Arg[T=float32, index=1]()
  p = Const[dtype=bool, value=true]()
  branch = StatelessIf[Tin=[float32,float32], Tout=[float32], else_branch=@no_with_captures, then_branch=@yes_with_captures](p, v, captured)
  return branch, captured
}
function cond_with_captures {
  v = _Arg[T=float32, index=0]()
  captured = _Arg[T=float32, index=1]()
  less = Const[dtype=bool, value=true]()
  return less
}
function f {
  x = _Arg[T=float32, index=0]()
  outer = Exp(x)
  loop = StatelessWhile[T=[float32,float32], body=@body_with_captures, cond=@cond_with_captures](x, outer)
  return loop
}
function no_with_captures {
  a = _Arg[T=float32, index=0]()
  captured = _Arg[T=float32, index=1]()
  return a
}
function yes_with_captures {
  a = _Arg[T=float32, index=0]()
  captured = _Arg[T=float32, index=1]()
  r = Neg(a)
  custom = IdentityN[_gradient_op_type="CustomGradient-1", _whylight_gradient="g", _whylight_gradient_captures=1, _whylight_gradient_inputs=[1]](r, a, captured)
  return custom
}
)"));
}

TEST(AttachCustomGradientsTest, VariablesAreReadWhereTheNodeIs) {
  const Attached attached = Attach(R"(
x = Placeholder[dtype=float32]()
w = VarHandleOp[dtype=float32, shape=[]]()
y = PartitionedCall[Tout=[float32], f=@f](x)
function f {
  x = _Arg[T=float32, index=0]()
  custom = IdentityN[_gradient_op_type="CustomGradient-1"](x, x)
  return custom
}
)",
                                   kVariableGradient, {{.function = "", .tensor = "w:0"}});
  EXPECT_THAT(attached.lost, IsEmpty());
  EXPECT_EQ(attached.text, Normal(R"(
x = Placeholder[dtype=float32]()
w = VarHandleOp[dtype=float32, shape=[]]()
y = PartitionedCall[Tout=[float32], f=@f_with_captures](x, w)
function f_with_captures {
  x = _Arg[T=float32, index=0]()
  captured = _Arg[T=resource, index=1]()
  custom = IdentityN[_gradient_op_type="CustomGradient-1", _whylight_gradient="g_of_values", _whylight_gradient_captures=1, _whylight_gradient_inputs=[1]](x, x, custom/captured)
  custom/captured = ReadVariableOp[dtype=float32](captured)
  return custom
}
)"));
}

// Nothing is attached, nothing changes.
struct LostCase {
  const char* name;
  std::string_view functions;
  GradientCapture capture;
  const char* why;
};
void PrintTo(const LostCase& c, std::ostream* os) { *os << c.name; }

class LostGradientTest : public testing::TestWithParam<LostCase> {};

TEST_P(LostGradientTest, LeavesTheGraphAndSaysWhy) {
  constexpr std::string_view kNodes = R"(
x = Placeholder[dtype=float32]()
i = Placeholder[dtype=int32]()
w = VarHandleOp[dtype=float32, shape=[]]()
y = PartitionedCall[Tout=[float32], f=@f](x)
function f {
  x = _Arg[T=float32, index=0]()
  custom = IdentityN[_gradient_op_type="CustomGradient-1"](x, x)
  return custom
}
function other {
  x = _Arg[T=float32, index=0]()
  return x
}
)";
  const LostCase& c = GetParam();
  const Attached attached = Attach(kNodes, c.functions, {c.capture});
  EXPECT_THAT(attached.lost, ElementsAre(Pair("CustomGradient-1", HasSubstr(c.why))));
  const Result<Graph> before = GraphFromText(kNodes);
  EXPECT_EQ(attached.text, GraphToText(*before, {.only_called = true}));
}

INSTANTIATE_TEST_SUITE_P(
    , LostGradientTest,
    testing::Values(LostCase{"no_function", "", {"f", "x:0"}, "'g' is not in the model"},
                    LostCase{"tensor_of_a_stranger",
                             kGradient,
                             {"other", "x:0"},
                             "reads tensor 'x:0' of function 'other', which does not call it"},
                    LostCase{"no_such_tensor", kGradient, {"f", "z:0"}, "there is no node 'z'"},
                    LostCase{"no_such_output", kGradient, {"f", "x:1"}, "_Arg has 1 outputs"},
                    LostCase{"other_type", kGradient, {"", "i:0"}, "as float32, which is int32"},
                    LostCase{"handle_that_is_none",
                             kVariableGradient,
                             {"", "x:0"},
                             "as resource, which is float32"},
                    LostCase{"other_count",
                             R"(
function g {
  dr = _Arg[T=float32, index=0]()
  return dr
}
)",
                             {"f", "x:0"},
                             "takes 1 arguments, expected 3"},
                    LostCase{"sparse_gradient",
                             R"(
function g {
  dr = _Arg[T=float32, index=0]()
  da = _Arg[T=float32, index=1]()
  c = _Arg[T=float32, index=2]()
  return dr, da, c
}
)",
                             {"f", "x:0"},
                             "returns 3 tensors for 1 gradients"},
                    LostCase{"gradient_of_another_type",
                             R"(
function g {
  dr = _Arg[T=float32, index=0]()
  da = _Arg[T=float32, index=1]()
  c = _Arg[T=float32, index=2]()
  d = Cast[SrcT=float32, DstT=int32](dr)
  return d
}
)",
                             {"f", "x:0"},
                             "returns a gradient of another type"},
                    LostCase{"other_arguments",
                             R"(
function g {
  dr = _Arg[T=float32, index=0]()
  da = _Arg[T=float64, index=1]()
  c = _Arg[T=float32, index=2]()
  d = Cast[SrcT=float32, DstT=float64](dr)
  return d
}
)",
                             {"f", "x:0"},
                             "takes other tensors than IdentityN 'custom' has"},
                    LostCase{"writes_its_variable",
                             R"(
function g {
  dr = _Arg[T=float32, index=0]()
  da = _Arg[T=float32, index=1]()
  h = _Arg[T=resource, index=2]()
  write = AssignVariableOp[dtype=float32](h, dr)
  return dr, ^write
}
)",
                             {"", "w:0"},
                             "does more with the variable 'h' than to read it"}),
    [](const auto& row) { return row.param.name; });

TEST(AttachedGradientOfTest, AttributesThatDoNotFitTheNodeAreNone) {
  const auto of = [](const std::string& attrs) {
    const Result<Graph> graph =
        GraphFromText("x = Placeholder[dtype=float32]()\ny = IdentityN[_whylight_gradient=\"g\", " +
                      attrs + "](x, x, x)\n");
    EXPECT_TRUE(graph.ok()) << graph.status().message();
    return AttachedGradientOf(*graph->Find("y"));
  };
  const auto good = of("_whylight_gradient_captures=1, _whylight_gradient_inputs=[1]");
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(good->function, "g");
  EXPECT_EQ(good->captures, 1u);
  EXPECT_THAT(good->inputs, ElementsAre(1));
  EXPECT_FALSE(of("_whylight_gradient_captures=4").has_value());
  EXPECT_FALSE(of("_whylight_gradient_captures=1, _whylight_gradient_inputs=[2]").has_value());
  EXPECT_FALSE(of("_whylight_gradient_inputs=[1]").has_value());
}

}  // namespace
}  // namespace whylight
