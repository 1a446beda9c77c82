#include "graph/passes/hoist_reads.h"

#include <gtest/gtest.h>

#include "graph/passes/pass_test.h"

namespace whylight {
namespace {

class HoistReadsTest : public testing::TestWithParam<PassCase> {};

TEST_P(HoistReadsTest, GivesTheGraph) {
  HoistReads pass;
  ExpectCase(pass, GetParam());
}

INSTANTIATE_TEST_SUITE_P(, HoistReadsTest,
                         testing::Values(PassCase{.name = "out_of_a_loop_in_a_branch",
                                                  .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
v = VarHandleOp[dtype=float32, shape=[2]]()
s = Switch[_class=["loc:@v"]](v, p)
i = Identity(s:1)
sx = Switch(x, p)
e = Enter[_output_shapes=[[]], frame_name="f", is_constant=true](i)
ex = Enter[frame_name="f", is_constant=true](sx:1)
r = ReadVariableOp[_class=["loc:@v"], dtype=float32](e, ^ex)
q = ReadVariableOp[dtype=float32](e)
rq = Add(r, q)
y = Exit(rq)
)",
                                                  .after = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
v = VarHandleOp[dtype=float32, shape=[2]]()
s = Switch[_class=["loc:@v"]](v, p)
i = Identity(s:1)
sx = Switch(x, p)
e = Enter[_output_shapes=[[]], frame_name="f", is_constant=true](i)
ex = Enter[frame_name="f", is_constant=true](sx:1)
r = Identity[T=float32](e/value, ^ex)
q = Identity[T=float32](e/value)
rq = Add[T=float32](r, q)
y = Exit[T=float32](rq)
v/value = ReadVariableOp[dtype=float32](v)
s/value = Switch[T=float32](v/value, p)
e/value = Enter[T=float32, frame_name="f", is_constant=true](s/value:1)
)"},
                                         PassCase{.name = "read_outside", .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
v = VarHandleOp[dtype=float32, shape=[2]]()
i = Identity(v)
r = ReadVariableOp[dtype=float32](i)
s = Switch(r, p)
y = Exp(s)
)"},
                                         PassCase{.name = "written", .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
v = VarHandleOp[dtype=float32, shape=[2]]()
s = Switch(v, p)
sx = Switch(x, p)
a = AssignVariableOp(s, sx)
r = ReadVariableOp[dtype=float32](s, ^a)
y = Exp(r)
)"},
                                         PassCase{.name = "another_variable_in_each_step",
                                                  .before = R"(
p = Placeholder[dtype=bool]()
v = VarHandleOp[dtype=float32, shape=[2]]()
e = Enter[frame_name="f"](v)
r = ReadVariableOp[dtype=float32](e)
y = Exp(r)
)"}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight
