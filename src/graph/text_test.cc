#include "graph/text.h"

#include <gtest/gtest.h>

#include "graph/verify.h"

namespace whylight {
namespace {

// What a row reads as, it also writes, and reads again as the same text.
struct Row {
  const char* name;
  const char* text;
};
void PrintTo(const Row& row, std::ostream* os) { *os << row.name; }

class RoundTripTest : public testing::TestWithParam<Row> {};

TEST_P(RoundTripTest, WritesWhatItRead) {
  const Result<Graph> graph = GraphFromText(GetParam().text);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_EQ(GraphToText(*graph), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    , RoundTripTest,
    testing::Values(
        Row{"empty", ""},
        Row{"edges",
            "x = Placeholder[dtype=float32, shape=[?,2]]()\n"
            "i = NoOp()\n"
            "k = Const[dtype=int32, value=1]()\n"
            "t = TopKV2[T=float32, Tk=int32](x, k, ^i)\n"
            "y = Neg[T=int32](t:1)\n"},
        Row{"device_and_shapes",
            "x = Placeholder[dtype=float32]() @ \"/device:CPU:0\" -> [$1,?,3]\n"
            "t = TopKV2[T=float32, Tk=float32](x, x) -> <unknown>, []\n"},
        Row{"constants",
            "a = Const[dtype=float32, value={1, 2.5, -inf, nan}]()\n"
            "b = Const[dtype=int64, value={{1, 2}, {9007199254740993, 4}}]()\n"
            "c = Const[dtype=string, value={\"a\\\"b\", \"\\x00\\n\"}]()\n"
            "d = Const[dtype=bool, value=true]()\n"
            "e = Const[dtype=float32, value=splat([3,4], 0.1)]()\n"
            "f = Const[dtype=float32, value=splat([0,4])]()\n"
            "g = Const[dtype=float32, value={}]()\n"
            "h = Const[dtype=uint64, value=18446744073709551615]()\n"
            "i = Const[dtype=bfloat16, value={1.5}]()\n"},
        Row{"complex", "c = Const[dtype=complex64, value=bytes(08081200220800000000)]()\n"},
        Row{"attributes",
            "a = Conv2D[T=float32, dilations=[1,1,1,1], padding=\"SAME\", strides=[1,2,2,1]]()\n"
            "b = MyOp[_a=1, _b=1.0, _c=true, _d=float32, _e=\"s\", _f=[1,2], _g=[[1],[?]], "
            "_h=shape[3], _i=<unknown>, _j=@f, _k=[@f,@g], _l=[], _m=[1.5,2.0], _n=[true], "
            "_o=[\"a\",\"b\"], _p=[float32], _q=raw(4a0154), _r=@f(12021803), _s=1e-10]()\n"
            "c = FakeQuantWithMinMaxArgs[max=6.0, min=-6.0, narrow_range=false, num_bits=8]()\n"
            "d = Placeholder[dtype=dtype 24, shape=<unknown>]()\n"},
        Row{"loop",
            "x = Placeholder[dtype=float32]()\n"
            "e = Enter[T=float32, frame_name=\"f\"](x)\n"
            "m = Merge[N=2, T=float32](e, n)\n"
            "n = NextIteration[T=float32](m)\n"},
        Row{"function",
            "y = PartitionedCall[Tin=[], Tout=[float32], f=@f]()\n"
            "function f {\n"
            "  a = _Arg[T=float32, _output_shapes=[[?]], index=0]()\n"
            "  s = Split[T=float32, num_split=2](a, a)\n"
            "  p = NoOp(^s)\n"
            "  return s:1, a, ^p\n"
            "}\n"}),
    [](const auto& row) { return row.param.name; });

TEST(GraphFromTextTest, DeducesWhatFollows) {
  const Result<Graph> graph = GraphFromText(R"(
# Types and lengths may be left out.
x = Placeholder[dtype=float64]()
axis = Const[value=0]()
y = ConcatV2(x, x, x, axis)
)");
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_TRUE(VerifyGraph(*graph).ok());
  EXPECT_EQ(GraphToText(*graph),
            "x = Placeholder[dtype=float64]()\n"
            "axis = Const[dtype=int32, value=0]()\n"
            "y = ConcatV2[N=3, T=float64, Tidx=int32](x, x, x, axis)\n");
}

TEST(GraphToTextTest, LargeConstantsShowTheirTypeOnly) {
  Graph graph;
  Node* const node = graph.Add("w", "Const");
  Tensor value(DType::kFloat32, {3, 4});
  value.SetNumber(5, 1);
  node->attrs = {{"dtype", DType::kFloat32}, {"value", EncodeTensor(value)}};
  EXPECT_EQ(GraphToText(graph), "w = Const[dtype=float32, value=tensor(float32[3,4])]()\n");
  EXPECT_FALSE(GraphFromText(GraphToText(graph)).ok());
}

TEST(GraphFromTextTest, ErrorsNameTheLine) {
  const char* rows[] = {
      "x",
      "x = ",
      "x = NoOp",
      "x = NoOp(",
      "x = NoOp(y)",
      "x = NoOp()\nx = NoOp()",
      "x = NoOp() junk",
      "x = Const[value={1, {2}}]()",
      "x = Const[value={{1}, {2, 3}}]()",
      "x = Const[dtype=float32, value=\"a\"]()",
      "x = Const[dtype=int64, value=1.5]()",
      "x = Const[dtype=float32, value=splat([-1], 1)]()",
      "x = Const[dtype=float32, value=splat([1000000,1000000], 1)]()",
      "x = Const[dtype=float33, value=1]()",
      "x = Neg[T=]()",
      "x = Neg[T=3",
      "x = Conv2D[strides=1]()",
      "x = MyOp[a=raw(0)]()",
      "x = MyOp[a=\"\\xz\"]()",
      "x = MyOp[a=\"open]()",
      "function f {\nx = NoOp()\n",
      "function f {\nreturn x\n}\n",
  };
  for (const char* text : rows) {
    const Result<Graph> graph = GraphFromText(text);
    EXPECT_EQ(graph.status().code(), StatusCode::kInvalidArgument) << text;
  }
  EXPECT_NE(GraphFromText("a = NoOp()\nb = NoOp(c)").status().message().find("line 2"),
            std::string::npos);
  EXPECT_FALSE(GraphFromText("x = MyOp[a=" + std::string(100'000, '[') + "]()").ok());
}

}  // namespace
}  // namespace whylight
