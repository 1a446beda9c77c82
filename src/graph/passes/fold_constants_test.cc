#include "graph/passes/fold_constants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/export.h"
#include "graph/passes/pass_test.h"
#include "testing/runtime_test.h"

namespace whylight {
namespace {

class FoldConstantsTest : public RuntimeTest, public testing::WithParamInterface<PassCase> {
 protected:
  static Result<std::vector<Tensor>> Evaluate(const Graph& graph, std::span<const Output> outputs) {
    WHYLIGHT_ASSIGN_OR_RETURN(const ExportedGraph exported, ExportGraph(graph));
    return RunGraph(exported.graph_def, {}, NamesOf(outputs));
  }
};

TEST_P(FoldConstantsTest, GivesTheGraph) {
  FoldConstants pass(Evaluate, {.max_bytes = 64});
  ExpectCase(pass, GetParam());
}

INSTANTIATE_TEST_SUITE_P(, FoldConstantsTest,
                         testing::Values(PassCase{.name = "chain_up_to_what_is_not_constant",
                                                  .before = R"(
x = Placeholder[dtype=float32]()
a = Const[dtype=float32, value={1, 4}]()
b = Const[dtype=float32, value=3]()
c = Mul(a, b)
d = Neg(c)
y = Add(x, d)
)",
                                                  .after = R"(
x = Placeholder[dtype=float32]()
a = Const[dtype=float32, value={1, 4}]()
b = Const[dtype=float32, value=3]()
c = Mul(a, b)
d = Const[dtype=float32, value={-3, -12}]() -> [2]
y = Add(x, d)
)"},
                                         PassCase{.name = "fetched",
                                                  .before = R"(
a = Const[dtype=float32, value=2]()
y = Square(a)
)",
                                                  .after = R"(
a = Const[dtype=float32, value=2]()
y = Const[dtype=float32, value=4]() -> []
)"},
                                         PassCase{.name = "several_outputs",
                                                  .before = R"(
x = Placeholder[dtype=float32]()
axis = Const[dtype=int32, value=0]()
a = Const[dtype=float32, value={1, 2, 3}]()
s = Split[num_split=3](axis, a)
b = Add(x, s:2)
y = Add(b, s)
)",
                                                  .after = R"(
x = Placeholder[dtype=float32]()
axis = Const[dtype=int32, value=0]()
a = Const[dtype=float32, value={1, 2, 3}]()
s = Split[num_split=3](axis, a)
b = Add(x, s/output_2)
y = Add(b, s/output_0)
s/output_2 = Const[dtype=float32, value={3}]() -> [1]
s/output_0 = Const[dtype=float32, value={1}]() -> [1]
)"},
                                         PassCase{.name = "strings",
                                                  .before = R"(
x = Placeholder[dtype=string]()
a = Const[dtype=string, value={"a", "b"}]()
l = StringLower(a)
y = StringJoin[N=2](x, l)
)",
                                                  .after = R"(
x = Placeholder[dtype=string]()
a = Const[dtype=string, value={"a", "b"}]()
l = Const[dtype=string, value={"a", "b"}]() -> [2]
y = StringJoin[N=2](x, l)
)"},
                                         PassCase{.name = "shapes_that_are_known",
                                                  .before = R"(
x = Placeholder[dtype=float32]() -> [2,3]
s = Shape(x)
l = Shape[out_type=int64](x)
r = Rank(x)
n = Size(x)
f = Cast[DstT=int64](n)
m = Cast[DstT=int64](r)
a = Add(f, m)
y = Add(a, l)
z = Reshape(x, s)
)",
                                                  .after = R"(
x = Placeholder[dtype=float32]() -> [2,3]
s = Const[dtype=int32, value={2, 3}]() -> [2]
l = Const[dtype=int64, value={2, 3}]() -> [2]
r = Const[dtype=int32, value=2]() -> []
n = Const[dtype=int32, value=6]() -> []
f = Cast[DstT=int64](n)
m = Cast[DstT=int64](r)
a = Add(f, m)
y = Const[dtype=int64, value={10, 11}]() -> [2]
z = Reshape(x, s)
)",
                                                  .keep = {.outputs = {"y", "z"}}},
                                         PassCase{.name = "shapes_of_several",
                                                  .before = R"(
x = Placeholder[dtype=float32]() -> [2]
s = ShapeN[N=2](x, x)
y = Add(s, s:1)
)",
                                                  .after = R"(
x = Placeholder[dtype=float32]() -> [2]
s = ShapeN[N=2](x, x)
y = Const[dtype=int32, value={4}]() -> [1]
s/output_0 = Const[dtype=int32, value={2}]() -> [1]
s/output_1 = Const[dtype=int32, value={2}]() -> [1]
)"},
                                         PassCase{.name = "unknown_shapes_stay", .before = R"(
x = Placeholder[dtype=float32]() -> [?,3]
a = Placeholder[dtype=float32]()
y = Shape(x)
n = Size(x)
r = Rank(a)
)"},
                                         PassCase{.name = "shape_in_a_branch_keeps_its_place",
                                                  .before = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
d = Switch(x, p) -> [2], [2]
n = Neg(d:1) -> [2]
s = Shape(n)
t = Shape(d:0)
y = Merge[N=2](t, s)
)",
                                                  .after = R"(
x = Placeholder[dtype=float32]()
p = Placeholder[dtype=bool]()
d = Switch(x, p) -> [2], [2]
n = Neg(d:1) -> [2]
s = Const[dtype=int32, value={2}](^n) -> [1]
t = Shape(d:0)
y = Merge[N=2](t, s)
)"},
                                         PassCase{.name = "large_results_stay", .before = R"(
x = Placeholder[dtype=float32]()
n = Const[dtype=int32, value={17}]()
one = Const[dtype=float32, value=1]()
f = Fill(n, one)
y = Add(x, f)
)"},
                                         PassCase{.name = "random_stays", .before = R"(
x = Placeholder[dtype=float32]()
n = Const[dtype=int32, value={2}]()
seed = Const[dtype=int32, value={1, 2}]()
r = RandomUniform[dtype=float32](n)
s = StatelessRandomUniform[dtype=float32](n, seed)
y = AddN[N=3](x, r, s)
)"},
                                         PassCase{.name = "variables_stay", .before = R"(
v = VarHandleOp[dtype=float32, shape=[]]()
r = ReadVariableOp[dtype=float32](v)
y = Neg(r)
)"},
                                         PassCase{.name = "fed_constants_stay", .before = R"(
x = Const[dtype=float32, value=2]()
d = Const[dtype=float32, value=2]()
p = PlaceholderWithDefault[shape=[]](d)
y = Add(x, p)
)"},
                                         PassCase{.name = "waiting_for_an_effect_stays",
                                                  .before = R"(
x = Placeholder[dtype=float32]()
a = Const[dtype=float32, value=2]()
p = Print[U=[float32]](x, x)
y = Neg(a, ^p)
)"},
                                         PassCase{.name = "branch_of_tf1_stays", .before = R"(
p = Placeholder[dtype=bool]()
a = Const[dtype=float32, value=2]()
s = Switch(a, p)
n = Neg(s:1)
c = Const[dtype=float32, value=3](^n)
d = Square(c)
y = Merge[N=2](s:0, d)
)"},
                                         PassCase{.name = "checks_and_calls_stay",
                                                  .before = R"(
a = Const[dtype=float32, value=2]()
c = CheckNumerics[message=""](a)
y = PartitionedCall[Tin=[float32], Tout=[float32], f=@negative](a)
function negative {
  a = _Arg[T=float32, index=0]()
  b = Neg(a)
  return b
}
)",
                                                  .keep = {.outputs = {"y", "c"}}},
                                         PassCase{.name = "what_fails_stays", .before = R"(
a = Const[dtype=float32, value={1, 2}]()
n = Const[dtype=int32, value={3}]()
y = Reshape(a, n)
)"}),
                         [](const auto& row) { return row.param.name; });

TEST(FoldConstants, AsksOnceForAllAndRefusesWrongTypes) {
  int calls = 0;
  FoldConstants pass([&](const Graph&, std::span<const Output> outputs) {
    ++calls;
    return Result<std::vector<Tensor>>(
        std::vector<Tensor>(outputs.size(), Tensor::Scalar<double>(1)));
  });
  const auto got = RunPass(pass, R"(
x = Placeholder[dtype=float32]()
a = Const[dtype=float32, value=2]()
b = Neg(a)
c = Square(a)
d = Mul(x, b)
y = Add(d, c)
)",
                           {});
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(got.status(), Internal("fold_constants: expected float32 for b:0, got float64"));
}

}  // namespace
}  // namespace whylight
