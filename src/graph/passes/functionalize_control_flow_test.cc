#include "graph/passes/functionalize_control_flow.h"

#include <gtest/gtest.h>

#include "graph/export.h"
#include "graph/passes/effects.h"
#include "graph/passes/pass_test.h"
#include "graph/text.h"
#include "graph/verify.h"

namespace whylight {
namespace {

class FunctionalizeControlFlowTest : public testing::TestWithParam<PassCase> {};

TEST_P(FunctionalizeControlFlowTest, GivesTheGraph) {
  FunctionalizeControlFlow pass;
  ExpectCase(pass, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Cond, FunctionalizeControlFlowTest,
                         testing::Values(PassCase{.name = "two_branches",
                                                  .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
cond/Switch = Switch(p, p)
cond/switch_t = Identity(cond/Switch:1)
cond/switch_f = Identity(cond/Switch)
cond/pred_id = Identity(p)
cond/two = Const[dtype=float32, value=2](^cond/switch_t)
cond/x = Switch[_class=["loc:@x"]](x, cond/pred_id)
cond/mul = Mul[_class=["loc:@cond/two", "loc:@x"]](cond/x:1, cond/two)
cond/exp = Exp(cond/x, ^cond/switch_f)
cond/Merge = Merge[_output_shapes=[[?,3],[]]](cond/exp, cond/mul)
y = Neg(cond/Merge)
)",
                                                  .after = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
y = Neg[T=float32](cond/If)
cond/If = StatelessIf[Tcond=bool, Tin=[float32], Tout=[float32], _lower_using_switch_merge=true, else_branch=@cond_false, output_shapes=[[?,3]], then_branch=@cond_true](p, x)
function cond_false {
  x = _Arg[T=float32, index=0]()
  cond/exp = Exp[T=float32](x)
  return cond/exp
}
function cond_true {
  x = _Arg[T=float32, index=0]()
  cond/two = Const[dtype=float32, value=2]()
  cond/mul = Mul[T=float32, _class=["loc:@cond/two"]](x, cond/two)
  return cond/mul
}
)"},
                                         PassCase{.name = "outer_tensors_and_value_index",
                                                  .before = R"(
x = Placeholder[dtype=float32]()
z = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
sx = Switch(x, p)
sz = Switch(z, p)
m = Merge(sx:1, sz)
i = Cast[DstT=float32](m:1)
y = Add(m, i)
)",
                                                  .after = R"(
x = Placeholder[dtype=float32]()
z = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
i = Cast[DstT=float32, SrcT=int32](If:1)
y = Add[T=float32](If, i)
If = StatelessIf[Tcond=bool, Tin=[float32,float32], Tout=[float32,int32], _lower_using_switch_merge=true, else_branch=@cond_false, output_shapes=[<unknown>,[]], then_branch=@cond_true](p, x, z)
function cond_false {
  x = _Arg[T=float32, index=0]()
  z = _Arg[T=float32, index=1]()
  m/index = Const[dtype=int32, value=1]()
  return z, m/index
}
function cond_true {
  x = _Arg[T=float32, index=0]()
  z = _Arg[T=float32, index=1]()
  m/index = Const[dtype=int32, value=0]()
  return x, m/index
}
)"},
                                         PassCase{.name = "one_tf_cond_is_one_if",
                                                  .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
a/pred_id = Identity(p)
a/x = Switch(x, a/pred_id)
a/u = Neg(a/x)
a/Merge = Merge(a/u, a/x:1)
a/x2 = Switch(x, a/pred_id)
a/v = Exp(a/x2:1)
a/Merge_1 = Merge(a/x2, a/v)
b/pred_id = Identity(p)
b/x = Switch(a/Merge, b/pred_id)
b/u = Abs(b/x)
b/Merge = Merge(b/u, b/x:1)
y = Add(a/Merge_1, b/Merge)
)",
                                                  .after = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
y = Add[T=float32](a/If:1, b/If)
a/If = StatelessIf[Tcond=bool, Tin=[float32], Tout=[float32,float32], _lower_using_switch_merge=true, else_branch=@a_false, output_shapes=[<unknown>,<unknown>], then_branch=@a_true](p, x)
b/If = StatelessIf[Tcond=bool, Tin=[float32], Tout=[float32], _lower_using_switch_merge=true, else_branch=@b_false, output_shapes=[<unknown>], then_branch=@b_true](p, a/If)
function a_false {
  x = _Arg[T=float32, index=0]()
  a/u = Neg[T=float32](x)
  return a/u, x
}
function a_true {
  x = _Arg[T=float32, index=0]()
  a/v = Exp[T=float32](x)
  return x, a/v
}
function b_false {
  a_if = _Arg[T=float32, index=0]()
  b/u = Abs[T=float32](a_if)
  return b/u
}
function b_true {
  a_if = _Arg[T=float32, index=0]()
  return a_if
}
)"},
                                         PassCase{.name = "nested",
                                                  .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
q = Placeholder[dtype=bool]()
a/x = Switch(x, p)
a/q = Switch(q, p)
a/b/x = Switch(a/x:1, a/q:1)
a/b/neg = Neg(a/b/x)
a/b/exp = Exp(a/b/x:1)
a/b/Merge = Merge(a/b/neg, a/b/exp)
a/abs = Abs(a/x)
a/Merge = Merge(a/abs, a/b/Merge)
y = Neg(a/Merge)
)",
                                                  .after = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
q = Placeholder[dtype=bool]()
y = Neg[T=float32](a/If)
a/If = StatelessIf[Tcond=bool, Tin=[bool,float32], Tout=[float32], _lower_using_switch_merge=true, else_branch=@a_false, output_shapes=[<unknown>], then_branch=@a_true](p, q, x)
function a_b_false {
  a_x = _Arg[T=float32, index=0]()
  a/b/neg = Neg[T=float32](a_x)
  return a/b/neg
}
function a_b_true {
  a_x = _Arg[T=float32, index=0]()
  a/b/exp = Exp[T=float32](a_x)
  return a/b/exp
}
function a_false {
  q = _Arg[T=bool, index=0]()
  x = _Arg[T=float32, index=1]()
  a/abs = Abs[T=float32](x)
  return a/abs
}
function a_true {
  q = _Arg[T=bool, index=0]()
  x = _Arg[T=float32, index=1]()
  a/b/If = StatelessIf[Tcond=bool, Tin=[float32], Tout=[float32], _lower_using_switch_merge=true, else_branch=@a_b_false, output_shapes=[<unknown>], then_branch=@a_b_true](q, x)
  return a/b/If
}
)"},
                                         PassCase{.name = "effects_wait_and_are_waited_for",
                                                  .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
first = Print(x, x)
cond/Switch = Switch(p, p, ^first)
cond/switch_t = Identity(cond/Switch:1)
cond/switch_f = Identity(cond/Switch)
cond/NoOp = NoOp(^cond/switch_t)
cond/ok = Identity(cond/switch_t, ^cond/NoOp)
cond/pred_id = Identity(p, ^first)
cond/p = Switch(p, cond/pred_id)
cond/x = Switch(x, cond/pred_id)
cond/Assert = Assert(cond/p, cond/x)
cond/bad = Identity(cond/switch_f, ^cond/Assert)
cond/Merge = Merge(cond/bad, cond/ok)
y = Neg(x, ^cond/Merge)
)",
                                                  .after = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
first = Print[T=float32, U=[float32]](x, x)
y = Neg[T=float32](x, ^cond/If)
cond/If = If[Tcond=bool, Tin=[float32], Tout=[bool], _lower_using_switch_merge=true, else_branch=@cond_false, output_shapes=[<unknown>], then_branch=@cond_true](p, x, ^first)
function cond_false {
  x = _Arg[T=float32, index=0]()
  cond/Switch = Const[dtype=bool, value=false]()
  cond/p = Const[dtype=bool, value=false]()
  cond/Assert = Assert[T=[float32]](cond/p, x)
  cond/bad = Identity[T=bool](cond/Switch, ^cond/Assert)
  return cond/bad
}
function cond_true {
  x = _Arg[T=float32, index=0]()
  cond/Switch = Const[dtype=bool, value=true]()
  return cond/Switch
}
)"},
                                         PassCase{.name = "fetched_with_fed_inside",
                                                  .before = R"(
p = Placeholder[dtype=bool]()
s = Switch(p, p)
t = Identity(s:1)
x = Placeholder[dtype=float32](^t)
v = VarHandleOp[dtype=float32, shape=[2]](^t)
r = ReadVariableOp[dtype=float32](v, ^t)
b = Add(x, r)
f = Identity(s)
z = Const[dtype=float32, value={1, 2}](^f)
y = Merge(b, z)
)",
                                                  .after = R"(
p = Placeholder[dtype=bool]()
x = Placeholder[dtype=float32]()
v = VarHandleOp[dtype=float32, shape=[2]]()
If = If[Tout=[float32], _lower_using_switch_merge=true, else_branch=@cond_false, output_shapes=[<unknown>], then_branch=@cond_true](p, v, x)
function cond_false {
  v = _Arg[T=resource, _handle_dtypes=[float32], _handle_shapes=[[2]], index=0]()
  x = _Arg[T=float32, index=1]()
  z = Const[dtype=float32, value={1, 2}]()
  return z
}
function cond_true {
  v = _Arg[T=resource, _handle_dtypes=[float32], _handle_shapes=[[2]], index=0]()
  x = _Arg[T=float32, index=1]()
  r = ReadVariableOp[dtype=float32](v)
  b = Add[T=float32](x, r)
  return b
}
)",
                                                  .outputs = {"If"}},
                                         PassCase{.name = "references_that_nobody_writes",
                                                  .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
v = VariableV2[dtype=float32, shape=[2]]()
sv = RefSwitch(v, p)
read = Identity(sv:1)
sx = Switch(x, p)
m = Merge(sx, read)
y = Neg(m)
)",
                                                  .after = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
v = VariableV2[dtype=float32, shape=[2]]()
y = Neg[T=float32](If)
If = StatelessIf[Tcond=bool, Tin=[float32,float32], Tout=[float32], _lower_using_switch_merge=true, else_branch=@cond_false, output_shapes=[<unknown>], then_branch=@cond_true](p, v, x)
function cond_false {
  v = _Arg[T=float32, index=0]()
  x = _Arg[T=float32, index=1]()
  return x
}
function cond_true {
  v = _Arg[T=float32, index=0]()
  x = _Arg[T=float32, index=1]()
  return v
}
)"}),
                         [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(Loop, FunctionalizeControlFlowTest,
                         testing::Values(PassCase{.name = "variables_and_invariants",
                                                  .before = R"(
x = Placeholder[dtype=float32]()
w = Placeholder[dtype=float32]()
n = Const[dtype=int32, value=3]()
zero = Const[dtype=int32, value=0]()
while/i = Enter[frame_name="while/f", parallel_iterations=7](zero)
while/h = Enter[frame_name="while/f", parallel_iterations=7](x)
while/Merge = Merge[_output_shapes=[[],[]]](while/i, while/NextIteration)
while/Merge_1 = Merge[_output_shapes=[[?,3],[]]](while/h, while/NextIteration_1)
while/n = Enter[frame_name="while/f", is_constant=true, parallel_iterations=7](n)
while/Less = Less(while/Merge, while/n)
while/LoopCond = LoopCond(while/Less)
while/Switch = Switch(while/Merge, while/LoopCond)
while/Switch_1 = Switch(while/Merge_1, while/LoopCond)
while/Identity = Identity(while/Switch:1)
while/Identity_1 = Identity(while/Switch_1:1)
while/one = Const[dtype=int32, value=1](^while/Identity)
while/add = Add(while/Identity, while/one)
while/w = Enter[frame_name="while/f", is_constant=true, parallel_iterations=7](w)
while/mul = Mul(while/Identity_1, while/w)
while/NextIteration = NextIteration(while/add)
while/NextIteration_1 = NextIteration(while/mul)
while/Exit = Exit(while/Switch)
while/Exit_1 = Exit(while/Switch_1)
y = Neg(while/Exit_1)
)",
                                                  .after = R"(
x = Placeholder[dtype=float32]()
w = Placeholder[dtype=float32]()
zero = Const[dtype=int32, value=0]()
y = Neg[T=float32](while/While:1)
while/While = StatelessWhile[T=[int32,float32,float32], _lower_using_switch_merge=true, body=@while_body, cond=@while_cond, output_shapes=[[],[?,3],<unknown>], parallel_iterations=7](zero, x, w)
function while_body {
  while_i = _Arg[T=int32, _output_shapes=[[]], index=0]()
  while_h = _Arg[T=float32, _output_shapes=[[?,3]], index=1]()
  w = _Arg[T=float32, index=2]()
  while/one = Const[dtype=int32, value=1]()
  while/add = Add[T=int32](while_i, while/one)
  while/mul = Mul[T=float32](while_h, w)
  return while/add, while/mul, w
}
function while_cond {
  while_i = _Arg[T=int32, _output_shapes=[[]], index=0]()
  while_h = _Arg[T=float32, _output_shapes=[[?,3]], index=1]()
  w = _Arg[T=float32, index=2]()
  n = Const[dtype=int32, value=3]()
  while/Less = Less[T=int32](while_i, n)
  return while/Less
}
)"},
                                         PassCase{.name = "nested",
                                                  .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
a/e = Enter[frame_name="a"](x)
a/m = Merge(a/e, a/n)
a/p = Enter[frame_name="a", is_constant=true](p)
a/c = LoopCond(a/p)
a/s = Switch(a/m, a/c)
b/e = Enter[frame_name="b"](a/s:1)
b/m = Merge(b/e, b/n)
b/p = Enter[frame_name="b", is_constant=true](a/p)
b/c = LoopCond(b/p)
b/s = Switch(b/m, b/c)
b/exp = Exp(b/s:1)
b/n = NextIteration(b/exp)
b/x = Exit(b/s)
a/n = NextIteration(b/x)
y = Exit(a/s)
)",
                                                  .after = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
a/While = StatelessWhile[T=[float32,bool], _lower_using_switch_merge=true, body=@a_body, cond=@a_cond, output_shapes=[<unknown>,<unknown>], parallel_iterations=10](x, p)
function a_body {
  a_e = _Arg[T=float32, index=0]()
  p = _Arg[T=bool, index=1]()
  b/While = StatelessWhile[T=[float32,bool], _lower_using_switch_merge=true, body=@b_body, cond=@b_cond, output_shapes=[<unknown>,<unknown>], parallel_iterations=10](a_e, p)
  return b/While, p
}
function a_cond {
  a_e = _Arg[T=float32, index=0]()
  p = _Arg[T=bool, index=1]()
  return p
}
function b_body {
  b_e = _Arg[T=float32, index=0]()
  a_p = _Arg[T=bool, index=1]()
  b/exp = Exp[T=float32](b_e)
  return b/exp, a_p
}
function b_cond {
  b_e = _Arg[T=float32, index=0]()
  a_p = _Arg[T=bool, index=1]()
  return a_p
}
)",
                                                  .outputs = {"a/While"}},
                                         PassCase{.name = "cond_inside_and_loop_inside_cond",
                                                  .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
q = Placeholder[dtype=bool]()
c/x = Switch(x, p)
c/q = Switch(q, p)
a/e = Enter[frame_name="a"](c/x:1)
a/q = Enter[frame_name="a", is_constant=true](c/q:1)
a/m = Merge(a/e, a/n)
a/c = LoopCond(a/q)
a/s = Switch(a/m, a/c)
d/q = Identity(a/q)
d/s = Switch(a/s:1, d/q)
d/neg = Neg(d/s)
d/m = Merge(d/neg, d/s:1)
a/n = NextIteration(d/m)
a/x = Exit(a/s)
c/m = Merge(c/x, a/x)
y = Neg(c/m)
)",
                                                  .after = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
q = Placeholder[dtype=bool]()
y = Neg[T=float32](c/If)
c/If = StatelessIf[Tcond=bool, Tin=[float32,bool], Tout=[float32], _lower_using_switch_merge=true, else_branch=@c_false, output_shapes=[<unknown>], then_branch=@c_true](p, x, q)
function a_body {
  a_e = _Arg[T=float32, index=0]()
  c_q = _Arg[T=bool, index=1]()
  d/If = StatelessIf[Tcond=bool, Tin=[float32], Tout=[float32], _lower_using_switch_merge=true, else_branch=@d_false, output_shapes=[<unknown>], then_branch=@d_true](c_q, a_e)
  return d/If, c_q
}
function a_cond {
  a_e = _Arg[T=float32, index=0]()
  c_q = _Arg[T=bool, index=1]()
  return c_q
}
function c_false {
  x = _Arg[T=float32, index=0]()
  q = _Arg[T=bool, index=1]()
  return x
}
function c_true {
  x = _Arg[T=float32, index=0]()
  q = _Arg[T=bool, index=1]()
  a/While = StatelessWhile[T=[float32,bool], _lower_using_switch_merge=true, body=@a_body, cond=@a_cond, output_shapes=[<unknown>,<unknown>], parallel_iterations=10](x, q)
  return a/While
}
function d_false {
  a_s = _Arg[T=float32, index=0]()
  d/neg = Neg[T=float32](a_s)
  return d/neg
}
function d_true {
  a_s = _Arg[T=float32, index=0]()
  return a_s
}
)"}),
                         [](const auto& row) { return row.param.name; });

// As it was, to the last attribute.
INSTANTIATE_TEST_SUITE_P(
    LeftAlone, FunctionalizeControlFlowTest,
    testing::Values(
        PassCase{.name = "two_predicates", .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
q = Placeholder[dtype=bool]()
a = Switch(x, p)
b = Switch(x, q)
y = Merge(a, b:1)
)"},
        PassCase{.name = "three_ways", .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
a = Switch(x, p)
b = Exp(a)
y = Merge(a, b, a:1)
)"},
        PassCase{.name = "one_side_twice", .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
a = Switch(x, p)
b = Exp(a)
y = Merge(a, b)
)"},
        PassCase{.name = "both_sides_in_one_node", .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
a = Switch(x, p)
b = Add(a, a:1)
c = Exp(a:1)
m = Merge(b, c)
y = Neg(m)
)"},
        PassCase{.name = "fetched_inside",
                 .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
a = Switch(x, p)
b = Exp(a)
y = Merge(b, a:1)
)",
                 .keep = {.outputs = {"y", "b"}}},
        PassCase{.name = "fed_inside",
                 .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
a = Switch(x, p)
b = Exp(a)
y = Merge(b, a:1)
)",
                 .keep = {.inputs = {"b"}}},
        PassCase{.name = "unknown_op_inside", .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
a = Switch(x, p)
b = my_function(a)
y = Merge(b, a:1)
function my_function {
  v = _Arg[T=float32, index=0]()
  return v
}
)"},
        PassCase{.name = "written_reference", .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
v = VariableV2[dtype=float32, shape=[2]]()
sv = RefSwitch(v, p)
w = Assign(sv:1, x)
sx = Switch(x, p)
m = Merge(sx, w)
y = Neg(m)
)"},
        // As one node each, the branches of p would wait for themselves: one constant holds both.
        PassCase{.name = "cycle", .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
s = Switch(p, p)
t = Identity(s:1)
one = Const[dtype=float32, value=1](^t)
a = Switch(x, p)
b = Add(a:1, one)
m = Merge(a, b)
c = Neg(m)
d = Switch(c, p)
e = Mul(d:1, one)
y = Merge(d, e)
)"},
        PassCase{.name = "no_loop_cond", .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
e = Enter[frame_name="f"](x)
q = Enter[frame_name="f", is_constant=true](p)
m = Merge(e, n)
s = Switch(m, q)
n = NextIteration(s:1)
y = Exit(s)
)"},
        PassCase{.name = "two_loop_conds", .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
e = Enter[frame_name="f"](x)
q = Enter[frame_name="f", is_constant=true](p)
c = LoopCond(q)
m = Merge(e, n)
s = Switch(m, c)
n = NextIteration(s:1)
z = Exit(s)
e2 = Enter[frame_name="f"](z)
c2 = LoopCond(q)
m2 = Merge(e2, n2)
s2 = Switch(m2, c2)
n2 = NextIteration(s2:1)
y = Exit(s2)
)"},
        PassCase{.name = "body_is_not_bound_to_the_condition", .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
e = Enter[frame_name="f"](x)
q = Enter[frame_name="f", is_constant=true](p)
c = LoopCond(q)
m = Merge(e, n)
s = Switch(m, c)
b = Exp(m)
n = NextIteration(b)
y = Exit(s)
)"},
        // The Print runs once more than the body does.
        PassCase{.name = "effect_outside_of_the_condition", .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
e = Enter[frame_name="f"](x)
q = Enter[frame_name="f", is_constant=true](p)
c = LoopCond(q)
m = Merge(e, n)
print = Print(m, m)
s = Switch(m, c)
b = Add(print, s:1)
n = NextIteration(b)
y = Exit(s)
)"},
        PassCase{.name = "fetched_in_a_loop",
                 .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
e = Enter[frame_name="f"](x)
q = Enter[frame_name="f", is_constant=true](p)
c = LoopCond(q)
m = Merge(e, n)
s = Switch(m, c)
b = Exp(s:1)
n = NextIteration(b)
y = Exit(s)
)",
                 .keep = {.outputs = {"y", "b"}}},
        PassCase{.name = "edge_into_a_loop_without_enter", .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
e = Enter[frame_name="f"](x)
q = Enter[frame_name="f", is_constant=true](p)
c = LoopCond(q)
m = Merge(e, n)
s = Switch(m, c)
b = Add(s:1, x)
n = NextIteration(b)
y = Exit(s)
)"},
        PassCase{.name = "no_outputs",
                 .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
a = Switch(x, p)
b = Exp(a)
y = Merge(b, a:1)
)",
                 .keep = {.outputs = {}}}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight
