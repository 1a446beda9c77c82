// Pictures of ranked regions, as XRAI finds them.
//
// Threads No state.
#pragma once

#include <cstdint>
#include <vector>

#include "image/image.h"
#include "segment/mask.h"
#include "whylight/status.h"

namespace whylight {

struct RankedRegion {
  double attribution = 0;        // Of each of its pixels.
  std::vector<PixelRun> pixels;  // In rows from the top. Regions are disjoint.
};

// The best region first.
struct RankedRegions {
  int width = 0, height = 0;
  std::vector<RankedRegion> regions;
};

// For each pixel the place of its region, 0 for the best; regions.size() where no region is.
// Errors  kInvalidArgument: a pixel outside the picture or in two regions, no pixel, an attribution
//         that is not finite.
struct RankMap {
  int width = 0, height = 0;
  std::vector<std::int32_t> ranks;
};
Result<RankMap> RanksOf(const RankedRegions& regions);

// Red, green, blue = rank >> 16, rank >> 8, rank: what a program needs to draw the others itself.
Image RankImage(const RankMap& ranks);

// Regions in order of rank until their area reaches `percent` of the picture; the one that crosses
// it is included. Inside the picture as it is, outside dimmed to 25 %. Another size of the picture
// is met by the nearest pixels, here and below.
// Errors  kInvalidArgument: percent outside (0, 100]; those of RanksOf.
Result<Image> DrawTopArea(const RankedRegions& regions, const Image& picture, double percent);
// What that takes: the number of regions and their share of the pixels.
struct TopArea {
  int regions = 0;
  double area = 0;
};
Result<TopArea> TopAreaOf(const RankedRegions& regions, double percent);

// The picture in grey with the outlines of all regions, and on each of the first ten "rank share%"
// at its centre of mass, or the rank alone, if that fits the region's box. The share is SharesOf.
Result<Image> DrawRankedRegions(const RankedRegions& regions, const Image& picture);

// attribution * pixels over the sum of its magnitudes, for each region; 0 for all if that is 0.
std::vector<double> SharesOf(const RankedRegions& regions);

}  // namespace whylight
