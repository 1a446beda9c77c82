// A model's outputs of rows, which must not hang on the rows beside them.
#pragma once

#include <span>
#include <vector>

#include "explain/engine.h"
#include "whylight/explainer.h"

namespace whylight {

// Engine::Outputs. The first time that rows may share a run of the engine, the first of them is run
// alone too: if its outputs are others then, all rows are run one by one from there on, with a
// warning.
std::vector<Result<Row>> IndependentOutputs(Engine& engine, std::span<const Row> rows,
                                            std::vector<Warning>& warnings);

}  // namespace whylight
