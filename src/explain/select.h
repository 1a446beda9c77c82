// Which output of a signature is explained, and which of its elements.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/program.h"
#include "whylight/explainer.h"

namespace whylight {

struct ChosenOutput {
  std::size_t index = 0;  // Into Program::outputs.
  std::string name;       // As the answer calls it: the metadata's name, or the key.
};

// options.output_name; else the metadata's output; else the only numeric one.
// Errors: kNotFound for a name that is not there; kInvalidArgument if several could be meant, or
// the chosen one is not numeric; each lists the outputs.
Result<ChosenOutput> ChooseOutput(const Program& program, const ExplainOptions& options);

// The same for several at once: options.output_name may be "a,b" (a name that holds a comma is
// taken whole where an output has it); without it all outputs of the metadata. Each output once.
Result<std::vector<ChosenOutput>> ChooseOutputs(const Program& program,
                                                const ExplainOptions& options);

// Flat indices into one row's output, in the order of the answer: a label or index; the given
// indices; or the top_k highest (ties: the lower index first; NaN last).
// Errors: kOutOfRange for what the options ask for and the output does not have: an index outside,
// a label that is not there, another rank, more or fewer options.labels than elements.
// kFailedPrecondition for an output without elements.
Result<std::vector<std::int64_t>> ChooseTargets(const Tensor& output, const ExplainOptions& options,
                                                const std::vector<std::string>& labels);

// The index along each axis of `shape` of its flat element: {} for a scalar.
std::vector<std::int64_t> IndexOf(std::int64_t flat, const Shape& shape);
std::string IndexText(std::span<const std::int64_t> index);  // "1,2"

}  // namespace whylight
