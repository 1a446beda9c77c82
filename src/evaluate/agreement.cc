#include "evaluate/agreement.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <numeric>
#include <vector>

#include "whylight/status.h"

namespace whylight {
namespace {

std::vector<double> RanksOf(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
    for (std::size_t i = first; i < last; ++i) {
      ranks[order[i]] = static_cast<double>(first + last - 1) / 2;
    }
    first = last;
  }
  return ranks;
}

std::vector<std::size_t> LargestOf(std::span<const double> values, std::size_t k) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater(),
                           [&](std::size_t i) { return std::abs(values[i]); });
  order.resize(k);
  std::ranges::sort(order);
  return order;
}

}  // namespace

double RankAgreement(std::span<const double> a, std::span<const double> b) {
  WHYLIGHT_CHECK(a.size() == b.size());
  const std::vector<double> ranks_a = RanksOf(a), ranks_b = RanksOf(b);
  const double mean = (static_cast<double>(a.size()) - 1) / 2;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (ranks_a[i] - mean) * (ranks_b[i] - mean);
    aa += (ranks_a[i] - mean) * (ranks_a[i] - mean);
    bb += (ranks_b[i] - mean) * (ranks_b[i] - mean);
  }
  if (aa == 0 || bb == 0) return std::nan("");
  return ab / std::sqrt(aa * bb);
}

double TopOverlap(std::span<const double> a, std::span<const double> b, std::size_t k) {
  WHYLIGHT_CHECK(a.size() == b.size() && k >= 1 && k <= a.size());
  std::vector<std::size_t> both;
  std::ranges::set_intersection(LargestOf(a, k), LargestOf(b, k), std::back_inserter(both));
  return static_cast<double>(both.size()) / static_cast<double>(k);
}

std::size_t TopOf(std::size_t units) {
  return std::max((units + 9) / 10, std::min<std::size_t>(5, (units + 1) / 2));
}

}  // namespace whylight
