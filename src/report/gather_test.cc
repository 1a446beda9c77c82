#include "report/gather.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>

#include "io/files.h"
#include "io/json.h"

namespace whylight {
namespace {

using testing::HasSubstr;
using testing::Not;

class GatherTest : public testing::Test {
 protected:
  ~GatherTest() override { std::filesystem::remove_all(folder_); }

  std::string File(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    EXPECT_TRUE(WriteFile(path, text).ok());
    return path;
  }

  static std::string Answer(int age) {
    return R"({"instance":{"age":)" + std::to_string(age) +
           R"(},"prediction":0.5,"explanation":{"attributions":[{"instanceOutputValue":0.5,)" +
           R"("baselineOutputValue":0,"featureAttributions":{"age":0.5},"outputName":"y"}]}})" +
           "\n";
  }

  std::string folder_ = testing::TempDir() + "/gather." +
                        testing::UnitTest::GetInstance()->current_test_info()->name();

  void SetUp() override { std::filesystem::create_directories(folder_); }
};

TEST_F(GatherTest, AFileIsAPage) {
  const Result<GatheredReport> report =
      GatherReport({.paths = {File("a.jsonl", Answer(31) + "\n" + Answer(45))}});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->rows, 2);
  EXPECT_EQ(report->total, 2);
  EXPECT_EQ(report->unread, 0);
  EXPECT_THAT(report->page, HasSubstr(R"("title":"a.jsonl")"));
  EXPECT_THAT(report->page, HasSubstr(R"("sources":[{"name":"a.jsonl","rows":2}])"));
}

TEST_F(GatherTest, OfManyRowsASampleIsShownInOrder) {
  std::string text;
  for (int row = 0; row < 1000; ++row) text += Answer(row);
  const GatherOptions options{.paths = {File("a.jsonl", text)}, .max_rows = 20};
  const Result<GatheredReport> report = GatherReport(options);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->rows, 20);
  EXPECT_EQ(report->total, 1000);
  EXPECT_THAT(report->page, HasSubstr(R"("rows":{"count":20,"total":1000,)"));
  EXPECT_EQ(GatherReport(options)->rows, 20) << "the same seed, the same rows";
  GatherOptions other = options;
  other.seed = 1;
  const auto lines = [](const std::string& page) {
    const std::size_t at = page.find("\"line\":");
    return page.substr(at, page.find('}', at) - at);
  };
  EXPECT_EQ(lines(GatherReport(options)->page), lines(report->page));
  EXPECT_NE(lines(GatherReport(other)->page), lines(report->page));
}

TEST_F(GatherTest, RowsThatFailedStandBesideTheAnswers) {
  File("a.errors.jsonl", R"({"instance":1,"error":{"place":"line 3","message":"age: too old"}})"
                         "\nbroken\n");
  const Result<GatheredReport> report = GatherReport({.paths = {File("a.jsonl", Answer(31))}});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->unread, 0);
  EXPECT_THAT(report->page, HasSubstr(R"({"line":1,"message":"line 3: age: too old"})"));
  EXPECT_THAT(report->page, HasSubstr(R"({"line":2,"message":"unreadable"})"));
  EXPECT_THAT(report->page, HasSubstr(R"("failureCount":2)"));
}

TEST_F(GatherTest, ALineThatIsCutOffIsToldAndTheOthersAreShown) {
  const std::string cut = Answer(45).substr(0, 60);
  const Result<GatheredReport> report =
      GatherReport({.paths = {File("a.jsonl", Answer(31) + cut)}});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->rows, 1);
  EXPECT_EQ(report->unread, 1);
  EXPECT_THAT(report->first_unread.message(), HasSubstr("line 2: "));
  EXPECT_THAT(report->page, HasSubstr(R"("failureCount":1)"));
}

TEST_F(GatherTest, WhatIsNoFileOfAnswersIsAnError) {
  EXPECT_THAT(GatherReport({.paths = {File("p.jsonl", "{\"prediction\":1}\n")}}).status().message(),
              HasSubstr("line 1: expected {\"instance\""));
  EXPECT_THAT(GatherReport({.paths = {File("empty.jsonl", "\n")}}).status().message(),
              HasSubstr("no answers to report of: empty.jsonl"));
  EXPECT_EQ(GatherReport({.paths = {folder_ + "/none.jsonl"}}).status().code(),
            StatusCode::kNotFound);
}

TEST_F(GatherTest, PicturesAreDrawnFromTheInstance) {
  int drawn = 0;
  const Result<GatheredReport> report =
      GatherReport({.paths = {File("a.jsonl", Answer(31))},
                    .draw = [&](const Json& instance, const FeatureAttribution& feature,
                                JsonWriter&) -> Result<bool> {
                      ++drawn;
                      EXPECT_EQ(instance.Find("age")->int64(), 31);
                      EXPECT_EQ(feature.name, "age");
                      return false;
                    }});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(drawn, 1);
}

TEST_F(GatherTest, CtrlCEndsIt) {
  EXPECT_EQ(GatherReport({.paths = {File("a.jsonl", Answer(31))}, .cancelled = [] { return true; }})
                .status()
                .code(),
            StatusCode::kCancelled);
}

TEST(ShownPredictionTest, OfManyNumbersTheGreatestAreShown) {
  Json::Array rows;
  for (int i = 0; i < 2; ++i) {
    Json::Array row(600, Json(0.0));
    row[static_cast<std::size_t>(7 + i)] = 1.0 + i;
    rows.push_back(row);
  }
  const Json shown = ShownPrediction(rows);
  ASSERT_EQ(shown.array().size(), 20u);
  EXPECT_EQ(shown.array()[0], *ParseJson(R"({"index":[1,8],"value":2.0})"));
  EXPECT_EQ(shown.array()[1], *ParseJson(R"({"index":[0,7],"value":1.0})"));
  EXPECT_EQ(ShownPrediction(*ParseJson("[[1,2]]")), *ParseJson("[[1,2]]"));
  EXPECT_EQ(ShownPrediction(Json("clerk")), Json("clerk"));
}

}  // namespace
}  // namespace whylight
