#include "explain/answer_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>

namespace whylight {
namespace {

using testing::ElementsAre;

std::string Line(const std::string& value) {
  return R"({"instance":{"x":1},"explanation":{"attributions":[{"featureAttributions":{"x":)" +
         value + "}}]}}\n";
}

// "line 1: 0.5" of each row, or its error.
std::vector<std::string> RowsOf(const std::string& path) {
  std::vector<std::string> rows;
  Result<std::unique_ptr<AnswerReader>> reader = AnswerReader::Open(path);
  if (!reader.ok()) return {reader.status().message()};
  while (true) {
    const Result<std::optional<PlacedRow>> next = (*reader)->Next();
    if (!next.ok()) rows.push_back(next.status().message());
    if (!next.ok() || !next->has_value()) return rows;
    const PlacedRow& row = **next;
    std::string text = "failed";
    if (row.row.ok()) {
      text.clear();
      for (const OutputAttribution& one : row.row->explanation.attributions) {
        text += (text.empty() ? "" : " ") + std::to_string(one.features.at(0).values.Number(0));
      }
    }
    rows.push_back(row.place + ": " + text);
  }
}

class AnswerFileTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string File(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    EXPECT_TRUE(WriteFile(path, text).ok());
    return path;
  }

  const std::string folder_ = testing::TempDir() + "answer_file_test";
};

TEST_F(AnswerFileTest, ReadsLines) {
  EXPECT_THAT(RowsOf(File("a.jsonl", Line("0.5") + "\n" + Line("0.25"))),
              ElementsAre("line 1: 0.500000", "line 3: 0.250000"));
}

TEST_F(AnswerFileTest, ReadsAResponseOverSeveralLines) {
  EXPECT_THAT(RowsOf(File("a.json", R"({
  "predictions": [0.1, 0.2],
  "explanations": [
    {"attributions": [{"featureAttributions": {"x": 0.5}}]},
    {"attributions_by_label": [{"attributions": {"x": 0.25}}, {"attributions": {"x": 1}}]}
  ]
})")),
              ElementsAre("explanations[0]: 0.500000", "explanations[1]: 0.250000 1.000000"));
}

TEST_F(AnswerFileTest, ResponsesMayBeLines) {
  const std::string line =
      R"({"explanations":[{"attributions":[{"featureAttributions":{"x":2}}]}]})";
  EXPECT_THAT(RowsOf(File("one.json", line)), ElementsAre("explanations[0]: 2.000000"));
  EXPECT_THAT(RowsOf(File("two.jsonl", Line("0.5") + line)),
              ElementsAre("line 1: 0.500000", "line 2, explanations[0]: 2.000000"));
}

TEST_F(AnswerFileTest, ExplanationsMayStandAlone) {
  EXPECT_THAT(RowsOf(File("a.jsonl", R"({"attributions":[{"featureAttributions":{"x":2}}]})"
                                     "\n"
                                     R"({"attributions_by_label":[{"attributions":{"x":[3]}}]})")),
              ElementsAre("line 1: 2.000000", "line 2: 3.000000"));
}

TEST_F(AnswerFileTest, ABadLineDoesNotSpoilTheOthers) {
  EXPECT_THAT(RowsOf(File("first.jsonl", "{\n" + Line("0.5"))),
              ElementsAre("line 1: failed", "line 2: 0.500000"));
  EXPECT_THAT(
      RowsOf(File("later.jsonl", Line("0.5") + "{\"error\":{}}\n{\n" + Line("1"))),
      ElementsAre("line 1: 0.500000", "line 2: failed", "line 3: failed", "line 4: 1.000000"));
}

TEST_F(AnswerFileTest, ReadsTheShardsOfAFolder) {
  File("explanation.results-00001-of-00002", Line("0.25"));
  File("explanation.results-00000-of-00002", Line("0.5"));
  File("explanation.errors_stats-00000-of-00001", "no answers");
  EXPECT_THAT(RowsOf(folder_), ElementsAre("explanation.results-00000-of-00002, line 1: 0.500000",
                                           "explanation.results-00001-of-00002, line 1: 0.250000"));
}

TEST_F(AnswerFileTest, AFolderWithoutAnswersIsAnError) {
  File("explanation.errors_stats-00000-of-00001", "no answers");
  EXPECT_THAT(RowsOf(folder_), ElementsAre(testing::HasSubstr("no file of answers")));
}

TEST_F(AnswerFileTest, ReadsWhatGzipCompressed) {
  const std::string path = folder_ + "/a.jsonl.gz", text = Line("0.5");
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  EXPECT_THAT(RowsOf(path), ElementsAre("line 1: 0.500000"));
}

}  // namespace
}  // namespace whylight
