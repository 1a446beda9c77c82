// Sums of attributions.
//
// Threads No state.
#pragma once

#include "whylight/explainer.h"

namespace whylight {

double SumOf(const FeatureAttribution& feature);     // Of its elements.
double SumOf(const OutputAttribution& attribution);  // Of the elements of all its features.

// F(x) - F(b) - sum of all attributions.
double GapOf(const OutputAttribution& attribution);

}  // namespace whylight
