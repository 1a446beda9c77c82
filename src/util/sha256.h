// SHA-256 (FIPS 180-4).
//
// Threads No state.
#pragma once

#include <string>
#include <string_view>

namespace whylight {

// In 64 hexadecimal digits, lower case.
std::string Sha256Hex(std::string_view data);

}  // namespace whylight
