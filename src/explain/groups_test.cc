#include "explain/groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace whylight {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// Inputs a, b, c, d: a and c are one group, d is another.
ExplainOptions Grouped() {
  ExplainOptions options;
  options.metadata.emplace();
  options.metadata_source = "m.json";
  const std::pair<const char*, const char*> inputs[] = {
      {"a", "body"}, {"b", ""}, {"c", "body"}, {"d", "face"}};
  for (const auto& [name, group] : inputs) {
    InputMetadata& input = options.metadata->inputs.emplace_back();
    input.name = name;
    input.group_name = group;
  }
  return options;
}

TEST(FeaturesOf, StandWhereTheirFirstInputStands) {
  const std::vector<Feature> features = FeaturesOf({"x", "a", "b", "c", "d"}, Grouped());
  ASSERT_EQ(features.size(), 4u);
  EXPECT_EQ(features[0].name, "x");  // Not in the metadata.
  EXPECT_FALSE(features[0].is_group);
  EXPECT_EQ(features[1].name, "body");
  EXPECT_THAT(features[1].inputs, ElementsAre(1, 3));
  EXPECT_EQ(features[2].name, "b");
  EXPECT_FALSE(features[2].is_group);
  EXPECT_EQ(features[3].name, "face");
  EXPECT_TRUE(features[3].is_group);
}

TEST(FeaturesOf, PiecesOfATextHaveNoGroups) {
  ExplainOptions options = Grouped();
  options.players = Players::kWords;
  EXPECT_EQ(FeaturesOf({"a"}, options)[0].name, "a");
}

TEST(CheckGroups, RefusesTheNameOfAnotherInput) {
  EXPECT_EQ(CheckGroups({"a", "b", "c"}, Grouped()), OkStatus());
  EXPECT_EQ(CheckGroups({"body", "b"}, Grouped()), OkStatus());
  const Status status = CheckGroups({"a", "body"}, Grouped());
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("m.json"), HasSubstr("group_name 'body'")));
  // A group may be called like one of its members.
  ExplainOptions own = Grouped();
  for (InputMetadata& input : own.metadata->inputs) input.group_name = "a";
  EXPECT_EQ(CheckGroups({"a", "b", "c"}, own), OkStatus());
}

FeatureAttribution Of(const char* name, std::vector<double> values) {
  const Shape shape{static_cast<std::int64_t>(values.size())};
  return {.name = name,
          .values = Tensor::Of<double>(shape, values),
          .input = Tensor(DType::kFloat32, shape)};
}

TEST(JoinGroups, SumsWhatAGradientGaveItsMembers) {
  const std::vector<FeatureAttribution> joined =
      JoinGroups({Of("a", {1, 2}), Of("b", {5}), Of("c", {-0.5})}, Grouped());
  ASSERT_EQ(joined.size(), 2u);
  EXPECT_EQ(joined[0].name, "body");
  EXPECT_EQ(joined[0].values, Tensor::Scalar(2.5));
  EXPECT_EQ(joined[0].standard_errors.elements(), 0u);
  EXPECT_EQ(joined[1].name, "b");
  EXPECT_EQ(joined[1].values, Tensor::Of<double>(Shape{1}, {5}));
  EXPECT_EQ(joined[1].input.elements(), 1u);
}

TEST(JoinGroups, KeepsTheRegionsOfItsPictures) {
  std::vector<FeatureAttribution> features = {Of("a", {1, 2}), Of("b", {5}), Of("c", {-0.5})};
  features[0].regions = {{.rank = 1, .attribution = 2}, {.rank = 2, .attribution = 1}};
  features[1].regions = {{.rank = 1, .attribution = 5}};
  features[2].regions = {{.rank = 1, .attribution = -0.5}};
  const std::vector<FeatureAttribution> joined = JoinGroups(std::move(features), Grouped());
  ASSERT_EQ(joined.size(), 2u);
  std::vector<std::string> said;
  for (const RegionAttribution& region : joined[0].regions) {
    said.push_back(region.input + " " + std::to_string(region.rank));
  }
  EXPECT_THAT(said, ElementsAre("a 1", "a 2", "c 1"));
  ASSERT_EQ(joined[1].regions.size(), 1u);
  EXPECT_EQ(joined[1].regions[0].input, "") << "no group";
}

TEST(JoinGroups, KeepsAGamesJointShareAndItsError) {
  std::vector<FeatureAttribution> features = {Of("a", {}), Of("b", {5}), Of("c", {})};
  features[0].values = Tensor::Scalar(2.5);  // The group's, at its first member.
  features[0].standard_errors = Tensor::Scalar(0.25);
  features[1].standard_errors = Tensor::Of<double>(Shape{1}, {0.125});
  features[2].standard_errors = Tensor::Of<double>(Shape{0}, {});
  const std::vector<FeatureAttribution> joined = JoinGroups(std::move(features), Grouped());
  ASSERT_EQ(joined.size(), 2u);
  EXPECT_EQ(joined[0].values, Tensor::Scalar(2.5));
  EXPECT_EQ(joined[0].standard_errors, Tensor::Scalar(0.25));
  EXPECT_EQ(joined[1].standard_errors, Tensor::Of<double>(Shape{1}, {0.125}));
}

}  // namespace
}  // namespace whylight
