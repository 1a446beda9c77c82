// The bytes of ops.pb, compiled in (see cmake/embed.cmake).
#pragma once

namespace whylight {

extern const char kOpListBytes[];
extern const unsigned long kOpListSize;

}  // namespace whylight
