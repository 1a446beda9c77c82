// Snappy, with which some TensorFlow builds compress the index of a checkpoint.
//
// Source  https://github.com/google/snappy/blob/main/format_description.txt
#pragma once

#include <string>
#include <string_view>

#include "whylight/status.h"

namespace whylight {

// Errors: kDataLoss for anything that is not a whole Snappy block.
Result<std::string> SnappyUncompress(std::string_view compressed);

}  // namespace whylight
