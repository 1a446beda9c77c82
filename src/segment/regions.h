// The overlapping regions of an image that XRAI ranks.
//
// Threads No state.
#pragma once

#include <vector>

#include "image/blur.h"
#include "segment/label_map.h"
#include "segment/mask.h"

namespace whylight {

// Segmentations at scales 50, 100, 150, 250, 500 and 1200, in the image's size:
//   values scaled so that the least is -1 and the greatest 1; ResizeCubic to 224 x 224;
//   Felzenszwalb, sigma 0.8, min_size 150; ResizeLabels back.
// A constant image has no scale: it is one segment. Values are finite; at least one pixel.
// Source  saliency 0.2.1, core/xrai.py, _get_segments_felzenszwalb.
std::vector<LabelMap> XraiSegmentations(const RealImage& image);

// A mask for each label that has pixels, in order of the maps and of their labels, dilated by a
// disk of radius 5: regions take in the edges around them, and overlap.
//
// PAIR's saliency keeps masks without pixels (a label lost when the labels were resized): they are
// never chosen.
std::vector<Mask> XraiRegions(const std::vector<LabelMap>& segmentations);

}  // namespace whylight
