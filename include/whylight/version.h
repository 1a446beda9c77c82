#pragma once

namespace whylight {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace whylight
