// Columns of numbers as a page reads them: base64 of little-endian arrays.
//
// Threads No state.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "io/json.h"

namespace whylight {

// Objects of one member: {"f64": "..."}, {"f32": "..."}, {"u32": "..."}. NaN stands for missing.
void WriteColumn(JsonWriter& w, std::span<const double> values);
void WriteColumn(JsonWriter& w, std::span<const float> values);
void WriteColumn(JsonWriter& w, std::span<const std::uint32_t> values);

// The array alone, as a string value.
std::string EncodeColumn(std::span<const std::byte> bytes);

}  // namespace whylight
