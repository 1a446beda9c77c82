// From F(baseline) to F(x), a bar for each feature.
//
//   gap = F(x) - F(b) - sum of totals, drawn first where |gap| > 0.005 |F(x) - F(b)|
//   then the features from the smallest |total| to the greatest, each from the sum before it to the
//   sum behind it; of more than `max_features` the smallest stand together.
// So the last step ends at F(x), or within half a per cent of the difference.
//
// Threads No state.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace whylight {

struct WaterfallStep {
  enum class Kind { kGap, kOthers, kFeature };
  Kind kind = Kind::kFeature;
  std::size_t feature = 0;  // kFeature: its place in the totals. kOthers: how many they are.
  double from = 0, to = 0;
};

// The lowest line first. Totals that are equal in size keep their order from the top: the first of
// them is the highest. Not finite ones are 0.
std::vector<WaterfallStep> Waterfall(double baseline_score, double score,
                                     std::span<const double> totals, std::size_t max_features);

}  // namespace whylight
