#include "io/json.h"

#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>

#include "io/json_reader.h"

namespace whylight {
namespace {

struct RoundTripCase {
  const char* name;
  std::string text;
  std::string written;
};
void PrintTo(const RoundTripCase& c, std::ostream* os) { *os << c.name; }
class RoundTripTest : public testing::TestWithParam<RoundTripCase> {};
TEST_P(RoundTripTest, WritesWhatItRead) {
  const Result<Json> value = ParseJson(GetParam().text);
  ASSERT_TRUE(value.ok()) << value.status().message();
  EXPECT_EQ(WriteJson(*value), GetParam().written);
  EXPECT_EQ(*ParseJson(GetParam().written), *value);
}
INSTANTIATE_TEST_SUITE_P(
    , RoundTripTest,
    testing::Values(
        RoundTripCase{"literals", " [ null , true,\tfalse ]\r\n", "[null,true,false]"},
        RoundTripCase{"order_of_keys", R"({"b":1,"a":{}})", R"({"b":1,"a":{}})"},
        RoundTripCase{"empty", "[[],{},\"\"]", "[[],{},\"\"]"},
        RoundTripCase{"int64_ends", "[9223372036854775807,-9223372036854775808]",
                      "[9223372036854775807,-9223372036854775808]"},
        RoundTripCase{"uint64_end", "18446744073709551615", "18446744073709551615"},
        RoundTripCase{"beyond_uint64", "18446744073709551616", "18446744073709551616.0"},
        RoundTripCase{"whole_double", "1.0", "1.0"}, RoundTripCase{"exponent", "1E+20", "1.0e+20"},
        RoundTripCase{"minus_zero", "[-0,-0.0,0]", "[-0.0,-0.0,0]"},
        RoundTripCase{"underflow", "[1e-400,-1e-400,0e9999]", "[0.0,-0.0,0.0]"},
        RoundTripCase{"subnormal", "5e-324", "5.0e-324"},
        RoundTripCase{"escapes", R"("\"\\\/\b\f\n\r\t\u0000\u001f\u007f")",
                      R"("\"\\/\b\f\n\r\t\u0000\u001f\u007f")"},
        RoundTripCase{"surrogate_pair", R"("\ud83d\ude00\u00e9")", "\"\xf0\x9f\x98\x80\xc3\xa9\""},
        RoundTripCase{"byte_order_mark", "\xef\xbb\xbf[1]", "[1]"}),
    [](const auto& row) { return row.param.name; });

struct BadJsonCase {
  const char* name;
  std::string text;
  const char* message;
};
void PrintTo(const BadJsonCase& c, std::ostream* os) { *os << c.name; }
class BadJsonTest : public testing::TestWithParam<BadJsonCase> {};
TEST_P(BadJsonTest, IsRefusedWithItsPlace) {
  const Result<Json> value = ParseJson(GetParam().text);
  ASSERT_FALSE(value.ok());
  EXPECT_EQ(value.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(value.status().message().find(GetParam().message), std::string::npos)
      << value.status().message();
}
INSTANTIATE_TEST_SUITE_P(
    , BadJsonTest,
    testing::Values(
        BadJsonCase{"empty", "", "line 1, column 1: expected a value, but the text ends"},
        BadJsonCase{"blank", " \n ", "line 2, column 2: expected a value, but the text ends"},
        BadJsonCase{"word", "[nul]", "line 1, column 2: expected a value, got 'nul]'"},
        BadJsonCase{"two_values", "1 2", "line 1, column 3: expected the end, got '2'"},
        BadJsonCase{"no_comma", "[1\n2]", "line 2, column 1: expected ',' or ']', got '2]'"},
        BadJsonCase{"trailing_comma", "[1,]", "expected a value, got ']'"},
        BadJsonCase{"trailing_comma_in_object", "{\"a\":1,}", "expected a key in double quotes"},
        BadJsonCase{"open_array", "[1", "expected ',' or ']', but the text ends"},
        BadJsonCase{"open_object", "{\"a\":1", "expected ',' or '}', but the text ends"},
        BadJsonCase{"wrong_bracket", "[1}", "expected ',' or ']', got '}'"},
        BadJsonCase{"no_colon", "{\"a\" 1}", "expected ':', got '1}'"},
        BadJsonCase{"bare_key", "{a:1}", "expected a key in double quotes, got 'a:1}'"},
        BadJsonCase{"single_quotes", "{'a':1}", "expected a key in double quotes"},
        BadJsonCase{"key_twice", "{\"a\":1,\"b\":2,\"a\":3}", "key \"a\" stands twice"},
        BadJsonCase{"leading_zero", "[01]", "must not begin with 0"},
        BadJsonCase{"plus", "+1", "expected a value, got '+1'"},
        BadJsonCase{"no_digit", "-", "expected a digit, but the text ends"},
        BadJsonCase{"no_fraction", "1.", "expected a digit behind the point"},
        BadJsonCase{"no_integer", ".5", "expected a value"},
        BadJsonCase{"no_exponent", "1e", "expected a digit of the exponent"},
        BadJsonCase{"hexadecimal", "0x10", "expected the end, got 'x10'"},
        BadJsonCase{"huge", "1e400", "1e400 is out of range of a 64-bit float"},
        BadJsonCase{"huge_exponent", "1e99999999999999999999", "is out of range"},
        BadJsonCase{"many_digits", std::string(400, '9'), "is out of range"},
        BadJsonCase{"minus_nan", "-NaN", "expected a value"},
        BadJsonCase{"open_string", "[\"abc", "column 2: a string that never ends"},
        BadJsonCase{"line_break_in_string", "\"a\nb\"", "control character"},
        BadJsonCase{"nul_in_string", std::string("\"a\0b\"", 5), "control character"},
        BadJsonCase{"nul_behind", std::string("1\0", 2), "expected the end, got '\\x00'"},
        BadJsonCase{"unknown_escape", "\"\\x41\"", "unknown escape"},
        BadJsonCase{"escape_at_the_end", "\"\\", "unknown escape"},
        BadJsonCase{"short_hexadecimal", "\"\\u12\"", "four hexadecimal digits"},
        BadJsonCase{"lone_high_surrogate", "\"\\ud83d\"", "half of a surrogate pair"},
        BadJsonCase{"lone_low_surrogate", "\"\\ude00\"", "half of a surrogate pair"},
        BadJsonCase{"two_high_surrogates", "\"\\ud83d\\ud83d\"", "half of a surrogate pair"},
        BadJsonCase{"invalid_utf8", "{\"a\":\"caf\xe9\"}", "column 10: invalid UTF-8"},
        BadJsonCase{"invalid_utf8_outside", "[\xff]", "expected a value, got '\\xff]'"},
        BadJsonCase{"deep_arrays", std::string(10000, '['), "nested deeper than 512"},
        BadJsonCase{"deep_closed", std::string(10000, '[') + std::string(10000, ']'),
                    "nested deeper than 512"},
        BadJsonCase{"comment", "[1] // one", "expected the end"}),
    [](const auto& row) { return row.param.name; });

TEST(JsonTest, ReadsTheTokensOfTensorFlowServing) {
  const Result<Json> value = ParseJson("[NaN,Infinity,-Infinity]");
  ASSERT_TRUE(value.ok()) << value.status().message();
  EXPECT_TRUE(std::isnan(value->array()[0].number()));
  EXPECT_EQ(value->array()[1].number(), HUGE_VAL);
  EXPECT_EQ(value->array()[2].number(), -HUGE_VAL);
  EXPECT_EQ(WriteJson(*value), "[null,null,null]");
  EXPECT_EQ(WriteJson(*value, {.non_finite = JsonWriterOptions::NonFinite::kToken}),
            "[NaN,Infinity,-Infinity]");
}

TEST(JsonTest, AtTheDepthLimitIsReadable) {
  const std::string text = std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']');
  EXPECT_TRUE(ParseJson(text).ok());
}

TEST(JsonTest, SetReplacesOrAppends) {
  Json json;
  json.Set("a", 1);
  json.Set("b", "x");
  json.Set("a", 2.5);
  EXPECT_EQ(WriteJson(json), R"({"a":2.5,"b":"x"})");
  EXPECT_EQ(json.Find("c"), nullptr);
}

// Every written float is read back with the same bits, and never looks like an integer.
TEST(JsonWriterTest, NumbersReadBackBitForBit) {
  constexpr std::uint64_t kSeed = 7;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t bits = random();
    const double wide = std::bit_cast<double>(bits);
    const float narrow = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    if (!std::isfinite(wide) || !std::isfinite(narrow)) continue;
    std::string wide_text, narrow_text;
    JsonWriter(&wide_text).Double(wide);
    JsonWriter(&narrow_text).Float(narrow);
    double wide_back = 0;
    float narrow_back = 0;
    ASSERT_TRUE(ReadNumber(wide_text, &wide_back) && ReadNumber(narrow_text, &narrow_back));
    ASSERT_EQ(std::bit_cast<std::uint64_t>(wide_back), std::bit_cast<std::uint64_t>(wide))
        << wide_text << " seed " << kSeed;
    ASSERT_EQ(std::bit_cast<std::uint32_t>(narrow_back), std::bit_cast<std::uint32_t>(narrow))
        << narrow_text << " seed " << kSeed;
    ASSERT_NE(wide_text.find('.'), std::string::npos) << wide_text;
    ASSERT_EQ(ParseJson(wide_text)->kind(), Json::Kind::kDouble) << wide_text;
  }
}

TEST(JsonWriterTest, WritesTensorsAsNestedLists) {
  std::string text;
  JsonWriter w(&text);
  w.BeginArray();
  w.Value(Tensor::Of<float>({2, 2}, {0.1f, 1, -0.0f, 1e20f}));
  w.Value(Tensor::Scalar(3.5));
  w.Value(Tensor::Of<std::int64_t>({1}, {std::numeric_limits<std::int64_t>::min()}));
  w.Value(Tensor::Of<bool>({2}, {true, false}));
  w.Value(Tensor::Strings({2}, {"a\"", "\xff"}));
  w.Value(Tensor(DType::kFloat32, {2, 0}));
  w.Value(Tensor(DType::kComplex64, {1}));
  w.Row(Tensor::Of<std::int32_t>({2, 2}, {1, 2, 3, 4}), 1);
  w.EndArray();
  EXPECT_EQ(text,
            "[[[0.1,1.0],[-0.0,1.0e+20]],3.5,[-9223372036854775808],[true,false],"
            "[\"a\\\"\",{\"b64\":\"/w==\"}],[[],[]],[[0.0,0.0]],[3,4]]");
}

TEST(JsonWriterTest, IndentsObjectsAndArrays) {
  Json json;
  json.Set("inputs", Json::Object{{"age", Json::Object()}});
  json.Set("tags", Json::Array{1, 2});
  EXPECT_EQ(WriteJson(json, {.indent = 2}),
            "{\n  \"inputs\": {\n    \"age\": {}\n  },\n  \"tags\": [\n    1,\n    2\n  ]\n}");
}

TEST(CompactJsonTest, CutsSpaceOutsideStrings) {
  EXPECT_EQ(CompactJson("{ \"a b\" : [ 1 ,\n2 ] , \"c\\\" \" : \" \\\\\" }"),
            "{\"a b\":[1,2],\"c\\\" \":\" \\\\\"}");
}

// Mutations of a valid text: whatever comes, a value that can be written and read again, or an
// error. Run under AddressSanitizer this is what looks for reads beyond the text.
TEST(JsonTest, MutatedTextNeverCrashes) {
  const std::string seed_text =
      R"({"instances":[{"age":3.5e-3,"job":"cl\u00e9rk \ud83d\ude00"},{"x":[[1,-2],[NaN,4]]}],"b":{"b64":"Zg=="}})";
  constexpr unsigned kSeed = 11;
  std::mt19937 random(kSeed);
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = seed_text;
    for (unsigned k = 0; k <= random() % 3; ++k) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, random() % 8);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 8));
      }
      if (text.empty()) text = "0";
    }
    const Result<Json> value = ParseJson(text);
    if (!value.ok()) continue;
    ++accepted;
    const JsonWriterOptions options = {.non_finite = JsonWriterOptions::NonFinite::kToken};
    const Result<Json> again = ParseJson(WriteJson(*value, options));
    ASSERT_TRUE(again.ok()) << text << " seed " << kSeed;
    ASSERT_EQ(WriteJson(*again, options), WriteJson(*value, options)) << text;
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace whylight
