// Short labels on pictures: digits in a 5 x 7 pixel font.
//
// Threads No state.
#pragma once

#include <string_view>

#include "image/image.h"
#include "image/resize.h"

namespace whylight {

// Digits, '.', '-', '%' and spaces; other characters are drawn as spaces.
ImageSize LabelSize(std::string_view text, int scale);

// White on a black edge of one (scaled) pixel, which LabelSize includes; what falls outside of the
// image is cut. `image` has 3 channels.
struct LabelPlace {
  int left = 0, top = 0;
  int scale = 1;  // Picture pixels per pixel of the font, >= 1.
};
void DrawLabel(Image& image, std::string_view text, const LabelPlace& place);

}  // namespace whylight
