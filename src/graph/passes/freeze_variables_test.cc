#include "graph/passes/freeze_variables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/passes/pass_test.h"

namespace whylight {
namespace {

// Every float32 variable is full of sevens; others are unknown.
Result<std::optional<Tensor>> Sevens(const Node& variable) {
  const Shape* shape = variable.Attr<Shape>("shape");
  if (variable.AttrOr<DType>("dtype", DType::kInvalid) != DType::kFloat32) {
    return std::optional<Tensor>();
  }
  const Shape full = shape && shape->IsKnown() ? *shape : Shape{2};
  return std::optional(Tensor::Filled(DType::kFloat32, full, 7));
}

class FreezeVariablesTest : public testing::TestWithParam<PassCase> {};

TEST_P(FreezeVariablesTest, GivesTheGraph) {
  FreezeVariables pass(Sevens, {.max_bytes = 8, .max_total_bytes = 16});
  ExpectCase(pass, GetParam());
}

INSTANTIATE_TEST_SUITE_P(, FreezeVariablesTest,
                         testing::Values(PassCase{.name = "reads",
                                                  .before = R"(
x = Placeholder[dtype=float32]()
v = VarHandleOp[dtype=float32, shape=[2]]()
i = Identity(v)
r = ReadVariableOp[dtype=float32](v)
s = ReadVariableOp[dtype=float32](i, ^x)
m = Mul(x, r)
y = Add(m, s)
)",
                                                  .after = R"(
x = Placeholder[dtype=float32]()
v = VarHandleOp[dtype=float32, shape=[2]]()
i = Identity(v)
r = Const[dtype=float32, value={7, 7}]() -> [2]
s = Const[dtype=float32, value={7, 7}](^x) -> [2]
m = Mul(x, r)
y = Add(m, s)
)"},
                                         PassCase{.name = "tf1_variable",
                                                  .before = R"(
v = VariableV2[dtype=float32, shape=[2]]()
r = Identity(v)
n = Neg(v)
y = Add(r, n)
one = Const[dtype=float32, value={1, 1}]()
saver = Assign(v, one)
)",
                                                  .after = R"(
v = VariableV2[dtype=float32, shape=[2]]()
r = Identity(v/frozen)
n = Neg(v/frozen)
y = Add(r, n)
one = Const[dtype=float32, value={1, 1}]()
saver = Assign(v, one)
v/frozen = Const[dtype=float32, value={7, 7}]() -> [2]
)"},
                                         PassCase{.name = "shape_that_only_the_value_tells",
                                                  .before = R"(
v = VarHandleOp[dtype=float32, shape=<unknown>]()
y = ReadVariableOp[dtype=float32](v)
)",
                                                  .after = R"(
v = VarHandleOp[dtype=float32, shape=<unknown>]()
y = Const[dtype=float32, value={7, 7}]() -> [2]
)"},
                                         PassCase{.name = "too_large_stays", .before = R"(
v = VarHandleOp[dtype=float32, shape=[3]]()
y = ReadVariableOp[dtype=float32](v)
)"},
                                         PassCase{.name = "too_large_to_count_stays", .before = R"(
v = VarHandleOp[dtype=float32, shape=[4294967296,4294967296,4294967296]]()
y = ReadVariableOp[dtype=float32](v)
)"},
                                         PassCase{.name = "too_many_stay",
                                                  .before = R"(
u = VarHandleOp[dtype=float32, shape=[2], shared_name="u"]()
v = VarHandleOp[dtype=float32, shape=[2], shared_name="v"]()
w = VarHandleOp[dtype=float32, shape=[2], shared_name="w"]()
a = ReadVariableOp[dtype=float32](u)
b = ReadVariableOp[dtype=float32](v)
c = ReadVariableOp[dtype=float32](w)
y = AddN[N=3](a, b, c)
)",
                                                  .after = R"(
u = VarHandleOp[dtype=float32, shape=[2], shared_name="u"]()
v = VarHandleOp[dtype=float32, shape=[2], shared_name="v"]()
w = VarHandleOp[dtype=float32, shape=[2], shared_name="w"]()
a = Const[dtype=float32, value={7, 7}]() -> [2]
b = Const[dtype=float32, value={7, 7}]() -> [2]
c = ReadVariableOp[dtype=float32](w)
y = AddN[N=3](a, b, c)
)",
                                                  .settles = false},
                                         PassCase{.name = "unknown_value_stays", .before = R"(
v = VarHandleOp[dtype=int64, shape=[]]()
y = ReadVariableOp[dtype=int64](v)
)"},
                                         PassCase{.name = "written_stays", .before = R"(
x = Placeholder[dtype=float32]()
v = VarHandleOp[dtype=float32, shape=[]]()
r = ReadVariableOp[dtype=float32](v)
w = AssignVariableOp[dtype=float32](v, x, ^r)
y = Identity(r, ^w)
)"},
                                         PassCase{.name = "tf1_written_stays", .before = R"(
x = Placeholder[dtype=float32]()
v = VariableV2[dtype=float32, shape=[]]()
w = ScatterUpdate[Tindices=int32](v, i, x)
i = Const[dtype=int32, value=0]()
y = Identity(v, ^w)
)"},
                                         PassCase{.name = "fed_read_stays", .before = R"(
v = VarHandleOp[dtype=float32, shape=[]]()
x = ReadVariableOp[dtype=float32](v)
y = Neg(x)
)"},
                                         PassCase{.name = "read_in_a_branch_stays", .before = R"(
p = Placeholder[dtype=bool]()
v = VarHandleOp[dtype=float32, shape=[]]()
s = Switch(v, p)
a = ReadVariableOp[dtype=float32](s:0)
b = ReadVariableOp[dtype=float32](s:1)
y = Merge[N=2](a, b)
)"}),
                         [](const auto& row) { return row.param.name; });

TEST(FreezeVariables, AsksOnceForAVariableAndNotForWhatIsTooLarge) {
  int asked = 0;
  FreezeVariables pass(
      [&](const Node& variable) {
        ++asked;
        return Sevens(variable);
      },
      {.max_bytes = 8, .max_total_bytes = 100});
  ASSERT_TRUE(RunPass(pass, R"(
v = VarHandleOp[dtype=float32, shape=[2], shared_name="v"]()
w = VarHandleOp[dtype=float32, shape=[3], shared_name="w"]()
a = ReadVariableOp[dtype=float32](v)
b = ReadVariableOp[dtype=float32](v)
c = ReadVariableOp[dtype=float32](w)
d = Add(a, b)
y = Concat[N=2](axis, d, c)
axis = Const[dtype=int32, value=0]()
)",
                      {})
                  .ok());
  EXPECT_EQ(asked, 1);
}

TEST(FreezeVariables, PassesOnWhyAValueCannotBeRead) {
  FreezeVariables pass(
      [](const Node&) -> Result<std::optional<Tensor>> { return DataLoss("a broken checkpoint"); });
  const auto got = RunPass(pass, R"(
v = VarHandleOp[dtype=float32, shape=[]]()
y = ReadVariableOp[dtype=float32](v)
)",
                           {});
  EXPECT_EQ(got.status(), DataLoss("a broken checkpoint"));
}

}  // namespace
}  // namespace whylight
