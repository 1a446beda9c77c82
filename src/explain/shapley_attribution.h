// Sampled Shapley of a loaded model.
#pragma once

#include <span>

#include "explain/attribution_task.h"
#include "explain/engine.h"
#include "explain/explained.h"
#include "whylight/explainer.h"

namespace whylight {

// Players are the explained inputs (values has a number for each), their elements (values has their
// shapes), or the pieces of the text (x holds the pieces).
// Errors: those of BaselineRows and SampledShapley; kInvalidArgument for a game of more players
// than anybody waits for, and for a request that holds not one text; that of one task is the answer
// to all.
Result<AttributionResult> AttributeByShapley(Engine& engine, const Explained& explained,
                                             const ExplainOptions& options,
                                             std::span<const AttributionTask> tasks);

}  // namespace whylight
