#include "explain/select.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace whylight {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

Program ProgramWith(const std::vector<std::pair<std::string, DType>>& outputs) {
  Program program;
  for (const auto& [name, dtype] : outputs) {
    Node* node = program.graph.Add("node_" + name, "Placeholder");
    program.outputs.push_back(
        {.name = name, .tensor = {node, 0}, .dtype = dtype, .shape = Shape{-1, 3}});
  }
  return program;
}

const std::vector<std::pair<std::string, DType>> kThree = {
    {"label", DType::kString}, {"risk", DType::kFloat32}, {"rank", DType::kInt64}};

TEST(ChooseOutputTest, TakesTheOnlyFloat) {
  const Program program = ProgramWith(kThree);
  const Result<ChosenOutput> chosen = ChooseOutput(program, {});
  ASSERT_TRUE(chosen.ok()) << chosen.status().message();
  EXPECT_EQ(chosen->index, 1u);
  EXPECT_EQ(chosen->name, "risk");
}

TEST(ChooseOutputTest, TakesTheOnlyIntegerWithoutAFloat) {
  const Program program = ProgramWith({{"label", DType::kString}, {"rank", DType::kInt64}});
  const Result<ChosenOutput> chosen = ChooseOutput(program, {});
  ASSERT_TRUE(chosen.ok()) << chosen.status().message();
  EXPECT_EQ(chosen->index, 1u);
}

TEST(ChooseOutputTest, IsFoundByKeyOrTensor) {
  const Program program = ProgramWith(kThree);
  for (const char* name : {"rank", "node_rank:0"}) {
    const Result<ChosenOutput> chosen = ChooseOutput(program, {.output_name = name});
    ASSERT_TRUE(chosen.ok()) << chosen.status().message();
    EXPECT_EQ(chosen->index, 2u);
  }
}

ExplainOptions WithMetadata(const std::string& output_name) {
  ExplanationMetadata metadata;
  metadata.outputs.push_back({.name = "first", .output_tensor_name = "risk"});
  metadata.outputs.push_back({.name = "second", .output_tensor_name = "node_rank:0"});
  ExplainOptions options{.output_name = output_name};
  options.metadata = std::move(metadata);
  return options;
}

TEST(ChooseOutputTest, IsCalledAsTheMetadataCallsIt) {
  const Program program = ProgramWith(kThree);
  for (const auto& [name, index, shown] :
       std::vector<std::tuple<std::string, std::size_t, std::string>>{
           {"", 1, "first"}, {"first", 1, "first"}, {"second", 2, "second"}}) {
    const Result<ChosenOutput> chosen = ChooseOutput(program, WithMetadata(name));
    ASSERT_TRUE(chosen.ok()) << chosen.status().message();
    EXPECT_EQ(chosen->index, index) << name;
    EXPECT_EQ(chosen->name, shown) << name;
  }
}

struct OutputErrorCase {
  const char* name;
  std::vector<std::pair<std::string, DType>> outputs;
  std::string wanted;
  StatusCode code;
  const char* text;
};
void PrintTo(const OutputErrorCase& c, std::ostream* os) { *os << c.name; }

class ChooseOutputErrorTest : public testing::TestWithParam<OutputErrorCase> {};

TEST_P(ChooseOutputErrorTest, ListsTheOutputs) {
  const OutputErrorCase& c = GetParam();
  const Result<ChosenOutput> chosen =
      ChooseOutput(ProgramWith(c.outputs), {.output_name = c.wanted});
  ASSERT_FALSE(chosen.ok());
  EXPECT_EQ(chosen.status().code(), c.code);
  EXPECT_THAT(chosen.status().message(),
              AllOf(HasSubstr(c.text), HasSubstr(c.outputs.front().first)));
}

INSTANTIATE_TEST_SUITE_P(
    , ChooseOutputErrorTest,
    testing::Values(OutputErrorCase{"unknown", kThree, "risc", StatusCode::kNotFound,
                                    "no output 'risc' (did you mean 'risk'?)"},
                    OutputErrorCase{"unlike_any", kThree, "zzzzzzzz", StatusCode::kNotFound,
                                    "no output 'zzzzzzzz'; the signature has"},
                    OutputErrorCase{"string", kThree, "label", StatusCode::kInvalidArgument,
                                    "is string"},
                    OutputErrorCase{"two_floats",
                                    {{"a", DType::kFloat32}, {"b", DType::kFloat64}},
                                    "",
                                    StatusCode::kInvalidArgument,
                                    "--output-name: a (float32 [?,3]), b (float64 [?,3])"},
                    OutputErrorCase{"no_number",
                                    {{"label", DType::kString}},
                                    "",
                                    StatusCode::kFailedPrecondition,
                                    "no output holds numbers"}),
    [](const auto& row) { return row.param.name; });

struct TargetCase {
  const char* name;
  Tensor output;
  ExplainOptions options;
  std::vector<std::string> labels;
  std::vector<std::int64_t> want;
};
void PrintTo(const TargetCase& c, std::ostream* os) { *os << c.name; }

class ChooseTargetsCaseTest : public testing::TestWithParam<TargetCase> {};

TEST_P(ChooseTargetsCaseTest, GivesFlatIndices) {
  const TargetCase& c = GetParam();
  const Result<std::vector<std::int64_t>> targets = ChooseTargets(c.output, c.options, c.labels);
  ASSERT_TRUE(targets.ok()) << targets.status().message();
  EXPECT_EQ(*targets, c.want);
}

const Tensor kTie = Tensor::Of<float>(Shape{4}, {0.25f, 0.3f, 0.3f, 0.15f});
const Tensor kMatrix = Tensor::Of<float>(Shape{2, 3}, {0, 1, 2, 3, 4, 5});

INSTANTIATE_TEST_SUITE_P(
    , ChooseTargetsCaseTest,
    testing::Values(
        TargetCase{"highest_ties_to_lower", kTie, {}, {}, {1}},
        TargetCase{"top_two", kTie, {.top_k = 2}, {}, {1, 2}},
        TargetCase{"top_three", kTie, {.top_k = 3}, {}, {1, 2, 0}},
        TargetCase{"all", kTie, {.top_k = -1}, {}, {1, 2, 0, 3}},
        TargetCase{"more_than_there_are", kTie, {.top_k = 9}, {}, {1, 2, 0, 3}},
        TargetCase{"all_equal",
                   Tensor::Filled(DType::kFloat32, Shape{3}, 0),
                   {.top_k = -1},
                   {},
                   {0, 1, 2}},
        TargetCase{"scalar", Tensor::Scalar(0.5f), {}, {}, {0}},
        TargetCase{"integers", Tensor::Of<std::int64_t>(Shape{2}, {3, 7}), {}, {}, {1}},
        TargetCase{"matrix_highest", kMatrix, {}, {}, {5}},
        TargetCase{"list_of_classes", kTie, {.output_indices = {{3, 0}}}, {}, {3, 0}},
        TargetCase{"indices_of_scalar", Tensor::Scalar(1.0f), {.output_indices = {{0}}}, {}, {0}},
        TargetCase{"tuples", kMatrix, {.output_indices = {{1, 0}, {0, 2}}}, {}, {3, 2}},
        TargetCase{"class_by_index", kTie, {.class_name = "2"}, {}, {2}},
        TargetCase{"class_by_label", kTie, {.class_name = "cat"}, {"dog", "cat"}, {1}},
        TargetCase{"label_before_index", kTie, {.class_name = "3"}, {"3", "cat"}, {0}},
        TargetCase{
            "class_before_indices", kTie, {.output_indices = {{3}}, .class_name = "1"}, {}, {1}}),
    [](const auto& row) { return row.param.name; });

TEST(ChooseTargetsTest, NaNDoesNotUpsetTheOrder) {
  const Tensor output = Tensor::Of<float>(Shape{3}, {std::nanf(""), 1, 2});
  const Result<std::vector<std::int64_t>> best = ChooseTargets(output, {}, {});
  ASSERT_TRUE(best.ok());
  EXPECT_THAT(*best, ElementsAre(2));
  const Result<std::vector<std::int64_t>> all = ChooseTargets(output, {.top_k = -1}, {});
  ASSERT_TRUE(all.ok());
  EXPECT_THAT(*all, ElementsAre(2, 1, 0));
}

struct TargetErrorCase {
  const char* name;
  Tensor output;
  ExplainOptions options;
  std::vector<std::string> labels;
  const char* text;
};
void PrintTo(const TargetErrorCase& c, std::ostream* os) { *os << c.name; }

class ChooseTargetsErrorTest : public testing::TestWithParam<TargetErrorCase> {};

TEST_P(ChooseTargetsErrorTest, SaysWhatThereIs) {
  const TargetErrorCase& c = GetParam();
  const Result<std::vector<std::int64_t>> targets = ChooseTargets(c.output, c.options, c.labels);
  ASSERT_FALSE(targets.ok());
  EXPECT_EQ(targets.status().code(), StatusCode::kOutOfRange);
  EXPECT_THAT(targets.status().message(), HasSubstr(c.text));
}

INSTANTIATE_TEST_SUITE_P(
    , ChooseTargetsErrorTest,
    testing::Values(
        TargetErrorCase{
            "outside", kTie, {.output_indices = {{4}}}, {}, "outside the output's shape [4]"},
        TargetErrorCase{"negative", kTie, {.output_indices = {{-1}}}, {}, "--output-indices -1"},
        TargetErrorCase{"outside_second_axis",
                        kMatrix,
                        {.output_indices = {{0, 3}}},
                        {},
                        "outside the output's shape [2,3]"},
        TargetErrorCase{"wrong_rank", kMatrix, {.output_indices = {{1}}}, {}, "has 2 numbers"},
        TargetErrorCase{"index_of_scalar",
                        Tensor::Scalar(1.0f),
                        {.output_indices = {{1}}},
                        {},
                        "one number an instance"},
        TargetErrorCase{"class_outside", kTie, {.class_name = "4"}, {}, "classes 0 to 3"},
        TargetErrorCase{"class_negative", kTie, {.class_name = "-1"}, {}, "classes 0 to 3"},
        TargetErrorCase{
            "class_unknown", kTie, {.class_name = "kat"}, {"dog", "cat"}, "did you mean"},
        TargetErrorCase{"class_without_labels", kTie, {.class_name = "cat"}, {}, "--labels"},
        TargetErrorCase{"label_without_element",
                        Tensor::Of<float>(Shape{1}, {1}),
                        {.class_name = "cat"},
                        {"dog", "cat"},
                        "cat"},
        TargetErrorCase{"too_few_labels",
                        kTie,
                        {.labels = {"dog", "cat"}},
                        {"dog", "cat"},
                        "--labels: 2 names for an output of 4 elements"},
        TargetErrorCase{"label_for_a_scalar",
                        Tensor::Scalar(1.0f),
                        {.labels = {"no", "yes"}},
                        {"no", "yes"},
                        "--labels: 2 names for an output of 1 element"},
        TargetErrorCase{"class_too_large",
                        kTie,
                        {.class_name = "99999999999999999999"},
                        {},
                        "--class 99999999999999999999"}),
    [](const auto& row) { return row.param.name; });

TEST(ChooseTargetsTest, RefusesAnEmptyOutput) {
  const Result<std::vector<std::int64_t>> none =
      ChooseTargets(Tensor(DType::kFloat32, Shape{0}), {}, {});
  EXPECT_EQ(none.status().code(), StatusCode::kFailedPrecondition);
}

TEST(IndexOfTest, IsTheInverseOfRowMajorOrder) {
  EXPECT_THAT(IndexOf(0, Shape{}), ElementsAre());
  EXPECT_THAT(IndexOf(2, Shape{3}), ElementsAre(2));
  EXPECT_THAT(IndexOf(5, Shape{2, 3}), ElementsAre(1, 2));
  EXPECT_THAT(IndexOf(23, Shape{2, 3, 4}), ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace whylight
