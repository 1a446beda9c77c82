#include "cli/explain_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace whylight {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Tensor Doubles(const std::vector<double>& values) {
  return Tensor::Of<double>(Shape{static_cast<std::int64_t>(values.size())}, values);
}

// One output element, y[1], whose score goes from 0.25 to 0.75.
Explanation Of(FeatureAttribution feature) {
  Explanation explanation;
  explanation.attributions.push_back({.output_name = "y",
                                      .output_index = {1},
                                      .display_name = "",
                                      .instance_output = 0.75,
                                      .baseline_output = 0.25,
                                      .approximation_error = 0,
                                      .features = {std::move(feature)},
                                      .warnings = {}});
  return explanation;
}

std::string Text(const Explanation& explanation, const TableStyle& style = {}) {
  return ExplanationText({.number = 0, .place = "line 1"}, explanation, style);
}

// Lines from the second on, behind the blank line and the head.
std::vector<std::string> Body(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t start = text.find('\n', 1) + 1;
  while (start < text.size()) {
    const std::size_t end = text.find('\n', start);
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

TEST(ExplanationText, ListsNamedElementsByTheSizeOfTheirShare) {
  Explanation explanation = Of({.name = "x",
                                .values = Doubles({-0.125, 0.5, 0.0625}),
                                .input = Tensor::Of<float>(Shape{3}, {5.1f, 3.5f, 1234567}),
                                .element_names = {"age", "hours", "größe"}});
  explanation.attributions[0].display_name = "rich";
  explanation.attributions[0].approximation_error = 0.25;
  EXPECT_EQ(Text(explanation), R"(
line 1   y[1] "rich"   F(baseline) 0.25 -> F(x) 0.75   sum +0.4375   gap +0.0625   error 25 %
  hours     3.5        +0.5        ████████████████████████
  age       5.1        -0.125      ██████
  größe     1.235e+06  +0.0625     ███
)");
}

TEST(ExplanationText, CountsElementsThatHaveNoNames) {
  const Explanation explanation = Of({.name = "m",
                                      .values = Tensor::Of<double>(Shape{2, 2}, {1, 2, 3, 4}),
                                      .input = Tensor::Of<float>(Shape{2, 2}, {10, 20, 30, 40})});
  const std::vector<std::string> lines = Body(Text(explanation));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_THAT(lines[0], StartsWith("  m[1,1]    40  +4"));
  EXPECT_THAT(lines[3], StartsWith("  m[0,0]    10  +1"));
}

TEST(ExplanationText, PutsAllFeaturesIntoOneList) {
  Explanation explanation =
      Of({.name = "age", .values = Tensor::Scalar(0.1), .input = Tensor::Scalar(39.0f)});
  explanation.attributions[0].features.push_back(
      {.name = "job", .values = Tensor::Scalar(-0.4), .input = Tensor::ScalarString("clerk\n")});
  explanation.attributions[0].output_index.clear();
  EXPECT_EQ(Text(explanation), R"(
line 1   y   F(baseline) 0.25 -> F(x) 0.75   sum -0.3   gap +0.8   error 0 %
  job       "clerk\x0a"  -0.4        ████████████████████████
  age       39           +0.1        ██████
)");
}

TEST(ExplanationText, ShowsStandardErrorsThatAreKnown) {
  Explanation explanation = Of({.name = "x",
                                .values = Doubles({-0.125, 0.5, 0}),
                                .input = Tensor::Of<float>(Shape{3}, {1, 2, 3}),
                                .element_names = {"age", "hours", "sex"},
                                .standard_errors = Doubles({0.0625, 0.01, 0})});
  explanation.attributions[0].sampling = {.paths = 25, .coalitions = 77};
  EXPECT_EQ(Text(explanation), R"(
line 1   y[1]   F(baseline) 0.25 -> F(x) 0.75   sum +0.375   gap +0.125   error 0 %   25 paths, 77 coalitions
  hours     2  +0.5        ±0.01    ████████████████████████
  age       1  -0.125      ±0.0625  ██████
  sex       3  +0                   
)");
  explanation.attributions[0].features[0].standard_errors = Doubles({0, 0, 0});
  explanation.attributions[0].sampling = {.exact = true, .coalitions = 8};
  EXPECT_EQ(Text(explanation), R"(
line 1   y[1]   F(baseline) 0.25 -> F(x) 0.75   sum +0.375   gap +0.125   error 0 %   exact, 8 coalitions
  hours     2  +0.5        ████████████████████████
  age       1  -0.125      ██████
  sex       3  +0          
)");
}

// A value for each input: Sampled Shapley with whole inputs as players.
TEST(ExplanationText, AShareOfAWholeInputShowsNoSingleValue) {
  const std::vector<std::string> lines =
      Body(Text(Of({.name = "x", .values = Tensor::Scalar(0.5), .input = Doubles({1, 2})})));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], StartsWith("  x           +0.5"));
}

struct CountCase {
  const char* name;
  int elements;
  std::size_t lines;
};
void PrintTo(const CountCase& c, std::ostream* os) { *os << c.name; }

class CountTest : public testing::TestWithParam<CountCase> {};

// Element i has the share i: the last ones lead the list, and what is left out is summed up.
TEST_P(CountTest, ShowsAllOrTheTopTen) {
  const int count = GetParam().elements;
  std::vector<double> values(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) values[static_cast<std::size_t>(i)] = i;
  const std::vector<std::string> lines =
      Body(Text(Of({.name = "x", .values = Doubles(values), .input = Doubles(values)})));
  ASSERT_EQ(lines.size(), GetParam().lines);
  EXPECT_THAT(lines[0], StartsWith("  x[" + std::to_string(count - 1) + "]"));
  if (GetParam().lines == 11) {
    const int others = count - 10;
    EXPECT_THAT(lines[10], AllOf(StartsWith("  " + std::to_string(others) + " others"),
                                 HasSubstr("+" + std::to_string(others * (others - 1) / 2) + " ")));
  }
}
INSTANTIATE_TEST_SUITE_P(, CountTest,
                         testing::Values(CountCase{"thirty", 30, 30},
                                         CountCase{"thirty_one", 31, 11},
                                         CountCase{"a_hundred", 100, 11}),
                         [](const auto& row) { return row.param.name; });

TEST(ExplanationText, ManyScalarInputsAreCutLikeOneVector) {
  Explanation explanation = Of({.name = "f0", .values = Tensor::Scalar(0.0)});
  for (int i = 1; i < 40; ++i) {
    explanation.attributions[0].features.push_back({.name = "f" + std::to_string(i),
                                                    .values = Tensor::Scalar(-1.0 * i),
                                                    .input = Tensor::Scalar(1.0f)});
  }
  const std::vector<std::string> lines = Body(Text(explanation));
  ASSERT_EQ(lines.size(), 11u);
  EXPECT_THAT(lines[0], StartsWith("  f39 "));
  EXPECT_THAT(lines[10], AllOf(StartsWith("  30 others"), HasSubstr("-435 ")));
}

// 16 x 20: two rows of three blocks, the last of them 4 pixels wide.
Tensor Picture(std::int64_t channels) { return Tensor(DType::kFloat64, Shape{16, 20, channels}); }

TEST(ExplanationText, APictureIsListedByRegions) {
  Tensor values = Picture(3);
  values.data<double>()[(9 * 20 + 17) * 3 + 1] = 0.75;
  values.data<double>()[(8 * 20 + 16) * 3 + 2] = -0.25;
  values.data<double>()[0] = -0.125;
  const std::vector<std::string> lines =
      Body(Text(Of({.name = "image", .values = values, .input = Picture(3)})));
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_THAT(lines[0], AllOf(StartsWith("  rows 8-15, columns 16-19"), HasSubstr("+0.5 ")));
  EXPECT_THAT(lines[1], AllOf(StartsWith("  rows 0-7, columns 0-7 "), HasSubstr("-0.125 ")));
  EXPECT_THAT(lines[2], HasSubstr("+0 "));
}

TEST(ExplanationText, ALargePictureIsCutToItsTopRegions) {
  Tensor values(DType::kFloat64, Shape{64, 64, 1});
  std::ranges::fill(values.data<double>(), 0.5);
  const std::vector<std::string> lines =
      Body(Text(Of({.name = "image", .values = values, .input = values})));
  ASSERT_EQ(lines.size(), 11u);
  EXPECT_THAT(lines[10], AllOf(StartsWith("  54 others"), HasSubstr("+1728 ")));
}

TEST(ExplanationText, APictureIsDrawnWhereThereAreColours) {
  const Explanation explanation = Of({.name = "image", .values = Picture(3), .input = Picture(3)});
  EXPECT_THAT(Text(explanation, {.colors = ColorDepth::kTrueColor}),
              AllOf(HasSubstr("image"), HasSubstr("attribution, 8 px"), HasSubstr("▀")));
  EXPECT_THAT(Text(explanation), AllOf(Not(HasSubstr("8 px")), Not(HasSubstr("\033"))));
}

// The matrix is no picture: its last axis is none of channels.
TEST(ExplanationText, ASequenceOfVectorsIsNoPicture) {
  const Tensor values(DType::kFloat64, Shape{16, 16, 4});
  const std::vector<std::string> lines =
      Body(Text(Of({.name = "s", .values = values, .input = values})));
  ASSERT_EQ(lines.size(), 11u);
  EXPECT_THAT(lines[0], StartsWith("  s[0,0,0]"));
}

TEST(ExplanationText, RegionsAreListedByRank) {
  FeatureAttribution picture{.name = "image",
                             .values = Tensor(DType::kFloat64, Shape{10, 20, 1}),
                             .input = Tensor(DType::kFloat32, Shape{10, 20, 3})};
  picture.regions = {{.rank = 1,
                      .area = 0.05,
                      .attribution = 0.5,
                      .pixels = {{.first = 23, .length = 5}, {.first = 42, .length = 5}},
                      .width = 20},
                     {.rank = 2,
                      .area = 0.95,
                      .attribution = -2,
                      .is_rest = true,
                      .pixels = {{.first = 0, .length = 20}, {.first = 180, .length = 20}},
                      .width = 20}};
  const std::vector<std::string> lines = Body(Text(Of(picture)));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], AllOf(StartsWith("  region 1    rows 1-2, columns 2-7 "),
                              HasSubstr(" 5 % "), HasSubstr("+0.5 ")));
  EXPECT_THAT(lines[1], AllOf(StartsWith("  the rest    rows 0-9, columns 0-19 "),
                              HasSubstr(" 95 % "), HasSubstr("-2 ")));
  // They are not shares of the difference.
  EXPECT_THAT(Text(Of(picture)), Not(HasSubstr("gap")));
}

TEST(ExplanationText, AGroupShowsItsNumberAndTheRegionsOfItsPictures) {
  FeatureAttribution group{
      .name = "view", .values = Tensor::Scalar(0.75), .input = Tensor(DType::kFloat32, Shape{0})};
  group.regions = {{.rank = 1,
                    .area = 1,
                    .attribution = 0.5,
                    .pixels = {{.first = 0, .length = 10}, {.first = 10, .length = 10}},
                    .width = 10,
                    .input = "photo"}};
  const std::vector<std::string> lines = Body(Text(Of(group)));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], StartsWith("  photo region 1  rows 0-1, columns 0-9 "));
  EXPECT_THAT(lines[1], AllOf(StartsWith("  view "), HasSubstr("+0.75")));
}

TEST(ExplanationText, OnlyTheFirstRegionsAreListed) {
  FeatureAttribution picture{.name = "image",
                             .values = Tensor(DType::kFloat64, Shape{1, 12, 1}),
                             .input = Tensor(DType::kFloat32, Shape{1, 12, 3})};
  for (int i = 0; i < 12; ++i) {
    picture.regions.push_back(
        {.rank = i + 1, .area = 1.0 / 12, .pixels = {{.first = i, .length = 1}}, .width = 12});
  }
  const std::vector<std::string> lines = Body(Text(Of(picture)));
  ASSERT_EQ(lines.size(), 11u);
  EXPECT_EQ(lines[10], "  2 more regions");
}

TEST(ExplanationText, ATextIsPrintedInItsOrderWithAMargin) {
  const Explanation explanation =
      Of({.name = "text",
          .values = Doubles({0.01, -1, 0.5}),
          .input = Tensor::Strings(Shape{3}, {"import os\n", "\tx = 1\r\n", "def f():"})});
  EXPECT_EQ(Text(explanation), R"(
line 1   y[1]   F(baseline) 0.25 -> F(x) 0.75   sum -0.49   gap +0.99   error 0 %
  +0.01        import os
  -1         █ \x09x = 1
  +0.5       ▌ def f():
)");
}

TEST(ExplanationText, ALongLineIsCutToTheScreen) {
  const Explanation explanation =
      Of({.name = "text",
          .values = Doubles({1, 1}),
          .input = Tensor::Strings(Shape{2}, {std::string(500, 'a'), "b"})});
  for (const std::string& line : Body(Text(explanation, {.columns = 60}))) {
    EXPECT_LE(line.size(), 60u + 2) << line;  // The mark is one column of three bytes.
  }
}

TEST(ExplanationText, AWaterfallGoesFromTheBaselineToTheScore) {
  Explanation explanation = Of({.name = "x",
                                .values = Doubles({0.5, -0.1, 0.05}),
                                .input = Tensor::Of<float>(Shape{3}, {1, 2, 3}),
                                .element_names = {"p", "q", "s"}});
  explanation.attributions[0].baseline_output = 0.2;
  explanation.attributions[0].instance_output = 0.66;
  EXPECT_EQ(ExplanationText({.number = 0, .place = "line 1"}, explanation, {},
                            TableChart::kWaterfall),
            R"(
line 1   y[1]   F(baseline) 0.2 -> F(x) 0.66   sum +0.45   gap +0.01   error 0 %
  F(x)            0.66                                                   │
  p               1  +0.5        ████████████████████████████████████████
  q               2  -0.1        ████████
  s               3  +0.05           ████
  not attributed     +0.01          ░
  F(baseline)     0.2               │
)");
}

TEST(ExplanationText, AWaterfallHasAStepForATextToo) {
  Explanation explanation = Of({.name = "text",
                                .values = Doubles({0.25, 0.125}),
                                .input = Tensor::Strings(Shape{2}, {"not ", "bad"})});
  explanation.attributions[0].features.push_back(
      {.name = "age", .values = Tensor::Scalar(0.125), .input = Tensor::Scalar(31.0)});
  const std::string text = ExplanationText({.number = 0, .place = "line 1"}, explanation, {},
                                           TableChart::kWaterfall);
  EXPECT_THAT(text, HasSubstr("  text             +0.375 "));
  EXPECT_THAT(text, Not(HasSubstr("not attributed")));
}

TEST(ExplanationText, WordsStandOnTheirColours) {
  const Explanation explanation = Of({.name = "text",
                                      .values = Doubles({0.5, 0, -0.25}),
                                      .input = Tensor::Strings(Shape{3}, {"good ", "\n", "bad"})});
  const std::string text = Text(explanation, {.colors = ColorDepth::kTrueColor});
  EXPECT_THAT(text, HasSubstr("48;2;39;100;25mgood \x1b[0m\n"));
  EXPECT_THAT(text, HasSubstr("  good        +0.5 "));
}

TEST(ExplanationText, ColoursTellTheSign) {
  const Explanation explanation =
      Of({.name = "x", .values = Doubles({1, -1}), .input = Doubles({0, 0})});
  const std::vector<std::string> lines = Body(Text(explanation, {.colors = ColorDepth::k256}));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], AllOf(HasSubstr("+1 "), HasSubstr("\033[32m█")));
  EXPECT_THAT(lines[1], AllOf(HasSubstr("-1 "), HasSubstr("\033[35m█")));
}

TEST(ExplanationText, EndsWithTheWarningsAndWhatHelps) {
  Explanation explanation = Of({.name = "x", .values = Doubles({0.5}), .input = Doubles({1})});
  explanation.attributions[0].warnings = {
      {.rule = "large-gap", .message = "the sum misses 8 %", .fix = "--steps 200"},
      {.rule = "saturated-softmax", .message = "a score of 1", .fix = ""}};
  const std::vector<std::string> lines = Body(Text(explanation));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[1], "  ! the sum misses 8 % [large-gap]");
  EXPECT_EQ(lines[2], "    --steps 200");
  EXPECT_EQ(lines[3], "  ! a score of 1 [saturated-softmax]");
}

TEST(ExplanationText, GivesEachOutputElementItsList) {
  Explanation explanation = Of({.name = "x", .values = Doubles({0.5}), .input = Doubles({1})});
  explanation.attributions.push_back(explanation.attributions[0]);
  explanation.attributions[1].output_index = {0, 2};
  const std::string text = Text(explanation);
  EXPECT_THAT(text, AllOf(HasSubstr("\nline 1   y[1] "), HasSubstr("\n\nline 1   y[0,2] ")));
}

TEST(PlanText, SaysWhatWasChosenAndByWhom) {
  Provenance provenance;
  provenance.plan = {
      .signature = "xai_model",
      .preprocess = "xai_preprocess",
      .reason = "it has that key",
      .method = "integrated-gradients",
      .settings = {{.name = "steps", .json = "50", .text = "50 Gauss-Legendre points"}},
      .output = "y (logits)",
      .explained = {"age", "job"},
      .held = {"ids (int64)", "flag (bool)"},
      .baselines = {{.input = "age", .text = "zeros", .origin = "default"},
                    {.input = "job", .text = "all 2", .origin = "--baseline"}},
      .warnings = {{.rule = "zero-baseline",
                    .message = "nobody chose the zeros of age",
                    .fix = "--baseline age=38"}},
      .feature_names = {}};
  EXPECT_EQ(PlanText(provenance, {}), R"(signature  xai_preprocess -> xai_model: it has that key
output     y (logits)
method     integrated-gradients, 50 Gauss-Legendre points
baseline   age: zeros (default)
           job: all 2 (--baseline)
held       ids (int64)
           flag (bool)
  ! nobody chose the zeros of age [zero-baseline]
    --baseline age=38
)");
}

TEST(PlanText, LeavesOutSettingsThatHaveNoTextForPeople) {
  Provenance provenance;
  provenance.plan.method = "sampled-shapley";
  provenance.plan.settings = {{.name = "paths", .json = "25", .text = "25 paths"},
                              {.name = "hidden", .json = "1", .text = ""},
                              {.name = "seed", .json = "7", .text = "seed 7"}};
  EXPECT_THAT(PlanText(provenance, {}),
              HasSubstr("method     sampled-shapley, 25 paths, seed 7\n"));
}

}  // namespace
}  // namespace whylight
