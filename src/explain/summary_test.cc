#include "explain/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "io/json.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

FeatureAttribution Feature(const std::string& name, const std::vector<double>& values) {
  return {.name = name, .values = Tensor::Of<double>(Shape{std::ssize(values)}, values)};
}

Explanation Row(std::int64_t label, double baseline, double instance, double error,
                std::vector<FeatureAttribution> features) {
  Explanation explanation;
  explanation.attributions.push_back({.output_name = "risk",
                                      .output_index = {label},
                                      .display_name = label == 0 ? "poor" : "rich",
                                      .instance_output = instance,
                                      .baseline_output = baseline,
                                      .approximation_error = error,
                                      .features = std::move(features)});
  return explanation;
}

std::vector<double> Numbers(const Tensor& tensor) {
  return {tensor.data<double>().begin(), tensor.data<double>().end()};
}

TEST(SummaryTest, AveragesEachLabelAndAll) {
  Summary summary;
  summary.Add(Row(1, 0, 1, 0.25, {Feature("x", {1, -2})}));
  summary.Add(Row(1, 2, 4, 0.75, {Feature("x", {-3, -2})}));
  summary.Add(Row(0, 5, 6, 0, {Feature("x", {8, 1})}));
  const std::vector<LabelSummary> labels = summary.Labels();
  ASSERT_EQ(labels.size(), 2U);
  EXPECT_EQ(labels[0].mean.display_name, "poor");
  EXPECT_EQ(labels[1].count, 2U);
  EXPECT_EQ(labels[1].mean.output_index, std::vector<std::int64_t>{1});
  EXPECT_EQ(labels[1].mean.baseline_output, 1);
  EXPECT_EQ(labels[1].mean.instance_output, 2.5);
  EXPECT_EQ(labels[1].mean.approximation_error, 0.5);
  EXPECT_EQ(labels[1].max_error, 0.75);
  EXPECT_THAT(Numbers(labels[1].mean.features[0].values), ElementsAre(-1, -2));
  EXPECT_THAT(Numbers(labels[1].mean_absolute[0]), ElementsAre(2, 2));
  const LabelSummary all = summary.All();
  EXPECT_EQ(all.count, 3U);
  EXPECT_THAT(Numbers(all.mean.features[0].values), ElementsAre(2, -1));
  EXPECT_THAT(Numbers(all.mean_absolute[0]), ElementsAre(4, 5.0 / 3));
}

TEST(SummaryTest, SumsWhatHasNoCommonElements) {
  struct Case {
    const char* name;
    SummaryOptions options;
    std::vector<double> first, second;
    const char* why;
  };
  for (const Case& c :
       {Case{"shapes", {}, {1, 2}, {-4, 1, -1}, "rows of different shapes"},
        Case{"limit", {.max_elements = 1}, {1, 2}, {-4, 0}, "too many elements"},
        Case{"pieces", {.pieces = true}, {1, 2}, {-4, 0}, "pieces of different texts"}}) {
    SCOPED_TRACE(c.name);
    Summary summary(c.options);
    summary.Add(Row(1, 0, 1, 0, {Feature("x", c.first)}));
    summary.Add(Row(1, 0, 1, 0, {Feature("x", c.second)}));
    const LabelSummary label = summary.Labels()[0];
    EXPECT_EQ(label.by_feature[0], c.why);
    EXPECT_EQ(label.mean.features[0].values, Tensor::Scalar(-0.5));
    EXPECT_EQ(label.mean_absolute[0], Tensor::Scalar(3.5));
    EXPECT_THAT(SummaryJson(summary, 0, {}), HasSubstr(c.why));
  }
}

TEST(SummaryTest, JoinsNamedElementsByName) {
  FeatureAttribution first = Feature("words", {1, 3}), second = Feature("words", {5});
  first.element_names = {"good", "bad"};
  second.element_names = {"odd"};
  first.named_by_elements = second.named_by_elements = true;
  Summary summary;
  summary.Add(Row(1, 0, 1, 0, {first}));
  summary.Add(Row(1, 0, 1, 0, {second}));
  const LabelSummary label = summary.Labels()[0];
  EXPECT_THAT(label.mean.features[0].element_names, ElementsAre("good", "bad", "odd"));
  EXPECT_THAT(Numbers(label.mean.features[0].values), ElementsAre(0.5, 1.5, 2.5));
  const Result<Json> json = ParseJson(SummaryJson(summary, 0, {}));
  ASSERT_TRUE(json.ok()) << json.status().message();
  const Json& shares = *json->Find("meanAttributions")->array()[0].Find("featureAttributions");
  EXPECT_EQ(shares.Find("odd")->number(), 2.5);
}

TEST(SummaryTest, LeavesUnknownErrorsOut) {
  Summary summary;
  summary.Add(Row(1, 0, 1, 0.5, {Feature("x", {1})}));
  summary.Add(Row(1, 0, 1, std::numeric_limits<double>::infinity(), {Feature("x", {1})}));
  const LabelSummary label = summary.Labels()[0];
  EXPECT_EQ(label.mean.approximation_error, 0.5);
  EXPECT_EQ(label.max_error, 0.5);
  EXPECT_EQ(label.unknown_errors, 1U);
}

TEST(SummaryTest, WritesTheMembersOfTheHeader) {
  FeatureAttribution age = Feature("age", {0.5, -0.25});
  age.element_names = {"now", "then"};
  Summary summary;
  summary.Add(Row(1, 0.25, 0.5, 0.125, {age}));
  const std::string text = SummaryJson(summary, 3, {});
  const Result<Json> json = ParseJson(text);
  ASSERT_TRUE(json.ok()) << json.status().message();
  EXPECT_EQ(WriteJson(*json->Find("meanAttributions")),
            R"([{"baselineOutputValue":0.25,"instanceOutputValue":0.5,"featureAttributions":)"
            R"({"age":[0.5,-0.25]},"outputIndex":[1],"outputDisplayName":"rich",)"
            R"("approximationError":0.125,"outputName":"risk"}])");
  const Json& extras = *json->Find("whylight");
  EXPECT_EQ(extras.Find("rows")->int64(), 1);
  EXPECT_EQ(extras.Find("failed")->int64(), 3);
  EXPECT_EQ(WriteJson(*extras.Find("labels")),
            R"([{"count":1,"meanAbsoluteAttributions":{"age":[0.5,0.25]},)"
            R"("maxApproximationError":0.125,"elementNames":{"age":["now","then"]}}])");
  EXPECT_EQ(extras.Find("all"), nullptr);
}

}  // namespace
}  // namespace whylight
