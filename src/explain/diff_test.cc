#include "explain/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "io/files.h"
#include "io/json.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Answer {
  std::string features;
  std::string instance = "null";
  std::string output = R"("outputName":"risk","outputIndex":[1])";
  double score = 1, baseline = 0, error = 0;
};

std::string Line(const Answer& of) {
  return R"({"instance":)" + of.instance + R"(,"explanation":{"attributions":[{)" + of.output +
         R"(,"instanceOutputValue":)" + std::to_string(of.score) + R"(,"baselineOutputValue":)" +
         std::to_string(of.baseline) + R"(,"approximationError":)" + std::to_string(of.error) +
         R"(,"featureAttributions":)" + of.features + "}]}}\n";
}

class DiffTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<ExplanationDiff> Try(const std::string& ours, const std::string& theirs,
                              DiffOptions options = {}) {
    options.ours = folder_ + "/ours.jsonl";
    options.theirs = folder_ + "/theirs.jsonl";
    EXPECT_TRUE(WriteFile(options.ours, ours).ok());
    EXPECT_TRUE(WriteFile(options.theirs, theirs).ok());
    return DiffExplanations(options);
  }
  ExplanationDiff Diff(const std::string& ours, const std::string& theirs,
                       const DiffOptions& options = {}) {
    Result<ExplanationDiff> diff = Try(ours, theirs, options);
    EXPECT_TRUE(diff.ok()) << diff.status().message();
    return diff.ok() ? *std::move(diff) : ExplanationDiff();
  }

  const std::string folder_ = testing::TempDir() + "diff_test";
};

TEST_F(DiffTest, AFileAgreesWithItself) {
  const std::string file = Line({R"({"age":0.5,"grid":[[1,2],[3,-4]]})"});
  const ExplanationDiff diff = Diff(file + file, file + file);
  EXPECT_TRUE(diff.agrees());
  EXPECT_EQ(diff.rows, 2u);
  EXPECT_EQ(diff.relative.max(), 0);
  EXPECT_EQ(diff.top_overlap.min(), 1);
  EXPECT_EQ(diff.rank_correlation.min(), 1);
  EXPECT_THAT(diff.notes, IsEmpty());
}

TEST_F(DiffTest, OfWorkedNumbers) {
  // Elements 0.5, -0.25, 0.25 beside 0.4, -0.3, 0.3: sum |d| 0.2, both sums of sizes 1.
  const ExplanationDiff diff =
      Diff(Line({.features = R"({"age":0.5,"x":[-0.25,0.25]})", .score = 0.75, .error = 0.01}),
           Line({.features = R"({"age":0.4,"x":[-0.3,0.3]})",
                 .score = 0.5,
                 .baseline = 0.125,
                 .error = 0.02}),
           {.tolerance = 0.25, .top_k = 2});
  EXPECT_TRUE(diff.agrees());
  EXPECT_NEAR(diff.absolute.mean(), 0.2, 1e-12);  // Rounding of a few sums.
  EXPECT_NEAR(diff.relative.mean(), 0.2, 1e-12);
  EXPECT_EQ(diff.top_overlap.mean(), 1);       // age and x[0], which both sides have first.
  EXPECT_EQ(diff.rank_correlation.mean(), 1);  // x[0] < x[1] < age
  EXPECT_EQ(diff.instance_outputs.max(), 0.25);
  EXPECT_EQ(diff.baseline_outputs.max(), 0.125);
  EXPECT_EQ(diff.our_errors.mean(), 0.01);
  EXPECT_EQ(diff.their_errors.mean(), 0.02);
  ASSERT_THAT(diff.features, SizeIs(2));
  EXPECT_EQ(diff.features[0].name, "age");
  EXPECT_NEAR(diff.features[0].absolute.mean(), 0.1, 1e-12);
  EXPECT_NEAR(diff.features[0].relative.mean(), 0.2, 1e-12);      // 0.1 / 0.5
  EXPECT_NEAR(diff.features[1].relative.mean(), 1 / 6.0, 1e-12);  // 0.1 / 0.6
}

TEST_F(DiffTest, RowsAboveTheToleranceAreListedWorstFirst) {
  const ExplanationDiff diff =
      Diff(Line({R"({"a":1,"b":1})"}) + Line({R"({"a":1,"b":0.5})"}) + Line({R"({"a":-1,"b":1})"}),
           Line({R"({"a":1,"b":1})"}) + Line({R"({"a":1,"b":1})"}) + Line({R"({"a":1,"b":1})"}));
  EXPECT_FALSE(diff.agrees());
  ASSERT_THAT(diff.outliers, SizeIs(2));
  EXPECT_EQ(diff.outliers[0].ours, "line 3");
  EXPECT_EQ(diff.outliers[0].label, "risk[1]");
  EXPECT_EQ(diff.outliers[0].relative, 1);     // 2 / 2
  EXPECT_EQ(diff.outliers[1].relative, 0.25);  // 0.5 / 2
  EXPECT_EQ(diff.features[0].name, "a");
  EXPECT_EQ(diff.features[0].sign_flips, 1u);
  EXPECT_EQ(diff.features[1].sign_flips, 0u);
}

TEST_F(DiffTest, TheErrorsOfBothMayAllowADifference) {
  const auto allowed = [&](double ours, double theirs) {
    const ExplanationDiff diff =
        Diff(Line({.features = R"({"a":1.5})", .score = 3, .baseline = 1, .error = ours}),
             Line({.features = R"({"a":1})", .score = 3, .baseline = 1, .error = theirs}));
    EXPECT_THAT(diff.outliers, SizeIs(1));
    return diff.outliers.at(0).is_within_errors;
  };
  // |d| is 0.5, and the scores differ by 2 on each side.
  EXPECT_TRUE(allowed(0.15, 0.1));
  EXPECT_FALSE(allowed(0.1, 0.1));
  EXPECT_FALSE(allowed(0, 0));
}

TEST_F(DiffTest, WhatIsNotFiniteDoesNotAgree) {
  const ExplanationDiff diff = Diff(Line({R"({"a":1})"}) + Line({R"({"a":NaN})"}),
                                    Line({R"({"a":2})"}) + Line({R"({"a":NaN})"}));
  ASSERT_THAT(diff.outliers, SizeIs(2));
  EXPECT_EQ(diff.outliers[0].ours, "line 2");
}

TEST_F(DiffTest, AFeatureOfOneSideAloneIsZeroOnTheOther) {
  const ExplanationDiff diff =
      Diff(Line({R"({"a":3,"ours":1})"}), Line({R"({"a":3,"theirs":[0,0]})"}));
  EXPECT_EQ(diff.relative.max(), 0.25);  // 1 / 4
  EXPECT_THAT(diff.notes, ElementsAre("feature ours: only in ours in 1 attribution",
                                      "feature theirs: only in theirs in 1 attribution"));
}

TEST_F(DiffTest, FeaturesOfOtherShapesAreComparedBySums) {
  const ExplanationDiff diff = Diff(Line({R"({"a":[1,2]})"}), Line({R"({"a":3})"}));
  EXPECT_TRUE(diff.agrees());
  EXPECT_THAT(diff.notes, ElementsAre(HasSubstr("a: of different shapes")));
}

TEST_F(DiffTest, OtherNamesOfTheOutputAreSaid) {
  const ExplanationDiff diff =
      Diff(Line({R"({"a":1})"}),
           Line({.features = R"({"a":1})", .output = R"("outputName":"dense","outputIndex":[1])"}));
  EXPECT_TRUE(diff.agrees());
  EXPECT_THAT(diff.notes, ElementsAre(HasSubstr("different names")));
}

TEST_F(DiffTest, OtherLabelsAreNotCompared) {
  const std::string other = R"("outputName":"risk","outputIndex":[0])";
  const ExplanationDiff diff =
      Diff(Line({R"({"a":1})"}) + Line({R"({"a":1})"}),
           Line({R"({"a":1})"}) + Line({.features = R"({"a":1})", .output = other}));
  EXPECT_EQ(diff.rows, 1u);
  EXPECT_FALSE(diff.agrees());
  ASSERT_THAT(diff.problems, SizeIs(1));
  EXPECT_EQ(diff.problems[0].place, "ours line 2 beside theirs line 2");
  EXPECT_THAT(diff.problems[0].message,
              HasSubstr("ours alone has risk[1], theirs alone has risk[0]"));
}

TEST_F(DiffTest, BothDialectsAreCompared) {
  const ExplanationDiff diff = Diff(
      Line({.features = R"({"a":1})", .score = 0.5}),
      R"({"explanations":[{"attributions_by_label":[{"attributions":{"a":[1.01]},"label_index":1,)"
      R"("example_score":0.5,"baseline_score":0.0,"output_name":"risk","approx_error":0.1}]}]})");
  EXPECT_TRUE(diff.agrees());
  EXPECT_NEAR(diff.relative.max(), 0.01 / 1.01, 1e-12);
  EXPECT_EQ(diff.their_errors.max(), 0.1);
}

TEST_F(DiffTest, RowsArePairedByTheirKey) {
  const auto row = [](const std::string& instance, const char* value) {
    return Line({.features = "{\"a\":" + std::string(value) + "}", .instance = instance});
  };
  const std::string ours = row(R"({"id":7,"a":1})", "1") + row(R"({"id":8,"a":2})", "2");
  const std::string shuffled = row(R"({"id":8.0,"a":2})", "2") + row(R"({"id":7.0,"a":1})", "1");
  EXPECT_TRUE(Diff(ours, shuffled, {.key = "id"}).agrees());
  const ExplanationDiff in_order = Diff(ours, shuffled);
  EXPECT_THAT(in_order.outliers, SizeIs(2));
  EXPECT_THAT(in_order.notes, ElementsAre(HasSubstr("2 pairs of rows with different instances")));

  const std::string keyed =
      R"({"key":"7","explanation":{"attributions":[{"outputName":"risk","outputIndex":[1],)"
      R"("instanceOutputValue":1,"featureAttributions":{"a":1}}]}})";
  const ExplanationDiff diff = Diff(ours, keyed, {.key = "id"});
  EXPECT_THAT(diff.outliers, IsEmpty());
  ASSERT_THAT(diff.problems, SizeIs(1));
  EXPECT_EQ(diff.problems[0].place, "ours line 2");
  EXPECT_EQ(diff.problems[0].message, "theirs has no row with id 8");
}

TEST_F(DiffTest, RowsWithoutAPartnerDoNotAgree) {
  const std::string one = Line({R"({"a":1})"});
  const ExplanationDiff diff = Diff(one, one + one + "{\"error\":{}}\n");
  EXPECT_FALSE(diff.agrees());
  EXPECT_EQ(diff.problem_count, 2u);
  EXPECT_EQ(diff.problems.at(0).message, "ours has no such row");
}

struct BadCase {
  const char* name;
  std::string theirs;
  DiffOptions options;
  const char* message;
};
class BadDiffTest : public DiffTest, public testing::WithParamInterface<BadCase> {};

TEST_P(BadDiffTest, SaysWhy) {
  const std::string ours = Line({.features = R"({"a":1})", .instance = R"({"id":1})"});
  const Result<ExplanationDiff> diff = Try(ours, GetParam().theirs, GetParam().options);
  ASSERT_FALSE(diff.ok());
  EXPECT_EQ(diff.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(diff.status().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    , BadDiffTest,
    testing::Values(
        BadCase{
            "Pictures",
            Line({R"({"a":{"b64_jpeg":"/9j/"}})"}),
            {},
            "theirs line 1: explanation.attributions[0].featureAttributions.a: expected numbers"},
        BadCase{"Empty", "", {}, "ours line 1: theirs has no such row"},
        BadCase{"KeyTwice",
                Line({.features = R"({"a":1})", .instance = R"({"id":1})"}) +
                    Line({.features = R"({"a":1})", .instance = R"({"id":1})"}),
                {.key = "id"},
                "theirs line 2: a second row with id 1"},
        BadCase{"NoKey", Line({R"({"a":1})"}), {.key = "id"}, "the instance has no member 'id'"},
        BadCase{"Tolerance", "", {.tolerance = -1}, "--tolerance: expected"},
        BadCase{"TopK", "", {.top_k = 0}, "--top-k: expected"}),
    [](const auto& of) { return of.param.name; });

TEST_F(DiffTest, IsWrittenAsJson) {
  const DiffOptions options;
  const ExplanationDiff diff = Diff(Line({R"({"a":1,"b":1})"}), Line({R"({"a":1,"b":0.5})"}));
  const Result<Json> json = ParseJson(DiffJson(options, diff));
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(*json->Find("agrees"), Json(false));
  EXPECT_EQ(*json->Find("relativeDifference")->Find("max"), Json(0.25));
  EXPECT_EQ(*json->Find("features")->array().at(0).Find("name"), Json("b"));
  EXPECT_EQ(*json->Find("outliers")->array().at(0).Find("theirs"), Json("line 1"));
  EXPECT_EQ(*json->Find("outliers")->array().at(0).Find("withinErrors"), Json(false));
}

}  // namespace
}  // namespace whylight
