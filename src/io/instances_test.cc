#include "io/instances.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <random>

#include "io/files.h"
#include "io/json.h"
#include "io/test_instances.h"

namespace whylight {
namespace {

const std::vector<FieldSpec> kMixed = {Field("age", DType::kFloat32), Field("job", DType::kString)};

struct FormCase {
  const char* name;
  std::vector<FieldSpec> fields;
  std::string text;
  std::string read;
};
void PrintTo(const FormCase& c, std::ostream* os) { *os << c.name; }
class FormTest : public testing::TestWithParam<FormCase> {};
TEST_P(FormTest, IsReadByItsContent) {
  EXPECT_EQ(ReadText(GetParam().text, GetParam().fields), GetParam().read);
}

const FieldSpec kVector = Field("x", DType::kFloat32, {2});
const FieldSpec kScalar = Field("x", DType::kFloat32);
const FieldSpec kOne = Field("x", DType::kFloat32, {1});
const FieldSpec kText = Field("text", DType::kString);
INSTANTIATE_TEST_SUITE_P(
    , FormTest,
    testing::Values(
        FormCase{"json_lines", kMixed, "{\"age\":3,\"job\":\"a\"}\n\n{\"job\":\"b\",\"age\":4.5}\n",
                 "line 1: 3.0 \"a\"\nline 3: 4.5 \"b\""},
        FormCase{"json_lines_windows",
                 {kVector},
                 "[1,2]\r\n[3,4]\r\n",
                 "line 1: [1.0,2.0]\nline 2: [3.0,4.0]"},
        FormCase{"bare_scalars", {kScalar}, "1\n2\n", "line 1: 1.0\nline 2: 2.0"},
        FormCase{"document", kMixed, R"({"instances":[{"age":3,"job":"a"}]})",
                 "instances[0]: 3.0 \"a\""},
        FormCase{"document_over_lines",
                 {kVector},
                 "{\n \"signature_name\": \"s\",\n \"instances\": [\n[1,2]\n]}",
                 "instances[0]: [1.0,2.0]"},
        FormCase{"array_of_objects", kMixed, R"([{"age":3,"job":"a"}])", "instances[0]: 3.0 \"a\""},
        FormCase{"array_of_vectors",
                 {kVector},
                 "[[1,2],[3,4]]",
                 "instances[0]: [1.0,2.0]\ninstances[1]: [3.0,4.0]"},
        FormCase{"one_bare_vector", {kVector}, "[1,2]", "instance: [1.0,2.0]"},
        FormCase{"array_of_scalars", {kScalar}, "[1,2]", "instances[0]: 1.0\ninstances[1]: 2.0"},
        FormCase{
            "bare_numbers_for_one", {kOne}, "[1,2]", "instances[0]: [1.0]\ninstances[1]: [2.0]"},
        FormCase{
            "one_for_one_list", {kOne}, "{\"x\":3}\n{\"x\":[4]}\n", "line 1: [3.0]\nline 2: [4.0]"},
        FormCase{"one_object_over_lines", kMixed, "{\n\"age\": 3,\n\"job\": \"a\"}",
                 "instance: 3.0 \"a\""},
        FormCase{"columns", kMixed, R"({"inputs":{"job":["a","b"],"age":[3,4]}})",
                 "row 0: 3.0 \"a\"\nrow 1: 4.0 \"b\""},
        FormCase{"columns_of_one_input",
                 {kVector},
                 R"({"inputs":[[1,2],[3,4]]})",
                 "row 0: [1.0,2.0]\nrow 1: [3.0,4.0]"},
        FormCase{"input_called_inputs",
                 {Field("inputs", DType::kFloat32, {2})},
                 "{\"inputs\":[1,2]}",
                 "line 1: [1.0,2.0]"},
        FormCase{"input_called_inputs_in_columns",
                 {Field("inputs", DType::kFloat32, {2})},
                 "{\"inputs\":[[1,2]]}",
                 "row 0: [1.0,2.0]"},
        FormCase{"input_called_instances",
                 {Field("instances", DType::kFloat32, {2})},
                 "{\"instances\":[1,2]}\n{\"instances\":[3,4]}",
                 "line 1: [1.0,2.0]\nline 2: [3.0,4.0]"},
        FormCase{"base64",
                 {kText},
                 R"({"instances":[{"b64":"Zm9v"},"bar",{"text":{"b64":"/w=="}}]})",
                 "instances[0]: \"foo\"\ninstances[1]: \"bar\"\ninstances[2]: {\"b64\":\"/w==\"}"},
        FormCase{"base64_line", {kText}, "{\"b64\":\"Zm9v\"}\n", "line 1: \"foo\""},
        FormCase{"unknown_dimension",
                 {Field("x", DType::kInt64, {Shape::kUnknown, 2})},
                 "{\"x\":[[1,2],[3,4]]}\n{\"x\":[]}\n",
                 "line 1: [[1,2],[3,4]]\nline 2: []"},
        FormCase{"unknown_rank",
                 {Field("x", DType::kInt64, Shape::UnknownRank())},
                 "{\"x\":[[1],[2]]}\n{\"x\":3}",
                 "line 1: [[1],[2]]\nline 2: 3"},
        FormCase{"integers_at_their_ends",
                 {Field("x", DType::kInt64), Field("y", DType::kUInt8)},
                 "{\"x\":-9223372036854775808,\"y\":255}\n{\"x\":9223372036854775807,\"y\":-0}",
                 "line 1: -9223372036854775808 255\nline 2: 9223372036854775807 0"},
        FormCase{"uint64",
                 {Field("x", DType::kUInt64)},
                 "18446744073709551615",
                 "line 1: 18446744073709551615"},
        FormCase{"bool", {Field("x", DType::kBool, {2})}, "[true,false]", "instance: [true,false]"},
        FormCase{"float16",
                 {Field("x", DType::kFloat16, {2})},
                 "[65504,1e-8]",
                 "instance: [65504.0,0.0]"},
        FormCase{"bfloat16", {Field("x", DType::kBFloat16)}, "1.0\n", "line 1: 1.0"},
        FormCase{
            "correct_rounding", {kScalar}, "1.00000017881393432617187499\n", "line 1: 1.0000001"},
        FormCase{"byte_order_mark", {kScalar}, "\xef\xbb\xbf{\"x\":1}", "line 1: 1.0"},
        FormCase{"csv", kMixed, "job,label,age\nclerk,1,3\n\"a,b\",0,4.5\n",
                 "line 2: 3.0 \"clerk\"\nline 3: 4.5 \"a,b\""},
        FormCase{"csv_vector_header", {kVector}, "a,b\n1,2\n", "line 2: [1.0,2.0]"},
        FormCase{"csv_without_header",
                 {kVector},
                 "1,2\n+3,.5\n",
                 "line 1: [1.0,2.0]\nline 2: [3.0,0.5]"},
        FormCase{"csv_extra_at_the_end", {kVector}, "a,b,label\n1,2,x\n", "line 2: [1.0,2.0]"},
        FormCase{
            "csv_image", {Field("x", DType::kUInt8, {2, 2})}, "1,2,3,4\n", "line 1: [[1,2],[3,4]]"},
        FormCase{"csv_unknown_count",
                 {Field("x", DType::kFloat32, {Shape::kUnknown})},
                 "a,b,c\n1,2,3\n",
                 "line 2: [1.0,2.0,3.0]"},
        FormCase{"csv_bool_and_integer",
                 {Field("b", DType::kBool), Field("i", DType::kInt32)},
                 "i,b\n007,True\n-3,0\n",
                 "line 2: true 7\nline 3: false -3"},
        FormCase{"csv_quoted_empty_string", kMixed, "age,job\n1,\"\"\n", "line 2: 1.0 \"\""},
        FormCase{"csv_header_alone", kMixed, "age,job\n", ""},
        FormCase{"plain_text", {kText}, "Hello\nworld", ": \"Hello\\nworld\""},
        FormCase{"nothing", {kVector}, "", ""}),
    [](const auto& row) { return row.param.name; });

struct ErrorCase {
  const char* name;
  std::vector<FieldSpec> fields;
  std::string text;
  std::string message;  // Of the row or of the call.
};
void PrintTo(const ErrorCase& c, std::ostream* os) { *os << c.name; }
class ErrorTest : public testing::TestWithParam<ErrorCase> {};
TEST_P(ErrorTest, SaysPlaceExpectedAndFound) {
  const std::string read = ReadText(GetParam().text, GetParam().fields);
  EXPECT_NE(read.find(GetParam().message), std::string::npos) << read;
}

const FieldSpec kImage = Field("image", DType::kFloat32, {2, 2});
const FieldSpec kRows = Field("x", DType::kFloat32, {Shape::kUnknown, Shape::kUnknown});
INSTANTIATE_TEST_SUITE_P(
    , ErrorTest,
    testing::Values(
        ErrorCase{"string_for_number", kMixed, R"({"instances":[{"age":"old","job":"a"}]})",
                  "instances[0].age: expected a number, got \"old\""},
        ErrorCase{"deep_in_an_image",
                  {kImage},
                  R"({"instances":[{"image":[[1,2],[3,"old"]]}]})",
                  "instances[0].image[1][1]: expected a number, got \"old\""},
        ErrorCase{"deep_in_a_bare_image",
                  {kImage},
                  R"({"instances":[[[1,2],[3,null]]]})",
                  "instances[0][1][1]: expected a number, got null"},
        ErrorCase{"missing", kMixed, R"({"instances":[{"job":"a"}]})",
                  "instances[0].age: missing (the signature takes age, job)"},
        ErrorCase{"unknown_key", kMixed, R"({"instances":[{"agee":1,"job":"a"}]})",
                  "instances[0]: unknown key 'agee' (did you mean 'age'?)"},
        ErrorCase{"strange_key", kMixed, R"({"instances":[{"height":1}]})",
                  "instances[0]: unknown key 'height' (the signature takes age, job)"},
        ErrorCase{"key_twice", kMixed, R"({"instances":[{"age":1,"age":2,"job":"a"}]})",
                  "instances[0].age: stands twice in the instance"},
        ErrorCase{"line", kMixed, "{\"age\":true,\"job\":\"a\"}\n",
                  "line 1: age: expected a number, got true"},
        ErrorCase{"bare_for_several", kMixed, "[1,2]\n3\n",
                  "line 2: expected an object with age, job, got 3"},
        ErrorCase{"syntax_of_a_line", kMixed, "{\"age\":1,\"job\":\"a\"}\n{\"age\":1,\n",
                  "line 2, column 10: expected a key in double quotes, but the text ends"},
        ErrorCase{"syntax_of_a_document", kMixed, "{\"instances\":[{\"age\":1,\"job\":\"a\"},]}",
                  "refused: line 1, column 35: expected a value, got ']}'"},
        ErrorCase{"too_few",
                  {kImage},
                  R"({"instances":[[[1,2]]]})",
                  "instances[0]: expected 2 values, got 1"},
        ErrorCase{"too_many",
                  {kImage},
                  R"({"instances":[[[1,2],[3,4,5]]]})",
                  "instances[0][1]: expected 2 values, got 3"},
        ErrorCase{"ragged",
                  {kRows},
                  "{\"x\":[[1,2],[3]]}",
                  "line 1: x[1]: expected 2 values, as in the lists before it, got 1"},
        ErrorCase{"too_shallow",
                  {kImage},
                  "{\"image\":[1,2]}",
                  "line 1: image[0]: expected a list (the input's shape is [2,2]), got 1"},
        ErrorCase{"too_deep",
                  {kImage},
                  "{\"image\":[[1,[2]],[3,4]]}",
                  "line 1: image[0][1]: expected a number, got an array"},
        ErrorCase{"list_for_scalar",
                  {kScalar},
                  "{\"x\":[1]}",
                  "line 1: x: expected a number, got an array"},
        ErrorCase{"integer_out_of_range",
                  {Field("x", DType::kUInt8)},
                  "300\n",
                  "line 1: x: 300 is out of range of uint8 [0, 255]"},
        ErrorCase{"negative_unsigned",
                  {Field("x", DType::kUInt64)},
                  "-1\n",
                  "-1 is out of range of uint64"},
        ErrorCase{"integer_beyond_64_bits",
                  {Field("x", DType::kInt64)},
                  "9223372036854775808\n",
                  "9223372036854775808 is out of range of int64"},
        ErrorCase{"fraction_for_integer",
                  {Field("x", DType::kInt32)},
                  "1.5\n",
                  "line 1: x: expected an integer, got 1.5"},
        ErrorCase{"exponent_for_integer",
                  {Field("x", DType::kInt32)},
                  "1e2\n",
                  "expected an integer, got 1e2"},
        ErrorCase{"float32_overflow", {kScalar}, "1e39\n", "1e39 is out of range of float32"},
        ErrorCase{"float64_overflow",
                  {Field("x", DType::kFloat64)},
                  "-1e400\n",
                  "-1e400 is out of range of float64"},
        ErrorCase{"float16_overflow",
                  {Field("x", DType::kFloat16)},
                  "65520\n",
                  "65520 is out of range of float16"},
        ErrorCase{"nan", {kScalar}, "{\"x\":NaN}", "line 1: x: NaN is not a finite number"},
        ErrorCase{
            "number_for_bool", {Field("x", DType::kBool)}, "1\n", "expected true or false, got 1"},
        ErrorCase{"number_for_string",
                  {kText},
                  "{\"text\":3}",
                  "line 1: text: expected a string or {\"b64\": \"...\"}, got 3"},
        ErrorCase{"bad_base64",
                  {kText},
                  "{\"text\":{\"b64\":\"Zm 9\"}}",
                  "line 1: text: invalid base64 at offset 2"},
        ErrorCase{"base64_with_more",
                  {kText},
                  "{\"text\":{\"b64\":\"Zg==\",\"c\":1}}",
                  "has a second key 'c'"},
        ErrorCase{"base64_for_number",
                  {kScalar},
                  "{\"x\":{\"b64\":\"Zg==\"}}",
                  "line 1: x: expected a number, got an object"},
        ErrorCase{"invalid_utf8",
                  {kText},
                  "{\"text\":\"caf\xe9\"}\n{\"text\":\"a\"}",
                  "line 1, column 13: invalid UTF-8"},
        ErrorCase{"deep_line",
                  {kScalar},
                  "{\"x\":1}\n" + std::string(10000, '['),
                  "line 2: x: expected a number, got an array"},
        ErrorCase{"deep_document", {kRows}, std::string(10000, '['), "nested deeper than 512"},
        ErrorCase{"instances_no_array", kMixed, R"({"instances":{"age":1}})",
                  "refused: instances: expected an array of instances"},
        ErrorCase{"no_instances", kMixed, R"({"instances":[]})",
                  "instances: expected at least one"},
        ErrorCase{"both", kMixed, R"({"instances":[1],"inputs":[1]})", "got both"},
        ErrorCase{"signature_name_number", kMixed, R"({"signature_name":1,"instances":[1]})",
                  "signature_name: expected a string, got a number"},
        ErrorCase{"uneven_columns", kMixed, R"({"inputs":{"age":[1,2],"job":["a"]}})",
                  "every input needs as many rows, got 2 in inputs.age and 1 in inputs.job"},
        ErrorCase{"missing_column", kMixed, R"({"inputs":{"age":[1,2]}})",
                  "inputs.job: missing (the signature takes age, job)"},
        ErrorCase{"bad_column_cell", kMixed, R"({"inputs":{"age":[1,"x"],"job":["a","b"]}})",
                  "inputs.age[1]: expected a number, got \"x\""},
        ErrorCase{"csv_empty_cell", kMixed, "age,job\n,clerk\n",
                  "line 2: column 'age': the cell is empty"},
        ErrorCase{"csv_word", kMixed, "age,job\nold,clerk\n",
                  "line 2: column 'age': expected a number, got \"old\""},
        ErrorCase{"csv_word_in_vector",
                  {kVector},
                  "a,b\n1,x\n",
                  "line 2: column 'b': expected a number, got \"x\""},
        ErrorCase{"csv_integer",
                  {Field("a", DType::kInt32), kText},
                  "a,text\n1.5,x\n",
                  "line 2: column 'a': expected an integer, got 1.5"},
        ErrorCase{"csv_overflow",
                  {kVector},
                  "1,1e39\n",
                  "line 1: column 2: 1e39 is out of range of float32"},
        ErrorCase{"csv_nan", {kVector}, "a,b\n1,nan\n", "column 'b': NaN is not a finite number"},
        ErrorCase{"csv_short_row", kMixed, "age,job\n1\n", "line 2: expected 2 columns, got 1"},
        ErrorCase{"csv_missing_column", kMixed, "age,salary\n1,2\n",
                  "no column 'job' (the signature takes age, job; the header has age, salary)"},
        ErrorCase{"csv_too_few_columns",
                  {Field("x", DType::kFloat32, {3})},
                  "1,2\n",
                  "input 'x' takes 3 values, got 2 columns"},
        ErrorCase{"csv_no_header",
                  {kScalar, Field("y", DType::kFloat32)},
                  "1,2\n",
                  "no header: the first line must name the inputs x, y"},
        ErrorCase{"csv_two_columns_alike", kMixed, "age,job,age\n1,a,2\n", "two columns 'age'"},
        ErrorCase{"csv_cell_for_vector",
                  {kVector},
                  "x,label\n1,2\n",
                  "column 'x': a cell holds one element, the input takes shape [2]"},
        ErrorCase{
            "resource", {Field("x", DType::kResource)}, "1", "cannot be written in a request"},
        ErrorCase{"no_inputs", {}, "1", "the signature takes no inputs"}),
    [](const auto& row) { return row.param.name; });

TEST(InstancesTest, ABadRowDoesNotStopTheOthers) {
  EXPECT_EQ(ReadText("{\"x\":1}\n{\"x\":}\n{\"x\":2}\n", {kScalar}),
            "line 1: 1.0\nline 2, column 6: expected a value, got '}'\nline 3: 2.0");
  EXPECT_EQ(ReadText("{\"instances\":[1,\"a\",2]}", {kScalar}),
            "instances[0]: 1.0\ninstances[1]: expected a number, got \"a\"\ninstances[2]: 2.0");
  EXPECT_EQ(ReadText("x,l\n1,a\n\"b\"c,1\n2,a\n", {kScalar}),
            "line 2: 1.0\nline 3: text behind the closing quote of column 1\nline 4: 2.0");
}

TEST(InstancesTest, NonFiniteTokensAreReadIfAllowed) {
  EXPECT_EQ(ReadText("{\"x\":[NaN,-Infinity]}", {kVector}, {.allow_non_finite = true}),
            "line 1: [NaN,-Infinity]");
  EXPECT_EQ(ReadText("a,b\nnan,-inf\n", {kVector}, {.allow_non_finite = true}),
            "line 2: [NaN,-Infinity]");
}

TEST(InstancesTest, EchoesTheInstanceAsGiven) {
  const auto source = [](const std::string& text, const std::vector<FieldSpec>& fields,
                         const InstanceReaderOptions& options = {}) {
    Result<std::unique_ptr<InstanceReader>> reader = ReadInstances(text, fields, options);
    if (!reader.ok()) return reader.status().message();
    return (*(*reader)->Next())->source_json;
  };
  EXPECT_EQ(source("{ \"age\" : 3.50, \"job\": \"a b\" }", kMixed), R"({"age":3.50,"job":"a b"})");
  EXPECT_EQ(source("{\"age\": \"x\"}", kMixed), R"({"age":"x"})");
  EXPECT_EQ(source("{\"age\": ", kMixed, {.format = InstanceFormat::kJsonLines}), "null");
  EXPECT_EQ(source(R"({"inputs":{"job":["a"],"age":[ 3 ]}})", kMixed), R"({"age":3,"job":"a"})");
  EXPECT_EQ(source("age,job,label\n3.50,a b,007\n", kMixed),
            R"({"age":3.50,"job":"a b","label":"007"})");
  EXPECT_EQ(source("1,2\n", {kVector}), "[1,2]");
}

TEST(InstancesTest, KeepsTheOtherMembersOfADocument) {
  Result<std::unique_ptr<InstanceReader>> reader = ReadInstances(
      R"({"parameters":{"topK":2},"signature_name":"xai_model","instances":[1]})", {kScalar});
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  EXPECT_EQ((*reader)->signature_name(), "xai_model");
  EXPECT_EQ(WriteJson((*reader)->request()), R"({"parameters":{"topK":2}})");
}

TEST(InstancesTest, CsvNamesFeaturesAndIgnoredColumns) {
  Result<std::unique_ptr<InstanceReader>> reader = ReadInstances("a,b,label\n1,2,x\n", {kVector});
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->feature_names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ((*reader)->notes(),
            (std::vector<std::string>{"column 'label' is no input and is ignored"}));
}

TEST(InstancesTest, CsvTakesElementsByName) {
  const InstanceReaderOptions options = {.element_names = {"b", "a"}};
  EXPECT_EQ(ReadText("label,a,b\nx,1,2\n", {kVector}, options), "line 2: [2.0,1.0]");
  EXPECT_EQ(ReadText("label,a,bb\nx,1,2\n", {kVector}, options), "refused: no column 'b'");
}

// serving_default's names for the same values.
const std::vector<FieldSpec> kAliased = {
    {.name = "age", .dtype = DType::kFloat32, .shape = {}, .alias = "years"},
    {.name = "job", .dtype = DType::kString, .shape = {}, .alias = ""}};

TEST(InstancesTest, ReadsOverOtherMembersThatMayBeThere) {
  const InstanceReaderOptions options{.other_members = {"id", "tags"}};
  EXPECT_EQ(ReadText(R"({"id":7,"x":[1,2],"tags":[{"a":[]}]})", {kVector}, options),
            "line 1: [1.0,2.0]");
  EXPECT_EQ(ReadText("{\"x\":[1,2],\"id\":7}\n{\"x\":[3,4],\"ids\":7}\n", {kVector}, options),
            "line 1: [1.0,2.0]\nline 2: unknown key 'ids' (the signature takes x)");
  EXPECT_EQ(ReadText("id,a,b\nk,1,2\n", {kVector}, options), "line 2: [1.0,2.0]");
  Result<std::unique_ptr<InstanceReader>> reader =
      ReadInstances("a,id,b,label\n1,k,2,z\n", {kVector}, options);
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  EXPECT_EQ((*reader)->feature_names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ((*reader)->notes(),
            std::vector<std::string>{"column 'label' is no input and is ignored"});
  EXPECT_EQ((**(*reader)->Next()).source_json, R"({"a":1,"id":"k","b":2,"label":"z"})");
}

TEST(InstancesTest, AliasesServeInEveryForm) {
  EXPECT_EQ(ReadText(R"({"instances":[{"years":3,"job":"a"}]})", kAliased),
            "instances[0]: 3.0 \"a\"");
  EXPECT_EQ(ReadText(R"({"inputs":{"job":["a"],"years":[3]}})", kAliased), "row 0: 3.0 \"a\"");
  EXPECT_EQ(ReadText("years,job\n3,a\n", kAliased), "line 2: 3.0 \"a\"");
}

TEST(InstancesTest, AnUnknownKeyShowsAllKeysThatServe) {
  EXPECT_EQ(ReadText(R"({"instances":[{"height":3,"job":"a"}]})", kAliased),
            "instances[0]: unknown key 'height' (the signature takes age (years in "
            "serving_default's words), job; the instance has height, job)");
  EXPECT_EQ(ReadText(R"({"instances":[{"":3,"job":"a"}]})", kAliased),
            "instances[0]: unknown key '' (the signature takes age (years in serving_default's "
            "words), job; the instance has , job)");
  EXPECT_EQ(ReadText(R"({"instances":[{"height":3}]})", kMixed,
                     {.other_keys = "serving_default takes person"}),
            "instances[0]: unknown key 'height' (the signature takes age, job; serving_default "
            "takes person; the instance has height)");
}

class RequestHeadTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Requested(const std::string& name, std::string_view text) {
    const std::string path = folder_ + "/" + name;
    EXPECT_EQ(WriteFile(path, text), OkStatus());
    const Result<RequestHead> head = PeekRequest({path});
    return head.ok() ? head->signature_name : head.status().message();
  }

  const std::string folder_ = testing::TempDir() + "/request_head";
};

TEST_F(RequestHeadTest, IsThatOfADocument) {
  EXPECT_EQ(Requested("a.json", R"({"signature_name": "top", "instances": [1]})"), "top");
  EXPECT_EQ(Requested("a", "{\n  \"inputs\": [1],\n  \"signature_name\": \"top\"\n}\n"), "top");
  EXPECT_EQ(Requested("a.json", R"({"instances": [1]})"), "");
  EXPECT_EQ(Requested("a.json", R"({"signature_name": 3, "instances": [1]})"), "");
  // One instance with such an input, a row of JSON Lines, other forms, and what is no JSON.
  EXPECT_EQ(Requested("a.json", R"({"signature_name": "top"})"), "");
  EXPECT_EQ(Requested("a.jsonl", R"({"signature_name": "top", "instances": [1]})"), "");
  EXPECT_EQ(Requested("a.csv", "a,b\n1,2\n"), "");
  EXPECT_EQ(Requested("a.json", R"({"signature_name": "top", "instances": [1)"), "");
  EXPECT_EQ(PeekRequest({"-"})->signature_name, "");
  EXPECT_EQ(PeekRequest({folder_})->signature_name, "");
}

TEST_F(RequestHeadTest, HasTheOverrideOfADocument) {
  const std::string path = folder_ + "/a.json";
  const auto spec = [&](std::string_view text) {
    EXPECT_EQ(WriteFile(path, text), OkStatus());
    return WriteJson(PeekRequest({path})->spec_override);
  };
  EXPECT_EQ(spec(R"({"instances": [1], "explanationSpecOverride": {"parameters": {"topK": 2}}})"),
            R"({"parameters":{"topK":2}})");
  EXPECT_EQ(spec(R"({"explanation_spec_override": {}, "instances": [1]})"), "{}");
  EXPECT_EQ(spec(R"({"instances": [1]})"), "null");
  EXPECT_EQ(spec(R"({"explanationSpecOverride": {}})"), "null") << "an instance with such an input";
}

TEST(InstancesTest, LargeImagesAreReadExactly) {
  constexpr std::int64_t kSide = 100;
  Tensor image(DType::kFloat32, {kSide, kSide, 3});
  std::mt19937 random(3);
  for (float& v : image.data<float>()) v = std::uniform_real_distribution<float>(-1, 1)(random);
  std::string json;
  JsonWriter(&json).Value(image);
  Result<std::unique_ptr<InstanceReader>> reader =
      ReadInstances("{\"instances\":[" + json + "]}",
                    {Field("image", DType::kFloat32, {kSide, Shape::kUnknown, 3})});
  ASSERT_TRUE(reader.ok());
  const Result<std::vector<Instance>> instances = ReadAll(**reader);
  ASSERT_TRUE(instances.ok());
  EXPECT_EQ((*instances)[0].values[0], image);
}

class InstanceFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "instances.XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern + "/";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string Write(const std::string& name, std::string_view bytes) {
    EXPECT_TRUE(WriteFile(directory_ + name, bytes).ok());
    return directory_ + name;
  }
  std::string directory_;
};

TEST_F(InstanceFilesTest, AreOneSequence) {
  Result<std::unique_ptr<InstanceReader>> reader =
      OpenInstances({Write("a.jsonl", "{\"x\":1}\n"), Write("b.csv", "x,y\n2,3\n"),
                     Write("c.json", "{\"x\":4}\n{\"x\":5}\n")},
                    {kScalar});
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  const Result<std::vector<Instance>> instances = ReadAll(**reader);
  ASSERT_TRUE(instances.ok()) << instances.status().message();
  ASSERT_EQ(instances->size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ((*instances)[i].number, i);
  EXPECT_EQ((*instances)[1].place, directory_ + "b.csv: line 2");
  EXPECT_EQ((*instances)[3].values[0].Number(0), 5);
}

TEST_F(InstanceFilesTest, ADirectoryOfImagesIsRead) {
  Write("b.png", "\x89PNG\r\n\x1a\nB");
  Write("a.jpg",
        "\xff\xd8\xff"
        "A");
  Write("labels.csv", "x\n");
  Result<std::unique_ptr<InstanceReader>> reader = OpenInstances({directory_}, {kText});
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  const Result<std::vector<Instance>> instances = ReadAll(**reader);
  ASSERT_TRUE(instances.ok());
  ASSERT_EQ(instances->size(), 2u);
  EXPECT_EQ((*instances)[0].place, directory_ + "a.jpg");
  EXPECT_EQ((*instances)[0].values[0].strings()[0],
            "\xff\xd8\xff"
            "A");
  EXPECT_EQ((*instances)[0].source_json, "{\"b64\":\"/9j/QQ==\"}");
  EXPECT_EQ((*reader)->notes().size(), 1u);
}

TEST_F(InstanceFilesTest, ImagesGoThroughTheDecoder) {
  const std::string path = Write("a.png", "\x89PNG\r\n\x1a\n");
  EXPECT_NE(OpenInstances({path}, {kImage}).status().message().find("no image decoder"),
            std::string::npos);
  InstanceReaderOptions options;
  options.decode_image = [](std::string_view, const FieldSpec& field) -> Result<Tensor> {
    if (field.name == "bad") return InvalidArgument("truncated");
    return Tensor(field.dtype, field.shape);
  };
  Result<std::unique_ptr<InstanceReader>> reader = OpenInstances({path}, {kImage}, options);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*(*reader)->Next())->values[0].shape(), (Shape{2, 2}));
  reader = OpenInstances({path}, {Field("bad", DType::kFloat32, {2, 2})}, options);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*(*reader)->Next())->status.message(), path + ": truncated");
}

TEST_F(InstanceFilesTest, WhatCannotBeReadIsRefused) {
  EXPECT_EQ(OpenInstances({directory_ + "none"}, {kScalar}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(OpenInstances({directory_}, {kScalar}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(OpenInstances({}, {kScalar}).status().code(), StatusCode::kInvalidArgument);
  const Status status = OpenInstances({Write("a.txt", "x")}, kMixed).status();
  EXPECT_EQ(status.message(), directory_ +
                                  "a.txt: a text file needs a signature with a single string, "
                                  "this one takes age, job");
  EXPECT_EQ(OpenInstances({Write("b.json", "{\"x\":")}, {kScalar}).status().message(),
            directory_ + "b.json: line 1, column 6: expected a value, but the text ends");
}

TEST_F(InstanceFilesTest, SourceCodeIsOneString) {
  Result<std::unique_ptr<InstanceReader>> reader =
      OpenInstances({Write("a.py", "import x\n{}\n")}, {kText});
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*(*reader)->Next())->values[0].strings()[0], "import x\n{}\n");
}

// Whatever bytes come in whatever form: rows, errors of rows, or a refusal.
TEST(InstancesTest, MutatedTextNeverCrashes) {
  const std::string kSeeds[] = {
      R"({"instances":[{"age":3,"job":"a"},{"age":4,"job":{"b64":"Zg=="}}]})",
      R"({"inputs":{"age":[3,4],"job":["a","b"]}})",
      "{\"age\":1,\"job\":\"a\"}\n{\"age\":2,\"job\":\"b\"}\n",
      "age,job\n1,\"a\"\"\n\"\n2,b\n",
      "[[1,2],[3,4]]",
  };
  constexpr unsigned kSeed = 5;
  std::mt19937 random(kSeed);
  for (int i = 0; i < 20000; ++i) {
    std::string text = kSeeds[random() % std::size(kSeeds)];
    for (unsigned k = 0; k <= random() % 4; ++k) {
      if (text.empty()) break;
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, random() % 5);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 8));
      }
    }
    static_cast<void>(ReadText(text, kMixed));
    static_cast<void>(ReadText(text, {kVector}));
  }
}

}  // namespace
}  // namespace whylight
