#include "render/digits.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace whylight {
namespace {

constexpr int kGlyphWidth = 5, kGlyphHeight = 7, kEdge = 1;
constexpr std::string_view kGlyphs = "0123456789.-%";
// Rows from the top; bit 4 is the left column.
constexpr std::array<std::uint8_t, kGlyphHeight> kRows[] = {
    {0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e}, {0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e},
    {0x0e, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1f}, {0x1f, 0x02, 0x04, 0x06, 0x01, 0x11, 0x0e},
    {0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02}, {0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e},
    {0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e}, {0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08},
    {0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e}, {0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c},
    {0x00, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x0c}, {0x00, 0x00, 0x00, 0x0e, 0x00, 0x00, 0x00},
    {0x18, 0x19, 0x02, 0x04, 0x08, 0x13, 0x03}};

// Whether the text has ink at a pixel of the font, counted from the first glyph's corner.
bool HasInk(std::string_view text, int x, int y) {
  if (x < 0 || y < 0 || y >= kGlyphHeight) return false;
  const auto at = static_cast<std::size_t>(x / (kGlyphWidth + 1));
  const int column = x % (kGlyphWidth + 1);
  if (at >= text.size() || column == kGlyphWidth) return false;
  const std::size_t glyph = kGlyphs.find(text[at]);
  if (glyph == std::string_view::npos) return false;
  return ((kRows[glyph][static_cast<std::size_t>(y)] >> (kGlyphWidth - 1 - column)) & 1) != 0;
}

bool TouchesInk(std::string_view text, int x, int y) {
  for (int dy = -kEdge; dy <= kEdge; ++dy) {
    for (int dx = -kEdge; dx <= kEdge; ++dx) {
      if (HasInk(text, x + dx, y + dy)) return true;
    }
  }
  return false;
}

}  // namespace

ImageSize LabelSize(std::string_view text, int scale) {
  const int glyphs = static_cast<int>(text.size());
  return {.width = scale * (glyphs * (kGlyphWidth + 1) - 1 + 2 * kEdge),
          .height = scale * (kGlyphHeight + 2 * kEdge)};
}

void DrawLabel(Image& image, std::string_view text, const LabelPlace& place) {
  const ImageSize size = LabelSize(text, place.scale);
  for (int y = std::max(0, -place.top); y < std::min(size.height, image.height - place.top); ++y) {
    for (int x = std::max(0, -place.left); x < std::min(size.width, image.width - place.left);
         ++x) {
      const int column = x / place.scale - kEdge, row = y / place.scale - kEdge;
      if (!TouchesInk(text, column, row)) continue;
      const std::uint8_t shade = HasInk(text, column, row) ? 255 : 0;
      std::ranges::fill(image.at(place.left + x, place.top + y), shade);
    }
  }
}

}  // namespace whylight
