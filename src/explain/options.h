// What the options of an explanation mean by themselves, before any model is looked at.
#pragma once

#include <string_view>
#include <vector>

#include "whylight/explainer.h"

namespace whylight {

// Errors: kInvalidArgument for a method that does not exist, a number out of range, players that
// the method cannot have. The others here are for options that passed.
Status CheckExplainOptions(const ExplainOptions& options);

// Those of the method alone, in force, as answers name them: steps, paths and seed are not among
// them. Numbers are float64.
std::vector<NamedValue> MethodParametersOf(const ExplainOptions& options);

bool NeedsGradients(const ExplainOptions& options);
bool NeedsPicture(const ExplainOptions& options);
// The method starts from baselines that can be given.
bool TakesBaselines(const ExplainOptions& options);
// The players are pieces of the request's text: a request is prepared anew for each coalition.
bool ExplainsPieces(const ExplainOptions& options);

// nullptr without metadata, or where it does not name the feature.
const InputMetadata* MetadataOf(const ExplainOptions& options, std::string_view feature);

}  // namespace whylight
