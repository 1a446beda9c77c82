#include "graph/attr.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "graph/attr_proto.h"

namespace whylight {
namespace {

using namespace std::string_literals;

// A TensorProto: dtype, shape of the given axes (below 128), then `rest`.
std::string Proto(int dtype, const std::string& dims, const std::string& rest = "") {
  std::string shape;
  for (const char size : dims) shape += "\x12\x02\x08"s + size;
  return "\x08"s + static_cast<char>(dtype) + "\x12"s + static_cast<char>(shape.size()) + shape +
         rest;
}

struct NumberRow {
  const char* name;
  std::string proto;
  DType dtype;
  Shape shape;
  std::vector<double> values;
};
void PrintTo(const NumberRow& row, std::ostream* os) { *os << row.name; }

class DecodeNumbersTest : public testing::TestWithParam<NumberRow> {};

TEST_P(DecodeNumbersTest, GivesTheElements) {
  const Result<Tensor> tensor = DecodeTensor({GetParam().proto});
  ASSERT_TRUE(tensor.ok()) << tensor.status().message();
  EXPECT_EQ(tensor->dtype(), GetParam().dtype);
  EXPECT_EQ(tensor->shape(), GetParam().shape);
  ASSERT_EQ(tensor->elements(), GetParam().values.size());
  for (std::size_t i = 0; i < tensor->elements(); ++i) {
    EXPECT_EQ(tensor->Number(i), GetParam().values[i]) << i;
  }
}

const std::string kMinusOne = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s;  // As a varint.

INSTANTIATE_TEST_SUITE_P(
    , DecodeNumbersTest,
    testing::Values(
        NumberRow{"content",
                  Proto(1, "\x02", "\x22\x08\0\0\x80\x3f\0\0\0\x40"s),
                  DType::kFloat32,
                  {2},
                  {1, 2}},
        NumberRow{"last_value_repeats",
                  Proto(1, "\x04", "\x2a\x08\0\0\x80\x3f\0\0\0\x40"s),
                  DType::kFloat32,
                  {4},
                  {1, 2, 2, 2}},
        NumberRow{"unpacked",
                  Proto(1, "\x02", "\x2d\0\0\x80\x3f\x2d\0\0\0\x40"s),
                  DType::kFloat32,
                  {2},
                  {1, 2}},
        NumberRow{"no_value_is_zeros", Proto(3, "\x02"), DType::kInt32, {2}, {0, 0}},
        NumberRow{"scalar", Proto(3, "", "\x3a\x01\x07"s), DType::kInt32, {}, {7}},
        NumberRow{"no_shape_is_scalar", "\x08\x03\x3a\x01\x07"s, DType::kInt32, {}, {7}},
        NumberRow{
            "double", Proto(2, "\x01", "\x32\x08\0\0\0\0\0\0\xf0\x3f"s), DType::kFloat64, {1}, {1}},
        NumberRow{
            "int8_negative", Proto(6, "\x01", "\x3a\x0a"s + kMinusOne), DType::kInt8, {1}, {-1}},
        NumberRow{
            "int32_negative", Proto(3, "\x01", "\x3a\x0a"s + kMinusOne), DType::kInt32, {1}, {-1}},
        NumberRow{"int64", Proto(9, "\x02", "\x52\x01\x05"s), DType::kInt64, {2}, {5, 5}},
        NumberRow{"bool", Proto(10, "\x02", "\x5a\x02\x01\0"s), DType::kBool, {2}, {1, 0}},
        NumberRow{"bool_content_of_any_bits",
                  Proto(10, "\x02", "\x22\x02\x80\0"s),
                  DType::kBool,
                  {2},
                  {1, 0}},
        NumberRow{
            "float16", Proto(19, "\x02", "\x6a\x03\x80\x78\0"s), DType::kFloat16, {2}, {1, 0}},
        NumberRow{"bfloat16", Proto(14, "\x01", "\x6a\x03\x80\xff\0"s), DType::kBFloat16, {1}, {1}},
        NumberRow{"uint32", Proto(22, "\x01", "\x82\x01\x01\x09"s), DType::kUInt32, {1}, {9}},
        NumberRow{"uint64", Proto(23, "\x01", "\x8a\x01\x01\x09"s), DType::kUInt64, {1}, {9}},
        NumberRow{"empty", Proto(1, "\0"s), DType::kFloat32, {0}, {}},
        NumberRow{"empty_by_one_axis", Proto(1, "\x03\0\x7f"s), DType::kFloat32, {3, 0, 127}, {}}),
    [](const auto& row) { return row.param.name; });

struct ErrorRow {
  const char* name;
  std::string proto;
  StatusCode code;
  const char* message;
};
void PrintTo(const ErrorRow& row, std::ostream* os) { *os << row.name; }

class DecodeErrorTest : public testing::TestWithParam<ErrorRow> {};

TEST_P(DecodeErrorTest, SaysWhy) {
  const Result<Tensor> tensor = DecodeTensor({GetParam().proto});
  ASSERT_FALSE(tensor.ok());
  EXPECT_EQ(tensor.status().code(), GetParam().code) << tensor.status().message();
  EXPECT_NE(tensor.status().message().find(GetParam().message), std::string::npos)
      << tensor.status().message();
}

// One axis of 2^40.
const std::string kHugeShape = "\x12\x09\x12\x07\x08\x80\x80\x80\x80\x80\x20"s;

INSTANTIATE_TEST_SUITE_P(
    , DecodeErrorTest,
    testing::Values(
        ErrorRow{"content_too_short", Proto(1, "\x02", "\x22\x04\0\0\0\0"s), StatusCode::kDataLoss,
                 "shape [2] and type float32 holds 4 bytes"},
        ErrorRow{"too_many_values", Proto(3, "\x01", "\x3a\x02\x01\x02"s), StatusCode::kDataLoss,
                 "holds 2 values"},
        ErrorRow{"truncated", "\x08\x01\x12\x09\x12"s, StatusCode::kDataLoss, "malformed"},
        ErrorRow{"huge", "\x08\x01"s + kHugeShape, StatusCode::kResourceExhausted, "2^31 bytes"},
        ErrorRow{"huge_strings", "\x08\x07"s + kHugeShape, StatusCode::kResourceExhausted,
                 "2^31 bytes"},
        ErrorRow{"product_that_would_overflow",
                 "\x08\x01\x12\x1c"
                 "\x12\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f\0"
                 "\x12\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f\0"
                 "\x12\0"s,
                 StatusCode::kDataLoss, "malformed"},
        ErrorRow{"unknown_axis", Proto(1, "").substr(0, 2) + "\x12\x0d\x12\x0b\x08"s + kMinusOne,
                 StatusCode::kDataLoss, "expected known sizes"},
        ErrorRow{"unknown_rank", "\x08\x01\x12\x02\x18\x01"s, StatusCode::kDataLoss, "<unknown>"},
        ErrorRow{"resource", Proto(20, ""), StatusCode::kUnimplemented, "resource"},
        ErrorRow{"variant", Proto(21, ""), StatusCode::kUnimplemented, "variant"},
        ErrorRow{"float8", Proto(24, ""), StatusCode::kUnimplemented, "dtype 24"},
        ErrorRow{"no_dtype", "", StatusCode::kUnimplemented, "dtype 0"},
        ErrorRow{"odd_complex", Proto(8, "\x01", "\x4a\x04\0\0\0\0"s), StatusCode::kDataLoss,
                 "parts of complex"},
        ErrorRow{"string_content_too_short", Proto(7, "\x02", "\x22\x03\x01\x09z"s),
                 StatusCode::kDataLoss, "bytes"}),
    [](const auto& row) { return row.param.name; });

TEST(DecodeTensorTest, StringsRepeatAndReadFromContent) {
  const Result<Tensor> repeated = DecodeTensor({Proto(7, "\x03",
                                                      "\x42\x01"
                                                      "a"
                                                      "\x42\x02"
                                                      "bc")});
  ASSERT_TRUE(repeated.ok()) << repeated.status().message();
  EXPECT_EQ(*repeated, Tensor::Strings({3}, {"a", "bc", "bc"}));
  const Result<Tensor> content = DecodeTensor({Proto(7, "\x02", "\x22\x05\x01\x02zab"s)});
  ASSERT_TRUE(content.ok()) << content.status().message();
  EXPECT_EQ(*content, Tensor::Strings({2}, {"z", "ab"}));
}

TEST(DecodeTensorTest, ComplexPairsRepeat) {
  const Result<Tensor> tensor = DecodeTensor({Proto(8, "\x02", "\x4a\x08\0\0\x80\x3f\0\0\0\x40"s)});
  ASSERT_TRUE(tensor.ok()) << tensor.status().message();
  const auto* values = reinterpret_cast<const float*>(tensor->bytes().data());
  EXPECT_EQ(std::vector<float>(values, values + 4), (std::vector<float>{1, 2, 1, 2}));
}

TEST(EncodeTensorTest, ReadsBackTheSame) {
  const Tensor tensors[] = {
      Tensor::Of<float>({2, 2}, {1, -0.0f, std::numeric_limits<float>::infinity(), 4}),
      Tensor::Scalar<std::int64_t>(-5),
      Tensor::Filled(DType::kBFloat16, {3}, 1.5),
      Tensor::Strings({2}, {"", "a\0b"s}),
      Tensor(DType::kComplex128, {2}),
      Tensor(DType::kFloat32, {0, 4}),
      Tensor::Scalar<bool>(true),
  };
  for (const Tensor& tensor : tensors) {
    const Result<Tensor> back = DecodeTensor(EncodeTensor(tensor));
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(*back, tensor) << DTypeName(tensor.dtype());
  }
}

TEST(AttrTest, EveryKindKeepsItsValue) {
  const AttrValue values[] = {
      "text"s,
      std::int64_t{-3},
      1.5f,
      true,
      DType::kInt64,
      Shape{2, -1},
      Shape{},
      Shape::UnknownRank(),
      EncodeTensor(Tensor::Scalar<float>(2)),
      FunctionRef{"f",
                  "\x0a\x03"
                  "abc"
                  "\x12\x02\x18\x01"},
      std::vector<std::string>{"a", "", "b"},
      std::vector<std::int64_t>{1, -1},
      std::vector<float>{0.5f},
      std::vector<bool>{true, false},
      std::vector<DType>{DType::kFloat32, DType::kString},
      std::vector<Shape>{Shape{1}, Shape::UnknownRank(), Shape{}},
      std::vector<TensorBytes>{{""}, EncodeTensor(Tensor::Scalar<bool>(true))},
      std::vector<FunctionRef>{{"f", ""}, {"g", ""}},
      EmptyList{},
      RawAttr{""},
      RawAttr{"\x4a\x01T"},  // placeholder: "T"
  };
  for (const AttrValue& value : values) {
    AttrValue expected = value;
    if (auto* function = std::get_if<FunctionRef>(&expected)) {
      // The attributes of a reference are map entries under their tag.
      function->attrs = "\x12"s + static_cast<char>(function->attrs.size()) + function->attrs;
    }
    const Result<AttrValue> back = DecodeAttr(EncodeAttr(expected));
    ASSERT_TRUE(back.ok()) << back.status().message();
    EXPECT_EQ(*back, expected) << AttrToString(value);
  }
}

TEST(AttrTest, AnythingElseIsKeptAsItCame) {
  const std::string rows[] = {
      "\xa2\x06\x01z"s,             // A field from the future.
      "\x0a\x04\x18\x01\x28\x01"s,  // A list of an integer and a bool.
      "\x1a\x01\x01"s,              // An integer in the wrong wire type.
      "\x18\x01\x4a\x01T"s,         // An integer, then a placeholder.
  };
  for (const std::string& bytes : rows) {
    const Result<AttrValue> value = DecodeAttr(bytes);
    ASSERT_TRUE(value.ok()) << value.status().message();
    EXPECT_EQ(*value, AttrValue(RawAttr{bytes}));
    EXPECT_EQ(EncodeAttr(*value), bytes);
  }
}

TEST(AttrTest, TruncatedIsDataLoss) {
  EXPECT_EQ(DecodeAttr("\x12\x05"s
                       "ab")
                .status()
                .code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(DecodeAttr("\x0a\x03\x1a\x05\x01"s).status().code(), StatusCode::kDataLoss);
}

TEST(AttrTest, ReadsAsText) {
  EXPECT_EQ(AttrToString(DType::kFloat32), "float32");
  EXPECT_EQ(AttrToString(std::vector<std::int64_t>{1, 2, 2, 1}), "[1,2,2,1]");
  EXPECT_EQ(AttrToString("SAME"s), "\"SAME\"");
  EXPECT_EQ(AttrToString("a\"\n\x01"s), R"("a\"\n\x01")");
  EXPECT_EQ(AttrToString(1.0f), "1.0");
  EXPECT_EQ(AttrToString(TensorBytes{"abc"}), "tensor(3 bytes)");
  EXPECT_EQ(AttrToString(FunctionRef{"body", ""}), "@body");
}

}  // namespace
}  // namespace whylight
