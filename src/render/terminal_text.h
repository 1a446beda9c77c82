// A text in a terminal, each token on the colour of its attribution.
//
//   colour = the diverging map at sign(a) (|a| / M)^0.5,  M = max |a|
// Letters are white or black, whichever differs more from what is behind them, and underlined where
// a > 0, so that the sign is not told by colour alone.
//
// Threads No state.
#pragma once

#include <span>
#include <string>

#include "render/terminal_color.h"

namespace whylight {

struct TerminalTextOptions {
  int columns = 80;  // >= 1. A token that would go beyond begins a line, and is cut there.
  ColorDepth colors = ColorDepth::kTrueColor;  // kNone: the text alone.
};

// Tokens in their order; a line break in a token ends a line. As many attributions as tokens.
// Control characters and bytes that are no UTF-8 are shown as \xNN.
std::string DrawTokensInTerminal(std::span<const std::string> tokens,
                                 std::span<const double> attributions,
                                 const TerminalTextOptions& options = {});

}  // namespace whylight
