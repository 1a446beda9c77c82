// Several outputs explained at once: their scores as one tensor, so that they share every run.
#pragma once

#include <vector>

#include "model/program.h"

namespace whylight {

// [rows, elements of all outputs], each output flattened, in their order; without rows a vector.
// float64 if one of them is, else float32. One output is returned as it is.
// Errors: kInternal only.
Result<Output> JoinOutputs(Program& program, const std::vector<Output>& outputs);

}  // namespace whylight
