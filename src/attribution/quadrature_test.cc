#include "attribution/quadrature.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace whylight {
namespace {

double Integrate(const Quadrature& rule, int degree) {
  double sum = 0;
  for (std::size_t k = 0; k < rule.nodes.size(); ++k) {
    sum += rule.weights[k] * std::pow(rule.nodes[k], degree);
  }
  return sum;
}

TEST(GaussLegendre, HasTheClosedFormsOfSmallRules) {
  const auto one = GaussLegendre(1);
  EXPECT_EQ(one->nodes, std::vector<double>{0.5});
  EXPECT_EQ(one->weights, std::vector<double>{1});
  const auto two = GaussLegendre(2);
  EXPECT_NEAR(two->nodes[0], (1 - 1 / std::sqrt(3.0)) / 2, 2e-16);
  EXPECT_NEAR(two->weights[0], 0.5, 2e-16);
  const auto three = GaussLegendre(3);
  EXPECT_NEAR(three->nodes[0], (1 - std::sqrt(0.6)) / 2, 2e-16);
  EXPECT_EQ(three->nodes[1], 0.5);
  EXPECT_NEAR(three->weights[0], 5.0 / 18, 2e-16);
  EXPECT_NEAR(three->weights[1], 4.0 / 9, 2e-16);
}

struct Size {
  int n;
};
void PrintTo(const Size& size, std::ostream* os) { *os << size.n; }
class GaussLegendreTest : public testing::TestWithParam<Size> {};

TEST_P(GaussLegendreTest, IsAscendingSymmetricInsideAndSumsToOne) {
  const int n = GetParam().n;
  const auto rule = GaussLegendre(n);
  ASSERT_EQ(rule->nodes.size(), n);
  ASSERT_EQ(rule->weights.size(), n);
  EXPECT_GT(rule->nodes.front(), 0);
  EXPECT_LT(rule->nodes.back(), 1);
  for (int k = 0; k < n; ++k) {
    ASSERT_LT(k > 0 ? rule->nodes[k - 1] : 0, rule->nodes[k]) << k;
    ASSERT_GT(rule->weights[k], 0) << k;
    ASSERT_NEAR(rule->nodes[k] + rule->nodes[n - 1 - k], 1, 2e-16) << k;
    ASSERT_EQ(rule->weights[k], rule->weights[n - 1 - k]) << k;
  }
  // Rounding of n additions.
  EXPECT_NEAR(std::accumulate(rule->weights.begin(), rule->weights.end(), 0.0), 1, 1e-14);
}

TEST_P(GaussLegendreTest, IsExactUpToDegreeTwoNMinusOne) {
  const int n = GetParam().n;
  const auto rule = GaussLegendre(n);
  for (const int degree : {0, 1, 2, n - 1, n, 2 * n - 2, 2 * n - 1}) {
    if (degree < 0 || degree > 2 * n - 1) continue;
    // pow near 1 amplifies a node's rounding by its degree.
    const double want = 1.0 / (degree + 1);
    EXPECT_NEAR(Integrate(*rule, degree), want, want * (1e-14 + 4e-16 * degree)) << degree;
  }
}

TEST_P(GaussLegendreTest, MissesDegreeTwoNByTheKnownRemainder) {
  const int n = GetParam().n;
  if (n > 8) return;  // The remainder drowns in rounding.
  // Of t^(2n): (n!)^4 / ((2n + 1) ((2n)!)^2), Davis and Rabinowitz 1984, section 2.7.
  const double remainder =
      std::exp(4 * std::lgamma(n + 1) - 2 * std::lgamma(2 * n + 1)) / (2 * n + 1);
  EXPECT_NEAR(1.0 / (2 * n + 1) - Integrate(*GaussLegendre(n), 2 * n), remainder,
              1e-6 * remainder + 1e-16);
}

INSTANTIATE_TEST_SUITE_P(, GaussLegendreTest,
                         testing::Values(Size{1}, Size{2}, Size{3}, Size{4}, Size{5}, Size{7},
                                         Size{10}, Size{31}, Size{32}, Size{50}, Size{63}, Size{64},
                                         Size{65}, Size{66}, Size{100}, Size{255}, Size{1000},
                                         Size{4097}, Size{10000}),
                         [](const auto& row) { return "n" + std::to_string(row.param.n); });

struct Known {
  int n, k;  // The k-th smallest, from 0.
  double node, weight;
};

// Computed with 45 decimal digits (Newton on the same recurrence).
constexpr Known kKnown[] = {
    {5, 0, 4.69100770306680036012e-2, 1.18463442528094543757e-1},
    {5, 1, 2.30765344947158454482e-1, 2.39314335249683234021e-1},
    {50, 0, 5.66797789964474907270e-4, 1.45431127657757047920e-3},
    {50, 1, 2.98401528395464370745e-3, 3.37989959787270075139e-3},
    {50, 24, 4.84450830836405561944e-1, 3.10883083276736311605e-2},
    {64, 0, 3.47479132113930271547e-4, 8.91640360848216473648e-4},
    {64, 31, 4.87824853668287783746e-1, 2.43454785045698601917e-2},
    {101, 0, 1.40330235114862115801e-4, 3.60115853200931850883e-4},
    {101, 49, 4.84526832717550897844e-1, 1.54682258442987091683e-2},
    {1000, 0, 1.44435096224471506185e-6, 3.70666920821603575874e-6},
    {1000, 1, 7.61018354129083785096e-6, 8.62838488686961505888e-6},
    {1000, 333, 2.50340025592692512065e-1, 1.36028533335253980146e-3},
    {1000, 499, 4.99214994759958403085e-1, 1.57000919009143389350e-3},
    {10000, 0, 1.44565191375941890689e-8, 3.71000963661966139829e-8},
    {10000, 1, 7.61705366174146516987e-8, 8.63619588070475083453e-8},
    {10000, 2, 1.87198784791965144558e-7, 1.35696756110043248485e-7},
    {10000, 100, 2.50409767427436360496e-4, 4.97048613049640765521e-6},
    {10000, 2500, 1.46516033237786555710e-1, 1.11088324618090919391e-4},
    {10000, 4999, 4.99921464110875826083e-1, 1.57071776956613413817e-4},
};

TEST(GaussLegendre, AgreesWithLongDecimals) {
  for (const Known& known : kKnown) {
    const auto rule = GaussLegendre(known.n);
    const double node = rule->nodes[known.k], weight = rule->weights[known.k];
    EXPECT_NEAR(node, known.node, 1e-15) << known.n << " " << known.k;
    EXPECT_NEAR(weight, known.weight, 1e-15) << known.n << " " << known.k;
    // Relative too: small nodes and weights are not lost in the absolute bound.
    EXPECT_NEAR(node / known.node, 1, 4e-15) << known.n << " " << known.k;
    EXPECT_NEAR(weight / known.weight, 1, 1e-13) << known.n << " " << known.k;
  }
}

TEST(GaussLegendre, KeepsRulesAndSurvivesForgettingThem) {
  const auto first = GaussLegendre(50);
  EXPECT_EQ(GaussLegendre(50), first);
  for (int n = 1; n <= 200; ++n) EXPECT_EQ(GaussLegendre(n)->nodes.size(), n);
  EXPECT_EQ(GaussLegendre(50)->nodes, first->nodes);
}

TEST(Fejer, HasTheClosedFormsOfSmallRules) {
  EXPECT_NEAR(Fejer(1)->nodes[0], 0.5, 1e-15);
  EXPECT_NEAR(Fejer(1)->weights[0], 1, 1e-15);
  const auto three = Fejer(3);
  EXPECT_NEAR(three->nodes[0], (1 - std::sqrt(0.5)) / 2, 1e-15);
  EXPECT_NEAR(three->weights[0], 1.0 / 3, 1e-15);
  EXPECT_NEAR(three->weights[1], 1.0 / 3, 1e-15);
}

TEST(Fejer, IsNestedPositiveAndExactUpToDegreeNMinusOne) {
  for (const int n : {1, 3, 7, 15, 31, 63, 127}) {
    const auto rule = Fejer(n), finer = Fejer(2 * n + 1);
    ASSERT_EQ(rule->nodes.size(), n);
    for (int k = 0; k < n; ++k) {
      ASSERT_GT(rule->weights[k], 0);
      ASSERT_NEAR(rule->nodes[k], finer->nodes[2 * k + 1], 1e-15);
    }
    for (const int degree : {0, 1, n / 2, n - 1, n}) {  // n is odd: degree n by symmetry.
      ASSERT_NEAR(Integrate(*rule, degree), 1.0 / (degree + 1), 1e-14) << n << " " << degree;
    }
  }
}

TEST(Midpoint, TakesTheMiddlesOfEqualParts) {
  EXPECT_EQ(Midpoint(1)->nodes, std::vector<double>{0.5});
  EXPECT_EQ(Midpoint(4)->nodes, (std::vector<double>{0.125, 0.375, 0.625, 0.875}));
  EXPECT_EQ(Midpoint(4)->weights, (std::vector<double>{0.25, 0.25, 0.25, 0.25}));
}

}  // namespace
}  // namespace whylight
