#include "explain/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<double> Numbers(const Tensor& tensor) {
  std::vector<double> numbers;
  for (std::size_t i = 0; i < tensor.elements(); ++i) numbers.push_back(tensor.Number(i));
  return numbers;
}

Row Vector(std::initializer_list<float> values) {
  return {Tensor::Of<float>(Shape{static_cast<std::int64_t>(values.size())}, values)};
}

Result<InputStatistics> Of(const std::vector<Row>& rows) {
  const std::vector<std::string> names = {"x"};
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<InputStatistics> all, StatisticsOf(rows, names));
  return std::move(all[0]);
}

TEST(Statistics, OfNumbers) {
  const Result<InputStatistics> odd = Of({Vector({1, 10}), Vector({2, 30}), Vector({6, 20})});
  ASSERT_TRUE(odd.ok()) << odd.status().message();
  EXPECT_THAT(Numbers(odd->mean), ElementsAre(3, 20));
  EXPECT_THAT(Numbers(odd->median), ElementsAre(2, 20));
  EXPECT_THAT(Numbers(odd->min), ElementsAre(1, 10));
  EXPECT_THAT(Numbers(odd->max), ElementsAre(6, 30));
  EXPECT_EQ(odd->why_category, "");
  const Result<InputStatistics> even = Of({Vector({1}), Vector({2}), Vector({6}), Vector({4})});
  EXPECT_THAT(Numbers(even->median), ElementsAre(3));
  const Result<InputStatistics> one = Of({Vector({7, 0})});
  EXPECT_THAT(Numbers(one->mean), ElementsAre(7, 0));
  EXPECT_THAT(Numbers(one->median), ElementsAre(7, 0));
}

// A number, three colours, a number, two sizes: 0.33 of a colour is none.
TEST(Statistics, OneHotElementsTakeTheMostFrequentOne) {
  const Result<InputStatistics> of =
      Of({Vector({5, 1, 0, 0, 0.5, 0, 1}), Vector({6, 0, 0, 1, 0.5, 1, 0}),
          Vector({7, 0, 1, 0, 0.5, 1, 0}), Vector({8, 0, 0, 1, 0.5, 1, 0})});
  ASSERT_TRUE(of.ok());
  for (const Tensor* one : {&of->mean, &of->median}) {
    EXPECT_THAT(Numbers(*one), ElementsAre(6.5, 0, 0, 1, 0.5, 1, 0));
  }
  EXPECT_THAT(Numbers(of->min), ElementsAre(5, 0, 0, 1, 0.5, 1, 0));
  EXPECT_THAT(Numbers(of->max), ElementsAre(8, 0, 0, 1, 0.5, 1, 0));
  EXPECT_EQ(of->why_category, "elements 1 to 3 are one-hot, elements 5 to 6 are one-hot");
  EXPECT_THAT(of->is_category, ElementsAre(false, true, true, true, false, true, true));
}

TEST(Statistics, FlagsThatAreNotOneHotAreNumbers) {
  const Result<InputStatistics> of = Of({Vector({1, 1}), Vector({0, 1}), Vector({1, 0})});
  ASSERT_TRUE(of.ok());
  EXPECT_EQ(of->why_category, "") << "two ones in a row";
  EXPECT_NEAR(of->mean.Number(0), 2.0 / 3, 1e-7);
  const Result<InputStatistics> constant = Of({Vector({1, 0.5}), Vector({1, 0.25})});
  EXPECT_EQ(constant->why_category, "") << "a column of ones";
}

TEST(Statistics, ScalarInputsMayBeOneHotTogether) {
  const auto row = [](float a, float b) {
    return Row{Tensor::Scalar<float>(a), Tensor::Scalar<float>(b)};
  };
  const std::vector<std::string> names = {"a", "b"};
  const auto all = StatisticsOf(std::vector<Row>{row(1, 0), row(0, 1), row(0, 1)}, names);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ((*all)[0].mean.Number(0), 0);
  EXPECT_EQ((*all)[1].mean.Number(0), 1);
  EXPECT_EQ((*all)[1].why_category, "one-hot");
}

TEST(Statistics, IdsAndStringsTakeTheMostFrequent) {
  std::vector<Row> ids, strings;
  for (const std::int64_t id : {9, 2, 9, 4}) ids.push_back({Tensor::Scalar(id)});
  const Result<InputStatistics> of = Of(ids);
  ASSERT_TRUE(of.ok());
  EXPECT_EQ(of->mean, Tensor::Scalar<std::int64_t>(9));
  EXPECT_EQ(of->median, Tensor::Scalar<std::int64_t>(9));
  EXPECT_EQ(of->min, Tensor::Scalar<std::int64_t>(2));
  EXPECT_EQ(of->max, Tensor::Scalar<std::int64_t>(9));
  EXPECT_EQ(of->why_category, "int64");
  for (const char* text : {"b", "a", "b", "a"}) strings.push_back({Tensor::ScalarString(text)});
  const Result<InputStatistics> of_strings = Of(strings);
  EXPECT_EQ(of_strings->mean, Tensor::ScalarString("a")) << "of equals the least";
  EXPECT_EQ(of_strings->max, Tensor::ScalarString("a"));
}

TEST(Statistics, Refuses) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  struct {
    std::vector<Row> rows;
    const char* message;
  } cases[] = {{{}, "no rows"},
               {{Vector({1}), Vector({1, 2})}, "'x' has another shape in row 1"},
               {{Vector({1}), Vector({nan})}, "in row 1"}};
  for (const auto& one : cases) {
    const Result<InputStatistics> of = Of(one.rows);
    ASSERT_FALSE(of.ok()) << one.message;
    EXPECT_EQ(of.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(of.status().message(), HasSubstr(one.message));
  }
}

}  // namespace
}  // namespace whylight
