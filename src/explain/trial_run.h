// Loads a model and runs a made-up row, for what files cannot tell: ops and kernels that this
// TensorFlow lacks, Python functions, variables that a run misses.
#pragma once

#include <optional>

#include "model/check.h"
#include "model/model.h"
#include "whylight/runtime.h"

namespace whylight {

// Adds what a run of the explained (or predicted) signature shows to a report made from the files.
//   missing-kernel, unknown-op, python-function, missing-variable, run-failed     load_error
// An error about the *content* of the made-up row (a JPEG that is none, an unparsable tf.Example,
// an id out of range) says nothing against the model.
void TrialRun(const Model& model, const Runtime& runtime, const SessionOptions& session,
              CheckReport& report);

// Whether a failed run's status is about the fed values and not about the model.
bool IsContentError(const Status& status);

}  // namespace whylight
