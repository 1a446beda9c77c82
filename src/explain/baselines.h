// Where paths and games start: the baselines of the explained inputs, and who chose them.
#pragma once

#include <string>
#include <vector>

#include "explain/explained.h"
#include "model/program.h"
#include "whylight/explainer.h"
#include "whylight/function.h"

namespace whylight {

// --baseline goes before the metadata (encoded_baselines where gradients are taken at the encoded
// tensor); without either an input starts from zeros, a string from "", and XRAI's pictures from
// their own black and white.
//
// Errors  kInvalidArgument: a baseline of no explained input; inputs with different numbers of
//         them, neither 1. kFailedPrecondition: a baseline of an input that is held.
Status CheckBaselines(const Explained& explained, const ExplainOptions& options);

// For each baseline a row in the form of `x`, the values of explained.inputs.
// Errors: kInvalidArgument if one has not the shape or dtype of its input.
Result<std::vector<Row>> BaselineRows(const Row& x, const Explained& explained,
                                      const ExplainOptions& options);

// In order of explained.names.
std::vector<BaselineNote> DescribeBaselines(const Program& program, const Explained& explained,
                                            const ExplainOptions& options);

// Whether a float scalar or vector starts from zeros that nobody chose.
bool TableStartsAtZero(const Program& program, const Explained& explained,
                       const ExplainOptions& options);

}  // namespace whylight
