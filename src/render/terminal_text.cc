#include "render/terminal_text.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "render/heat_map.h"
#include "util/strings.h"
#include "whylight/status.h"

namespace whylight {
namespace {

constexpr std::size_t kLongestToken = 1000;

// Relative luminance of WCAG 2.
double Luminance(const Rgb& color) {
  const auto linear = [](std::uint8_t v) {
    const double share = v / 255.0;
    return share <= 0.04045 ? share / 12.92 : std::pow((share + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(color[0]) + 0.7152 * linear(color[1]) + 0.0722 * linear(color[2]);
}

// Black or white: contrasts are (l + 0.05) / 0.05 and 1.05 / (l + 0.05).
Rgb InkOn(const Rgb& back) {
  const double l = Luminance(back) + 0.05;
  return l * l > 1.05 * 0.05 ? Rgb{0, 0, 0} : Rgb{255, 255, 255};
}

// The parts of a token between its line breaks; a break at its end gives an empty last one.
std::vector<std::string_view> Lines(std::string_view token) {
  std::vector<std::string_view> lines;
  for (std::size_t end = 0; (end = token.find('\n')) != std::string_view::npos;) {
    const std::string_view line = token.substr(0, end);
    lines.push_back(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
    token = token.substr(end + 1);
  }
  lines.push_back(token);
  return lines;
}

// Tabs become spaces, other control characters are shown.
std::string Shown(std::string_view text) {
  std::string spaced;
  for (const char c : text) spaced += c == '\t' ? std::string("  ") : std::string(1, c);
  return Printable(spaced, kLongestToken);
}

class Page {
 public:
  explicit Page(const TerminalTextOptions& options) : options_(options) {}

  void Add(std::string_view token, double position) {
    const std::vector<std::string_view> lines = Lines(token);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i > 0) Break();
      if (!lines[i].empty()) Put(Shown(lines[i]), position);
    }
  }

  std::string Finish() && {
    if (column_ > 0) text_ += "\n";
    return std::move(text_);
  }

 private:
  void Break() {
    text_ += "\n";
    column_ = 0;
  }

  void Put(const std::string& word, double position) {
    const auto width = static_cast<std::size_t>(options_.columns);
    const std::size_t columns = Columns(word);
    if (column_ > 0 && column_ + columns > width) Break();
    const std::string drawn =
        columns > width ? Printable(word, std::max<std::size_t>(width, 4) - 3) : word;
    column_ += Columns(drawn);
    if (options_.colors == ColorDepth::kNone || position == 0) {
      text_ += drawn;
      return;
    }
    const Rgb back = DivergingColor(position);
    text_ += (position > 0 ? "\x1b[4m" : "") + LetterColor(InkOn(back), options_.colors) +
             BackColor(back, options_.colors) + drawn + kPlain;
  }

  TerminalTextOptions options_;
  std::string text_;
  std::size_t column_ = 0;
};

}  // namespace

std::string DrawTokensInTerminal(std::span<const std::string> tokens,
                                 std::span<const double> attributions,
                                 const TerminalTextOptions& options) {
  WHYLIGHT_CHECK(tokens.size() == attributions.size() && options.columns >= 1);
  double greatest = 0;
  for (const double a : attributions) {
    if (std::isfinite(a)) greatest = std::max(greatest, std::abs(a));
  }
  Page page(options);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const double a = std::isfinite(attributions[i]) ? attributions[i] : 0;
    page.Add(tokens[i], a == 0 ? 0 : std::copysign(std::sqrt(std::abs(a) / greatest), a));
  }
  return std::move(page).Finish();
}

}  // namespace whylight
