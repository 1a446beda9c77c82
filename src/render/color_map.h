// The colour maps that requests name: tables of 256 colours for an intensity.
//
//   RED    red: 0, 64.248, 128.496, then 0.498 more an entry; the last 255. Green and blue 0.
//   GREEN  green: 0, 38.953, 77.906, then 0.7028 more an entry; the last two 255.
//   PINK   RED's number in red and in blue.
//   VIRIDIS           matplotlib's table.
//   PINK_WHITE_GREEN  (255, 2i, 255) for i = 0 .. 127, then (255 - 2i, 255, 255 - 2i).
// Fractions are rounded to the nearest integer (64.248 -> 64, 38.953 -> 39), as matplotlib does
// when it writes viridis in hexadecimal.
//
// Threads No state.
// Source  The tables of explainable_ai_sdk 1.3.3; viridis: matplotlib 3.11, _cm_listed.py (CC0).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace whylight {

using Rgb = std::array<std::uint8_t, 3>;
using ColorTable = std::array<Rgb, 256>;

enum class Sign { kPositive, kNegative };
enum class ColorMap {
  kPinkGreen,  // GREEN for positive, PINK for negative.
  kViridis,
  kRed,
  kGreen,
  kRedGreen,        // GREEN for positive, RED for negative.
  kPinkWhiteGreen,  // One table over both signs.
};

const ColorTable& ColorTableOf(ColorMap map, Sign sign);

// The entry of intensity v, clamped to [0, 1]: round(255 v); of kPinkWhiteGreen round(128 + 127 v),
// and round(127 - 127 v) for a negative sign.
std::size_t ColorIndex(ColorMap map, Sign sign, double v);
Rgb ColorAt(ColorMap map, Sign sign, double v);

// Where nothing is highlighted: entry 0, of kPinkWhiteGreen its middle, 128.
Rgb BackgroundOf(ColorMap map, Sign sign);

}  // namespace whylight
