// Explanations for a person at a terminal.
#pragma once

#include <string>

#include "cli/table.h"
#include "explain/explanation_json.h"
#include "explain/summary.h"
#include "io/instances.h"
#include "whylight/explainer.h"

namespace whylight {

// What is explained, how, from which baseline and who chose it, and what to beware of.
std::string PlanText(const Provenance& provenance, const TableStyle& style);

// One instance: F(baseline) -> F(x), the sum and the gap, then features by |attribution|. Pictures
// are drawn beside their heat map, texts with a signed margin; of more than 30 elements the top 10
// are listed.
std::string ExplanationText(const Instance& instance, const Explanation& explanation,
                            const TableStyle& style);

// Of each label and of all: how many, mean scores, mean and greatest error, then features by mean
// |attribution| with their signed means. Of more than 30 the top 10 are listed.
std::string SummaryText(const Summary& summary, const TableStyle& style);

}  // namespace whylight
