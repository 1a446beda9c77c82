#include "report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "report/detail.h"
#include "report/page.h"
#include "util/base64.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::NanSensitiveDoubleEq;
using testing::Not;
using testing::Pointwise;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

FeatureAttribution Number(const std::string& name, double value, double attribution) {
  return {.name = name, .values = Tensor::Scalar(attribution), .input = Tensor::Scalar(value)};
}

FeatureAttribution Word(const std::string& name, const std::string& value, double attribution) {
  return {
      .name = name, .values = Tensor::Scalar(attribution), .input = Tensor::ScalarString(value)};
}

OutputAttribution Attribution(std::vector<FeatureAttribution> features) {
  return {.output_name = "risk",
          .output_index = {1},
          .display_name = "rich",
          .instance_output = 0.75,
          .baseline_output = 0.25,
          .approximation_error = 0.01,
          .features = std::move(features)};
}

class ReportTest : public testing::Test {
 protected:
  void Add(std::vector<OutputAttribution> attributions, std::string_view run = R"({"seed":0})") {
    const Explanation explanation{.attributions = std::move(attributions)};
    report_.Add({.line = ++line_, .run = run, .prediction = "0.75", .explanation = explanation});
  }

  Json Data(const ReportHead& head = {}) {
    const Result<Json> data = ParseJson(report_.Data(head));
    EXPECT_TRUE(data.ok()) << data.status().message();
    return data.ok() ? *data : Json();
  }

  // Line `row` of the details.
  Json Detail(std::size_t row) {
    std::size_t start = 0;
    for (std::size_t i = 0; i < row; ++i) start = report_.details().find('\n', start) + 1;
    const std::size_t end = report_.details().find('\n', start);
    const Result<Json> detail = ParseJson(report_.details().substr(start, end - start));
    EXPECT_TRUE(detail.ok()) << detail.status().message();
    return detail.ok() ? *detail : Json();
  }

  // {"f64": "..."} and the like, or the base64 text of codes, as numbers.
  template <typename T>
  static std::vector<double> Decoded(const std::string& base64) {
    const Result<std::string> bytes = Base64Decode(base64);
    EXPECT_TRUE(bytes.ok());
    std::vector<T> numbers(bytes->size() / sizeof(T));
    std::memcpy(numbers.data(), bytes->data(), bytes->size());
    return {numbers.begin(), numbers.end()};
  }
  static std::vector<double> Column(const Json& column) {
    const auto& [type, text] = column.object().at(0);
    return type == "f64"   ? Decoded<double>(text.string())
           : type == "f32" ? Decoded<float>(text.string())
                           : Decoded<std::uint32_t>(text.string());
  }

  Report report_;
  std::int64_t line_ = 0;
};

TEST_F(ReportTest, ScoresAndTotalsAreColumns) {
  Add({Attribution({Number("age", 31, 0.5), Number("hours", 40, -0.25)})});
  Add({Attribution({Number("age", 62, 0.125), Number("hours", 8, 0)})});
  const Json data = Data({.title = "a report", .created = "2026-11-29T00:00:00Z"});
  EXPECT_EQ(data.Find("format")->int64(), 1);
  EXPECT_EQ(data.Find("title")->string(), "a report");
  const Json& explanations = *data.Find("explanations");
  EXPECT_THAT(Column(*explanations.Find("row")), ElementsAre(0, 1));
  EXPECT_THAT(Column(*explanations.Find("score")), ElementsAre(0.75, 0.75));
  EXPECT_THAT(Column(*explanations.Find("baselineScore")), ElementsAre(0.25, 0.25));
  EXPECT_THAT(Column(*explanations.Find("error")), ElementsAre(0.01, 0.01));
  EXPECT_THAT(Column(*explanations.Find("sum")), ElementsAre(0.25, 0.125));
  EXPECT_THAT(Column(*explanations.Find("converged")), ElementsAre(2, 2)) << "not said";
  EXPECT_THAT(Column(data.Find("totals")->array().at(0)), ElementsAre(0.5, 0.125));
  EXPECT_THAT(Column(data.Find("values")->array().at(1)), ElementsAre(40, 8));
  const Json& target = data.Find("targets")->array().at(0);
  EXPECT_EQ(target.Find("output")->string(), "risk");
  EXPECT_EQ(target.Find("label")->string(), "rich");
}

TEST_F(ReportTest, WhatARowDoesNotHaveIsMissing) {
  Add({Attribution({Number("age", 31, 0.5)})});
  Add({Attribution({Number("hours", 8, 0.25)})});
  Add({Attribution({Number("age", 5, 0.125)})});
  const Json data = Data();
  const auto& totals = data.Find("totals")->array();
  EXPECT_THAT(Column(totals.at(0)),
              Pointwise(NanSensitiveDoubleEq(), std::vector<double>{0.5, kNan, 0.125}));
  EXPECT_THAT(Column(totals.at(1)),
              Pointwise(NanSensitiveDoubleEq(), std::vector<double>{kNan, 0.25, kNan}));
  EXPECT_THAT(Column(data.Find("values")->array().at(1)),
              Pointwise(NanSensitiveDoubleEq(), std::vector<double>{kNan, 8, kNan}));
}

TEST_F(ReportTest, StringsAndTruthValuesAreCategories) {
  Add({Attribution({Word("job", "clerk", 0.5)})});
  Add({Attribution({Word("job", "<b>\xff", 0.5)})});
  Add({Attribution({Word("job", "clerk", 0.5)})});
  const Json data = Data();
  EXPECT_EQ(data.Find("features")->array().at(0).Find("kind")->string(), "category");
  const Json& values = data.Find("values")->array().at(0);
  EXPECT_THAT(Decoded<std::uint32_t>(values.Find("codes")->string()), ElementsAre(0, 1, 0));
  EXPECT_THAT(values.Find("dictionary")->array(), ElementsAre(Json("clerk"), Json("4 bytes")));
}

TEST_F(ReportTest, ElementsAreDetails) {
  const Tensor values = Tensor::Of<double>(Shape{3}, {0.5, -0.25, 0});
  Add({Attribution(
      {{.name = "text", .values = values, .input = Tensor::Strings(Shape{3}, {"not", "a", "word"})},
       {.name = "x", .values = values, .input = Tensor::Of<float>(Shape{3}, {1, 2, 3})}})});
  const Json data = Data();
  EXPECT_EQ(data.Find("features")->array().at(0).Find("kind")->string(), "tokens");
  EXPECT_EQ(data.Find("features")->array().at(1).Find("kind")->string(), "vector");
  EXPECT_THAT(Column(data.Find("totals")->array().at(0)), ElementsAre(0.25));
  const Json detail = Detail(0);
  const Json& elements = *detail.Find("explanations")->array().at(0).Find("elements");
  EXPECT_THAT(elements.Find("text")->Find("tokens")->array(),
              ElementsAre(Json("not"), Json("a"), Json("word")));
  EXPECT_THAT(elements.Find("x")->Find("values")->array(),
              ElementsAre(Json(1.0), Json(2.0), Json(3.0)));
  EXPECT_THAT(elements.Find("x")->Find("attributions")->array(),
              ElementsAre(Json(0.5), Json(-0.25), Json(0.0)));
}

TEST_F(ReportTest, ElementsThatHaveNamesAreFeatures) {
  Add({Attribution({{.name = "x",
                     .values = Tensor::Of<double>(Shape{2}, {0.5, -0.25}),
                     .input = Tensor::Of<float>(Shape{2}, {3, 4}),
                     .element_names = {"width", "height"},
                     .named_by_elements = true}})});
  const Json data = Data();
  ASSERT_EQ(data.Find("features")->array().size(), 2u);
  EXPECT_EQ(data.Find("features")->array().at(1).Find("name")->string(), "height");
  EXPECT_THAT(Column(data.Find("totals")->array().at(1)), ElementsAre(-0.25));
  EXPECT_THAT(Column(data.Find("values")->array().at(1)), ElementsAre(4));
}

TEST_F(ReportTest, MoreElementsThanAPageShowsAreSummedOverTheLastAxis) {
  Add({Attribution({{.name = "embedding",
                     .values = Tensor::Filled(DType::kFloat64, Shape{128, 64}, 0.5),
                     .input = {}}})});
  const Json detail = Detail(0);
  const Json& shown =
      *detail.Find("explanations")->array().at(0).Find("elements")->Find("embedding");
  ASSERT_EQ(shown.Find("attributions")->array().size(), 128u);
  EXPECT_EQ(shown.Find("attributions")->array()[0].number(), 32);
  EXPECT_TRUE(shown.Find("values")->is_null());
  EXPECT_THAT(Column(Data().Find("totals")->array().at(0)), ElementsAre(4096));
}

TEST_F(ReportTest, AnEmbeddingIsShownBesideItsIds) {
  Add({Attribution({{.name = "embedding",
                     .values = Tensor::Of<double>(Shape{2, 2}, {0.5, 0.25, 1, 2}),
                     .input = Tensor::Of<double>(Shape{2}, {7, 9})}})});
  const Json detail = Detail(0);
  const Json& shown =
      *detail.Find("explanations")->array().at(0).Find("elements")->Find("embedding");
  EXPECT_THAT(shown.Find("values")->array(), ElementsAre(Json(7.0), Json(9.0)));
  EXPECT_THAT(shown.Find("attributions")->array(), ElementsAre(Json(0.75), Json(3.0)));
}

TEST_F(ReportTest, SeveralTargetsOfARowAreSeveralExplanations) {
  OutputAttribution other = Attribution({Number("age", 31, 0.25)});
  other.output_index = {0};
  other.display_name = "poor";
  Add({Attribution({Number("age", 31, 0.5)}), other});
  Add({other});
  const Json data = Data();
  EXPECT_THAT(Column(*data.Find("explanations")->Find("row")), ElementsAre(0, 0, 1));
  EXPECT_THAT(Column(*data.Find("explanations")->Find("target")), ElementsAre(0, 1, 1));
  EXPECT_THAT(Column(data.Find("values")->array().at(0)), ElementsAre(31, 31));
}

TEST_F(ReportTest, AMethodWithoutBaselineHasNoneOfItsScores) {
  OutputAttribution attribution = Attribution({Number("age", 31, 0.5)});
  attribution.has_baseline = false;
  attribution.effort = Effort{.steps = 5, .converged = false};
  Add({attribution});
  const Json data = Data();
  EXPECT_THAT(Column(*data.Find("explanations")->Find("baselineScore")),
              Pointwise(NanSensitiveDoubleEq(), std::vector<double>{kNan}));
  EXPECT_THAT(Column(*data.Find("explanations")->Find("sum")),
              Pointwise(NanSensitiveDoubleEq(), std::vector<double>{kNan}));
  EXPECT_THAT(Column(*data.Find("explanations")->Find("converged")), ElementsAre(0));
}

TEST_F(ReportTest, AMethodThatIsNotCompleteHasNoSum) {
  const Explanation explanation{.attributions = {Attribution({Number("age", 31, 0.5)})}};
  report_.Add({.line = 1, .is_complete = false, .explanation = explanation});
  EXPECT_THAT(Column(*Data().Find("explanations")->Find("sum")),
              Pointwise(NanSensitiveDoubleEq(), std::vector<double>{kNan}));
}

TEST_F(ReportTest, WarningsAreCountedByRule) {
  OutputAttribution attribution = Attribution({Number("age", 31, 0.5)});
  attribution.warnings = {{.rule = "large-gap", .message = "8 % is missing"}};
  for (int row = 0; row < 30; ++row) Add({attribution});
  const Json data = Data();
  const Json& warning = data.Find("warnings")->array().at(0);
  EXPECT_EQ(warning.Find("rule")->string(), "large-gap");
  EXPECT_EQ(warning.Find("count")->int64(), 30);
  EXPECT_EQ(warning.Find("rows")->array().size(), 20u);
}

TEST_F(ReportTest, RunsAreSaidOnce) {
  Add({Attribution({Number("age", 31, 0.5)})}, R"({"method":"a"})");
  Add({Attribution({Number("age", 31, 0.5)})}, R"({"method":"b"})");
  Add({Attribution({Number("age", 31, 0.5)})}, R"({"method":"a"})");
  const Json data = Data();
  EXPECT_EQ(data.Find("runs")->array().size(), 2u);
  EXPECT_THAT(Column(*data.Find("explanations")->Find("run")), ElementsAre(0, 1, 0));
}

TEST_F(ReportTest, APictureIsDrawnOrTheReasonIsSaid) {
  report_ = Report([](const FeatureAttribution& feature) -> Result<std::string> {
    if (feature.name == "bad") return InvalidArgument("bad: a value is not finite");
    return std::string(feature.name == "image" ? R"({"kind":"image","width":2})" : "");
  });
  const Tensor values = Tensor::Filled(DType::kFloat64, Shape{2, 2, 3}, 1);
  Add({Attribution({{.name = "image", .values = values, .input = {}},
                    {.name = "bad", .values = values, .input = {}},
                    {.name = "x", .values = values, .input = {}}})});
  const Json data = Data();
  const auto& features = data.Find("features")->array();
  EXPECT_EQ(features.at(0).Find("kind")->string(), "image");
  EXPECT_EQ(features.at(1).Find("kind")->string(), "vector");
  EXPECT_EQ(features.at(2).Find("kind")->string(), "vector");
  EXPECT_EQ(data.Find("warnings")->array().at(0).Find("rule")->string(), "no-picture");
  const Json detail = Detail(0);
  const Json& elements = *detail.Find("explanations")->array().at(0).Find("elements");
  EXPECT_EQ(elements.Find("image")->Find("kind")->string(), "image");
  EXPECT_EQ(elements.Find("image")->Find("width")->int64(), 2);
}

TEST_F(ReportTest, NothingIsAReportToo) {
  const Json data = Data({.total_rows = 0});
  EXPECT_THAT(data.Find("features")->array(), IsEmpty());
  EXPECT_EQ(data.Find("rows")->Find("count")->int64(), 0);
}

TEST(ShownTextTest, KeepsLinesAndCutsAtACharacter) {
  EXPECT_EQ(ShownText("a\n\tb"), "a\n\tb");
  EXPECT_EQ(ShownText(std::string(999, 'a') + "\u00e9\u00e9"), std::string(999, 'a') + "...");
  EXPECT_EQ(ShownText(std::string(1000, 'a')), std::string(1000, 'a'));
  EXPECT_EQ(ShownText("\xff\xd8"), "2 bytes");
}

TEST(ReportPageTest, WhatIsInTheDataEndsNoBlock) {
  const std::string page = ReportPage(R"x({"title":"</script><script>alert(1)"})x", "{}\n{}\n");
  EXPECT_THAT(page, HasSubstr(R"x({"title":"\u003c/script>\u003cscript>alert(1)"})x"));
  EXPECT_THAT(page, HasSubstr("id=\"whylight-details\">{}\n{}\n</script>"));
  EXPECT_THAT(page, Not(HasSubstr("whylight-data")));
  EXPECT_LT(page.size(), 1u << 20);
}

}  // namespace
}  // namespace whylight
