// What the options of an explanation mean by themselves, before any model is looked at.
#pragma once

#include <string>
#include <string_view>

#include "whylight/explainer.h"

namespace whylight {

// Errors: kInvalidArgument for a method that does not exist, a number out of range, players that
// the method cannot have. The others here are for options that passed.
Status CheckExplainOptions(const ExplainOptions& options);

// As options are written: 0.01, never 1e-02 or 0,01.
std::string FormatOption(double value);

bool NeedsGradients(const ExplainOptions& options);
// The players are pieces of the request's text: a request is prepared anew for each coalition.
bool ExplainsPieces(const ExplainOptions& options);

// nullptr without metadata, or where it does not name the feature.
const InputMetadata* MetadataOf(const ExplainOptions& options, std::string_view feature);

// Gradients are taken at the encoded tensor instead of at the input.
bool IsExplainedEncoded(const InputMetadata& input, const ExplainOptions& options);
// A sparse tensor that is explained itself: as NamedTensor says.
bool IsFedAsDense(const InputMetadata& input, const ExplainOptions& options);

}  // namespace whylight
