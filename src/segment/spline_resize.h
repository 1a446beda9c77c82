// Resizing as skimage.transform.resize does it: cubic splines for images, the nearest for labels.
//
// Threads No state.
#pragma once

#include "image/blur.h"
#include "image/resize.h"
#include "segment/label_map.h"

namespace whylight {

// order=3, mode="constant", anti_aliasing=True, preserve_range=True: where the image becomes
// smaller it is blurred first, sigma = max(0, (old / new - 1) / 2) for each axis; outside it is
// zero; the result is clamped to the values that the image had. An image of that size comes back as
// it was. Needs at least one pixel and sizes of at least 1 (WHYLIGHT_CHECK). Source  scikit-image
// 0.26, skimage.transform.resize; scipy.ndimage 1.17, zoom and spline_filter;
//         Unser, Aldroubi, Eden 1991, Fast B-spline transforms.
RealImage ResizeCubic(const RealImage& image, ImageSize size);

// order=0, anti_aliasing=False. `count` stays, though labels may be lost. Needs the same.
LabelMap ResizeLabels(const LabelMap& map, ImageSize size);

}  // namespace whylight
