#include "io/tf_example.h"

#include <gtest/gtest.h>

#include <limits>

#include "io/test_instances.h"
#include "io/tfrecord.h"

namespace whylight {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// One record of these features, read for one field `x`.
std::string ReadOne(const ExampleBuilder& example, const FieldSpec& field,
                    const InstanceReaderOptions& options = {}) {
  std::string file;
  AppendTfRecord(example.Serialize(), &file);
  return ReadText(file, {field}, options);
}

ExampleBuilder Floats(std::vector<float> values) {
  ExampleBuilder example;
  example.Floats("x", values);
  return example;
}
ExampleBuilder Ints(std::vector<std::int64_t> values) {
  ExampleBuilder example;
  example.Ints("x", values);
  return example;
}
ExampleBuilder Bytes(std::vector<std::string> values) {
  ExampleBuilder example;
  example.Bytes("x", values);
  return example;
}

struct ValueCase {
  const char* name;
  ExampleBuilder example;
  FieldSpec field;
  std::string read;
};
void PrintTo(const ValueCase& c, std::ostream* os) { *os << c.name; }
class ExampleValueTest : public testing::TestWithParam<ValueCase> {};
TEST_P(ExampleValueTest, IsReadForItsField) {
  EXPECT_EQ(ReadOne(GetParam().example, GetParam().field), "record 0" + GetParam().read);
}

constexpr std::int64_t kTwoTo62 = std::int64_t{1} << 62;
const Shape kPairs{Shape::kUnknown, 2};
INSTANTIATE_TEST_SUITE_P(
    , ExampleValueTest,
    testing::Values(
        ValueCase{"float", Floats({0.1f}), Field("x", DType::kFloat32), ": 0.1"},
        ValueCase{"float_for_one", Floats({0.1f}), Field("x", DType::kFloat32, {1}), ": [0.1]"},
        ValueCase{"float_to_double", Floats({0.5f}), Field("x", DType::kFloat64), ": 0.5"},
        ValueCase{"float_to_half", Floats({0.5f, -2}), Field("x", DType::kFloat16, {2}),
                  ": [0.5,-2.0]"},
        ValueCase{"float_to_bfloat16", Floats({0.5f}), Field("x", DType::kBFloat16), ": 0.5"},
        ValueCase{"beyond_half", Floats({7e4f}), Field("x", DType::kFloat16),
                  ": x: 70000.0 is out of range of float16"},
        ValueCase{"integer_to_float", Ints({3}), Field("x", DType::kFloat32), ": 3.0"},
        ValueCase{"integer_to_half", Ints({1, 100000}), Field("x", DType::kFloat16, {2}),
                  ": x[1]: 100000 is out of range of float16"},
        ValueCase{"integer", Ints({kTwoTo62 + 1}), Field("x", DType::kInt64),
                  ": 4611686018427387905"},
        ValueCase{"beyond_int32", Ints({kTwoTo62}), Field("x", DType::kInt32),
                  ": x: 4611686018427387904 is out of range of int32 [-2147483648, 2147483647]"},
        ValueCase{"uint8_ends", Ints({0, 255}), Field("x", DType::kUInt8, {2}), ": [0,255]"},
        ValueCase{"beyond_uint8", Ints({0, 256}), Field("x", DType::kUInt8, {2}),
                  ": x[1]: 256 is out of range of uint8 [0, 255]"},
        ValueCase{"negative_uint64", Ints({-1}), Field("x", DType::kUInt64),
                  ": x: -1 is out of range of uint64 [0, 18446744073709551615]"},
        ValueCase{"int8_int16_uint16", Ints({-128}), Field("x", DType::kInt8), ": -128"},
        ValueCase{"bool", Ints({1, 0}), Field("x", DType::kBool, {2}), ": [true,false]"},
        ValueCase{"no_bool", Ints({2}), Field("x", DType::kBool), ": x: expected 0 or 1, got 2"},
        ValueCase{"float_for_bool", Floats({1}), Field("x", DType::kBool),
                  ": x: expected booleans, 0 or 1 (the input takes bool), got a float_list"},
        ValueCase{"float_for_integer", Floats({1}), Field("x", DType::kInt32),
                  ": x: expected integers (the input takes int32), got a float_list"},
        ValueCase{"bytes_for_number", Bytes({"1"}), Field("x", DType::kFloat32),
                  ": x: expected numbers (the input takes float32), got a bytes_list"},
        ValueCase{"integer_for_string", Ints({1}), Field("x", DType::kString),
                  ": x: expected strings (the input takes string), got an int64_list"},
        ValueCase{"string", Bytes({"a"}), Field("x", DType::kString), ": \"a\""},
        ValueCase{"strings", Bytes({"a", "\xff"}), Field("x", DType::kString, {2}),
                  ": [\"a\",{\"b64\":\"/w==\"}]"},
        ValueCase{"matrix", Ints({1, 2, 3, 4}), Field("x", DType::kInt32, {2, 2}),
                  ": [[1,2],[3,4]]"},
        ValueCase{"wrong_count", Ints({1, 2, 3}), Field("x", DType::kInt32, {2, 2}),
                  ": x: expected 4 values (the input's shape is [2,2]), got 3"},
        ValueCase{"empty_for_scalar", Floats({}), Field("x", DType::kFloat32),
                  ": x: expected 1 value (the input's shape is []), got 0"},
        ValueCase{"unknown_axis", Ints({1, 2, 3, 4}), Field("x", DType::kInt64, kPairs),
                  ": [[1,2],[3,4]]"},
        ValueCase{"unknown_axis_of_nothing", Ints({}), Field("x", DType::kInt64, kPairs), ": []"},
        ValueCase{"unknown_axis_of_empty_rows", Ints({1}),
                  Field("x", DType::kInt64, {Shape::kUnknown, 0}),
                  ": x: expected a multiple of 0 values (the input's shape is [?,0]), got 1"},
        ValueCase{"half_a_pair", Ints({1, 2, 3}), Field("x", DType::kInt64, kPairs),
                  ": x: expected a multiple of 2 values (the input's shape is [?,2]), got 3"},
        ValueCase{"two_unknown_axes", Ints({1, 2}),
                  Field("x", DType::kInt64, {Shape::kUnknown, Shape::kUnknown}),
                  ": x: a list of 2 values does not tell the input's shape [?,?]; JSON Lines can"},
        ValueCase{"unknown_rank_of_one", Ints({7}), Field("x", DType::kInt64, Shape::UnknownRank()),
                  ": 7"},
        ValueCase{"unknown_rank", Ints({7, 8}), Field("x", DType::kInt64, Shape::UnknownRank()),
                  ": [7,8]"},
        ValueCase{"not_finite", Floats({1, kNaN}), Field("x", DType::kFloat32, {2}),
                  ": x[1]: NaN is not a finite number"}),
    [](const auto& row) { return row.param.name; });

TEST(ExampleValue, WhatIsNotFiniteIsReadIfAllowed) {
  EXPECT_EQ(ReadOne(Floats({kNaN}), Field("x", DType::kFloat64), {.allow_non_finite = true}),
            "record 0: NaN");
}

TEST(ExampleValue, AnEncodedPictureIsDecodedForNumbers) {
  const std::string png = "\x89PNG\r\n\x1a\n...";
  InstanceReaderOptions options;
  options.decode_image = [&](std::string_view bytes, const FieldSpec& field) -> Result<Tensor> {
    if (bytes != png) return InvalidArgument("other bytes");
    return Tensor::Of<float>(field.shape, {1, 2});
  };
  const FieldSpec field = Field("x", DType::kFloat32, {2});
  EXPECT_EQ(ReadOne(Bytes({png}), field, options), "record 0: [1.0,2.0]");
  EXPECT_EQ(ReadOne(Bytes({png + "?"}), field, options), "record 0: x: other bytes");
  EXPECT_EQ(ReadOne(Bytes({png}), Field("x", DType::kString), options),
            "record 0: {\"b64\":\"iVBORw0KGgouLi4=\"}");
}

// Byte strings of the wire format: field 1 of Example and of Features, then of the map's entry.
std::string Wrapped(const std::string& feature) {
  const auto sized = [](char tag, const std::string& bytes) {
    return std::string{tag, static_cast<char>(bytes.size())} + bytes;
  };
  return sized(0x0a, sized(0x0a, sized(0x0a, "x") + sized(0x12, feature)));
}

TEST(ParseExample, ReadsNumbersThatAreNotPacked) {
  const Result<std::vector<ExampleFeature>> ints =
      ParseExample(Wrapped(std::string("\x1a\x06\x08\x05\x0a\x02\x06\x07", 8)));
  ASSERT_TRUE(ints.ok()) << ints.status().message();
  EXPECT_EQ(std::get<std::vector<std::int64_t>>((*ints)[0].value.list),
            (std::vector<std::int64_t>{5, 6, 7}));
  const Result<std::vector<ExampleFeature>> floats =
      ParseExample(Wrapped(std::string("\x12\x05\x0d\0\0\x80\x3f", 7)));
  ASSERT_TRUE(floats.ok()) << floats.status().message();
  EXPECT_EQ(std::get<std::vector<float>>((*floats)[0].value.list), std::vector<float>{1});
}

TEST(ParseExample, TheLastOfOneNameCounts) {
  ExampleBuilder example;
  example.Ints("x", std::vector<std::int64_t>{1});
  example.Floats("y", std::vector<float>{2});
  example.Ints("x", std::vector<std::int64_t>{3});
  const std::string bytes = example.Serialize();
  const Result<std::vector<ExampleFeature>> features = ParseExample(bytes);
  ASSERT_TRUE(features.ok());
  ASSERT_EQ(features->size(), 2u);
  EXPECT_EQ(std::get<std::vector<std::int64_t>>((*features)[0].value.list),
            std::vector<std::int64_t>{3});
}

TEST(ParseExample, NothingIsAnExampleWithoutFeatures) {
  const Result<std::vector<ExampleFeature>> features = ParseExample("");
  ASSERT_TRUE(features.ok());
  EXPECT_TRUE(features->empty());
}

TEST(ParseExample, RefusesWhatIsCutOffAtEveryByte) {
  const std::string bytes = Floats({1, 2, 3}).Serialize();
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    const Result<std::vector<ExampleFeature>> features = ParseExample(bytes.substr(0, size));
    ASSERT_FALSE(features.ok()) << size;
    EXPECT_EQ(features.status().code(), StatusCode::kDataLoss);
    EXPECT_TRUE(features.status().message().starts_with("not a tf.Example: ")) << size;
  }
}

TEST(ParseExample, RefusesAPackedListOfAnOddLength) {
  EXPECT_FALSE(ParseExample(Wrapped(std::string("\x12\x05\x0a\x03\0\0\0", 7))).ok());
}

TEST(ExampleBuilder, WritesEveryDType) {
  ExampleBuilder example;
  example.Values("double", Tensor::Of<double>({2}, {0.5, 1e300}));
  example.Values("half", Tensor::Filled(DType::kFloat16, {1}, 1.5));
  example.Values("uint64", Tensor::Scalar<std::uint64_t>(~std::uint64_t{0}));
  example.Values("int64", Tensor::Scalar<std::int64_t>(kTwoTo62 + 1));
  example.Values("bool", Tensor::Of<bool>({2}, {true, false}));
  example.Values("string", Tensor::ScalarString("a"));
  const std::string bytes = example.Serialize();
  const Result<std::vector<ExampleFeature>> features = ParseExample(bytes);
  ASSERT_TRUE(features.ok()) << features.status().message();
  std::string text;
  JsonWriter w(&text, {.non_finite = JsonWriterOptions::NonFinite::kToken});
  w.BeginObject();
  for (const ExampleFeature& feature : *features) {
    w.Key(feature.name);
    WriteFlat(w, feature.value, nullptr);
  }
  w.EndObject();
  EXPECT_EQ(text,
            "{\"double\":[0.5,Infinity],\"half\":1.5,\"uint64\":-1,\"int64\":4611686018427387905,"
            "\"bool\":[1,0],\"string\":\"a\"}");
}

}  // namespace
}  // namespace whylight
