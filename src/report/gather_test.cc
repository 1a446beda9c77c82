#include "report/gather.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>

#include "image/codec.h"
#include "io/files.h"
#include "io/json.h"
#include "util/base64.h"

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
              HasSubstr("line 1: expected an answer of `whylight explain`"));
  EXPECT_THAT(GatherReport({.paths = {File("empty.jsonl", "\n")}}).status().message(),
              HasSubstr("no answers to report of: empty.jsonl"));
  EXPECT_EQ(GatherReport({.paths = {folder_ + "/none.jsonl"}}).status().code(),
            StatusCode::kNotFound);
}

// The object of feature "photo" in the details of a page's only row.
Json PhotoOf(const std::string& page) {
  const std::size_t start = page.find("id=\"whylight-details\">") + 22;
  const Result<Json> row = ParseJson(page.substr(start, page.find('\n', start) - start));
  EXPECT_TRUE(row.ok()) << row.status().message();
  return *row->Find("explanations")->array().at(0).Find("elements")->Find("photo");
}

Image ImageAt(const std::string& url) {
  const Result<std::string> bytes = Base64Decode(url.substr(url.find(',') + 1));
  EXPECT_TRUE(bytes.ok()) << url;
  return *DecodeImage(*bytes);
}

class GatherPicturesTest : public GatherTest {
 protected:
  // A red picture of 4 x 2 pixels, whose right half counts.
  std::string PictureAnswer(const std::string& whylight) {
    Image image(4, 2, 3);
    for (std::size_t i = 0; i < image.pixels.size(); i += 3) image.pixels[i] = 255;
    return R"({"instance":{"id":7,"bytes":{"b64":")" + Base64Encode(EncodePng(image)) +
           R"("}},"explanation":{"attributions":[{"instanceOutputValue":1,"featureAttributions":)" +
           R"({"photo":[[[0],[0],[3],[1]],[[0],[0],[2],[1]]]}}]},"whylight":)" + whylight + "}\n";
  }
};

TEST_F(GatherPicturesTest, AFileInTheInstanceIsDrawnWithItsAttribution) {
  const std::string answer = PictureAnswer(R"({"method":"integrated-gradients"})");
  const Result<GatheredReport> report = GatherReport({.paths = {File("a.jsonl", answer)}});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_THAT(report->page, HasSubstr(R"("kind":"image")"));
  const Json photo = PhotoOf(report->page);
  EXPECT_EQ(photo.Find("width")->int64(), 448) << "enlarged by whole numbers";
  const Image picture = ImageAt(photo.Find("picture")->string());
  EXPECT_EQ(picture.height, 224);
  EXPECT_GT(picture.at(0, 0)[0], 250);
  EXPECT_LT(picture.at(0, 0)[1], 5);
  const Image overlay = ImageAt(photo.Find("overlay")->string());
  EXPECT_NEAR(overlay.at(5, 5)[0], overlay.at(5, 5)[1], 3) << "grey where nothing counts";
  EXPECT_GT(overlay.at(280, 40)[1], overlay.at(280, 40)[0] + 50) << "green where it counts";
  EXPECT_EQ(photo.Find("map")->Find("columns")->int64(), 4);
  EXPECT_EQ(photo.Find("scale")->Find("sum")->number(), 7);
  EXPECT_EQ(photo.Find("regions"), nullptr);

  const std::string numbers =
      GatherReport({.paths = {File("a.jsonl", answer)}, .max_pictures = 0})->page;
  EXPECT_EQ(PhotoOf(numbers).Find("kind")->string(), "vector");
}

TEST_F(GatherPicturesTest, RegionsHaveRanksForEveryPixel) {
  const std::string answer = PictureAnswer(
      R"({"method":"xrai","regions":[{"photo":[{"rank":1,"attribution":2.5,"area":0.25,"mask":)"
      R"([2,1,6,1]},{"rank":2,"attribution":0.5,"area":0.75,"rest":true,"mask":[0,2,3,3,7,1]}]}]})");
  const Result<GatheredReport> report = GatherReport({.paths = {File("a.jsonl", answer)}});
  ASSERT_TRUE(report.ok()) << report.status().message();
  const Json photo = PhotoOf(report->page);
  ASSERT_NE(photo.Find("regions"), nullptr);
  const Image ranks = ImageAt(photo.Find("regions")->Find("ranks")->string());
  EXPECT_EQ(ranks.width, 448);
  EXPECT_EQ(ranks.at(260, 20)[2], 0) << "the best";
  EXPECT_EQ(ranks.at(10, 10)[2], 1);
  const Json& best = photo.Find("regions")->Find("list")->array().at(0);
  EXPECT_EQ(best.Find("rank")->int64(), 0);
  EXPECT_EQ(best.Find("area")->number(), 0.25);
  EXPECT_EQ(best.Find("attribution")->number(), 0.625);
  EXPECT_EQ(best.Find("x")->number(), 2.5 / 4 * 448);
  EXPECT_EQ(best.Find("y")->number(), 112);
  EXPECT_EQ(photo.Find("overlays")->array().at(0).Find("name")->string(), "ranked regions");
}

TEST_F(GatherPicturesTest, APictureThatIsNotThereIsShownByItsNumbers) {
  std::string answer = PictureAnswer("{}");
  answer.replace(answer.find("\"b64\""), 5, "\"b65\"");
  const Result<GatheredReport> report = GatherReport({.paths = {File("a.jsonl", answer)}});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(PhotoOf(report->page).Find("kind")->string(), "vector");
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
