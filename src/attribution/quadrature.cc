#include "attribution/quadrature.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <mutex>
#include <numbers>

#include "whylight/status.h"

namespace whylight {
namespace {

// The k-th positive zero of J0 by McMahon's expansion: 2e-3 off for k = 1, less beyond.
double BesselZero(int k) {
  const double beta = (k - 0.25) * std::numbers::pi;
  const double u = 1 / (8 * beta);
  return beta + u * (1 - 124.0 / 3 * u * u);
}

// The k-th smallest root of P_n(1 - 2t), k >= 1, to start from. With x = 1 - 2t = cos(theta):
// t = sin^2(theta / 2), which keeps the small roots to full relative accuracy.
double RootGuess(int n, int k) {
  const double v = n + 0.5;
  const double psi = BesselZero(k) / v;
  const double theta = psi + (psi / std::tan(psi) - 1) / (8 * psi * v * v);
  const double half = std::sin(theta / 2);
  return half * half;
}

constexpr std::size_t kBlock = 32;  // Roots that go through the recurrence together.
using Block = std::array<double, kBlock>;

// p = P_n(1 - 2t) and d = P_n(1 - 2t) - P_{n-1}(1 - 2t), by the recurrence in its difference form
//   (k + 1) d_{k+1} = k d_k - 2 (2k + 1) t p_k,
// which does not lose the small t to rounding as 1 - 2t would.
void Legendre(int n, const Block& t, Block& p, Block& d) {
  p.fill(1);
  d.fill(0);
  for (int k = 0; k < n; ++k) {
    const double keep = static_cast<double>(k) / (k + 1);
    const double turn = 2 * (2.0 * k + 1) / (k + 1);
    for (std::size_t j = 0; j < kBlock; ++j) {
      d[j] = keep * d[j] - turn * t[j] * p[j];
      p[j] += d[j];
    }
  }
}

std::shared_ptr<const Quadrature> MakeGaussLegendre(int n) {
  auto rule = std::make_shared<Quadrature>();
  const std::size_t size = static_cast<std::size_t>(n);
  rule->nodes.resize(size);
  rule->weights.resize(size);
  const std::size_t half = (size + 1) / 2;  // The rule is symmetric about 1/2.
  for (std::size_t first = 0; first < half; first += kBlock) {
    const std::size_t count = std::min(kBlock, half - first);
    Block t, p, d, slope;
    for (std::size_t j = 0; j < kBlock; ++j) {
      t[j] = RootGuess(n, static_cast<int>(first + std::min(j, count - 1)) + 1);
    }
    // A Newton step squares the relative error (P''/P' = O(1/t) at a root), so after a step below
    // 1e-7 one more gives all digits, and the slope there is good for the weights.
    constexpr double kClose = 1e-7;
    constexpr int kMaxSteps = 20;
    bool last = false;
    for (int step = 0; step < kMaxSteps; ++step) {
      Legendre(n, t, p, d);
      double largest = 0;
      for (std::size_t j = 0; j < kBlock; ++j) {
        slope[j] = n * (d[j] - 2 * t[j] * p[j]) / (2 * t[j] * (1 - t[j]));
        const double move = p[j] / slope[j];
        largest = std::max(largest, std::abs(move) / t[j]);
        t[j] -= move;
      }
      if (last) break;
      last = largest < kClose;
    }
    for (std::size_t j = 0; j < count; ++j) {
      const std::size_t k = first + j, mirror = size - 1 - k;
      const double weight = 1 / (t[j] * (1 - t[j]) * slope[j] * slope[j]);
      rule->nodes[mirror] = 1 - t[j];
      rule->nodes[k] = k == mirror ? 0.5 : t[j];
      rule->weights[k] = rule->weights[mirror] = weight;
    }
  }
  // What rounding in the recurrence left in the common size of the weights.
  double sum = 0;
  for (const double weight : rule->weights) sum += weight;
  for (double& weight : rule->weights) weight /= sum;
  return rule;
}

std::shared_ptr<const Quadrature> MakeFejer(int n) {
  auto rule = std::make_shared<Quadrature>();
  rule->nodes.resize(static_cast<std::size_t>(n));
  rule->weights.resize(static_cast<std::size_t>(n));
  for (int k = 1; k <= n; ++k) {
    const double angle = k * std::numbers::pi / (n + 1);
    double series = 0;
    for (int j = 1; j <= n; j += 2) series += std::sin(j * angle) / j;
    const double half = std::sin(angle / 2);
    rule->nodes[static_cast<std::size_t>(k - 1)] = half * half;
    rule->weights[static_cast<std::size_t>(k - 1)] = 2 * std::sin(angle) / (n + 1) * series;
  }
  return rule;
}

// The rules that were asked for, made once. Threads: from many.
class KeptRules {
 public:
  using Make = std::shared_ptr<const Quadrature> (*)(int n);
  explicit KeptRules(Make make) : make_(make) {}

  std::shared_ptr<const Quadrature> Get(int n) {
    WHYLIGHT_CHECK(n >= 1);
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = kept_.find(n); found != kept_.end()) return found->second;
    }
    std::shared_ptr<const Quadrature> rule = make_(n);
    const std::lock_guard lock(mutex_);
    if (kept_.size() >= kMost) kept_.clear();
    kept_[n] = rule;
    return rule;
  }

 private:
  // Requests choose n, so what is kept must have a limit: 64 rules, then a fresh start.
  static constexpr std::size_t kMost = 64;

  Make make_;
  std::mutex mutex_;
  std::map<int, std::shared_ptr<const Quadrature>> kept_;
};

}  // namespace

std::shared_ptr<const Quadrature> GaussLegendre(int n) {
  static KeptRules kept(MakeGaussLegendre);
  return kept.Get(n);
}

std::shared_ptr<const Quadrature> Fejer(int n) {
  static KeptRules kept(MakeFejer);
  return kept.Get(n);
}

std::shared_ptr<const Quadrature> Midpoint(int n) {
  WHYLIGHT_CHECK(n >= 1);
  auto rule = std::make_shared<Quadrature>();
  for (int k = 0; k < n; ++k) {
    rule->nodes.push_back((k + 0.5) / n);
    rule->weights.push_back(1.0 / n);
  }
  return rule;
}

}  // namespace whylight
