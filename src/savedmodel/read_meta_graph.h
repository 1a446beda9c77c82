// The bytes of a SavedModel message, into the structs of saved_model.h.
#pragma once

#include <string_view>
#include <vector>

#include "savedmodel/saved_model.h"

namespace whylight {

// All meta graphs of a serialized SavedModel. Views in them point into `bytes`.
// Errors: kDataLoss, with the place inside the message: malformed at any depth, none there, or
// an object graph whose ids do not exist.
Result<std::vector<MetaGraph>> ReadMetaGraphs(std::string_view bytes);

}  // namespace whylight
