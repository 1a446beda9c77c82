// Base64 (RFC 4648), strict.
//
// Threads No state.
#pragma once

#include <string>
#include <string_view>

#include "whylight/status.h"

namespace whylight {

// The standard alphabet (+ and /), padded.
std::string Base64Encode(std::string_view bytes);

// Either alphabet (+/ or -_, not both in one text), padding optional but, if there, complete.
// Errors  kInvalidArgument: a character outside the alphabet (line breaks included), a length that
//         no bytes have, or set bits after the last byte; the message gives the offset.
Result<std::string> Base64Decode(std::string_view text);

}  // namespace whylight
