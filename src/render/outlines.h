// Outlines of where an attribution is strong.
//
//   1. v closed, then opened, by a 3 x 3 square: gaps close, specks go. Where nothing would be left
//   of a v that is not all 0, v stays as it
//      is: a picture without a mark would say that there is no attribution.
//   2. pixels above 0.001; holes (background that does not reach the edge, 4 neighbours) are
//   filled;
//      components of 8 neighbours
//   3. components by their sum of v, greatest first, until they hold 90 % of all components' sum
//   4. border: the component without its erosion by the border's width, which is
//      max(1, round(min(H, W) / 200)); the edge of the picture is a border too
//
// Threads No state.
#pragma once

#include <cstdint>
#include <vector>

#include "image/blur.h"

namespace whylight {

struct Outlines {
  std::vector<std::uint8_t> inside;  // 1 on the pixels of the components that are kept,
  std::vector<std::uint8_t> border;  // and of their borders, which lie within.
};

// Of one channel, in [0, 1].
Outlines FindOutlines(const RealImage& intensity);

}  // namespace whylight
