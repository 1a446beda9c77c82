// How much a picture holds: the size of its lossless compression.
//
// Threads No state.
#pragma once

#include <cstddef>

#include "image/image.h"
#include "whylight/status.h"

namespace whylight {

inline constexpr int kMaxWebpSide = 16383;

// Bytes of the image as lossless WebP. Errors: kInvalidArgument: no pixel, a side beyond
// kMaxWebpSide.
Result<std::size_t> LosslessBytes(const Image& image);

}  // namespace whylight
