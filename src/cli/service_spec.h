// What services' specifications say of the method and the baselines, as options: a file of
// --parameters, and the explanationSpecOverride of a request.
#pragma once

#include <string>
#include <vector>

#include "cli/args.h"
#include "whylight/explainer.h"
#include "whylight/json.h"
#include "whylight/metadata.h"
#include "whylight/status.h"

namespace whylight {

// Both set what no option of the command line was given for, and say on standard error what is
// worth a note; `examples` become the files of examples, if the first names any. Errors: as
// ParseExplanationParameters, with the file's name in front; kNotFound.
Status ReadParametersFile(const std::string& path, ServiceLimits limits, const Args& given,
                          ExplainOptions& options, std::vector<std::string>& examples);

// An override may change the method, which the services refused; that is noted.
Status ApplyOverride(const Json& json, ServiceLimits limits, const Args& given,
                     ExplainOptions& options);

}  // namespace whylight
