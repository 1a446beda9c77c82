// Whether a model can be explained: by its files, its metadata and, if wanted, a run.
//
// Threads No state.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "metadata/explanation_spec.h"
#include "model/check.h"
#include "whylight/metadata.h"
#include "whylight/runtime.h"
#include "whylight/status.h"

namespace whylight {

struct JudgeOptions {
  CheckOptions check;
  std::string metadata;  // A file; empty: the spec's, else the one beside the model, if there is.
  // Its parameters are judged too: rules spec-parameters (what cannot be read) and spec-method (a
  // method that cannot explain the model), both refuse.
  std::optional<ExplanationSpec> spec;
  ServiceLimits limits = ServiceLimits::kKept;
  // Set: the model is loaded too, and runs a made-up row.
  std::function<Result<std::unique_ptr<Runtime>>()> open_runtime;
  SessionOptions session;
};

struct Judgement {
  CheckReport report;
  std::vector<std::string> methods;  // All that can explain it.
  std::string metadata;              // What was judged, a file or a part of one; empty: none.
};

// A model that cannot be read is a judgement, not an error.
// Errors: reading the metadata's file; opening the runtime.
Result<Judgement> Judge(const std::string& path, const JudgeOptions& options);

std::string_view SeverityName(Problem::Severity severity);  // "error", "warning", "note"

// {"verdict": "explain", "signature": KEY or null, "preprocess": ..., "reason": ..., "metadata":
//  FILE or null, "methods": [...], "problems": [{"severity", "rule", "place", "message", "fix"}]}
std::string JudgementJson(const Judgement& judgement);

}  // namespace whylight
