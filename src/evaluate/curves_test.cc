#include "evaluate/curves.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "attribution/closed_form.h"

namespace whylight {
namespace {

// 1 + 4 x0 + 2 x1 - x2: from zeros to ones the contributions are 4, 2, -1.
double Linear(const Numbers& x) { return 1 + 4 * x[0] + 2 * x[1] - x[2]; }

Curves CurvesOf(Function& f, const Row& x, const std::vector<Row>& baselines,
                const std::vector<std::size_t>& order, const CurveOptions& options = {},
                const std::vector<std::size_t>& unit_elements = {1}) {
  CurveTask task{.x = &x, .unit_elements = unit_elements, .order = order};
  for (const Row& baseline : baselines) task.baselines.push_back(&baseline);
  const Result<std::vector<Curves>> curves = ReplacementCurves(f, {&task, 1}, options);
  EXPECT_TRUE(curves.ok()) << curves.status().message();
  return curves.ok() ? (*curves)[0] : Curves();
}

TEST(ReplacementCurvesTest, AreTheSumsOfALinearModel) {
  ClosedForm f(Linear);
  const Curves curves = CurvesOf(f, Vector({1, 1, 1}), {Vector({0, 0, 0})}, {0, 1, 2});
  EXPECT_EQ(curves.baseline_score, 1);
  EXPECT_EQ(curves.input_score, 6);
  // Insertion 1 5 7 6, deletion 6 2 0 1.
  EXPECT_NEAR(curves.insertion, (0.5 * 1 + 5 + 7 + 0.5 * 6) / 3, 1e-12);
  EXPECT_NEAR(curves.deletion, (0.5 * 6 + 2 + 0 + 0.5 * 1) / 3, 1e-12);
  EXPECT_EQ(f.scored.size(), 2U + 2 * 2);  // As the header says.
  EXPECT_EQ(f.evaluate_calls, 1U);
}

TEST(ReplacementCurvesTest, PreferTheTrueOrderOfALinearModel) {
  ClosedForm f(Linear);
  const Row x = Vector({1, 1, 1}), zeros = Vector({0, 0, 0});
  const Curves best = CurvesOf(f, x, {zeros}, {0, 1, 2});
  std::vector<std::size_t> order = {0, 1, 2};
  while (std::ranges::next_permutation(order).found) {
    const Curves other = CurvesOf(f, x, {zeros}, order);
    EXPECT_LT(other.insertion, best.insertion);
    EXPECT_GT(other.deletion, best.deletion);
  }
}

TEST(ReplacementCurvesTest, AverageOverBaselines) {
  ClosedForm f(Linear);
  const Row x = Vector({1, 1, 1}), zeros = Vector({0, 0, 0}), other = Vector({2, 0, 0});
  const Curves a = CurvesOf(f, x, {zeros}, {2, 0, 1}), b = CurvesOf(f, x, {other}, {2, 0, 1});
  const Curves both = CurvesOf(f, x, {zeros, other}, {2, 0, 1});
  EXPECT_NEAR(both.insertion, (a.insertion + b.insertion) / 2, 1e-12);
  EXPECT_NEAR(both.deletion, (a.deletion + b.deletion) / 2, 1e-12);
  EXPECT_NEAR(both.baseline_score, (a.baseline_score + b.baseline_score) / 2, 1e-12);
}

TEST(ReplacementCurvesTest, MoveManyUnitsInBlocks) {
  // All contribute the same: both curves are straight lines, however they are cut.
  const std::size_t count = 1000;
  ClosedForm f([](const Numbers& x) { return std::accumulate(x.begin(), x.end(), 0.0); });
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const Curves curves =
      CurvesOf(f, Vector(Numbers(count, 1)), {Vector(Numbers(count, 0))}, order, {.max_bytes = 1});
  EXPECT_NEAR(curves.insertion, 500, 1e-9);
  EXPECT_NEAR(curves.deletion, 500, 1e-9);
  EXPECT_EQ(f.scored.size(), 2U + 2 * 31);
  EXPECT_EQ(f.largest_call, 1U);  // Rows that are alive at once are bounded.
}

TEST(ReplacementCurvesTest, ReplaceAUnitAsAWhole) {
  // Two pixels of two channels; the product needs both channels of a pixel at once.
  ClosedForm f([](const Numbers& x) { return 3 * x[0] * x[1] + x[2] * x[3]; });
  const Curves curves = CurvesOf(f, Vector({1, 1, 1, 1}), {Vector({0, 0, 0, 0})}, {0, 1}, {}, {2});
  EXPECT_NEAR(curves.insertion, (0 + 2 * 3 + 4) / 4.0, 1e-12);
  EXPECT_NEAR(curves.deletion, (4 + 2 * 1 + 0) / 4.0, 1e-12);
}

TEST(ReplacementCurvesTest, ReplaceStrings) {
  ClosedForm f([](const Numbers& x) { return x[0]; });  // Its length.
  const Row x = {Tensor::ScalarString("four")}, none = {Tensor::ScalarString("")};
  const Curves curves = CurvesOf(f, x, {none}, {0});
  EXPECT_EQ(curves.insertion, 2);
  EXPECT_EQ(curves.deletion, 2);
}

TEST(ReplacementCurvesTest, OfNoUnitsAreTheirEnds) {
  ClosedForm f([](const Numbers&) { return 3.0; });
  const Curves curves = CurvesOf(f, Vector({}), {Vector({})}, {});
  EXPECT_EQ(curves.insertion, 3);
  EXPECT_EQ(curves.deletion, 3);
}

TEST(ReplacementCurvesTest, Refuses) {
  ClosedForm f([](const Numbers& x) { return x[0] > 0 ? std::nan("") : 0.0; });
  const Row x = Vector({1, 1}), zeros = Vector({0, 0}), shorter = Vector({0});
  const std::vector<std::size_t> single = {1}, order = {0, 1};
  CurveTask task{.instance = 4, .x = &x, .unit_elements = single, .order = order};
  const auto refusal = [&] { return ReplacementCurves(f, {&task, 1}, {}).status(); };
  EXPECT_EQ(refusal().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refusal().message(), "instances[4]: no baseline");
  task.baselines = {&shorter};
  EXPECT_EQ(refusal().code(), StatusCode::kInvalidArgument);
  task.baselines = {&zeros};
  EXPECT_EQ(refusal().code(), StatusCode::kFailedPrecondition);  // A score is not finite.
  f.status = Status(StatusCode::kCancelled, "stop");
  EXPECT_EQ(refusal().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace whylight
