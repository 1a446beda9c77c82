// Sparse inputs that are fed as dense ones (NamedTensor): their rows and baselines.
#pragma once

#include <string>

#include "model/program.h"
#include "whylight/explainer.h"
#include "whylight/function.h"

namespace whylight {

// Whether an element is what AbsentValue() makes.
bool IsAbsent(const Tensor& tensor, std::size_t index);

// A row is prepared beside others, and is as wide as the widest of them. Here absent values are cut
// off its end, so that its answer does not hang on its neighbours, but for one value and as many as
// the longest baseline has. Weights are as wide as their values. Inputs that are no vectors stay.
void FitSparseInputs(const Program& program, const ExplainOptions& options, Row& row);

// A single value takes the place of every value that `x` has; a list stands at the front, the rest
// is absent. Errors: as BaselineFromJson; a list longer than `x`.
Result<Tensor> SparseBaseline(const Json& json, const Tensor& x, const std::string& place);
// No value at all.
Tensor EmptyLike(const Tensor& x);

}  // namespace whylight
