// Explanations for a person at a terminal.
#pragma once

#include <string>

#include "explain/explanation_json.h"
#include "io/instances.h"
#include "render/terminal_image.h"
#include "whylight/explainer.h"

namespace whylight {

struct TableStyle {
  ColorDepth colors = ColorDepth::kNone;
  int columns = 80;
};

// What is explained, how, from which baseline and who chose it, and what to beware of.
std::string PlanText(const Provenance& provenance, const TableStyle& style);

// One instance: F(baseline) -> F(x), the sum and the gap, then features by |attribution|. Pictures
// are drawn beside their heat map, texts with a signed margin; of more than 30 elements the top 10
// are listed.
std::string ExplanationText(const Instance& instance, const Explanation& explanation,
                            const TableStyle& style);

}  // namespace whylight
