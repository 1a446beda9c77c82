// Grad-CAM: in which places of a layer the score arises.
#pragma once

#include <cstddef>

#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

// A layer with height and width at one instance, borrowed: what it holds, and the score's gradient
// by that.
struct LayerMaps {
  const Tensor& values;    // [h,w,k], or [k,h,w] if channels_first; a floating dtype.
  const Tensor& gradient;  // Likewise.
  bool channels_first = false;
};

//   weight_k  = mean over y, x of dF/dA_k(y, x)
//   map(y, x) = max(0, sum over k of weight_k * A_k(y, x))
// resized to the picture as tf.image.resize does it: bilinear, half-pixel centres. float64 [H,W,1]
// for a picture of [H,W,C], [H,W] for one of [H,W]; in no unit that adds up to the score.
//
// Errors  kInvalidArgument, with the place: `picture` is none; values of another rank or without
//         elements; values and gradient of different shapes.
//         kFailedPrecondition: a value or a gradient is not finite.
// Threads No state.
// Source  Selvaraju et al. 2017 (arXiv:1610.02391), eq. 1 and 2.
Result<Tensor> GradCam(std::size_t instance, const LayerMaps& layer, const Shape& picture);

}  // namespace whylight
