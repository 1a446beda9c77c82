#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "io/arrow_library.h"
#include "io/row_writer.h"
#include "io/test_instances.h"

namespace whylight {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const Shape kAnyLength{Shape::kUnknown};
const Shape kMatrix{Shape::kUnknown, Shape::kUnknown};
const std::vector<FieldSpec> kPerson = {Field("age", DType::kFloat32), Field("job", DType::kString),
                                        Field("codes", DType::kInt32, kAnyLength)};

std::string TestData(const std::string& name) {
  return std::string(WHYLIGHT_SOURCE_DIR) + "/src/io/testdata/" + name;
}

std::string ReadParquet(const std::string& path, const std::vector<FieldSpec>& fields,
                        const InstanceReaderOptions& options = {}) {
  std::string text = ReadAsText(OpenInstances({path}, fields, options), fields);
  // The path that stands before every message.
  for (std::size_t at = 0; (at = text.find(path + ": ", at)) != std::string::npos;) {
    text.erase(at, path.size() + 2);
  }
  return text;
}

class ParquetTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "parquet_test.XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern + "/";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  Status WriteRows(const std::string& path, const std::vector<std::vector<RowValue>>& rows) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<LineWriter> out, LineWriter::Open(path));
    WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<RowWriter> writer,
                              MakeParquetWriter(*out, "{\"a\":1}"));
    for (const std::vector<RowValue>& row : rows) WHYLIGHT_RETURN_IF_ERROR(writer->Write(row));
    WHYLIGHT_RETURN_IF_ERROR(writer->Close());
    return out->Close();
  }

  std::string directory_;
};

TEST_F(ParquetTest, FilesOfPyarrowAreRead) {
  Result<std::unique_ptr<InstanceReader>> reader =
      OpenInstances({TestData("rows.parquet")}, kPerson);
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  EXPECT_EQ((*reader)->notes(),
            std::vector<std::string>{"column 'label' is no input and is ignored"});
  const Result<std::vector<Instance>> instances = ReadAll(**reader);
  ASSERT_TRUE(instances.ok()) << instances.status().message();
  ASSERT_EQ(instances->size(), 2u);
  EXPECT_EQ((*instances)[0].source_json, "{\"age\":31.5,\"job\":\"clerk\",\"codes\":[1,-2,3]}");
  EXPECT_EQ((*instances)[1].place, "row 1");
  EXPECT_EQ((*instances)[1].values[1], Tensor::ScalarString(std::string("\xff\0", 2)));
  EXPECT_EQ((*instances)[1].values[2], Tensor(DType::kInt32, Shape{0}));
}

TEST_F(ParquetTest, FilesAreToldByTheirContent) {
  std::filesystem::copy(TestData("rows.parquet"), directory_ + "rows");
  EXPECT_EQ(ReadParquet(directory_ + "rows", {kPerson[0]}), "row 0: 31.5\nrow 1: 44.0");
}

TEST_F(ParquetTest, AFolderMayHoldSparksOwnFiles) {
  std::filesystem::copy(TestData("rows.parquet"), directory_ + "part-0.parquet");
  std::filesystem::copy(TestData("rows.parquet"), directory_ + "part-1.parquet");
  ASSERT_TRUE(WriteFile(directory_ + "_SUCCESS", "").ok());
  Result<std::unique_ptr<InstanceReader>> reader = OpenInstances({directory_}, kPerson);
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  const Result<std::vector<Instance>> instances = ReadAll(**reader);
  ASSERT_TRUE(instances.ok()) << instances.status().message();
  EXPECT_EQ(instances->size(), 4u);
}

struct TypeCase {
  const char* name;
  FieldSpec field;
  std::string read;
};
void PrintTo(const TypeCase& c, std::ostream* os) { *os << c.name; }
class ParquetTypeTest : public testing::TestWithParam<TypeCase> {};
TEST_P(ParquetTypeTest, IsReadForItsField) {
  EXPECT_EQ(ReadParquet(TestData("types.parquet"), {GetParam().field}), GetParam().read);
}

std::string NullThird(const std::string& column) {
  return "\nrow 2: " + column + ": missing (null)";
}
INSTANTIATE_TEST_SUITE_P(
    , ParquetTypeTest,
    testing::Values(
        TypeCase{"bool", Field("bool", DType::kBool),
                 "row 0: true\nrow 1: false" + NullThird("bool")},
        TypeCase{"bool_for_number", Field("bool", DType::kFloat32),
                 "refused: column 'bool': expected numbers (the input takes float32), got bool"},
        TypeCase{"int8", Field("int8", DType::kInt8),
                 "row 0: -128\nrow 1: 127" + NullThird("int8")},
        TypeCase{"uint8", Field("uint8", DType::kUInt8),
                 "row 0: 0\nrow 1: 255" + NullThird("uint8")},
        TypeCase{"int16", Field("int16", DType::kInt32),
                 "row 0: -1\nrow 1: 2" + NullThird("int16")},
        TypeCase{"uint16", Field("uint16", DType::kUInt16),
                 "row 0: 1\nrow 1: 65535" + NullThird("uint16")},
        TypeCase{"int32", Field("int32", DType::kInt64),
                 "row 0: -1\nrow 1: 2" + NullThird("int32")},
        TypeCase{"uint32_beyond_int32", Field("uint32", DType::kInt32),
                 "row 0: 1\nrow 1: uint32: 4294967295 is out of range of int32 [-2147483648, "
                 "2147483647]" +
                     NullThird("uint32")},
        TypeCase{"int64", Field("int64", DType::kInt64),
                 "row 0: 4611686018427387905\nrow 1: -1" + NullThird("int64")},
        TypeCase{"uint64", Field("uint64", DType::kUInt64),
                 "row 0: 18446744073709551615\nrow 1: 0" + NullThird("uint64")},
        TypeCase{"half", Field("half", DType::kFloat16),
                 "row 0: 0.5\nrow 1: -2.0" + NullThird("half")},
        TypeCase{"float", Field("float", DType::kFloat32),
                 "row 0: 0.1\nrow 1: 2.0" + NullThird("float")},
        TypeCase{"double", Field("double", DType::kFloat64),
                 "row 0: 0.1\nrow 1: double: NaN is not a finite number" + NullThird("double")},
        TypeCase{"string", Field("string", DType::kString),
                 "row 0: \"a\"\nrow 1: \"\u00e9\"" + NullThird("string")},
        TypeCase{"large_string", Field("large_string", DType::kString),
                 "row 0: \"\"\nrow 1: \"b\"" + NullThird("large_string")},
        TypeCase{"fixed", Field("fixed", DType::kString),
                 "row 0: \"ab\"\nrow 1: \"cd\"" + NullThird("fixed")},
        TypeCase{"category", Field("category", DType::kString),
                 "row 0: \"x\"\nrow 1: \"y\"" + NullThird("category")},
        TypeCase{"pair", Field("pair", DType::kFloat32, {2}),
                 "row 0: [1.0,2.0]\nrow 1: [3.0,4.0]" + NullThird("pair")},
        TypeCase{"flat_list_in_its_shape", Field("pair", DType::kFloat32, {2, 1}),
                 "row 0: [[1.0],[2.0]]\nrow 1: [[3.0],[4.0]]" + NullThird("pair")},
        TypeCase{"scalar_for_one", Field("int8", DType::kInt8, {1}),
                 "row 0: [-128]\nrow 1: [127]" + NullThird("int8")},
        TypeCase{"matrix", Field("matrix", DType::kInt64, kMatrix),
                 "row 0: [[1,2],[3,4]]\nrow 1: [[5],[6]]\nrow 2: matrix[1]: missing (null)"},
        TypeCase{"matrix_of_another_shape", Field("matrix", DType::kInt64, {2, 2}),
                 "row 0: [[1,2],[3,4]]\nrow 1: matrix: expected shape [2,2], got [2,1]\n"
                 "row 2: matrix[1]: missing (null)"},
        TypeCase{"ragged", Field("ragged", DType::kString, kMatrix),
                 "row 0: ragged[1]: expected 1 value, as in the lists before it, got 2\n"
                 "row 1: [[],[]]\nrow 2: []"},
        TypeCase{"holes", Field("holes", DType::kFloat64, kAnyLength),
                 "row 0: holes[1]: missing (null)\nrow 1: []" + NullThird("holes")},
        TypeCase{
            "string_for_number", Field("string", DType::kFloat32),
            "refused: column 'string': expected numbers (the input takes float32), got string"},
        TypeCase{"decimal", Field("decimal", DType::kFloat32),
                 "refused: column 'decimal': a column of type decimal cannot be an input"},
        TypeCase{"day", Field("day", DType::kInt32),
                 "refused: column 'day': a column of type date or time cannot be an input"},
        TypeCase{"person", Field("person", DType::kInt32),
                 "refused: column 'person': a column of type struct cannot be an input"}),
    [](const auto& row) { return row.param.name; });

TEST_F(ParquetTest, AMissingColumnSaysWhatThereIs) {
  EXPECT_EQ(
      ReadParquet(TestData("rows.parquet"), {kPerson[0], Field("size", DType::kFloat32)}),
      "refused: no column 'size' (the signature takes age, size; the file has age, job, codes, "
      "label)");
  EXPECT_EQ(ReadParquet(TestData("rows.parquet"), {kPerson[0], Field("code", DType::kInt32)}),
            "refused: no column 'code' (did you mean 'codes'?)");
}

std::vector<RowValue> Numbers(double a, double b, double c) {
  return {{"a", Tensor::Scalar(a)}, {"b", Tensor::Scalar(b)}, {"c", Tensor::Scalar(c)}};
}

TEST_F(ParquetTest, ColumnsAreTheElementsOfTheOneVector) {
  const std::string path = directory_ + "rows.parquet";
  ASSERT_TRUE(WriteRows(path, {Numbers(1, 2, 3), Numbers(4, 5, 6)}).ok());
  const FieldSpec two = Field("x", DType::kFloat32, {2});
  EXPECT_EQ(ReadParquet(path, {two}), "row 0: [1.0,2.0]\nrow 1: [4.0,5.0]");
  const Result<std::unique_ptr<InstanceReader>> reader = OpenInstances({path}, {two});
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->feature_names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ((*reader)->notes(), std::vector<std::string>{"column 'c' is no input and is ignored"});
  InstanceReaderOptions options;
  options.element_names = {"c", "a"};
  EXPECT_EQ(ReadParquet(path, {two}, options), "row 0: [3.0,1.0]\nrow 1: [6.0,4.0]");
  EXPECT_EQ(ReadParquet(path, {Field("x", DType::kFloat32, {4})}),
            "refused: input 'x' takes 4 values, got 3 columns");
}

TEST_F(ParquetTest, WhatIsWrittenReadsBack) {
  const std::string path = directory_ + "rows.parquet";
  const auto row = [](float x, std::vector<std::string> words) {
    const auto count = static_cast<std::int64_t>(words.size());
    return std::vector<RowValue>{{"float", Tensor::Scalar(x)},
                                 {"doubles", Tensor::Of<double>({2, 1}, {x, kInfinity})},
                                 {"flag", Tensor::Scalar(x > 0)},
                                 {"flags", Tensor::Of<bool>({3}, {true, false, x > 0})},
                                 {"small", Tensor::Filled(DType::kFloat16, {}, 0.5)},
                                 {"smaller", Tensor::Filled(DType::kBFloat16, {1}, -2)},
                                 {"byte", Tensor::Scalar<std::uint8_t>(200)},
                                 {"words", Tensor::Strings({count}, std::move(words))}};
  };
  std::vector<std::vector<RowValue>> rows = {row(1.5, {"a", "\u00e9\n"}), row(-1, {})};
  rows[1].erase(rows[1].begin() + 3);
  ASSERT_EQ(WriteRows(path, rows), OkStatus());
  const std::vector<FieldSpec> fields = {Field("float", DType::kFloat32),
                                         Field("doubles", DType::kFloat64, kAnyLength),
                                         Field("flag", DType::kBool),
                                         Field("small", DType::kFloat16),
                                         Field("smaller", DType::kBFloat16, {1}),
                                         Field("byte", DType::kUInt8),
                                         Field("words", DType::kString, kAnyLength)};
  EXPECT_EQ(ReadParquet(path, fields, {.allow_non_finite = true}),
            "row 0: 1.5 [1.5,Infinity] true 0.5 [-2.0] 200 [\"a\",\"\u00e9\\n\"]\n"
            "row 1: -1.0 [-1.0,Infinity] false 0.5 [-2.0] 200 []");
  EXPECT_EQ(ReadParquet(path, {Field("flags", DType::kBool, {3})}),
            "row 0: [true,false,true]\nrow 1: flags: missing (null)");
}

TEST_F(ParquetTest, ManyRowGroupsAreStreamed) {
  const std::string path = directory_ + "rows.parquet";
  constexpr int kRows = 100'000;  // Two row groups, and many batches of each.
  std::vector<std::vector<RowValue>> rows;
  for (int i = 0; i < kRows; ++i) {
    rows.push_back({{"i", Tensor::Scalar<std::int32_t>(i)},
                    {"text", Tensor::ScalarString(std::to_string(i))}});
  }
  ASSERT_EQ(WriteRows(path, rows), OkStatus());
  const Result<std::unique_ptr<InstanceReader>> reader =
      OpenInstances({path}, {Field("text", DType::kString), Field("i", DType::kInt32)});
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  for (int i = 0; i < kRows; ++i) {
    const Result<std::optional<Instance>> next = (*reader)->Next();
    ASSERT_TRUE(next.ok() && next->has_value()) << i;
    ASSERT_EQ((*next)->values[0], Tensor::ScalarString(std::to_string(i)));
    ASSERT_EQ((*next)->values[1], Tensor::Scalar<std::int32_t>(i));
  }
  EXPECT_FALSE((*(*reader)->Next()).has_value());
}

TEST_F(ParquetTest, AFileWithoutRowsIsOneToo) {
  const std::string path = directory_ + "rows.parquet";
  ASSERT_EQ(WriteRows(path, {}), OkStatus());
  EXPECT_EQ(ReadParquet(path, {Field("x", DType::kString)}),
            "refused: no column 'x' (the signature takes x; the file has no columns)");
}

TEST_F(ParquetTest, AnOutputOfBytesIsAColumnOfBytes) {
  const std::string path = directory_ + "rows.parquet";
  ASSERT_EQ(
      WriteRows(path, {{{"x", Tensor::ScalarString("\xff")}}, {{"x", Tensor::ScalarString("a")}}}),
      OkStatus());
  EXPECT_EQ(ReadParquet(path, {Field("x", DType::kString)}),
            "row 0: {\"b64\":\"/w==\"}\nrow 1: \"a\"");
}

struct RefusedRows {
  const char* name;
  std::vector<std::vector<RowValue>> rows;
  std::string message;
};
void PrintTo(const RefusedRows& c, std::ostream* os) { *os << c.name; }
class ParquetRefusalTest : public ParquetTest, public testing::WithParamInterface<RefusedRows> {};
TEST_P(ParquetRefusalTest, SaysTheColumnAndLeavesNoFile) {
  const Status status = WriteRows(directory_ + "rows.parquet", GetParam().rows);
  EXPECT_EQ(status.message(), GetParam().message);
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}
INSTANTIATE_TEST_SUITE_P(
    , ParquetRefusalTest,
    testing::Values(
        RefusedRows{"dtype",
                    {{{"x", Tensor::Scalar(1.0)}}, {{"x", Tensor::Scalar(1.0f)}}},
                    "x: expected one float64 as in the first row, got one float32; write TFRecord "
                    "or JSON Lines"},
        RefusedRows{"rank",
                    {{{"x", Tensor::Scalar(1.0)}}, {{"x", Tensor::Of<double>({1}, {1})}}},
                    "x: expected one float64 as in the first row, got a list of float64; write "
                    "TFRecord or JSON Lines"},
        RefusedRows{"new_column",
                    {{{"x", Tensor::Scalar(1.0)}},
                     {{"x", Tensor::Scalar(1.0)}, {"y", Tensor::Scalar(1.0)}}},
                    "y: a column that the first row did not have, and Parquet has one set of "
                    "columns; write TFRecord or JSON Lines"},
        RefusedRows{"twice",
                    {{{"x", Tensor::Scalar(1.0)}, {"x", Tensor::Scalar(1.0)}}},
                    "x: two values of this name; write JSON Lines"},
        RefusedRows{"complex",
                    {{{"x", Tensor(DType::kComplex64, {})}}},
                    "x: Parquet has no place for complex64; write JSON Lines"}),
    [](const auto& row) { return row.param.name; });

TEST_F(ParquetTest, AFileThatIsGivenUpIsNotThere) {
  const std::string path = directory_ + "rows.parquet";
  {
    const Result<std::unique_ptr<LineWriter>> out = LineWriter::Open(path);
    ASSERT_TRUE(out.ok());
    const Result<std::unique_ptr<RowWriter>> writer = MakeParquetWriter(**out, "");
    ASSERT_TRUE(writer.ok()) << writer.status().message();
    ASSERT_TRUE((*writer)->Write(Numbers(1, 2, 3)).ok());
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

// Every damage is an error of the file or of the rows; none is a crash.
TEST_F(ParquetTest, DamagedFilesAreRefused) {
  const Result<std::string> whole = ReadFile(TestData("types.parquet"));
  ASSERT_TRUE(whole.ok());
  const std::vector<FieldSpec> fields = {Field("category", DType::kString),
                                         Field("matrix", DType::kInt64, kMatrix)};
  const std::string path = directory_ + "rows.parquet";
  const auto read = [&](const std::string& bytes) {
    EXPECT_TRUE(WriteFile(path, bytes).ok());
    const Result<std::unique_ptr<InstanceReader>> reader = OpenInstances({path}, fields);
    return reader.ok() ? ReadAll(**reader).status() : reader.status();
  };
  EXPECT_EQ(read(*whole), OkStatus());
  EXPECT_EQ(read("").code(), StatusCode::kDataLoss);
  EXPECT_EQ(read("PAR1").code(), StatusCode::kDataLoss);
  EXPECT_EQ(read("{\"age\": 3}\n{\"age\": 4}\n").code(), StatusCode::kDataLoss);
  for (std::size_t size = 1; size < whole->size(); size += 97) {
    EXPECT_EQ(read(whole->substr(0, size)).code(), StatusCode::kDataLoss) << size;
  }
  for (std::size_t at = 4; at < whole->size(); at += 7) {
    std::string damaged = *whole;
    damaged[at] ^= 0x55;
    static_cast<void>(read(damaged));
  }
}

}  // namespace
}  // namespace whylight
