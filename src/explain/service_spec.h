// What services' specifications say of the method and the baselines, as options: explanation
// parameters, and the explanationSpecOverride of a request.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "explain/options.h"
#include "whylight/explainer.h"
#include "whylight/json.h"
#include "whylight/metadata.h"
#include "whylight/status.h"

namespace whylight {

std::string NameOf(MethodName method);  // As options name it: "sampled-shapley".

// Both set what was not given as an option. Files of examples that the parameters name are the
// caller's to read. `source` is who says it, for notes.
void ApplyParameters(const ExplanationParameters& parameters, std::string_view source,
                     const IsGiven& given, ExplainOptions& options);

// Returns what a person should be told: remarks on the override, and a change of the method, which
// the services refuse. Errors: as ParseExplanationSpecOverride, with its key in front.
Result<std::vector<std::string>> ApplyOverride(const Json& json, ServiceLimits limits,
                                               const IsGiven& given, ExplainOptions& options);

// "metadata.json: inputs.x.encoding: message", one for each problem.
std::vector<std::string> NotesOf(const std::string& source,
                                 const std::vector<MetadataProblem>& problems);

}  // namespace whylight
