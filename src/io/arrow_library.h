// Arrow, for Parquet and buckets: loaded when first used, so that other files need none of it.
//
// Threads Safe.
#pragma once

#include <string>

#include "io/arrow/module.h"
#include "whylight/status.h"

namespace whylight {

// libwhylight_arrow.so of WHYLIGHT_ARROW, else beside the program, else in ../lib/whylight of it.
// It stays in memory. Errors: kUnavailable, with the reason and what to install.
Result<const WhylightArrow*> LoadArrow();
// The same, as a message says it to whoever reads or writes Parquet, or a bucket.
Result<const WhylightArrow*> LoadArrowForParquet();
Result<const WhylightArrow*> LoadArrowForBuckets();

// OK, or the message of a function of the module, which is freed.
Status TakeArrowError(char* message);

}  // namespace whylight
