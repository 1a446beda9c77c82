// Pictures in a terminal: two pixels a character (upper half block), in colour.
//
// Threads No state, but for ColorDepthFromEnvironment, which reads environment variables.
#pragma once

#include <string>
#include <vector>

#include "image/image.h"
#include "whylight/status.h"

namespace whylight {

enum class ColorDepth {
  kNone,       // ASCII, one character of " .:-=+*#%@" by brightness for two pixels.
  k256,        // The 6 x 6 x 6 cube and the grey ramp of xterm.
  kTrueColor,  // 24 bits.
};

struct TerminalImageOptions {
  int max_columns = 80;  // >= 1. The picture is made smaller to fit, never larger.
  int max_lines = 40;
  ColorDepth colors = ColorDepth::kTrueColor;
};

// Lines that end in "\n", each with its colours reset at the end.
// Errors  kInvalidArgument: no pixel, or no room.
Result<std::string> DrawInTerminal(const Image& image, const TerminalImageOptions& options = {});

// Several pictures beside each other with a title above each; each gets its share of max_columns.
struct TitledImage {
  std::string title;  // Cut to the picture's width.
  Image image;
};
Result<std::string> DrawInTerminal(const std::vector<TitledImage>& images,
                                   const TerminalImageOptions& options = {});

// What the terminal on standard output can do: NO_COLOR or TERM=dumb: none; COLORTERM=truecolor or
// 24bit: 24 bits; TERM with 256color: 256; another terminal: 256; no terminal: none.
ColorDepth ColorDepthFromEnvironment();

}  // namespace whylight
