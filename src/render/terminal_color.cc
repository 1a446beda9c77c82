#include "render/terminal_color.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace whylight {
namespace {

// The nearest of xterm's 6 x 6 x 6 cube (levels 0, 95, 135 .. 255) and its 24 greys (8, 18 .. 238).
int Xterm256(const Rgb& color) {
  constexpr int kLevels[] = {0, 95, 135, 175, 215, 255};
  const auto square = [](int v) { return v * v; };
  int cube = 16, cube_distance = 0;
  constexpr int kWeights[] = {36, 6, 1};
  for (std::size_t c = 0; c < 3; ++c) {
    const auto* const level = std::ranges::min_element(
        kLevels, {}, [&](int candidate) { return std::abs(candidate - color[c]); });
    cube += kWeights[c] * static_cast<int>(level - kLevels);
    cube_distance += square(*level - color[c]);
  }
  const int mean = (color[0] + color[1] + color[2]) / 3;
  const int step = std::clamp((mean - 3) / 10, 0, 23);
  int grey_distance = 0;
  for (const int v : color) grey_distance += square(8 + 10 * step - v);
  return grey_distance < cube_distance ? 232 + step : cube;
}

std::string Code(std::string_view layer, const Rgb& color, ColorDepth depth) {
  if (depth == ColorDepth::kNone) return "";
  std::string code = "\x1b[" + std::string(layer);
  if (depth == ColorDepth::k256) return code + ";5;" + std::to_string(Xterm256(color)) + "m";
  code += ";2";
  for (const int v : color) code += ";" + std::to_string(v);
  return code + "m";
}

}  // namespace

std::string LetterColor(const Rgb& color, ColorDepth depth) { return Code("38", color, depth); }

std::string BackColor(const Rgb& color, ColorDepth depth) { return Code("48", color, depth); }

ColorDepth ColorDepthFromEnvironment() {
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string_view(value == nullptr ? "" : value);
  };
  const std::string_view term = variable("TERM"), color_term = variable("COLORTERM");
  if (isatty(STDOUT_FILENO) != 1 || !variable("NO_COLOR").empty() || term == "dumb") {
    return ColorDepth::kNone;
  }
  const bool is_true = color_term == "truecolor" || color_term == "24bit";
  return is_true ? ColorDepth::kTrueColor : ColorDepth::k256;
}

}  // namespace whylight
