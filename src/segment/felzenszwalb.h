// Felzenszwalb's segmentation, as scikit-image has it.
//
// Threads No state.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "image/blur.h"
#include "segment/label_map.h"

namespace whylight {

struct FelzenszwalbOptions {
  double sigma = 0.8;          // Of the blur before.
  std::int64_t min_size = 20;  // Smaller segments are joined to a neighbour.
};

// A segmentation for each scale; a larger scale gives fewer and larger segments.
//
//   1. The image is blurred, channels apart, reflected at its borders.
//   2. Pixels that touch by a side or a corner have an edge, its weight the Euclidean distance of
//      their colours. Edges are sorted by weight; equal ones keep their order: all to the right,
//      all down, all down-right, all up-right, each in rows from the top.
//   3. In that order segments A and B at the ends of an edge are joined where
//        weight < min(inner(A) + t / |A|, inner(B) + t / |B|),  t = scale / 255
//      inner: the weight that joined the segment last, 0 for a pixel. The sums are rounded to
//      float.
//   4. In that order they are joined where |A| < min_size or |B| < min_size.
//   5. Labels 0, 1, ... in the order of the segments' first pixels, in rows from the top.
//
// Only the sort differs from scikit-image's default, which leaves the order of equal edges to NumPy
// and the processor.
// Shapes  Any size and number of channels; an image without pixels has maps without labels.
// Cost    Blurring and sorting once; about 10 ms for 224 x 224 pixels and scale.
// Source  Felzenszwalb, Huttenlocher 2004, Efficient graph-based image segmentation; scikit-image
//         0.26, skimage.segmentation.felzenszwalb.
std::vector<LabelMap> Felzenszwalb(const RealImage& image, std::span<const double> scales,
                                   const FelzenszwalbOptions& options);

}  // namespace whylight
