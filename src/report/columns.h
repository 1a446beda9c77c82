// Columns of numbers as a page reads them: base64 of little-endian arrays.
//
// Threads No state.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/json.h"

namespace whylight {

// Objects of one member: {"f64": "..."}, {"f32": "..."}, {"u32": "..."}. NaN stands for missing.
void WriteColumn(JsonWriter& w, std::span<const double> values);
void WriteColumn(JsonWriter& w, std::span<const float> values);
void WriteColumn(JsonWriter& w, std::span<const std::uint32_t> values);

// The same as a member.
template <typename Number>
void WriteColumn(JsonWriter& w, std::string_view key, const std::vector<Number>& values) {
  w.Key(key);
  WriteColumn(w, std::span<const Number>(values));
}

// The array alone, as a string value.
std::string EncodeColumn(std::span<const std::byte> bytes);

}  // namespace whylight
