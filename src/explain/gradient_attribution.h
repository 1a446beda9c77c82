// Integrated Gradients of a loaded model.
#pragma once

#include <span>

#include "explain/attribution_task.h"
#include "explain/engine.h"
#include "explain/explained.h"
#include "whylight/explainer.h"

namespace whylight {

// x and values of the shares have the shapes of the explained inputs.
// Errors: those of BaselineRows and IntegratedGradients; that of one task is the answer to all.
Result<AttributionResult> AttributeByGradients(Engine& engine, const Explained& explained,
                                               const ExplainOptions& options,
                                               std::span<const AttributionTask> tasks);

}  // namespace whylight
