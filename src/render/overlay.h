// An attribution drawn over the picture that it is of.
//
//   1. layers and their intensities v          window.h
//   2. brought to the picture's size (v by options.resampling, what is highlighted by the nearest),
//      or to options.resized (v bilinear) with its corner at (translate_x, translate_y); what falls
//      outside is cut
//   3. outlines, if asked, at that size         outlines.h
//   4. K = the map at v, m = options.multiplier, I = the picture; where a pixel is highlighted
//        kNone K     kOriginal m I + (1 - m) K     kGrayscale m Y + (1 - m) K     kMaskBlack v I
//      elsewhere the base: the map's background, I, Y, black. Y = luma of I.
//      Of outlines, pixels outside of them have the base, and so have those inside unless
//      shade_within_outlines; borders are the map at v = 1.
// Where both signs are drawn, each has its colours, and the positive layer lies on top.
//
// Threads No state.
#pragma once

#include <string>
#include <vector>

#include "image/image.h"
#include "render/visualization.h"
#include "render/window.h"
#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

struct DrawnLayer {
  Sign sign = Sign::kPositive;
  LayerNumbers numbers;  // Of the attribution's own pixels, before it is placed.
};

struct Overlay {
  Image image;                     // Of the picture's size, 3 channels.
  std::vector<DrawnLayer> layers;  // Negative first.
  bool no_attribution = false;     // All of it is 0: say so beside the picture.
};

// `attribution`: [H,W,C] or [H,W], of the picture's size or another.
// Errors  kInvalidArgument: as CheckVisualization and ReduceChannels; an empty picture.
//         kResourceExhausted: as of resizing.
Result<Overlay> DrawOverlay(const Tensor& attribution, const Image& picture,
                            const VisualizationOptions& options);

// PNG, or JPEG of quality 95 without chroma subsampling. Errors: kInvalidArgument: a side that JPEG
// cannot have.
Result<std::string> EncodePicture(const Image& image, PictureFormat format);
std::string_view ExtensionOf(PictureFormat format);  // ".jpg", ".png"

}  // namespace whylight
