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

enum class TableChart {
  kBars,       // Features by |attribution|, each from 0.
  kWaterfall,  // Each from where the one below it ends, from F(baseline) to F(x).
};

// One instance: F(baseline) -> F(x), the sum and the gap, then its features as the chart wants
// them; of more than 30 elements the top 10 are listed. Pictures are drawn beside their heat map,
// the lines of a text with a signed margin, its words (with colours) on the colour of their
// attribution. Methods without a baseline have no waterfall.
std::string ExplanationText(const Instance& instance, const Explanation& explanation,
                            const TableStyle& style, TableChart chart = TableChart::kBars);

// Of each label and of all: how many, mean scores, mean and greatest error, then features by mean
// |attribution| with their signed means. Of more than 30 the top 10 are listed.
std::string SummaryText(const Summary& summary, const TableStyle& style);

}  // namespace whylight
