#include "attribution/picture.h"

#include <algorithm>

#include "attribution/attribution.h"

namespace whylight {

bool IsPictureShape(const Shape& shape) {
  return shape.has_rank() && (shape.rank() == 2 || shape.rank() == 3) &&
         std::ranges::all_of(shape.dims(), [](std::int64_t size) { return size > 0; });
}

Result<RealImage> PictureOf(const Tensor& tensor, std::size_t instance, std::size_t input) {
  const Shape& shape = tensor.shape();
  if (!IsPictureShape(shape)) {
    return InvalidArgument(InputPlace(instance, input) +
                           ": expected a picture, [height,width] or [height,width,channels], got " +
                           shape.ToString());
  }
  RealImage image{.width = static_cast<int>(shape.dim(1)),
                  .height = static_cast<int>(shape.dim(0)),
                  .channels = shape.rank() == 3 ? static_cast<int>(shape.dim(2)) : 1,
                  .pixels = {}};
  image.pixels.reserve(tensor.elements());
  for (std::size_t i = 0; i < tensor.elements(); ++i) image.pixels.push_back(tensor.Number(i));
  return image;
}

Result<Tensor> BlurredPicture(const Tensor& x, double sigma, std::size_t instance,
                              std::size_t input) {
  WHYLIGHT_ASSIGN_OR_RETURN(const RealImage picture, PictureOf(x, instance, input));
  const RealImage blurred = Blur(picture, {.sigma_y = sigma, .sigma_x = sigma});
  Tensor tensor(x.dtype(), x.shape());
  for (std::size_t k = 0; k < x.elements(); ++k) tensor.SetNumber(k, blurred.pixels[k]);
  return tensor;
}

}  // namespace whylight
