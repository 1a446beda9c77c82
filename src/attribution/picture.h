// What methods that explain pictures take for one.
#pragma once

#include <cstddef>

#include "image/blur.h"
#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

// [H,W] or [H,W,C], at least one pixel and one channel, numbers.
bool IsPictureShape(const Shape& shape);

// Errors: kInvalidArgument, with the place: another shape.
Result<RealImage> PictureOf(const Tensor& tensor, std::size_t instance, std::size_t input);

// The picture blurred with `sigma` pixels, in its dtype and shape. Errors as PictureOf.
Result<Tensor> BlurredPicture(const Tensor& x, double sigma, std::size_t instance,
                              std::size_t input);

}  // namespace whylight
