#include "segment/regions.h"

#include <algorithm>
#include <utility>

#include "image/resize.h"
#include "segment/felzenszwalb.h"
#include "segment/spline_resize.h"

namespace whylight {
namespace {

constexpr double kScales[] = {50, 100, 150, 250, 500, 1200};
constexpr ImageSize kSize{.width = 224, .height = 224};
constexpr FelzenszwalbOptions kFelzenszwalb{.sigma = 0.8, .min_size = 150};
constexpr int kDilation = 5;

RealImage Scaled(RealImage image) {
  const auto [least, greatest] = std::ranges::minmax(image.pixels);
  for (double& value : image.pixels) {
    value = greatest > least ? (value - least) / (greatest - least) * 2.0 - 1.0 : 0.0;
  }
  return image;
}

}  // namespace

std::vector<LabelMap> XraiSegmentations(const RealImage& image) {
  std::vector<LabelMap> maps =
      Felzenszwalb(ResizeCubic(Scaled(image), kSize), kScales, kFelzenszwalb);
  for (LabelMap& map : maps) {
    map = ResizeLabels(map, {.width = image.width, .height = image.height});
  }
  return maps;
}

std::vector<Mask> XraiRegions(const std::vector<LabelMap>& segmentations) {
  std::vector<Mask> regions;
  for (const LabelMap& map : segmentations) {
    for (const Mask& mask : MasksOf(map)) {
      if (mask.Count() > 0) regions.push_back(mask.Dilated(kDilation));
    }
  }
  return regions;
}

}  // namespace whylight
