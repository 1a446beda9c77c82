#include "render/terminal_image.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace whylight {
namespace {

Rgb At(const Image& image, int x, int y) {
  const auto pixel = image.at(x, y);
  return image.channels == 1 ? Rgb{pixel[0], pixel[0], pixel[0]}
                             : Rgb{pixel[0], pixel[1], pixel[2]};
}

// One line of text: pixel rows 2 * line and, if there is one, 2 * line + 1.
std::string DrawLine(const Image& image, int line, ColorDepth depth) {
  constexpr std::string_view kRamp = " .:-=+*#%@";
  constexpr std::string_view kUpperHalf = "\xe2\x96\x80";
  const int y = 2 * line;
  const bool has_lower = y + 1 < image.height;
  std::string text, last;
  for (int x = 0; x < image.width; ++x) {
    const Rgb upper = At(image, x, y), lower = At(image, x, has_lower ? y + 1 : y);
    if (depth == ColorDepth::kNone) {
      const double brightness =
          (Luma(upper[0], upper[1], upper[2]) + Luma(lower[0], lower[1], lower[2])) / 2;
      text += kRamp[static_cast<std::size_t>(brightness / 255.001 * kRamp.size())];
      continue;
    }
    std::string codes = LetterColor(upper, depth);
    codes += has_lower ? BackColor(lower, depth) : "\x1b[49m";
    if (codes != last) text += codes;
    last = std::move(codes);
    text += kUpperHalf;
  }
  return depth == ColorDepth::kNone ? text : text + kPlain;
}

Result<Image> Fit(const Image& image, int columns, int lines) {
  if (image.pixels.empty()) return InvalidArgument("an image without pixels");
  if (columns < 1 || lines < 1) {
    return InvalidArgument("no room for an image: " + std::to_string(columns) + " columns, " +
                           std::to_string(lines) + " lines");
  }
  const double scale =
      std::min({1.0, static_cast<double>(columns) / image.width, 2.0 * lines / image.height});
  const auto scaled = [scale](int size, int limit) {
    return std::clamp(static_cast<int>(std::lround(size * scale)), 1, limit);
  };
  const int width = scaled(image.width, columns), height = scaled(image.height, 2 * lines);
  // Means over the pixels that fall together: a heat map of blocks must not lose some of them.
  Image fitted(width, height, image.channels);
  for (int y = 0; y < height; ++y) {
    const int top = static_cast<int>(std::int64_t{y} * image.height / height);
    const int bottom = static_cast<int>(std::int64_t{y + 1} * image.height / height);
    for (int x = 0; x < width; ++x) {
      const int left = static_cast<int>(std::int64_t{x} * image.width / width);
      const int right = static_cast<int>(std::int64_t{x + 1} * image.width / width);
      for (std::size_t c = 0; c < static_cast<std::size_t>(image.channels); ++c) {
        std::int64_t sum = 0;
        for (int i = top; i < bottom; ++i) {
          for (int k = left; k < right; ++k) sum += image.at(k, i)[c];
        }
        const std::int64_t count = std::int64_t{bottom - top} * (right - left);
        fitted.at(x, y)[c] = static_cast<std::uint8_t>((sum + count / 2) / count);
      }
    }
  }
  return fitted;
}

int LineCount(const Image& image) { return (image.height + 1) / 2; }

// At most `width` characters, filled up with spaces. Cut between characters of UTF-8.
std::string Padded(std::string_view title, int width) {
  std::string text;
  int columns = 0;
  for (const char c : title) {
    const bool begins = (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    if (begins && ++columns > width) break;
    text += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return text + std::string(static_cast<std::size_t>(std::max(0, width - columns)), ' ');
}

}  // namespace

Result<std::string> DrawInTerminal(const Image& image, const TerminalImageOptions& options) {
  WHYLIGHT_ASSIGN_OR_RETURN(const Image fitted, Fit(image, options.max_columns, options.max_lines));
  std::string text;
  for (int line = 0; line < LineCount(fitted); ++line) {
    text += DrawLine(fitted, line, options.colors) + "\n";
  }
  return text;
}

Result<std::string> DrawInTerminal(const std::vector<TitledImage>& images,
                                   const TerminalImageOptions& options) {
  constexpr int kGap = 2;
  if (images.empty()) return InvalidArgument("no pictures");
  const int count = static_cast<int>(images.size());
  std::vector<Image> fitted;
  int lines = 0;
  std::string text;
  const std::string gap(kGap, ' ');
  for (const TitledImage& titled : images) {
    WHYLIGHT_ASSIGN_OR_RETURN(
        Image image,
        Fit(titled.image, (options.max_columns + kGap) / count - kGap, options.max_lines - 1));
    text += (fitted.empty() ? "" : gap) + Padded(titled.title, image.width);
    lines = std::max(lines, LineCount(image));
    fitted.push_back(std::move(image));
  }
  text += "\n";
  for (int line = 0; line < lines; ++line) {
    for (std::size_t i = 0; i < fitted.size(); ++i) {
      if (i > 0) text += gap;
      text += line < LineCount(fitted[i]) ? DrawLine(fitted[i], line, options.colors)
                                          : Padded("", fitted[i].width);
    }
    text += "\n";
  }
  return text;
}

}  // namespace whylight
