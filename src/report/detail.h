// What the page of one row shows of a feature: its elements with their attributions.
//
// Threads No state.
#pragma once

#include <string>
#include <string_view>

#include "io/json.h"
#include "whylight/explainer.h"

namespace whylight {

// An element of more axes than fit is summed over the last ones.
inline constexpr std::size_t kMaxShownElements = 4096;

// The object {"kind": "tokens", ...} or {"kind": "vector", ...} of a feature; whether it is tokens.
bool WriteElementsOf(const FeatureAttribution& feature, JsonWriter& w);

// Member "standardErrors" of features of one number, if the method knows any.
void WriteStandardErrors(const OutputAttribution& attribution, JsonWriter& w);

// A string for people, line breaks and all, cut at 1000 bytes; what is no text is counted ("1204
// bytes").
std::string ShownText(std::string_view text);

}  // namespace whylight
