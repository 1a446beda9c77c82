#include "attribution/grad_cam.h"

#include <algorithm>
#include <string>
#include <vector>

#include "attribution/attribution.h"
#include "attribution/picture.h"
#include "image/resize.h"
#include "tensor/rows.h"

namespace whylight {
namespace {

// Where the channels of a layer's places lie.
struct Layout {
  int height = 0, width = 0;
  std::size_t places = 0, channels = 0;
  std::size_t place_step = 0, channel_step = 0;

  std::size_t At(std::size_t place, std::size_t channel) const {
    return place * place_step + channel * channel_step;
  }
};

Layout LayoutOf(const Shape& shape, bool channels_first) {
  const int space = channels_first ? 1 : 0;
  Layout layout;
  layout.height = static_cast<int>(shape.dim(space));
  layout.width = static_cast<int>(shape.dim(space + 1));
  layout.places = static_cast<std::size_t>(shape.dim(space) * shape.dim(space + 1));
  layout.channels = static_cast<std::size_t>(shape.dim(channels_first ? 0 : 2));
  layout.place_step = channels_first ? 1 : layout.channels;
  layout.channel_step = channels_first ? layout.places : 1;
  return layout;
}

Status CheckLayer(std::size_t instance, const LayerMaps& layer, const Shape& picture) {
  const std::string place = InstancePlace(instance) + ": ";
  if (!IsPictureShape(picture)) {
    return InvalidArgument(place +
                           "expected a picture, [height,width] or [height,width,channels], got " +
                           picture.ToString());
  }
  const Shape& shape = layer.values.shape();
  if (shape.rank() != 3 || layer.values.elements() == 0 || layer.gradient.shape() != shape) {
    return InvalidArgument(
        place + "expected a layer's values and gradient in one shape of three axes, got " +
        shape.ToString() + " and " + layer.gradient.shape().ToString());
  }
  if (!IsFinite(layer.values)) {
    return FailedPrecondition(place + "a value of the layer is not finite");
  }
  if (!IsFinite(layer.gradient)) {
    return FailedPrecondition(place + "the gradient is not finite at the layer");
  }
  return OkStatus();
}

}  // namespace

Result<Tensor> GradCam(std::size_t instance, const LayerMaps& layer, const Shape& picture) {
  WHYLIGHT_RETURN_IF_ERROR(CheckLayer(instance, layer, picture));
  const Layout layout = LayoutOf(layer.values.shape(), layer.channels_first);
  std::vector<double> weights(layout.channels);
  for (std::size_t place = 0; place < layout.places; ++place) {
    for (std::size_t k = 0; k < layout.channels; ++k) {
      weights[k] += layer.gradient.Number(layout.At(place, k));
    }
  }
  for (double& weight : weights) weight /= static_cast<double>(layout.places);
  RealImage map{.width = layout.width, .height = layout.height, .channels = 1, .pixels = {}};
  for (std::size_t place = 0; place < layout.places; ++place) {
    double sum = 0;
    for (std::size_t k = 0; k < layout.channels; ++k) {
      sum += weights[k] * layer.values.Number(layout.At(place, k));
    }
    map.pixels.push_back(std::max(0.0, sum));
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const RealImage large,
                            ResizeBilinear(map, {.width = static_cast<int>(picture.dim(1)),
                                                 .height = static_cast<int>(picture.dim(0))}));
  Shape shape = picture;
  if (shape.rank() == 3) shape.set_dim(2, 1);
  return Tensor::Of<double>(std::move(shape), large.pixels);
}

}  // namespace whylight
