// Colours of a terminal.
//
// Threads No state, but for ColorDepthFromEnvironment, which reads environment variables.
#pragma once

#include <string>

#include "render/color_map.h"

namespace whylight {

enum class ColorDepth {
  kNone,       // No colours at all.
  k256,        // The 6 x 6 x 6 cube and the grey ramp of xterm.
  kTrueColor,  // 24 bits.
};

// What the terminal on standard output can do: NO_COLOR or TERM=dumb: none; COLORTERM=truecolor or
// 24bit: 24 bits; TERM with 256color: 256; another terminal: 256; no terminal: none.
ColorDepth ColorDepthFromEnvironment();

// The sequences that set the colour of letters, of what is behind them; "" of kNone.
std::string LetterColor(const Rgb& color, ColorDepth depth);
std::string BackColor(const Rgb& color, ColorDepth depth);
inline constexpr char kPlain[] = "\x1b[0m";  // Ends them.

}  // namespace whylight
