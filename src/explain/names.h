// What classes and features are called in an answer.
#pragma once

#include <string>
#include <vector>

#include "explain/explained.h"
#include "explain/methods/method.h"
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

// The options' class, indices and labels against the output's static shape and the labels that are
// known without a row; what only rows can tell is not judged. Errors: as ChooseTargets.
Status CheckTargets(const Program& program, const ChosenOutput& chosen,
                    const ExplainOptions& options);

// options.feature_names against the one explained input, and its shape as far as it is known.
// Errors: kInvalidArgument for several inputs; else as CheckFeatureCount.
Status CheckFeatureNames(const Program& program, const Explained& explained,
                         const ExplainOptions& options);
// `shape`: of one instance of the explained input. Errors: kOutOfRange with both numbers.
Status CheckFeatureCount(const Shape& shape, const Explained& explained,
                         const ExplainOptions& options);

// Whether `names`, a table's header, can name the elements of what is explained: the request's own
// single vector of as many, which the metadata does not name.
bool AreElementNames(const std::vector<std::string>& names, const Program& program,
                     const Explained& explained, const ExplainOptions& options);

// The explained values of one instance and their shares as features of the answer, with names of
// their elements from options.feature_names, else the metadata, whose encoding says what a feature
// is (reduce.h).
// Where the names are not as many as the share's elements, and for pieces of a text, there are
// none.
std::vector<FeatureAttribution> NamedFeatures(const Explained& explained, const Shares& shares,
                                              const ExplainOptions& options);

// `probabilities[2] "virginica"`.
std::string LabelText(const OutputAttribution& attribution);

}  // namespace whylight
