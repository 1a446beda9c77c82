#include "explain/rowwise_prefix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"

namespace whylight {
namespace {

using testing::ElementsAreArray;

// Where the parts of x (float [rows, 4]) and of word (string [rows]) end.
struct Case {
  const char* name;
  std::string body;  // Ends in y.
  std::vector<std::string> of_x;
  std::vector<std::string> of_word = {};
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

// [-2] is the axis of rows.
constexpr char kInputs[] = R"(
  x = Placeholder[dtype=float32, shape=[?,4]]() -> [-2,4]
  word = Placeholder[dtype=string, shape=[?]]() -> [-2]
  w = Placeholder[dtype=float32, shape=[4,8]]() -> [4,8]
  rows3 = Placeholder[dtype=float32, shape=[3,8]]() -> [3,8]
  c = Const[dtype=float32, value={1, 2, 3, 4}]() -> [4]
  zero = Const[dtype=int32, value=0]() -> []
  one = Const[dtype=int32, value=1]() -> []
  first = Const[dtype=int32, value={0}]() -> [1]
  last = Const[dtype=int32, value={-1}]() -> [1]
)";

class RowwisePrefixTest : public testing::TestWithParam<Case> {};

TEST_P(RowwisePrefixTest, EndsWhereRowsMeet) {
  Result<Graph> parsed = GraphFromText(kInputs + GetParam().body);
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  const Graph& graph = *parsed;
  ASSERT_NE(graph.Find("y"), nullptr);
  const Output xs[] = {{graph.Find("x"), 0}, {graph.Find("word"), 0}};
  const std::vector<std::vector<Output>> prefixes =
      FindRowwisePrefixes(graph, {graph.Find("y"), 0}, xs);
  ASSERT_EQ(prefixes.size(), 2u);
  EXPECT_THAT(NamesOf(prefixes[0]), ElementsAreArray(GetParam().of_x));
  EXPECT_THAT(NamesOf(prefixes[1]), ElementsAreArray(GetParam().of_word));
}

INSTANTIATE_TEST_SUITE_P(, RowwisePrefixTest,
                         testing::Values(Case{"each_up_to_where_they_are_joined",
                                              R"(
          hash = StringToHashBucketFast[num_buckets=3](word) -> [-2]
          g = GatherV2[Tindices=int64, Tparams=float32, Taxis=int32](rows3, hash, zero) -> [-2,8]
          m = MatMul[T=float32](x, w) -> [-2,8]
          r = Relu[T=float32](m) -> [-2,8]
          s = AddV2[T=float32](r, g) -> [-2,8]
          y = Tanh[T=float32](s) -> [-2,8])",
                                              {"r:0"},
                                              {"g:0"}},
                                         Case{"all_of_a_model_of_one_input",
                                              R"(
          m = MatMul[T=float32](x, w) -> [-2,8]
          y = Softmax[T=float32](m) -> [-2,8])",
                                              {"y:0"}},
                                         Case{"a_mean_over_rows_stops_it",
                                              R"(
          e = Exp[T=float32](x) -> [-2,4]
          m = Mean[T=float32, Tidx=int32, keep_dims=true](e, first) -> [1,4]
          y = Sub[T=float32](e, m) -> [-2,4])",
                                              {"e:0"}},
                                         Case{"a_mean_within_rows_does_not",
                                              R"(
          m = Mean[T=float32, Tidx=int32, keep_dims=true](x, last) -> [-2,1]
          y = Sub[T=float32](x, m) -> [-2,4])",
                                              {"y:0"}},
                                         Case{"running_sums_are_not_known",
                                              R"(
          s = Cumsum[T=float32, Tidx=int32](x, zero) -> [-2,4]
          y = Exp[T=float32](s) -> [-2,4])",
                                              {"x:0"}},
                                         Case{"a_constant_with_rows_of_its_own_stops_it",
                                              R"(
          two = Placeholder[dtype=float32, shape=[?,4]]() -> [-2,4]
          y = AddV2[T=float32](x, two) -> [-2,4])",
                                              {"x:0"}},
                                         Case{"a_row_of_constants_does_not",
                                              R"(
          y = AddV2[T=float32](x, c) -> [-2,4])",
                                              {"y:0"}},
                                         Case{"rows_times_rows_stop_it",
                                              R"(
          m = MatMul[T=float32, transpose_b=true](x, x) -> [-2,-2]
          y = Exp[T=float32](m) -> [-2,-2])",
                                              {"x:0"}},
                                         Case{"transposed_rows_stop_it",
                                              R"(
          m = MatMul[T=float32, transpose_a=true](x, rows) -> [4,8]
          rows = Placeholder[dtype=float32, shape=[?,8]]() -> [?,8]
          y = Exp[T=float32](m) -> [4,8])",
                                              {"x:0"}},
                                         Case{"flat_rows_stop_it",
                                              R"(
          f = Reshape[T=float32, Tshape=int32](x, last) -> [-3]
          y = Exp[T=float32](f) -> [-3])",
                                              {"x:0"}},
                                         Case{"a_reshape_by_the_count_of_rows_is_within",
                                              R"(
          shape = Shape[T=float32, out_type=int32](x) -> [2]
          n = StridedSlice[T=int32, Index=int32, shrink_axis_mask=1](shape, first, b1, b1) -> []
          b1 = Const[dtype=int32, value={1}]() -> [1]
          four = Const[dtype=int32, value=4]() -> []
          sizes = Pack[N=3, T=int32, axis=0](n, one, four) -> [3]
          f = Reshape[T=float32, Tshape=int32](x, sizes) -> [-2,1,4]
          y = Exp[T=float32](f) -> [-2,1,4])",
                                              {"y:0"}},
                                         Case{"what_counts_rows_elsewhere_counts_all_of_them",
                                              R"(
          e = Exp[T=float32](x) -> [-2,4]
          shape = Shape[T=float32, out_type=int32](e) -> [2]
          ones = Fill[T=float32](shape, scalar) -> [-2,4]
          scalar = Const[dtype=float32, value=1]() -> []
          length = StringLength(word) -> [-2]
          l = Cast[SrcT=int32, DstT=float32](length) -> [-2]
          column = ExpandDims[T=float32, Tdim=int32](l, one) -> [-2,1]
          sum = AddV2[T=float32](ones, column) -> [-2,4]
          y = Mul[T=float32](sum, sum) -> [-2,4])",
                                              {"e:0"},
                                              {"column:0"}},
                                         Case{"a_new_axis_in_front_stops_it",
                                              R"(
          f = ExpandDims[T=float32, Tdim=int32](x, zero) -> [1,-2,4]
          y = Exp[T=float32](f) -> [1,-2,4])",
                                              {"x:0"}},
                                         Case{"statistics_beside_the_rows_need_all_of_them",
                                              R"(
          i = Placeholder[dtype=float32, shape=[?,2,2,4]]() -> [?,2,2,4]
          sizes = Const[dtype=int32, value={-1, 2, 2, 1}]() -> [4]
          f = Reshape[T=float32, Tshape=int32](x, sizes) -> [-2,2,2,1]
          g = Const[dtype=float32, value={1}]() -> [1]
          n = FusedBatchNormV3[T=float32, U=float32, is_training=false](f, g, g, g, g) -> [-2,2,2,1], [1], [1], [1], [1], [?]
          y = AddV2[T=float32](n:0, n:1) -> [-2,2,2,1])",
                                              {"f:0", "n:0"}}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace whylight
