#include "explain/affine_prefix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"
#include "graph/verify.h"

namespace whylight {
namespace {

using testing::ElementsAreArray;

// Where the prefix of x (float [rows, 4]) ends; `held` is another input.
struct Case {
  const char* name;
  std::string body;  // Ends in y.
  std::vector<std::string> cut;
  std::vector<std::string> shaped = {};
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

constexpr char kInputs[] = R"(
  x = Placeholder[dtype=float32, shape=[?,4]]() -> [?,4]
  held = Placeholder[dtype=float32, shape=[?,4]]() -> [?,4]
  w = Placeholder[dtype=float32, shape=[4,8]]() -> [4,8]
  c = Const[dtype=float32, value={1, 2, 3, 4}]() -> [4]
  axis = Const[dtype=int32, value={1}]() -> [1]
)";

class AffinePrefixTest : public testing::TestWithParam<Case> {
 protected:
  static Graph Parse(const std::string& body) {
    Result<Graph> graph = GraphFromText(kInputs + body);
    EXPECT_TRUE(graph.ok()) << graph.status().message();
    return graph.ok() ? *std::move(graph) : Graph();
  }
};

TEST_P(AffinePrefixTest, EndsAtTheFirstBend) {
  const Graph graph = Parse(GetParam().body);
  ASSERT_NE(graph.Find("y"), nullptr);
  const Output xs[] = {{graph.Find("x"), 0}}, held[] = {{graph.Find("held"), 0}};
  const AffinePrefix prefix = FindAffinePrefix(graph, {graph.Find("y"), 0}, xs, held);
  EXPECT_THAT(NamesOf(prefix.cut), ElementsAreArray(GetParam().cut));
  EXPECT_THAT(NamesOf(prefix.shaped), ElementsAreArray(GetParam().shaped));
}

INSTANTIATE_TEST_SUITE_P(, AffinePrefixTest,
                         testing::Values(Case{"relu_stops_it",
                                              R"(
          m = MatMul[T=float32](x, w) -> [?,8]
          r = Relu[T=float32](m) -> [?,8]
          y = Square[T=float32](r) -> [?,8])",
                                              {"m:0"}},
                                         Case{"sums_scales_and_layout_go_on",
                                              R"(
          s = Sub[T=float32](c, x) -> [?,4]
          n = Neg[T=float32](s) -> [?,4]
          u = Mul[T=float32](n, c) -> [?,4]
          d = RealDiv[T=float32](u, c) -> [?,4]
          t = ConcatV2[N=2, T=float32, Tidx=int32](d, x, axis0) -> [?,8]
          axis0 = Const[dtype=int32, value=1]() -> []
          e = Mean[T=float32, Tidx=int32](t, axis) -> [?]
          y = Exp[T=float32](e) -> [?])",
                                              {"e:0"}},
                                         Case{"a_product_of_two_stops_it",
                                              R"(
          m = MatMul[T=float32](x, w) -> [?,8]
          y = Mul[T=float32](m, m) -> [?,8])",
                                              {"m:0"}},
                                         Case{"division_by_it_stops_it",
                                              R"(
          u = Mul[T=float32](x, c) -> [?,4]
          y = RealDiv[T=float32](c, u) -> [?,4])",
                                              {"u:0"}},
                                         Case{"max_stops_it",
                                              R"(
          u = AddV2[T=float32](x, c) -> [?,4]
          y = Max[T=float32, Tidx=int32](u, axis) -> [?])",
                                              {"u:0"}},
                                         Case{"a_skip_is_cut_too",
                                              R"(
          m = Mul[T=float32](x, c) -> [?,4]
          r = Relu[T=float32](m) -> [?,4]
          y = Mul[T=float32](r, x) -> [?,4])",
                                              {"x:0", "m:0"}},
                                         Case{"nothing_in_front_of_the_bend",
                                              R"(
          r = Relu[T=float32](x) -> [?,4]
          y = MatMul[T=float32](r, w) -> [?,8])",
                                              {}},
                                         Case{"an_affine_model_is_its_own_cut",
                                              R"(
          y = MatMul[T=float32](x, w) -> [?,8])",
                                              {"y:0"}},
                                         Case{"what_hangs_on_a_held_input_stops_it",
                                              R"(
          u = Mul[T=float32](x, c) -> [?,4]
          a = AddV2[T=float32](u, held) -> [?,4]
          y = Mul[T=float32](a, c) -> [?,4])",
                                              {"u:0"}},
                                         Case{"shapes_are_read_of_anything_of_that_shape",
                                              R"(
          u = Mul[T=float32](x, c) -> [?,4]
          m = MatMul[T=float32](u, w) -> [?,8]
          r = Relu[T=float32](m) -> [?,8]
          s = Shape[T=float32](u) -> [2]
          f = Fill[T=float32](s, one) -> [?,4]
          one = Const[dtype=float32, value=1]() -> []
          z = MatMul[T=float32](f, w) -> [?,8]
          y = AddV2[T=float32](r, z) -> [?,8])",
                                              {"m:0"},
                                              {"u:0"}},
                                         Case{"random_numbers_stop_it",
                                              R"(
          u = Mul[T=float32](x, c) -> [?,4]
          s = Shape[T=float32](u) -> [2]
          f = RandomUniform[T=int32, dtype=float32](s) -> [?,4]
          a = AddV2[T=float32](u, f) -> [?,4]
          y = Mul[T=float32](a, c) -> [?,4])",
                                              {"u:0"}},
                                         Case{"a_batch_norm_in_training_stops_it",
                                              R"(
          i = Reshape[T=float32](x, four) -> [?,1,1,4]
          four = Const[dtype=int32, value={-1, 1, 1, 4}]() -> [4]
          n = FusedBatchNormV3[T=float32, U=float32, is_training=true](i, c, c, c, c) -> [?,1,1,4]
          y = Neg[T=float32](n) -> [?,1,1,4])",
                                              {"i:0"}},
                                         Case{"a_batch_norm_at_rest_does_not",
                                              R"(
          i = Reshape[T=float32](x, four) -> [?,1,1,4]
          four = Const[dtype=int32, value={-1, 1, 1, 4}]() -> [4]
          n = FusedBatchNormV3[T=float32, U=float32, is_training=false](i, c, c, c, c) -> [?,1,1,4]
          y = Relu[T=float32](n) -> [?,1,1,4])",
                                              {"n:0"}},
                                         Case{"a_rounding_cast_stops_it",
                                              R"(
          u = Mul[T=float32](x, c) -> [?,4]
          h = Cast[SrcT=float32, DstT=float16](u) -> [?,4]
          y = Neg[T=float16](h) -> [?,4])",
                                              {"u:0"}}),
                         [](const testing::TestParamInfo<Case>& tested) {
                           return tested.param.name;
                         });

TEST(AffinePrefix, CountsTheWorkOfARow) {
  const Result<Graph> graph = GraphFromText(std::string(kInputs) + R"(
    m = MatMul[T=float32](x, w) -> [?,8]
    y = Relu[T=float32](m) -> [?,8])");
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const Output xs[] = {{graph->Find("x"), 0}};
  const AffinePrefix prefix = FindAffinePrefix(*graph, {graph->Find("y"), 0}, xs, {});
  EXPECT_EQ(prefix.flops, 2 * 4 * 8);
  EXPECT_EQ(prefix.cut_elements, 8);
  EXPECT_EQ(prefix.input_elements, 4);
  EXPECT_FALSE(IsWorthHoisting(prefix)) << "a narrow layer";
}

TEST(CloneBetween, CopiesWhatDependsAndSharesTheRest) {
  Result<Graph> graph = GraphFromText(std::string(kInputs) + R"(
    m = MatMul[T=float32](x, w) -> [?,8]
    s = Shape[T=float32](m) -> [2]
    y = Reshape[T=float32](m, s) -> [?,8])");
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const Output x{graph->Find("x"), 0}, held{graph->Find("held"), 0}, y{graph->Find("y"), 0};
  const std::vector<Output> clones = CloneBetween(*graph, {&x, 1}, {&held, 1}, {&y, 1}, "copy");
  ASSERT_EQ(clones.size(), 1u);
  EXPECT_EQ(clones[0].name(), "copy/y:0");
  const Node& m = *graph->Find("copy/m");
  EXPECT_EQ(m.inputs[0], held);
  EXPECT_EQ(m.inputs[1].name(), "w:0");
  EXPECT_EQ(graph->Find("copy/y")->inputs[1].name(), "copy/s:0");
  EXPECT_EQ(y.node->inputs[0].name(), "m:0") << "the original stays";
  EXPECT_EQ(VerifyGraph(*graph), OkStatus());
}

}  // namespace
}  // namespace whylight
