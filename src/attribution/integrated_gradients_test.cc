#include "attribution/integrated_gradients.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "attribution/closed_form.h"

namespace whylight {
namespace {

using testing::DoubleNear;
using testing::HasSubstr;
using testing::Pointwise;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Numbers Values(const Attribution& attribution) {
  const std::span<const double> values = attribution.values.at(0).data<double>();
  return Numbers(values.begin(), values.end());
}

// Explains one vector from one baseline.
Result<Attribution> Explain(Function& f, const Numbers& x, const Numbers& baseline,
                            const IntegratedGradientsOptions& options) {
  const Row x_row = Vector(x), b_row = Vector(baseline);
  const IgTask task{.x = &x_row, .baselines = {&b_row}};
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Attribution> all,
                            IntegratedGradients(f, {&task, 1}, options));
  return all.at(0);
}

struct Formula {
  const char* name;
  ClosedForm::Score score;
  ClosedForm::Gradient gradient;
  Numbers x, baseline;
  int steps;
  Numbers want;
  double tolerance;
};
void PrintTo(const Formula& formula, std::ostream* os) { *os << formula.name; }
class FormulaTest : public testing::TestWithParam<Formula> {};

TEST_P(FormulaTest, HasTheValuesOfTheIntegral) {
  const Formula& c = GetParam();
  ClosedForm f(c.score, c.gradient);
  const Result<Attribution> got = Explain(f, c.x, c.baseline, {.steps = c.steps});
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_THAT(Values(*got), Pointwise(DoubleNear(c.tolerance), c.want));
  EXPECT_EQ(got->input_score, c.score(c.x));
  EXPECT_EQ(got->baseline_score, c.score(c.baseline));
  EXPECT_EQ(f.evaluate_calls, 1u);
  EXPECT_EQ(f.scored.size(), 2u);
  EXPECT_EQ(f.gradient_calls, 1u);
  EXPECT_EQ(f.gradient_rows, static_cast<std::size_t>(c.steps));
}

double Relu(double v) { return std::max(v, 0.0); }
double Step(double v) { return v > 0 ? 1 : 0; }
constexpr double kRounding = 1e-13;

INSTANTIATE_TEST_SUITE_P(
    , FormulaTest,
    testing::Values(
        Formula{"linear_in_one_step",
                [](const Numbers& v) { return 2 * v[0] - 3 * v[1] + 7; },
                [](const Numbers&) { return Numbers{2, -3}; },
                {5, 1},
                {1, -1},
                1,
                {8, -6},
                kRounding},
        Formula{"unused_element_gets_nothing",
                [](const Numbers& v) { return v[0] * v[0]; },
                [](const Numbers& v) { return Numbers{2 * v[0], 0}; },
                {3, 9},
                {0, 1},
                1,
                {9, 0},
                kRounding},
        Formula{"product_is_shared_equally",
                [](const Numbers& v) { return v[0] * v[1]; },
                [](const Numbers& v) { return Numbers{v[1], v[0]}; },
                {4, -5},
                {0, 0},
                1,
                {-10, -10},
                kRounding},
        // xy from (1, 2) to (4, 6): 3 * integral of 2 + 4t, 4 * integral of 1 + 3t.
        Formula{"product_from_elsewhere",
                [](const Numbers& v) { return v[0] * v[1]; },
                [](const Numbers& v) { return Numbers{v[1], v[0]}; },
                {4, 6},
                {1, 2},
                1,
                {12, 10},
                kRounding},
        // x^2 y: t^2 * (2 x^2 y, x^2 y) integrates to thirds.
        Formula{"degree_three_in_two_steps",
                [](const Numbers& v) { return v[0] * v[0] * v[1]; },
                [](const Numbers& v) { return Numbers{2 * v[0] * v[1], v[0] * v[0]}; },
                {3, 2},
                {0, 0},
                2,
                {12, 6},
                kRounding},
        Formula{"degree_six_in_three_steps",
                [](const Numbers& v) { return std::pow(v[0], 6); },
                [](const Numbers& v) { return Numbers{6 * std::pow(v[0], 5)}; },
                {2},
                {-1},
                3,
                {63},
                kRounding * 63},
        Formula{"degree_hundred_in_fifty_steps",
                [](const Numbers& v) { return std::pow(v[0], 100); },
                [](const Numbers& v) { return Numbers{100 * std::pow(v[0], 99)}; },
                {1},
                {0},
                50,
                {1},
                kRounding},
        // relu(x - 1) from 0 to 2: the kink lies between two nodes, so the error is below a weight.
        Formula{"relu_within_one_weight",
                [](const Numbers& v) { return Relu(v[0] - 1); },
                [](const Numbers& v) { return Numbers{Step(v[0] - 1)}; },
                {2},
                {0},
                50,
                {1},
                0.07},
        Formula{"relu_off_all_along",
                [](const Numbers& v) { return Relu(v[0] - 9); },
                [](const Numbers& v) { return Numbers{Step(v[0] - 9)}; },
                {2},
                {0},
                50,
                {0},
                0},
        // The example of the paper's section 4: 1 - relu(1 - x), whose gradient at x = 2 is 0.
        Formula{"saturated_but_not_silent",
                [](const Numbers& v) { return 1 - Relu(1 - v[0]); },
                [](const Numbers& v) { return Numbers{Step(1 - v[0])}; },
                {2},
                {0},
                50,
                {1},
                0.07},
        Formula{
            "x_equal_to_baseline_in_one_element",
            [](const Numbers& v) { return std::exp(v[0] + v[1]); },
            [](const Numbers& v) { return Numbers{std::exp(v[0] + v[1]), std::exp(v[0] + v[1])}; },
            {1, 1},
            {0, 1},
            10,
            {std::exp(2) - std::exp(1), 0},
            kRounding}),
    [](const auto& row) { return row.param.name; });

// A network-like function without a closed form of its attributions.
double Smooth(const Numbers& v) { return std::tanh(v[0] + 2 * v[1]) * std::exp(v[2] / 2); }
Numbers SmoothGradient(const Numbers& v) {
  const double t = std::tanh(v[0] + 2 * v[1]), e = std::exp(v[2] / 2);
  return {(1 - t * t) * e, 2 * (1 - t * t) * e, t * e / 2};
}

TEST(IntegratedGradients, SumsToTheDifferenceOfScores) {
  ClosedForm f(Smooth, SmoothGradient);
  const Attribution a = *Explain(f, {1, -0.3, 2}, {-1, 0.5, 0}, {.steps = 50});
  const Numbers values = Values(a);
  const double sum = values[0] + values[1] + values[2];
  EXPECT_NEAR(sum, a.input_score - a.baseline_score, 1e-10);
  EXPECT_NEAR(a.approximation_error, 0, 1e-10);
}

TEST(IntegratedGradients, TreatsSymmetricElementsAlike) {
  ClosedForm f(
      [](const Numbers& v) { return std::sin(v[0] + v[1]); },
      [](const Numbers& v) { return Numbers{std::cos(v[0] + v[1]), std::cos(v[0] + v[1])}; });
  const Numbers values = Values(*Explain(f, {0.4, 0.4}, {-2, -2}, {.steps = 7}));
  EXPECT_EQ(values[0], values[1]);
}

TEST(IntegratedGradients, IsLinearInTheModel) {
  const auto product = [](const Numbers& v) { return v[0] * v[1] * v[2]; };
  const auto product_gradient = [](const Numbers& v) {
    return Numbers{v[1] * v[2], v[0] * v[2], v[0] * v[1]};
  };
  ClosedForm f(Smooth, SmoothGradient), g(product, product_gradient);
  ClosedForm both([&](const Numbers& v) { return 3 * Smooth(v) - 2 * product(v); },
                  [&](const Numbers& v) {
                    const Numbers a = SmoothGradient(v), b = product_gradient(v);
                    return Numbers{3 * a[0] - 2 * b[0], 3 * a[1] - 2 * b[1], 3 * a[2] - 2 * b[2]};
                  });
  const Numbers x = {1, -0.3, 2}, b = {-1, 0.5, 0};
  const Numbers of_f = Values(*Explain(f, x, b, {.steps = 9}));
  const Numbers of_g = Values(*Explain(g, x, b, {.steps = 9}));
  const Numbers of_both = Values(*Explain(both, x, b, {.steps = 9}));
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(of_both[i], 3 * of_f[i] - 2 * of_g[i], 1e-13) << i;
}

TEST(IntegratedGradients, ReportsWhatItMisses) {
  // x^4 from 0 to 1 by one point: 4 / 8 for 1.
  ClosedForm f([](const Numbers& v) { return std::pow(v[0], 4); },
               [](const Numbers& v) { return Numbers{4 * std::pow(v[0], 3)}; });
  EXPECT_NEAR(Explain(f, {1}, {0}, {.steps = 1})->approximation_error, 0.5, 1e-15);
  // Twice as much, of a difference of 16 - 0: the ratio has no unit.
  EXPECT_NEAR(Explain(f, {2}, {0}, {.steps = 1})->approximation_error, 0.5, 1e-15);
}

TEST(IntegratedGradients, ReportsTheMissItselfWhereTheScoresAreEqual) {
  // F(1) = F(-1) = 1, and one point at 0 has slope 3: values 6, difference 0.
  ClosedForm f([](const Numbers& v) { return 1 + 3 * v[0] - 3 * std::pow(v[0], 3); },
               [](const Numbers& v) { return Numbers{3 - 9 * v[0] * v[0]}; });
  EXPECT_NEAR(Explain(f, {1}, {-1}, {.steps = 1})->approximation_error, 6, 1e-15);
  EXPECT_NEAR(Explain(f, {1}, {-1}, {.steps = 2})->approximation_error, 0, 1e-14);
}

TEST(IntegratedGradients, TakesTheMidpointsOnRequest) {
  // x^3 from 0 to 1, 2 points: (3/16 + 27/16) / 2.
  ClosedForm f([](const Numbers& v) { return std::pow(v[0], 3); },
               [](const Numbers& v) { return Numbers{3 * v[0] * v[0]}; });
  const Attribution a = *Explain(f, {1}, {0}, {.steps = 2, .rule = QuadratureRule::kMidpoint});
  EXPECT_NEAR(Values(a)[0], 0.9375, 1e-15);
  EXPECT_NEAR(a.approximation_error, 0.0625, 1e-15);
}

TEST(IntegratedGradients, NeedsNoGradientFromAnInputToItself) {
  ClosedForm f(Smooth, SmoothGradient);
  const Attribution a = *Explain(f, {1, 2, 3}, {1, 2, 3}, {});
  EXPECT_EQ(Values(a), (Numbers{0, 0, 0}));
  EXPECT_EQ(a.input_score, a.baseline_score);
  EXPECT_EQ(a.approximation_error, 0);
  EXPECT_EQ(f.gradient_calls, 0u);
}

TEST(IntegratedGradients, AveragesOverBaselines) {
  ClosedForm f(Smooth, SmoothGradient);
  const Row x = Vector({1, -0.3, 2}), b0 = Vector({0, 0, 0}), b1 = Vector({-1, 1, 1});
  const IgTask task{.x = &x, .baselines = {&b0, &b1, &x}};
  const Attribution all = IntegratedGradients(f, {&task, 1}, {.steps = 20})->at(0);
  EXPECT_EQ(f.gradient_rows, 40u);
  const Attribution a0 = *Explain(f, {1, -0.3, 2}, {0, 0, 0}, {.steps = 20});
  const Attribution a1 = *Explain(f, {1, -0.3, 2}, {-1, 1, 1}, {.steps = 20});
  for (int i = 0; i < 3; ++i) {
    EXPECT_NEAR(Values(all)[i], (Values(a0)[i] + Values(a1)[i]) / 3, 1e-14) << i;
  }
  EXPECT_NEAR(all.baseline_score, (a0.baseline_score + a1.baseline_score + a0.input_score) / 3,
              1e-14);
  EXPECT_NEAR(all.approximation_error, 0, 1e-7);
}

TEST(IntegratedGradients, ExplainsManyInstancesInOneCallEach) {
  ClosedForm f([](const Numbers& v) { return v[0] * v[1]; },
               [](const Numbers& v) { return Numbers{v[1], v[0]}; });
  const std::vector<Row> x = {Vector({2, 3}), Vector({0, 0}), Vector({-4, 1})};
  const Row zero = Vector({0, 0});
  std::vector<IgTask> tasks;
  for (std::size_t i = 0; i < x.size(); ++i) {
    tasks.push_back({.instance = 10 + i, .x = &x[i], .baselines = {&zero}});
  }
  const std::vector<Attribution> all = *IntegratedGradients(f, tasks, {.steps = 4});
  EXPECT_EQ(f.evaluate_calls, 1u);
  EXPECT_EQ(f.gradient_calls, 1u);
  ASSERT_EQ(f.scored.size(), 6u);
  EXPECT_EQ(f.scored[5].instance, 12u);
  EXPECT_THAT(Values(all[0]), Pointwise(DoubleNear(1e-14), Numbers{3, 3}));
  EXPECT_THAT(Values(all[1]), Pointwise(DoubleNear(0), Numbers{0, 0}));
  EXPECT_THAT(Values(all[2]), Pointwise(DoubleNear(1e-14), Numbers{-2, -2}));
}

TEST(IntegratedGradients, KeepsTheShapesOfSeveralInputs) {
  ClosedForm f([](const Numbers& v) { return v[0] + 2 * v[1] + 3 * v[2] + 4 * v[3] + 5 * v[4]; },
               [](const Numbers&) { return Numbers{1, 2, 3, 4, 5}; });
  const Row x = {Tensor::Scalar<float>(1), Tensor::Of<double>(Shape{2, 2}, {1, 1, 1, 1}),
                 Tensor(DType::kFloat32, Shape{0, 3})};
  Row b;
  for (const Tensor& tensor : x) b.emplace_back(tensor.dtype(), tensor.shape());
  const IgTask task{.x = &x, .baselines = {&b}};
  const Attribution a = IntegratedGradients(f, {&task, 1}, {.steps = 1})->at(0);
  ASSERT_EQ(a.values.size(), 3u);
  EXPECT_EQ(a.values[0], Tensor::Scalar<double>(1));
  EXPECT_EQ(a.values[1], Tensor::Of<double>(Shape({2, 2}), {2, 3, 4, 5}));
  EXPECT_EQ(a.values[2], Tensor(DType::kFloat64, Shape({0, 3})));
}

TEST(IntegratedGradients, OfNoInstancesIsNothing) {
  ClosedForm f(Smooth, SmoothGradient);
  EXPECT_TRUE(IntegratedGradients(f, {}, {})->empty());
  EXPECT_EQ(f.evaluate_calls, 0u);
}

struct Bad {
  const char* name;
  Row x;
  std::vector<Row> baselines;
  int steps;
  StatusCode code;
  const char* message;
};
void PrintTo(const Bad& bad, std::ostream* os) { *os << bad.name; }
class BadTest : public testing::TestWithParam<Bad> {};

TEST_P(BadTest, NamesPlaceExpectedAndFound) {
  const Bad& c = GetParam();
  // sqrt and its gradient are not finite left of 0; log's score is not at 0.
  ClosedForm f([](const Numbers& v) { return v[0] == 77 ? kNan : v[0]; },
               [](const Numbers& v) { return Numbers(v.size(), 1 / std::sqrt(v[0])); });
  IgTask task{.instance = 2, .x = &c.x, .baselines = {}};
  for (const Row& baseline : c.baselines) task.baselines.push_back(&baseline);
  const auto got = IntegratedGradients(f, {&task, 1}, {.steps = c.steps});
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.status().code(), c.code);
  EXPECT_THAT(got.status().message(), HasSubstr(c.message));
}

constexpr StatusCode kInvalid = StatusCode::kInvalidArgument;
INSTANTIATE_TEST_SUITE_P(
    , BadTest,
    testing::Values(
        Bad{"no_steps",
            Vector({1}),
            {Vector({0})},
            0,
            kInvalid,
            "steps: expected 1 to 10000, got 0"},
        Bad{"steps_below_zero", Vector({1}), {Vector({0})}, -5, kInvalid, "got -5"},
        Bad{"too_many_steps", Vector({1}), {Vector({0})}, 2000000000, kInvalid, "got 2000000000"},
        Bad{"no_baseline", Vector({1}), {}, 5, kInvalid, "instances[2]: expected a baseline"},
        Bad{"other_shape",
            Vector({1}),
            {Vector({0, 0})},
            5,
            kInvalid,
            "instances[2].inputs[0]: expected a baseline of float64[1], got float64[2]"},
        Bad{"other_dtype",
            Vector({1}),
            {{Tensor::Of<float>(Shape{1}, {0})}},
            5,
            kInvalid,
            "expected a baseline of float64[1], got float32[1]"},
        Bad{"other_number_of_inputs",
            Vector({1}),
            {{}},
            5,
            kInvalid,
            "expected a baseline of 1 inputs, got 0"},
        Bad{"second_baseline",
            Vector({1}),
            {Vector({0}), Vector({0, 0})},
            5,
            kInvalid,
            "got float64[2]"},
        Bad{"string_input",
            {Tensor::ScalarString("a")},
            {{Tensor::ScalarString("")}},
            5,
            kInvalid,
            "instances[2].inputs[0]: expected an input of floating numbers, got string"},
        Bad{"integer_input",
            {Tensor::Scalar<int>(1)},
            {{Tensor::Scalar<int>(0)}},
            5,
            kInvalid,
            "got int32"},
        Bad{"nan_input",
            Vector({1, kNan}),
            {Vector({0, 0})},
            5,
            kInvalid,
            "an input of finite numbers, got nan at element 1"},
        Bad{"infinite_baseline",
            Vector({1}),
            {Vector({-kInf})},
            5,
            kInvalid,
            "a baseline of finite numbers, got -inf at element 0"},
        Bad{"score_not_finite",
            Vector({77}),
            {Vector({0})},
            5,
            StatusCode::kFailedPrecondition,
            "instances[2]: expected a finite score, the model gave nan"},
        Bad{"gradient_not_finite",
            Vector({1}),
            {Vector({-1})},
            5,
            StatusCode::kFailedPrecondition,
            "instances[2].inputs[0]: the gradient of element 0 is not finite at one of the 5 "
            "points"}),
    [](const auto& row) { return row.param.name; });

TEST(IntegratedGradients, PassesOnWhatTheModelSays) {
  ClosedForm no_gradient([](const Numbers& v) { return v[0]; });
  EXPECT_EQ(Explain(no_gradient, {1}, {0}, {}).status(),
            Unimplemented("a formula without a gradient"));
  ClosedForm f(Smooth, SmoothGradient);
  f.status = Status(StatusCode::kCancelled, "the caller left");
  EXPECT_EQ(Explain(f, {1, 1, 1}, {0, 0, 0}, {}).status(), f.status);
}

}  // namespace
}  // namespace whylight
