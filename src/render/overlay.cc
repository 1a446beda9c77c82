#include "render/overlay.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include "image/codec.h"
#include "render/outlines.h"
#include "render/plane.h"

namespace whylight {
namespace {

std::uint8_t Rounded(double value) { return static_cast<std::uint8_t>(std::lround(value)); }

// Cuts or fills to the picture's size, the corner at (left, top).
template <typename T>
std::vector<T> Placed(const std::vector<T>& plane, ImageSize of_plane, ImageSize picture,
                      const VisualizationOptions& options) {
  std::vector<T> placed(static_cast<std::size_t>(picture.width) *
                        static_cast<std::size_t>(picture.height));
  const int columns = std::min(of_plane.width, picture.width - options.translate_x);
  const int rows = std::min(of_plane.height, picture.height - options.translate_y);
  for (int y = 0; y < rows && columns > 0; ++y) {
    const auto from = static_cast<std::ptrdiff_t>(y) * of_plane.width;
    const auto to =
        static_cast<std::ptrdiff_t>(y + options.translate_y) * picture.width + options.translate_x;
    std::copy_n(plane.begin() + from, columns, placed.begin() + to);
  }
  return placed;
}

Status Place(Layer& layer, ImageSize picture, const VisualizationOptions& options) {
  const ImageSize old{.width = layer.intensity.width, .height = layer.intensity.height};
  const ImageSize size = options.resized.value_or(picture);
  if (size.width != old.width || size.height != old.height) {
    WHYLIGHT_ASSIGN_OR_RETURN(layer.highlighted, ResizedNearest(layer.highlighted, old, size));
    if (options.resized || options.resampling == Resampling::kBilinear) {
      WHYLIGHT_ASSIGN_OR_RETURN(layer.intensity, ResizeBilinear(layer.intensity, size));
    } else {
      WHYLIGHT_ASSIGN_OR_RETURN(layer.intensity.pixels,
                                ResizedNearest(layer.intensity.pixels, old, size));
    }
  }
  layer.highlighted = Placed(layer.highlighted, size, picture, options);
  layer.intensity.pixels = Placed(layer.intensity.pixels, size, picture, options);
  layer.intensity.width = picture.width;
  layer.intensity.height = picture.height;
  return OkStatus();
}

class Painter {
 public:
  Painter(const Image& picture, const VisualizationOptions& options, Sign background)
      : picture_(picture),
        options_(options),
        background_(BackgroundOf(options.color_map, background)) {}

  Image Base() const {
    Image image(picture_.width, picture_.height, 3);
    for (std::size_t i = 0; i < Pixels(); ++i) Set(image, i, Below(i));
    return image;
  }

  void Paint(Image& image, const Layer& layer, const Outlines* outlines) const {
    const bool shades = outlines == nullptr || options_.shade_within_outlines;
    for (std::size_t i = 0; i < Pixels() && shades; ++i) {
      const bool inside = outlines == nullptr || outlines->inside[i] != 0;
      if (inside && layer.highlighted[i] != 0) {
        Set(image, i, Composed(i, layer.sign, layer.intensity.pixels[i]));
      }
    }
    const Rgb strongest = ColorAt(options_.color_map, layer.sign, 1);
    for (std::size_t i = 0; outlines != nullptr && i < Pixels(); ++i) {
      if (outlines->border[i] != 0) std::ranges::copy(strongest, &image.pixels[3 * i]);
    }
  }

 private:
  using Shades = std::array<double, 3>;

  std::size_t Pixels() const {
    return static_cast<std::size_t>(picture_.width) * static_cast<std::size_t>(picture_.height);
  }
  static void Set(Image& image, std::size_t pixel, const Shades& shades) {
    for (std::size_t c = 0; c < 3; ++c) image.pixels[3 * pixel + c] = Rounded(shades[c]);
  }

  Shades Original(std::size_t pixel) const {
    const auto channels = static_cast<std::size_t>(picture_.channels);
    const std::uint8_t* at = &picture_.pixels[pixel * channels];
    const std::size_t step = channels == 3 ? 1 : 0;
    return {double(at[0]), double(at[step]), double(at[2 * step])};
  }

  // Where nothing is highlighted.
  Shades Below(std::size_t pixel) const {
    const Shades original = Original(pixel);
    switch (options_.overlay) {
      case OverlayType::kNone:
        return {double(background_[0]), double(background_[1]), double(background_[2])};
      case OverlayType::kOriginal:
        return original;
      case OverlayType::kGrayscale: {
        const double luma = Luma(original[0], original[1], original[2]);
        return {luma, luma, luma};
      }
      case OverlayType::kMaskBlack:
        break;
    }
    return {0, 0, 0};
  }

  Shades Composed(std::size_t pixel, Sign sign, double v) const {
    const bool masks = options_.overlay == OverlayType::kMaskBlack;
    const bool covers = options_.overlay == OverlayType::kNone;
    Shades shades = masks ? Original(pixel) : Below(pixel);
    const Rgb color = ColorAt(options_.color_map, sign, v);
    const double share = covers ? 0 : options_.multiplier;
    for (std::size_t c = 0; c < 3; ++c) {
      shades[c] = masks ? v * shades[c] : share * shades[c] + (1 - share) * color[c];
    }
    return shades;
  }

  const Image& picture_;
  const VisualizationOptions& options_;
  Rgb background_;
};

}  // namespace

Result<Overlay> DrawOverlay(const Tensor& attribution, const Image& picture,
                            const VisualizationOptions& options) {
  if (picture.pixels.empty()) return InvalidArgument("the picture has no pixels");
  WHYLIGHT_ASSIGN_OR_RETURN(const RealImage sums, PixelAttributions(attribution, options));
  const ImageSize size{.width = picture.width, .height = picture.height};
  std::vector<Layer> layers = LayersOf(sums, options);
  Overlay overlay;
  overlay.no_attribution = std::ranges::all_of(sums.pixels, [](double s) { return s == 0; });
  std::vector<Outlines> outlines;
  for (Layer& layer : layers) {
    overlay.layers.push_back({.sign = layer.sign, .numbers = layer.numbers});
    WHYLIGHT_RETURN_IF_ERROR(Place(layer, size, options));
    if (options.type == DrawingType::kOutlines) outlines.push_back(FindOutlines(layer.intensity));
  }
  const Painter painter(picture, options, layers.back().sign);
  overlay.image = painter.Base();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    painter.Paint(overlay.image, layers[i], outlines.empty() ? nullptr : &outlines[i]);
  }
  return overlay;
}

Result<std::string> EncodePicture(const Image& image, PictureFormat format) {
  if (format == PictureFormat::kPng) return EncodePng(image);
  if (std::max(image.width, image.height) > kMaxJpegSide) {
    return InvalidArgument("a JPEG has at most " + std::to_string(kMaxJpegSide) +
                           " pixels a side; choose the format png");
  }
  return EncodeJpeg(image);
}

std::string_view ExtensionOf(PictureFormat format) {
  return format == PictureFormat::kJpeg ? ".jpg" : ".png";
}

}  // namespace whylight
