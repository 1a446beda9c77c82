// Remarks about an explanation that a person should hear before believing it. Every rule id has
// an anchor in docs/troubleshooting.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attribution/list.h"
#include "whylight/explainer.h"

namespace whylight {

struct WarningContext {
  bool saturates = false;              // The explained output is a Softmax's or Sigmoid's.
  const MethodInfo* method = nullptr;  // Whose approximation_error it is.
  bool has_noise = false;              // At the points of its paths.
  const ExplanationMetadata* metadata = nullptr;
};

//   small-difference   |F(x) - F(b)| < 0.05: little was there to share out
//   large-gap          the sum misses F(x) - F(b) by more than 5 %
//   not-converged      the tolerance was not reached: the attributions may be further off
//   sampling-error     the standard error is above 5 % of F(x) - F(b), of a method that compares
//                      with nothing of the attributions
//   saturated-softmax  a score above 0.999: gradients vanish near it; explain the logits
//   outside-domain     an input outside the domain that the metadata declares
void AddWarnings(const WarningContext& context, OutputAttribution& attribution);

// zero-baseline: zeros that nobody chose, on a table.
Warning ZeroBaselineWarning(const std::vector<std::string>& inputs);
// dropped-attribute: what the graph has that this TensorFlow does not know, each with its place.
std::vector<Warning> DroppedAttributeWarnings(const std::vector<std::string>& dropped);
// rows-not-independent: a row has another answer beside other rows.
Warning RowsNotIndependentWarning(const std::string& what);

std::string FormatNumber(double value);  // 4 significant digits.

}  // namespace whylight
