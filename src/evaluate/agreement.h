// How far two attributions of the same units agree.
#pragma once

#include <cstddef>
#include <span>

namespace whylight {

// Spearman's rank correlation in [-1, 1]: that of Pearson between ranks, equal values having the
// mean of theirs. NaN where one of them has a single value only: it orders nothing.
// a, b: as many, with their signs.
double RankAgreement(std::span<const double> a, std::span<const double> b);

// Share of the k units with the greatest |a| that are among the k with the greatest |b|; of equal
// ones the first count. Two orders at random share k / units. 1 <= k <= units.
double TopOverlap(std::span<const double> a, std::span<const double> b, std::size_t k);

// What a reader would call the top: 5, at most half of few units, at least a tenth of many.
std::size_t TopOf(std::size_t units);

}  // namespace whylight
