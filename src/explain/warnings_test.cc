#include "explain/warnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace whylight {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string Rules(const std::vector<Warning>& warnings) {
  std::string rules;
  for (const Warning& warning : warnings) rules += (rules.empty() ? "" : " ") + warning.rule;
  return rules;
}

struct Case {
  const char* name;
  WarningContext context;
  double instance, baseline, error;
  const char* rules;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class AddWarningsCaseTest : public testing::TestWithParam<Case> {};

TEST_P(AddWarningsCaseTest, NamesTheRules) {
  const Case& c = GetParam();
  OutputAttribution attribution{
      .instance_output = c.instance, .baseline_output = c.baseline, .approximation_error = c.error};
  AddWarnings(c.context, attribution);
  EXPECT_EQ(Rules(attribution.warnings), c.rules);
  for (const Warning& warning : attribution.warnings) {
    EXPECT_FALSE(warning.message.empty());
    EXPECT_FALSE(warning.fix.empty());
  }
}

const WarningContext kGradients{.method = FindMethod("integrated-gradients")};
const WarningContext kSampled{.method = FindMethod("sampled-shapley")};
const WarningContext kSoftmax{.saturates = true, .method = FindMethod("integrated-gradients")};

INSTANTIATE_TEST_SUITE_P(
    , AddWarningsCaseTest,
    testing::Values(Case{"nothing", kGradients, 0.9, 0.1, 0.01, ""},
                    Case{"small_difference", kGradients, 0.53, 0.5, 0, "small-difference"},
                    Case{"small_and_negative", kGradients, 0.47, 0.5, 0, "small-difference"},
                    Case{"difference_at_the_limit", kGradients, 0.0625, 0, 0, ""},
                    Case{"large_gap", kGradients, 0.9, 0.1, 0.06, "large-gap"},
                    Case{"gap_at_the_limit", kGradients, 0.9, 0.1, 0.05, ""},
                    Case{"sampling_error", kSampled, 0.9, 0.1, 0.06, "sampling-error"},
                    Case{"one_path", kSampled, 0.9, 0.1, std::numeric_limits<double>::infinity(),
                         "sampling-error"},
                    Case{"saturated", kSoftmax, 0.9995, 0.1, 0, "saturated-softmax"},
                    Case{"not_a_softmax", kGradients, 0.9995, 0.1, 0, ""},
                    Case{"all_of_it", kSoftmax, 0.9999, 0.9998, 0.5,
                         "small-difference large-gap saturated-softmax"}),
    [](const auto& row) { return row.param.name; });

TEST(AddWarningsTest, SaysTheFigures) {
  OutputAttribution attribution{
      .instance_output = 0.9, .baseline_output = 0.1, .approximation_error = 0.1234567};
  AddWarnings(kGradients, attribution);
  ASSERT_EQ(attribution.warnings.size(), 1u);
  EXPECT_THAT(attribution.warnings[0].message, HasSubstr("12.35 %"));
  EXPECT_THAT(attribution.warnings[0].fix, HasSubstr("raise --steps"));
}

TEST(AddWarningsTest, BlamesTheNoiseWhereThereIsSome) {
  OutputAttribution attribution{
      .instance_output = 0.9, .baseline_output = 0.1, .approximation_error = 0.2};
  AddWarnings({.method = FindMethod("integrated-gradients"), .has_noise = true}, attribution);
  ASSERT_EQ(attribution.warnings.size(), 1u);
  EXPECT_THAT(attribution.warnings[0].fix, HasSubstr("lower --noise-sigma"));
}

// Features a and b, of which the metadata gives a a domain of 0 to 1.
OutputAttribution Within(Tensor a) {
  OutputAttribution attribution{.instance_output = 1, .baseline_output = 0};
  attribution.features.push_back({.name = "a", .values = Tensor(), .input = std::move(a)});
  attribution.features.push_back({.name = "b", .values = Tensor(), .input = Tensor::Scalar(99.0f)});
  return attribution;
}

ExplanationMetadata Domain() {
  ExplanationMetadata metadata;
  metadata.inputs.push_back({.name = "a"});
  metadata.inputs[0].domain = FeatureDomain{.min = 0.0, .max = 1.0};
  metadata.inputs.push_back({.name = "b"});
  return metadata;
}

TEST(AddWarningsTest, TellsAValueOutsideItsDomainOnce) {
  const ExplanationMetadata metadata = Domain();
  OutputAttribution attribution = Within(Tensor::Of<float>(Shape{4}, {0, 1, 1.5f, -3}));
  AddWarnings({.metadata = &metadata}, attribution);
  ASSERT_EQ(Rules(attribution.warnings), "outside-domain");
  EXPECT_THAT(attribution.warnings[0].message,
              AllOf(HasSubstr("'a' holds 1.5"), HasSubstr("[0, 1]")));
}

TEST(AddWarningsTest, TakesTheEndsOfADomainAsInside) {
  const ExplanationMetadata metadata = Domain();
  for (const Tensor& value : {Tensor::Of<float>(Shape{2}, {0, 1}), Tensor::ScalarString("x"),
                              Tensor(DType::kFloat32, Shape{0})}) {
    OutputAttribution attribution = Within(value);
    AddWarnings({.metadata = &metadata}, attribution);
    EXPECT_EQ(Rules(attribution.warnings), "");
  }
}

TEST(AddWarningsTest, TakesNaNAsOutside) {
  const ExplanationMetadata metadata = Domain();
  OutputAttribution attribution = Within(Tensor::Scalar(std::numeric_limits<float>::quiet_NaN()));
  AddWarnings({.metadata = &metadata}, attribution);
  EXPECT_EQ(Rules(attribution.warnings), "outside-domain");
}

TEST(WarningsTest, NameWhatTheyAreAbout) {
  EXPECT_EQ(ZeroBaselineWarning({"age", "income"}).rule, "zero-baseline");
  EXPECT_THAT(ZeroBaselineWarning({"age", "income"}).message, HasSubstr("age, income"));
  EXPECT_EQ(RowsNotIndependentWarning("why").rule, "rows-not-independent");
  EXPECT_THAT(RowsNotIndependentWarning("why").message, HasSubstr("(why)"));
}

TEST(FormatNumberTest, KeepsFourDigits) {
  EXPECT_EQ(FormatNumber(0), "0");
  EXPECT_EQ(FormatNumber(5.8), "5.8");
  EXPECT_EQ(FormatNumber(-123456), "-1.235e+05");
}

}  // namespace
}  // namespace whylight
