// What classes and features are called in an answer.
#pragma once

#include <string>
#include <vector>

#include "explain/select.h"
#include "model/program.h"
#include "whylight/explainer.h"
#include "whylight/function.h"

namespace whylight {

// Of the elements of `chosen` in one instance's `outputs` (in order of Program::outputs): those
// given; the metadata's; a string output with as many elements as the scores. Empty if they have
// none; metadata's may be of another number than the elements are.
std::vector<std::string> ClassLabels(const Program& program, const ChosenOutput& chosen,
                                     const Row& outputs, const ExplainOptions& options);

// The explained values of one instance and their shares as features of the answer, with names of
// their elements from the metadata or, for a single feature, from options.feature_names.
// names, x, shares: one for each feature. Where the names are not as many as the share's elements,
// and for pieces of a text, there are none.
std::vector<FeatureAttribution> NameFeatures(const std::vector<std::string>& names, const Row& x,
                                             const Row& shares, const ExplainOptions& options);

}  // namespace whylight
