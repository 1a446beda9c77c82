#include "graph/passes/fold_batch_norm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "graph/export.h"
#include "graph/passes/pass_test.h"
#include "graph/text.h"
#include "testing/runtime_test.h"

namespace whylight {
namespace {

// Weights whose scores tell every channel and place from every other.
constexpr std::string_view kPrelude = R"(
x = Placeholder[dtype=float32, shape=[1,2,2,2]]()
conv_w = Const[dtype=float32, value={{{{1, 2, 3}, {-4, 5, 0.5}}}}]()
depth_w = Const[dtype=float32, value={{{{1, 2}, {-4, 5}}}}]()
back_w = Const[dtype=float32, value={{{{1, 2}, {-4, 5}, {3, 0.25}}}}]()
mat_w = Const[dtype=float32, value={{1, 2, 3}, {-4, 5, 0.5}}]()
mat_wt = Const[dtype=float32, value={{1, -4}, {2, 5}, {3, 0.5}}]()
three = Const[dtype=float32, value={2, -3, 0.5}]()
bias = Const[dtype=float32, value={1, 7, -2}]()
mean = Const[dtype=float32, value={0.5, -1, 3}]()
var = Const[dtype=float32, value={4, 0.25, 1}]()
four = Const[dtype=float32, value={2, -3, 0.5, 10}]()
wide = Const[dtype=float32, value={{{{2, -3, 0.5}}}}]()
half = Const[dtype=float32, value=0.5]()
rows = Const[dtype=int32, value={4, 2}]()
)";

std::string WithPrelude(std::string_view text) { return std::string(kPrelude) + std::string(text); }

struct Folded {
  const char* name;
  std::string_view text;  // Behind the prelude; its result is y.
  std::vector<std::string> gone;
  bool has_shift = true;
};
void PrintTo(const Folded& c, std::ostream* os) { *os << c.name; }

class FoldedTest : public RuntimeTest, public testing::WithParamInterface<Folded> {
 protected:
  static std::vector<double> Run(const std::string& text, const std::string& output) {
    const Result<Graph> graph = GraphFromText(text);
    EXPECT_TRUE(graph.ok()) << graph.status().message();
    const Result<ExportedGraph> exported = ExportGraph(*graph);
    EXPECT_TRUE(exported.ok()) << exported.status().message();
    const Tensor x = Tensor::Of<float>(Shape{1, 2, 2, 2}, {0.5f, -1, 2, 3, -0.25f, 1.5f, 0, 1});
    const Feed feed{.name = "x:0", .value = &x};
    const Result<std::vector<Tensor>> got = RunGraph(exported->graph_def, {&feed, 1}, {&output, 1});
    EXPECT_TRUE(got.ok()) << got.status().message();
    std::vector<double> values;
    if (!got.ok()) return values;
    for (std::size_t i = 0; i < got->at(0).elements(); ++i) values.push_back(got->at(0).Number(i));
    return values;
  }
};

TEST_P(FoldedTest, HasTheSameValuesFromOneLinearOpAndOneBias) {
  const std::string before = WithPrelude(GetParam().text);
  FoldBatchNorm pass;
  const Result<PassResult> got = RunPass(pass, before, {});
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_TRUE(got->changed);
  for (const std::string& name : GetParam().gone) {
    EXPECT_THAT(got->text, testing::Not(testing::HasSubstr("\n" + name + " = "))) << name;
  }
  EXPECT_THAT(got->text, testing::HasSubstr("\nl/folded_weights = Mul"));
  const std::vector<double> want = Run(before, "y:0"), values = Run(got->text, got->outputs[0]);
  ASSERT_EQ(values.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    // A few roundings of float32.
    EXPECT_NEAR(values[i], want[i], 2e-6 * std::max(10.0, std::abs(want[i]))) << i;
  }
  FoldBatchNorm again;
  EXPECT_FALSE(RunPass(again, got->text, {.outputs = got->outputs})->changed);
}

INSTANTIATE_TEST_SUITE_P(, FoldedTest,
                         testing::Values(Folded{"fused_after_convolution",
                                                R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
y = FusedBatchNormV3[U=float32, is_training=false, epsilon=0.5](l, three, bias, mean, var)
)",
                                                {"y"}},
                                         Folded{"fused_after_convolution_with_bias",
                                                R"(
l = Conv2D[strides=[1,1,1,1], padding="VALID"](x, conv_w)
b = BiasAdd(l, bias)
n = FusedBatchNorm[is_training=false](b, three, mean, bias, var)
y = Relu(n)
)",
                                                {"b", "n"}},
                                         // scale: var^-1/2 * gamma, shift: beta - mean * scale, as
                                         // tf.nn.batch_normalization has it.
                                         Folded{"chain_of_keras",
                                                R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
v = AddV2(var, half)
r = Rsqrt(v) -> [3]
g = Mul(r, three) -> [3]
m = Mul(l, g)
h = Mul(mean, g) -> [3]
o = Sub(bias, h) -> [3]
y = AddV2(m, o)
)",
                                                {"m", "y"}},
                                         Folded{"chain_without_a_center",
                                                R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
y = Mul(three, l)
)",
                                                {"y"},
                                                false},
                                         Folded{"division_subtraction_and_scalars",
                                                R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
a = Sub(l, mean)
b = RealDiv(a, three)
c = Mul(b, half)
d = Add(half, c)
y = RealDiv(d, half)
)",
                                                {"a", "b", "c", "d", "y"}},
                                         Folded{"operand_of_full_rank",
                                                R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
m = Mul(l, wide)
y = Add(wide, m)
)",
                                                {"m", "y"}},
                                         Folded{"scalar_shift_alone",
                                                R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
m = Mul(l, three)
y = Add(m, half)
)",
                                                {"m", "y"}},
                                         Folded{"depthwise",
                                                R"(
l = DepthwiseConv2dNative[strides=[1,1,1,1], padding="SAME"](x, depth_w)
b = BiasAdd(l, four)
m = Mul(b, four)
y = AddV2(m, four)
)",
                                                {"b", "m", "y"}},
                                         Folded{"transposed_convolution",
                                                R"(
sizes = Const[dtype=int32, value={1, 2, 2, 3}]()
l = Conv2DBackpropInput[strides=[1,1,1,1], padding="SAME"](sizes, back_w, x)
m = Mul(l, three)
y = BiasAdd(m, bias)
)",
                                                {"m", "y"}},
                                         Folded{"dense",
                                                R"(
flat = Reshape(x, rows)
l = MatMul(flat, mat_w)
b = BiasAdd(l, bias)
m = Mul(b, three)
y = AddV2(m, mean)
)",
                                                {"b", "m", "y"}},
                                         Folded{"dense_with_transposed_weights",
                                                R"(
flat = Reshape(x, rows)
l = MatMul[transpose_b=true](flat, mat_wt)
m = Mul(l, three)
y = AddV2(m, mean)
)",
                                                {"m", "y"}},
                                         Folded{"through_the_squeeze_of_conv1d",
                                                R"(
axis = Const[dtype=int32, value=1]()
begin = Const[dtype=int32, value={0, 0, 0, 0}]()
size = Const[dtype=int32, value={1, 1, 2, 2}]()
line = Slice[Index=int32](x, begin, size)
l = Conv2D[strides=[1,1,1,1], padding="SAME"](line, conv_w)
b = BiasAdd(l, mean)
s = Squeeze[squeeze_dims=[-3]](b)
c = BiasAdd(s, bias)
m = Mul(c, three)
y = AddV2(m, bias)
)",
                                                {"b", "c", "m", "y"}}),
                         [](const auto& row) { return row.param.name; });

TEST(FoldBatchNorm, FoldsIntoVariablesThatNobodyWrites) {
  FoldBatchNorm pass;
  const Result<PassResult> got = RunPass(pass, R"(
x = Placeholder[dtype=float32]()
k = VarHandleOp[dtype=float32, shape=[1,1,2,3], shared_name="k"]()
g = VarHandleOp[dtype=float32, shape=[3], shared_name="g"]()
w = ReadVariableOp[dtype=float32](k)
s = ReadVariableOp[dtype=float32](g)
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, w)
m = Mul(l, s)
y = Relu(m)
)",
                                         {});
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_EQ(got->text, Normal(R"(
x = Placeholder[dtype=float32]()
k = VarHandleOp[dtype=float32, shape=[1,1,2,3], shared_name="k"]()
g = VarHandleOp[dtype=float32, shape=[3], shared_name="g"]()
w = ReadVariableOp[dtype=float32](k)
s = ReadVariableOp[dtype=float32](g)
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, l/folded_weights)
y = Relu(l)
l/folded_weights = Mul(w, s)
)"));
}

class UntouchedTest : public testing::TestWithParam<PassCase> {};

TEST_P(UntouchedTest, IsLeftAlone) {
  FoldBatchNorm pass;
  const std::string before = WithPrelude(GetParam().before);
  PassCase row = GetParam();
  row.before = before;
  ExpectCase(pass, row);
}

INSTANTIATE_TEST_SUITE_P(
    , UntouchedTest,
    testing::Values(PassCase{.name = "training", .before = R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
y = FusedBatchNormV3[U=float32, is_training=true](l, three, bias, mean, var)
)"},
                    PassCase{.name = "training_by_default", .before = R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
y = FusedBatchNormV3[U=float32](l, three, bias, mean, var)
)"},
                    PassCase{.name = "side_outputs_read", .before = R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
n = FusedBatchNormV3[U=float32, is_training=false](l, three, bias, mean, var)
y = Add(n, n:1)
)"},
                    PassCase{.name = "second_reader", .before = R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
m = Mul(l, three)
y = Add(m, l)
)"},
                    PassCase{.name = "fetched_in_between",
                             .before = R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
y = Mul(l, three)
)",
                             .keep = {.outputs = {"y", "l"}}},
                    PassCase{.name = "fed_in_between",
                             .before = R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
y = Mul(l, three)
)",
                             .keep = {.inputs = {"l"}}},
                    PassCase{.name = "awaited", .before = R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
m = Mul(l, three)
y = Neg(x, ^m)
)"},
                    PassCase{.name = "waits", .before = R"(
p = Print[U=[float32]](x, x)
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
y = Mul(l, three, ^p)
)"},
                    PassCase{.name = "bias_alone", .before = R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
y = BiasAdd(l, bias)
)"},
                    PassCase{.name = "scalars_alone", .before = R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
m = Mul(l, half)
y = BiasAdd(m, bias)
)"},
                    PassCase{.name = "activation_between", .before = R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
r = Relu(l)
y = Mul(r, three)
)"},
                    PassCase{.name = "factor_that_depends_on_the_input", .before = R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
axes = Const[dtype=int32, value={0, 1, 2}]()
s = Mean(l, axes)
g = Placeholder[dtype=float32, shape=[3]]() -> [3]
y = Mul(l, g)
)"},
                    PassCase{.name = "not_one_number_a_channel", .before = R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
places = Const[dtype=float32, value={{{1}, {2}}, {{3}, {4}}}]()
y = Mul(l, places)
)"},
                    PassCase{.name = "grows_the_rank", .before = R"(
flat = Reshape(x, rows)
l = MatMul(flat, mat_w)
y = Mul(l, wide)
)"},
                    PassCase{.name = "number_divided_by_the_channel", .before = R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
y = RealDiv(three, l)
)"},
                    PassCase{.name = "channels_first", .before = R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME", data_format="NCHW"](x, conv_w)
y = Mul(l, three)
)"},
                    PassCase{.name = "squeezes_whatever_is_one", .before = R"(
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, conv_w)
s = Squeeze(l)
y = Mul(s, three)
)"},
                    PassCase{.name = "weights_written",
                             .before = R"(
k = VarHandleOp[dtype=float32, shape=[1,1,2,3]]()
w = ReadVariableOp[dtype=float32](k)
l = Conv2D[strides=[1,1,1,1], padding="SAME"](x, w)
y = Mul(l, three)
a = AssignVariableOp[dtype=float32](k, conv_w, ^l)
)",
                             .keep = {.targets = {"a"}}},
                    PassCase{.name = "half_precision", .before = R"(
h = Placeholder[dtype=float16]()
w = Const[dtype=float16, value={{{{1, 2, 3}, {-4, 5, 0.5}}}}]()
g = Const[dtype=float16, value={1, 2, 3}]()
l = Conv2D[strides=[1,1,1,1], padding="SAME"](h, w)
y = Mul(l, g)
)"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight
