// Kinds of baselines; where given ones start is held by explainer_test.
#include "explain/baselines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

namespace whylight {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::vector<double> Numbers(const Tensor& tensor) {
  std::vector<double> numbers;
  for (std::size_t i = 0; i < tensor.elements(); ++i) numbers.push_back(tensor.Number(i));
  return numbers;
}

Tensor Vector(std::initializer_list<float> values) {
  return Tensor::Of<float>(Shape{static_cast<std::int64_t>(values.size())}, values);
}

Explained Named(std::vector<std::string> names) {
  Explained explained;
  for (std::size_t i = 0; i < names.size(); ++i) explained.inputs.push_back(i);
  explained.names = std::move(names);
  return explained;
}

ExplainOptions WithData(std::vector<Baseline> of_all) {
  ExplainOptions options;
  options.baselines[""] = std::move(of_all);
  options.baseline_data = {.source = "--baseline-data d.csv", .read = {}};
  return options;
}

// The two inputs of `rows` from one kind.
Result<std::vector<Row>> Rows(const Row& x, const ExplainOptions& options,
                              const std::vector<Row>& rows = {}) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < x.size(); ++i) names.push_back(std::string(1, "xy"[i]));
  Explained explained = Named(std::move(names));
  WHYLIGHT_RETURN_IF_ERROR(ChooseBaselines(options, explained));
  if (!rows.empty()) WHYLIGHT_RETURN_IF_ERROR(TakeBaselineData(rows, options, explained));
  return BaselineRows(x, explained, options);
}

TEST(BaselineKinds, AreFoundByName) {
  EXPECT_EQ(BaselineKindNames(), "zeros, mean, median, min, max, random, blurred, black,white");
  EXPECT_EQ(FindBaselineKind("black,white"), BaselineKind::kBlackWhite);
  EXPECT_EQ(FindBaselineKind("median"), BaselineKind::kMedian);
  EXPECT_EQ(FindBaselineKind("medain"), std::nullopt);
  EXPECT_EQ(FindBaselineKind(""), std::nullopt);
}

TEST(BaselineKinds, OfDataAreItsStatistics) {
  const std::vector<Row> data = {{Vector({1, 10}), Tensor::Scalar<std::int64_t>(3)},
                                 {Vector({2, 20}), Tensor::Scalar<std::int64_t>(5)},
                                 {Vector({9, 60}), Tensor::Scalar<std::int64_t>(5)}};
  struct {
    BaselineKind kind;
    std::vector<double> x;
    double y;
  } cases[] = {{BaselineKind::kMean, {4, 30}, 5},
               {BaselineKind::kMedian, {2, 20}, 5},
               {BaselineKind::kMin, {1, 10}, 3},
               {BaselineKind::kMax, {9, 60}, 5},
               {BaselineKind::kZeros, {0, 0}, 0}};
  for (const auto& one : cases) {
    const Result<std::vector<Row>> rows = Rows(data[0], WithData({one.kind}), data);
    ASSERT_TRUE(rows.ok()) << rows.status().message();
    ASSERT_THAT(*rows, SizeIs(1));
    EXPECT_EQ(Numbers((*rows)[0][0]), one.x);
    EXPECT_EQ((*rows)[0][1].Number(0), one.y);
  }
}

TEST(BaselineKinds, ANameGoesBeforeAll) {
  ExplainOptions options = WithData({BaselineKind::kMin});
  options.baselines["y"] = {Json(7.0)};
  const std::vector<Row> data = {{Vector({1}), Vector({1})}, {Vector({3}), Vector({3})}};
  const Result<std::vector<Row>> rows = Rows(data[0], options, data);
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  EXPECT_EQ((*rows)[0][0].Number(0), 1);
  EXPECT_EQ((*rows)[0][1].Number(0), 7);
}

TEST(BaselineKinds, RandomIsSeededWithinTheRange) {
  std::vector<Row> data;
  for (float i = 0; i < 8; ++i) {
    const float is_even = static_cast<int>(i) % 2 == 0 ? 1 : 0;
    data.push_back({Vector({i - 4, 10 + i, is_even, 1 - is_even}),
                    Tensor::ScalarString(is_even > 0 ? "even" : "odd")});
  }
  ExplainOptions options = WithData({BaselineKind::kRandom, BaselineKind::kRandom});
  const Result<std::vector<Row>> rows = Rows(data[0], options, data);
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  ASSERT_THAT(*rows, SizeIs(2));
  for (const Row& row : *rows) {
    EXPECT_GE(row[0].Number(0), -4);
    EXPECT_LE(row[0].Number(0), 3);
    EXPECT_GE(row[0].Number(1), 10);
    EXPECT_LE(row[0].Number(1), 17);
    EXPECT_EQ(row[0].Number(2) + row[0].Number(3), 1);
    EXPECT_EQ(row[1].strings()[0], row[0].Number(2) == 1 ? "even" : "odd") << "of one row";
  }
  EXPECT_NE((*rows)[0], (*rows)[1]) << "each is drawn by itself";
  EXPECT_EQ(*Rows(data[0], options, data), *rows) << "the same seed";
  EXPECT_EQ(*Rows(data[5], options, data), *rows) << "whatever the instance";
  options.seed = 1;
  EXPECT_NE(*Rows(data[0], options, data), *rows);
}

ExplainOptions WithDomain(std::vector<Baseline> of_x) {
  ExplainOptions options;
  options.baselines["x"] = std::move(of_x);
  InputMetadata input;
  input.name = "x";
  input.domain = FeatureDomain{.min = -1, .max = 3, .original_mean = {}, .original_stddev = {}};
  options.metadata.emplace().inputs.push_back(input);
  return options;
}

TEST(BaselineKinds, RandomTakesTheDeclaredDomain) {
  const Result<std::vector<Row>> rows =
      Rows({Tensor(DType::kFloat32, Shape{200})}, WithDomain({BaselineKind::kRandom}));
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  const std::vector<double> values = Numbers((*rows)[0][0]);
  EXPECT_NEAR(std::ranges::min(values), -1, 0.2);
  EXPECT_NEAR(std::ranges::max(values), 3, 0.2);
  EXPECT_GE(std::ranges::min(values), -1);
  EXPECT_LE(std::ranges::max(values), 3);
}

TEST(BaselineKinds, BlackAndWhiteAreTwo) {
  const Row x = {Tensor::Of<float>(Shape{1, 2, 1}, {0.25f, 0.5f})};
  const Result<std::vector<Row>> declared = Rows(x, WithDomain({BaselineKind::kBlackWhite}));
  ASSERT_TRUE(declared.ok()) << declared.status().message();
  ASSERT_THAT(*declared, SizeIs(2));
  EXPECT_THAT(Numbers((*declared)[0][0]), Each(-1));
  EXPECT_THAT(Numbers((*declared)[1][0]), Each(3));
  ExplainOptions options;
  options.baselines[""] = {BaselineKind::kZeros, BaselineKind::kBlackWhite};
  const Result<std::vector<Row>> own = Rows(x, options);
  ASSERT_TRUE(own.ok()) << own.status().message();
  ASSERT_THAT(*own, SizeIs(3));
  EXPECT_THAT(Numbers((*own)[0][0]), Each(0));
  EXPECT_THAT(Numbers((*own)[1][0]), Each(0.25));
  EXPECT_THAT(Numbers((*own)[2][0]), Each(0.5));
}

TEST(BaselineKinds, BlurredKeepsTheMean) {
  Tensor picture(DType::kFloat32, Shape{9, 9, 1});
  picture.SetNumber(40, 1);
  ExplainOptions options{.max_sigma = 2};
  options.baselines[""] = {BaselineKind::kBlurred};
  const Result<std::vector<Row>> rows = Rows({picture}, options);
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  double sum = 0;
  for (const double value : Numbers((*rows)[0][0])) sum += value;
  EXPECT_NEAR(sum, 1, 1e-5);  // Rounding of 81 float32 numbers.
  EXPECT_NEAR((*rows)[0][0].Number(40), 1 / (2 * 3.14159 * 4), 2e-3);  // The Gaussian's peak.
  const Result<std::vector<Row>> pixel =
      Rows({Tensor::Of<float>(Shape{1, 1, 3}, {1, 2, 3})}, options);
  ASSERT_TRUE(pixel.ok());
  EXPECT_NEAR((*pixel)[0][0].Number(2), 3, 1e-6) << "one pixel has nobody to mix with";
}

TEST(BaselineKinds, RefuseWhatTheyCannotDo) {
  struct {
    BaselineKind kind;
    Tensor x;
    bool has_data;
    const char* message;
  } cases[] = {
      {BaselineKind::kMedian, Vector({1}), false, "--baseline median needs rows to take it of"},
      {BaselineKind::kRandom, Vector({1}), false, "--baseline random needs the range of 'x'"},
      {BaselineKind::kBlurred, Vector({1}), false, "blurred is for pictures, got float32[1]"},
      {BaselineKind::kBlackWhite, Vector({1}), false, "black,white is for pictures"},
      {BaselineKind::kMean, Vector({1, 2, 3}), true, "the data hold float32[2]"},
      {BaselineKind::kRandom, Vector({1, 2, 3}), true, "the data hold float32[2]"},
  };
  for (const auto& one : cases) {
    ExplainOptions options = WithData({one.kind});
    if (!one.has_data) options.baseline_data.reset();
    const Result<std::vector<Row>> rows = Rows(
        {one.x}, options, one.has_data ? std::vector<Row>{{Vector({1, 2})}} : std::vector<Row>());
    ASSERT_FALSE(rows.ok()) << one.message;
    EXPECT_EQ(rows.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(rows.status().message(), HasSubstr(one.message));
  }
  const Result<std::vector<Row>> uneven = [] {
    ExplainOptions options;
    options.baselines["x"] = {BaselineKind::kBlackWhite};
    options.baselines["y"] = {Json(0.0), Json(1.0), Json(2.0)};
    return Rows({Vector({1}), Vector({1})}, options);
  }();
  EXPECT_THAT(uneven.status().message(), HasSubstr("2 and 3 baselines"));
}

TEST(BaselineKinds, AreDescribedWithTheirOrigin) {
  Program program;
  program.inputs.resize(1);
  program.inputs[0].port = {.name = "x", .dtype = DType::kFloat32, .shape = Shape{-1, 3}};
  const std::vector<Row> data = {{Vector({1, 1, 0})}, {Vector({3, 1, 0})}, {Vector({8, 0, 1})}};
  const auto note = [&](const ExplainOptions& options, bool has_data) {
    Explained explained = Named({"x"});
    EXPECT_EQ(ChooseBaselines(options, explained), OkStatus());
    if (has_data) {
      EXPECT_EQ(TakeBaselineData(data, options, explained), OkStatus());
    }
    const BaselineNote of = DescribeBaselines(program, explained, options).at(0);
    return of.text + " (" + of.origin + ")";
  };
  EXPECT_EQ(note(WithData({BaselineKind::kMedian}), true),
            "median of 3 rows: 3, 1, 0; the most frequent value where there is no median "
            "(elements 1 to 2 are one-hot) (--baseline-data d.csv)");
  EXPECT_EQ(note(WithData({BaselineKind::kZeros}), false), "zeros (--baseline)");
  EXPECT_EQ(note(WithDomain({BaselineKind::kRandom}), false),
            "random with seed 0, within [-1, 3] (--baseline)");
  EXPECT_EQ(note(WithDomain({BaselineKind::kBlackWhite}), false),
            "black and white: -1 and 3 (--baseline)");
  EXPECT_EQ(note({}, false), "zeros (default)");
  const auto given = [&](Json values) {
    ExplainOptions options;
    options.baselines["x"] = {Baseline(std::move(values))};
    return note(options, false);
  };
  EXPECT_EQ(given(Json::Array{1.5, 2, 3}), "1.5, 2, 3 (--baseline)");
  EXPECT_EQ(given(Json::Array{"clerk", "a\nb"}), "\"clerk\", \"a\\x0ab\" (--baseline)");
  EXPECT_EQ(given(Json::Array{Json::Array{1}}), "given, an array of 1 value (--baseline)");
}

}  // namespace
}  // namespace whylight
