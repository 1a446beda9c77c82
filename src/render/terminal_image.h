// Pictures in a terminal: two pixels a character (upper half block), in colour.
// Without colours they are ASCII, one character of " .:-=+*#%@" by brightness for two pixels.
//
// Threads No state.
#pragma once

#include <string>
#include <vector>

#include "image/image.h"
#include "render/terminal_color.h"
#include "whylight/status.h"

namespace whylight {

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

}  // namespace whylight
