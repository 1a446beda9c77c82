#include "savedmodel/text_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace whylight {
namespace {

using testing::HasSubstr;

struct Row {
  const char* name;
  const char* message;
  const char* text;
  std::string wire;
};
void PrintTo(const Row& row, std::ostream* os) { *os << row.name; }

class TextToWireTest : public testing::TestWithParam<Row> {};

TEST_P(TextToWireTest, WritesTheBytesThatProtobufWrites) {
  const MessageSchema* schema = FindMessage(GetParam().message);
  ASSERT_NE(schema, nullptr);
  const Result<std::string> wire = TextToWire(*schema, GetParam().text);
  ASSERT_TRUE(wire.ok()) << wire.status().message();
  EXPECT_EQ(*wire, GetParam().wire);
}

std::string Raw(std::initializer_list<int> bytes) {
  std::string out;
  for (const int byte : bytes) out += static_cast<char>(byte);
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    , TextToWireTest,
    testing::Values(
        Row{"nothing", "tensorflow.NodeDef", " # only a comment", ""},
        Row{"strings_are_joined", "tensorflow.NodeDef", "name: \"a\" 'b'\n  \"c\"",
            "\x0A\x03"
            "abc"},
        Row{"escapes", "tensorflow.NodeDef", R"(name: "\n\101\x41\u00e9\"\\")",
            "\x0A\x07\nAA\xC3\xA9\"\\"},
        Row{"separators", "tensorflow.NodeDef", "name:\"a\",op:\"b\";input:\"c\"",
            "\x0A\x01"
            "a\x12\x01"
            "b\x1A\x01"
            "c"},
        Row{"list_of_strings", "tensorflow.NodeDef", "input: [\"a\", \"b\"]",
            "\x1A\x01"
            "a\x1A\x01"
            "b"},
        Row{"nested_with_and_without_colon", "tensorflow.TensorShapeProto",
            "dim { size: 2 } dim: < size: -1 >",
            Raw({0x12, 2, 8, 2, 0x12, 11, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                 1})},
        Row{"list_of_messages", "tensorflow.TensorShapeProto", "dim [{size: 1}, {size: 0x10}]",
            Raw({0x12, 2, 8, 1, 0x12, 2, 8, 16})},
        Row{"octal", "tensorflow.TensorShapeProto.Dim", "size: 010", Raw({8, 8})},
        Row{"enum_by_name_and_number", "tensorflow.AttrValue", "type: DT_FLOAT type: 3",
            Raw({0x30, 1, 0x30, 3})},
        Row{"bool", "tensorflow.AttrValue", "b: true b: 0 b: f", Raw({0x28, 1, 0x28, 0, 0x28, 0})},
        Row{"float", "tensorflow.AttrValue", "f: -1.5f", Raw({0x25, 0, 0, 0xC0, 0xBF})},
        Row{"infinity", "tensorflow.AttrValue", "f: -inf", Raw({0x25, 0, 0, 0x80, 0xFF})},
        Row{"packed_elements_are_gathered", "tensorflow.TensorProto",
            "int_val: 1 dtype: DT_INT32 int_val: [2, 3]", Raw({8, 3, 0x3A, 3, 1, 2, 3})},
        Row{"packed_doubles", "tensorflow.TensorProto", "double_val: 1",
            Raw({0x32, 8, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F})},
        Row{"zigzag", "tensorflow.StructuredValue", "int64_value: -2", Raw({0x60, 3})},
        Row{"empty_list", "tensorflow.TensorProto", "int_val: []", ""},
        Row{"expanded_any", "google.protobuf.Any",
            "[type.googleapis.com/tensorflow.AssetFileDef] { filename: \"v\" }",
            "\x0A\x2B"
            "type.googleapis.com/tensorflow.AssetFileDef\x12\x03\x12\x01v"}),
    [](const auto& row) { return row.param.name; });

struct BadRow {
  const char* name;
  std::string text;
  const char* error;
};
void PrintTo(const BadRow& row, std::ostream* os) { *os << row.name; }

class TextErrorTest : public testing::TestWithParam<BadRow> {};

TEST_P(TextErrorTest, NamesLineAndColumn) {
  const MessageSchema* schema = FindMessage("tensorflow.AttrValue");
  ASSERT_NE(schema, nullptr);
  const Result<std::string> wire = TextToWire(*schema, GetParam().text);
  ASSERT_FALSE(wire.ok());
  EXPECT_EQ(wire.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(wire.status().message(), HasSubstr(GetParam().error));
}

std::string Repeated(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    , TextErrorTest,
    testing::Values(
        BadRow{"unknown_field", "i: 1\n  nam: 2", "line 2, column 3: tensorflow.AttrValue has no"},
        BadRow{"unknown_enum", "type: DT_FLAOT", "'DT_FLAOT' is no value of 'type'"},
        BadRow{"no_colon", "i 1", "line 1, column 3: expected ':'"},
        BadRow{"no_value", "i:", "expected a number, found the end"},
        BadRow{"word_for_number", "i: many", "expected a number, found 'many'"},
        BadRow{"number_for_string", "s: 1", "expected a string, found '1'"},
        BadRow{"too_large", "i: 9223372036854775808", "does not fit"},
        BadRow{"far_too_large", "i: 99999999999999999999", "too large"},
        BadRow{"type_too_large", "type: 4294967296", "does not fit"},
        BadRow{"fraction", "i: 1.5", "expected an integer"},
        BadRow{"unterminated_string", "s: \"abc", "a string has no end"},
        BadRow{"line_end_in_string", "s: \"abc\n\"", "a string has no end"},
        BadRow{"backslash_at_end", "s: \"abc\\", "a string has no end"},
        BadRow{"bad_escape", "s: \"\\q\"", "unknown escape"},
        BadRow{"code_point_too_large", "s: \"\\U00110000\"", "unknown escape"},
        BadRow{"open_brace", "list { i: 1", "expected '}', found the end"},
        BadRow{"wrong_brace", "list { i: 1 >", "expected a field's name"},
        BadRow{"open_list", "list { i: [1, 2", "expected ',' or ']'"},
        BadRow{"extension", "[foo.bar] { }", "has no extensions"},
        BadRow{"only_a_zero_byte", std::string(1, '\0'), "expected a field's name"},
        BadRow{"binary", "\x08\x01\x12\xFF", "expected a field's name"},
        BadRow{"deep", Repeated("list { func { attr { value { ", 100000), "nested more than 100"}),
    [](const auto& row) { return row.param.name; });

TEST(TextToWire, NegatesTheLeastNumber) {
  const Result<std::string> wire =
      TextToWire(*FindMessage("tensorflow.AttrValue"), "i: -9223372036854775808");
  ASSERT_TRUE(wire.ok()) << wire.status().message();
  EXPECT_EQ(*wire, Raw({0x18, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1}));
}

TEST(CheckWire, NamesThePathOfWhatDoesNotHold) {
  // A node whose third input is longer than the node.
  const std::string node = Raw({0x0A, 1, 'a', 0x1A, 1, 'b', 0x1A, 9, 'c'});
  const std::string good = Raw({0x0A, 3, 0x0A, 1, 'x'});
  const std::string graph = good + Raw({0x0A, static_cast<int>(node.size())}) + node;
  EXPECT_TRUE(CheckWire(*FindMessage("tensorflow.GraphDef"), good).ok());
  const Status status = CheckWire(*FindMessage("tensorflow.GraphDef"), graph);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("node[1]: a field is longer"));
}

TEST(CheckWire, EndsAtHundredLevels) {
  // StructuredValue.list_value.values, again and again.
  std::string value;
  for (int i = 0; i < 60; ++i) {
    for (const char tag : {'\x0A', '\x9A'}) {
      std::string length;
      for (std::size_t n = value.size();; n >>= 7) {
        length += static_cast<char>((n & 0x7F) | (n >= 128 ? 0x80 : 0));
        if (n < 128) break;
      }
      value = (tag == '\x0A' ? std::string("\x0A") : std::string("\x9A\x03")) + length + value;
    }
  }
  const Status status = CheckWire(*FindMessage("tensorflow.StructuredValue"), value);
  EXPECT_THAT(status.message(), HasSubstr("nested more than 100 deep"));
}

}  // namespace
}  // namespace whylight
