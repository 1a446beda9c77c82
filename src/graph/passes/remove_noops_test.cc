#include "graph/passes/remove_noops.h"

#include <gtest/gtest.h>

#include "graph/passes/pass_test.h"

namespace whylight {
namespace {

class RemoveNoopsTest : public testing::TestWithParam<PassCase> {};

TEST_P(RemoveNoopsTest, GivesTheGraph) {
  RemoveNoops pass;
  ExpectCase(pass, GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    , RemoveNoopsTest,
    testing::Values(PassCase{.name = "identity_chain",
                             .before = R"(
x = Placeholder[dtype=float32]()
a = Identity(x)
b = Snapshot(a)
c = Identity(b)
y = Neg(c)
z = Add(a, c)
)",
                             .after = R"(
x = Placeholder[dtype=float32]()
y = Neg(x)
z = Add(x, x)
)"},
                    PassCase{.name = "default_that_nobody_feeds",
                             .before = R"(
x = Placeholder[dtype=float32]()
d = Const[dtype=float32, value=2]()
p = PlaceholderWithDefault[shape=[]](d)
q = PlaceholderWithDefault[shape=[]](d)
a = Add(x, p)
y = Add(a, q)
)",
                             .after = R"(
x = Placeholder[dtype=float32]()
d = Const[dtype=float32, value=2]()
q = PlaceholderWithDefault[shape=[]](d)
a = Add(x, d)
y = Add(a, q)
)",
                             .keep = {.inputs = {"x", "q"}}},
                    PassCase{.name = "fetched_identity_is_fetched_before",
                             .before = R"(
x = Placeholder[dtype=float32]()
a = Neg(x)
y = Identity(a)
)",
                             .after = R"(
x = Placeholder[dtype=float32]()
a = Neg(x)
)",
                             .outputs = {"a"}},
                    PassCase{.name = "later_output_of_a_node",
                             .before = R"(
x = Placeholder[dtype=float32]()
axis = Const[dtype=int32, value=0]()
s = Split[num_split=2](axis, x)
a = Identity(s:1)
y = Neg(a)
)",
                             .after = R"(
x = Placeholder[dtype=float32]()
axis = Const[dtype=int32, value=0]()
s = Split[num_split=2](axis, x)
y = Neg(s:1)
)"},
                    PassCase{.name = "keras_signature_waits_for_reads_that_nobody_overwrites",
                             .before = R"(
x = Placeholder[dtype=float32]()
v = VarHandleOp[dtype=float32, shape=[]]()
hint = DisableCopyOnRead(v)
r = ReadVariableOp[dtype=float32](v, ^hint)
m = Mul(x, r)
done = NoOp(^r, ^hint)
outer = NoOp(^done)
y = Identity(m, ^outer)
)",
                             .after = R"(
x = Placeholder[dtype=float32]()
v = VarHandleOp[dtype=float32, shape=[]]()
hint = DisableCopyOnRead(v)
r = ReadVariableOp[dtype=float32](v)
m = Mul(x, r)
done = NoOp()
outer = NoOp()
)",
                             .outputs = {"m"}},
                    PassCase{.name = "read_before_a_write_keeps_its_order",
                             .before = R"(
x = Placeholder[dtype=float32]()
v = VarHandleOp[dtype=float32, shape=[]]()
y = ReadVariableOp[dtype=float32](v)
w = AssignVariableOp[dtype=float32](v, x, ^y)
)",
                             .keep = {.targets = {"w"}}},
                    PassCase{.name = "write_before_a_read_keeps_its_order_through_noops",
                             .before = R"(
x = Placeholder[dtype=float32]()
v = VarHandleOp[dtype=float32, shape=[]]()
w = AssignVariableOp[dtype=float32](v, x)
n = NoOp(^w)
m = NoOp(^n)
y = ReadVariableOp[dtype=float32](v, ^m)
)",
                             .after = R"(
x = Placeholder[dtype=float32]()
v = VarHandleOp[dtype=float32, shape=[]]()
w = AssignVariableOp[dtype=float32](v, x)
n = NoOp(^w)
m = NoOp(^w)
y = ReadVariableOp[dtype=float32](v, ^w)
)"},
                    PassCase{.name = "identity_that_waits_for_an_assertion_stays", .before = R"(
x = Placeholder[dtype=float32]()
c = Placeholder[dtype=bool]()
check = Assert[T=[float32]](c, x)
a = Identity(x, ^check)
y = Neg(a)
)"},
                    PassCase{.name = "identity_that_waits_for_a_check_behind_a_cast_stays",
                             .before = R"(
x = Placeholder[dtype=float32]()
check = CheckNumerics[message="bad"](x)
d = Cast[DstT=float64](check)
y = Identity(x, ^d)
)"},
                    PassCase{.name = "repeated_and_needless_waiting",
                             .before = R"(
x = Placeholder[dtype=float32]()
p = Print[U=[float32]](x, x)
y = Add(p, x, ^p, ^x)
z = Neg(x, ^p, ^p)
)",
                             .after = R"(
x = Placeholder[dtype=float32]()
p = Print[U=[float32]](x, x)
y = Add(p, x)
z = Neg(x, ^p)
)"},
                    PassCase{.name = "stop_gradient_and_its_kin_stay", .before = R"(
x = Placeholder[dtype=float32]()
a = StopGradient(x)
b = PreventGradient(a)
c = CheckNumerics[message=""](b)
y = Neg(c)
)"},
                    PassCase{.name = "gradient_function_of_the_models_own_stays", .before = R"(
x = Placeholder[dtype=float32]()
a = Identity[_gradient_op_type="CustomGradient-1"](x)
y = Neg(a)
)"},
                    PassCase{.name = "value_of_a_tf1_variable_stays", .before = R"(
v = VariableV2[dtype=float32, shape=[]]()
r = Identity(v)
y = Neg(r)
)"},
                    PassCase{.name = "fed_identity_stays", .before = R"(
z = Placeholder[dtype=float32]()
x = Identity(z)
y = Neg(x)
)"},
                    PassCase{.name = "between_fed_and_fetched_stays", .before = R"(
x = Placeholder[dtype=float32]()
y = Identity(x)
)"},
                    PassCase{.name = "target_stays",
                             .before = R"(
x = Placeholder[dtype=float32]()
t = Identity(x)
y = Neg(x)
)",
                             .keep = {.targets = {"t"}}},
                    PassCase{.name = "pivot_of_a_tf1_branch_stays",
                             .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
s = Switch(p, p)
pivot_t = Identity(s:1)
one = Const[dtype=float32, value=1](^pivot_t)
d = Switch(x, p)
a = Identity(d:1)
b = Add(a, one)
y = Merge[N=2](d:0, b)
)",
                             .after = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
s = Switch(p, p)
pivot_t = Identity(s:1)
one = Const[dtype=float32, value=1](^pivot_t)
d = Switch(x, p)
b = Add(d:1, one)
y = Merge[N=2](d:0, b)
)"},
                    PassCase{.name = "nothing_to_do", .before = R"(
x = Placeholder[dtype=float32]()
y = Neg(x)
)"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight
