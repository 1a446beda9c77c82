// Files in, answers out: rows that fail are handed on with their reason, the others go on.
#pragma once

#include <functional>
#include <string>

#include "explain/comparison.h"
#include "io/instances.h"
#include "whylight/explainer.h"

namespace whylight {

struct BatchCounts {
  std::size_t done = 0;
  std::size_t failed = 0;
};

// Called in the order of the instances. An error of a sink (a full disk) ends the run.
using ExplanationSink = std::function<Status(const Instance&, const Result<Explanation>&)>;
using PredictionSink =
    std::function<Status(const Instance&, const Result<std::vector<NamedValue>>&)>;
// Rows finished so far, after every window.
using ProgressFn = std::function<void(const BatchCounts&)>;

// Errors: of reading as a whole, of the sink, kCancelled. A failed row is none: it is counted.
Result<BatchCounts> ExplainAll(InstanceReader& reader, Explainer& explainer,
                               const ExplanationSink& sink, const ProgressFn& progress);
// A sink for the rows that not all methods explain.
using FailureSink = std::function<Status(const Instance&, const Status&)>;
Result<BatchCounts> CompareAll(InstanceReader& reader, Comparison& comparison,
                               const FailureSink& failed, const ProgressFn& progress);
Result<BatchCounts> PredictAll(InstanceReader& reader, Predictor& predictor,
                               const PredictionSink& sink, const ProgressFn& progress);

}  // namespace whylight
