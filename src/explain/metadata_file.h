// Which metadata file goes with a model.
#pragma once

#include <string>

#include "model/model.h"
#include "whylight/metadata.h"

namespace whylight {

// The given file; else explanation_metadata.json beside saved_model.pb; "" if there is none.
std::string MetadataPathFor(const Model& model, const std::string& given);

// Problems of the content are in the result, a syntax error of JSON too (as one of the whole file).
// Errors: what reading the file gives.
Result<ParsedMetadata> ReadMetadataFile(const std::string& path, ServiceLimits limits);

}  // namespace whylight
