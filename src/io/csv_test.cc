#include "io/csv.h"

#include <gtest/gtest.h>

#include <limits>

#include "io/row_writer.h"

namespace whylight {
namespace {

// Cells joined by '|', records by ';', errors in <>.
std::string Read(const std::string& text) {
  CsvReader reader(LineReader::OfText(text));
  std::string out;
  std::vector<CsvCell> record;
  while (true) {
    const Result<bool> has_record = reader.Next(&record);
    if (has_record.ok() && !*has_record) return out;
    if (!out.empty()) out += ';';
    out += std::to_string(reader.line()) + ':';
    if (!has_record.ok()) {
      out += '<' + has_record.status().message() + '>';
      continue;
    }
    for (std::size_t i = 0; i < record.size(); ++i) {
      if (i > 0) out += '|';
      out += record[i].is_quoted ? '"' + record[i].text + '"' : record[i].text;
    }
  }
}

struct CsvCase {
  const char* name;
  std::string text;
  std::string records;
};
void PrintTo(const CsvCase& c, std::ostream* os) { *os << c.name; }
class CsvTest : public testing::TestWithParam<CsvCase> {};
TEST_P(CsvTest, ReadsRecords) { EXPECT_EQ(Read(GetParam().text), GetParam().records); }
INSTANTIATE_TEST_SUITE_P(
    , CsvTest,
    testing::Values(CsvCase{"empty", "", ""}, CsvCase{"plain", "a,b\n1,2\n", "1:a|b;2:1|2"},
                    CsvCase{"empty_cells", ",\n", "1:|"}, CsvCase{"no_end", "a,b", "1:a|b"},
                    CsvCase{"windows", "a,b\r\n1,2\r\n", "1:a|b;2:1|2"},
                    CsvCase{"cr_only", "a,b\r1,2\r", "1:a|b;2:1|2"},
                    CsvCase{"byte_order_mark",
                            "\xef\xbb\xbf"
                            "a,b\n",
                            "1:a|b"},
                    CsvCase{"blank_lines", "a\n\n\nb\n", "1:a;4:b"},
                    CsvCase{"quotes", "\"a,b\",\"say \"\"hi\"\"\",\"\"\n",
                            "1:\"a,b\"|\"say \"hi\"\"|\"\""},
                    CsvCase{"line_break_in_quotes", "\"a\nb\",c\nd,e\n", "1:\"a\nb\"|c;3:d|e"},
                    CsvCase{"blank_line_in_quotes", "\"a\n\nb\"\n", "1:\"a\n\nb\""},
                    CsvCase{"open_quote", "a\n\"b\nc\n", "1:a;2:<a quote that never closes>"},
                    CsvCase{"text_behind_quote", "\"a\"b,c\nd\n",
                            "1:<text behind the closing quote of column 1>;2:d"},
                    CsvCase{"spaces_stay", " a , b\n", "1: a | b"},
                    CsvCase{"nul", std::string("a\0,b\n", 5), std::string("1:a\0|b", 6)}),
    [](const auto& row) { return row.param.name; });

TEST(CsvQuoteTest, AQuoteInsideAnUnquotedCellSaysHowToWriteIt) {
  EXPECT_NE(Read("5\" pipe,1\nx\n").find("a quote inside column 1"), std::string::npos);
}

class CsvWriterTest : public testing::Test {
 protected:
  // What is written of rows, and the status of the last.
  std::string Write(const std::vector<std::vector<RowValue>>& rows) {
    const std::string path = testing::TempDir() + "csv_writer_test.csv";
    const Result<std::unique_ptr<LineWriter>> out = LineWriter::Open(path);
    EXPECT_TRUE(out.ok());
    const std::unique_ptr<RowWriter> writer = MakeCsvWriter(**out);
    for (const std::vector<RowValue>& row : rows) last_ = writer->Write(row);
    EXPECT_TRUE(writer->Close().ok() && (*out)->Close().ok());
    return *ReadFile(path);
  }
  static RowValue Number(const char* name, double value) { return {name, Tensor::Scalar(value)}; }
  static RowValue Text(const char* name, std::string text) {
    return {name, Tensor::ScalarString(std::move(text))};
  }
  Status last_;
};

TEST_F(CsvWriterTest, WritesWhatTheReaderReads) {
  const std::string text =
      Write({{Text("a,b", "say \"hi\""), Number("x", 0.1), Text("c", "two\nlines")},
             {Text("a,b", "\r"), Number("x", std::numeric_limits<double>::infinity()),
              Text("c", " plain; ")}});
  EXPECT_TRUE(last_.ok());
  EXPECT_EQ(text, "\"a,b\",x,c\n\"say \"\"hi\"\"\",0.1,\"two\nlines\"\n\"\r\",Infinity, plain; \n");
  // The reader takes a CR for the end of a line, within quotes too.
  EXPECT_EQ(Read(text),
            "1:\"a,b\"|x|c;2:\"say \"hi\"\"|0.1|\"two\nlines\";4:\"\n\"|Infinity| plain; ");
}

TEST_F(CsvWriterTest, TheFirstRowGivesTheColumns) {
  EXPECT_EQ(Write({{Number("a", 1), Number("b", 2)}, {Number("b", 3)}}), "a,b\n1.0,2.0\n,3.0\n");
  EXPECT_TRUE(last_.ok());
  Write({{Number("a", 1)}, {Number("c", 2)}});
  EXPECT_EQ(last_.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(last_.message().find("no column 'c'"), std::string::npos) << last_.message();
  Write({{Number("a", 1), Number("a", 2)}});
  EXPECT_NE(last_.message().find("two columns would be called 'a'"), std::string::npos);
  Write({{{"list", Tensor::Of<double>(Shape{1}, {1})}}});
  EXPECT_EQ(last_.code(), StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace whylight
