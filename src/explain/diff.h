// Two files of answers about the same instances, compared: how far attributions, scores and orders
// of features differ, and where most.
//
// Threads No state.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "evaluate/difference.h"
#include "whylight/status.h"

namespace whylight {

struct DiffOptions {
  std::string ours, theirs;  // As AnswerReader takes them.
  // Rows are paired by the value of this member of the instance, or by the "key" of a service's
  // batch file; empty: in the files' order.
  std::string key;
  double tolerance = 0.05;  // Of Difference::relative of an attribution, >= 0.
  int top_k = 5;            // >= 1
};

// Of one feature, over the attributions that have it. A side without it has zeros there.
struct FeatureDiff {
  std::string name;
  std::size_t only_ours = 0, only_theirs = 0;
  std::size_t by_sum = 0;  // Shapes differed: sums of the elements were compared.
  Spread absolute;         // As Difference, over the feature's elements.
  Spread relative;
  std::size_t sign_flips = 0;  // Of elements, above the noise of the whole attribution.
};

// An attribution whose relative difference is not within the tolerance.
struct DiffOutlier {
  std::string ours, theirs;  // Places in the files.
  std::string label;         // `probabilities[1] "versicolor"`
  double relative = 0;
  // The difference is no larger than what both answers say that they miss:
  //   absolute <= sum over both of approximationError * |F(x) - F(b)|
  bool is_within_errors = false;
};

struct DiffProblem {
  std::string place;    // "ours line 3"
  std::string message;  // What was not compared, and why.
};

struct ExplanationDiff {
  std::size_t rows = 0;               // Pairs with an attribution that was compared.
  Spread absolute, relative;          // Of attributions: Difference over all of their elements.
  Spread top_overlap;                 // Share of the top elements that both have.
  Spread rank_correlation;            // Spearman's, where there is an order.
  Spread instance_outputs;            // |F(x) of ours - F(x) of theirs|
  Spread baseline_outputs;            // |F(b) of ours - F(b) of theirs|
  Spread our_errors, their_errors;    // approximationError
  std::vector<FeatureDiff> features;  // By their mean absolute difference, greatest first.
  std::vector<DiffOutlier> outliers;  // Worst first.
  std::vector<DiffProblem> problems;  // The first 100.
  std::size_t problem_count = 0;
  std::vector<std::string> notes;  // What a person should know; no difference by itself.

  bool agrees() const { return outliers.empty() && problem_count == 0; }
};

// Attributions of a pair of rows belong together by output name and index; where one side names its
// output otherwise, by the index alone.
// Errors  kInvalidArgument: options; two rows of a file with one key; nothing could be compared
//         (the message has the first reason). As AnswerReader otherwise, with "ours" or "theirs".
Result<ExplanationDiff> DiffExplanations(const DiffOptions& options);

// {"agrees": true, "tolerance": 0.05, "topK": 5, "rows": 3, "attributions": 3,
//  "relativeDifference": {"mean", "max"}, "absoluteDifference": {"mean", "max"},
//  "topKAgreement": {"mean", "min"}, "rankCorrelation": {"mean", "min"} or null,
//  "instanceOutputDifference": {"mean", "max"}, "baselineOutputDifference": {"mean", "max"},
//  "approximationError": {"ours": {"mean", "max"}, "theirs": {"mean", "max"}},
//  "features": [{"name", "attributions", "absoluteDifference": {...}, "relativeDifference": {...},
//                "signFlips", "onlyOurs", "onlyTheirs", "bySum"}],
//  "outliers": [{"ours", "theirs", "label", "relativeDifference", "withinErrors"}],
//  "problems": [{"place", "message"}], "problemCount": 0, "notes": [...]}
std::string DiffJson(const DiffOptions& options, const ExplanationDiff& diff);

}  // namespace whylight
