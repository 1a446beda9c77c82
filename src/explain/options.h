// What the options of an explanation mean by themselves, before any model is looked at.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "explain/engine.h"
#include "whylight/explainer.h"

namespace whylight {

// Errors: kInvalidArgument for a method that does not exist, a number out of range, players that
// the method cannot have. The others here are for options that passed.
Status CheckExplainOptions(const ExplainOptions& options);

// Whether somebody gave the option of this name, as flags have it without dashes: "noise-sigma".
using IsGiven = std::function<bool(std::string_view name)>;

// An option that none of these methods has is a misunderstanding, and an error (kInvalidArgument)
// that names the methods which do. The methods are known ones.
Status CheckOptionsAreHeeded(const IsGiven& given, const ExplainOptions& options,
                             std::span<const std::string> methods);

// options.steps, or what the method takes without; 0: as many as the tolerance needs.
int StepsOf(const ExplainOptions& options);

// Of Expected Gradients: the rows that are drawn.
int DrawsOf(const ExplainOptions& options);

// As options are written: 0.01, never 1e-02 or 0,01; and as JSON numbers are, with a decimal point.
std::string FormatOption(double value);
std::string JsonOption(double value);

bool NeedsGradients(const ExplainOptions& options);
// The method takes gradients at a layer; else, if it needs any, at the inputs.
bool TakesGradientsAtLayer(const ExplainOptions& options);
// The method answers with examples near the instance.
bool FindsExamples(const ExplainOptions& options);
bool NeedsPicture(const ExplainOptions& options);
// The method starts from baselines that can be given.
bool TakesBaselines(const ExplainOptions& options);
// The method compares the instance's score with another.
bool HasBaseline(const ExplainOptions& options);
// The players are pieces of the request's text: a request is prepared anew for each coalition.
bool ExplainsPieces(const ExplainOptions& options);

EngineOptions EngineOptionsOf(const ExplainOptions& options);

// nullptr without metadata, or where it does not name the feature.
const InputMetadata* MetadataOf(const ExplainOptions& options, std::string_view feature);

// Gradients are taken at the encoded tensor instead of at the input.
bool IsExplainedEncoded(const InputMetadata& input, const ExplainOptions& options);
// A sparse tensor that is explained itself: as NamedTensor says.
bool IsFedAsDense(const InputMetadata& input, const ExplainOptions& options);

}  // namespace whylight
