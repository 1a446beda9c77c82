#include "explain/sums.h"

#include <numeric>

namespace whylight {

double SumOf(const FeatureAttribution& feature) {
  const std::span<const double> values = feature.values.data<double>();
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double SumOf(const OutputAttribution& attribution) {
  double sum = 0;
  for (const FeatureAttribution& feature : attribution.features) {
    for (const double value : feature.values.data<double>()) sum += value;
  }
  return sum;
}

double GapOf(const OutputAttribution& attribution) {
  return attribution.instance_output - attribution.baseline_output - SumOf(attribution);
}

}  // namespace whylight
