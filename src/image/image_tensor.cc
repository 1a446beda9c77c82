#include "image/image_tensor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>

#include "image/codec.h"
#include "image/resize.h"
#include "util/quote.h"

namespace whylight {
namespace {

struct RangeRow {
  ImageRange range;
  std::string_view name;
  double black;
  double white;
};
constexpr std::array<RangeRow, 3> kRanges = {{
    // In the order in which a range is guessed.
    {ImageRange::kZeroToOne, "0..1", 0, 1},
    {ImageRange::kZeroTo255, "0..255", 0, 255},
    {ImageRange::kMinusOneToOne, "-1..1", -1, 1},
}};

const RangeRow& Row(ImageRange range) {
  const auto* row = std::find_if(kRanges.begin(), kRanges.end(),
                                 [&](const RangeRow& r) { return r.range == range; });
  WHYLIGHT_CHECK(row != kRanges.end());
  return *row;
}

Result<ImageRange> ChooseRange(DType dtype, const ImageTensorOptions& options) {
  if (!IsNumeric(dtype)) {
    return InvalidArgument("image: expected a tensor of numbers, got " + DTypeName(dtype));
  }
  if (IsFloating(dtype)) {
    if (options.range.has_value()) return *options.range;
    return InvalidArgument("image: a " + DTypeName(dtype) +
                           " tensor may mean anything: say what black and white are: "
                           "--image-range 0..1, 0..255 or -1..1");
  }
  const ImageRange range = options.range.value_or(ImageRange::kZeroTo255);
  if (range != ImageRange::kZeroTo255 || dtype == DType::kInt8) {
    return InvalidArgument("image: " + DTypeName(dtype) + " cannot hold shades of " +
                           std::string(ImageRangeName(range)));
  }
  return range;
}

Status WrongShape(const Shape& shape) {
  return InvalidArgument("image: expected a tensor of shape [H,W], [H,W,1] or [H,W,3], got " +
                         shape.ToString());
}

struct Layout {
  ImageSize size;
  int channels = 1;
  Shape shape;  // Known in full.
};

Result<Layout> ChooseLayout(const Image& image, const Shape& shape) {
  if (!shape.has_rank() || shape.rank() < 2 || shape.rank() > 3) return WrongShape(shape);
  Layout layout{.size = {image.width, image.height}, .channels = 1, .shape = shape};
  if (shape.rank() == 3) {
    const std::int64_t channels = shape.dim(2) < 0 ? image.channels : shape.dim(2);
    if (channels != 1 && channels != 3) return WrongShape(shape);
    layout.channels = static_cast<int>(channels);
    layout.shape.set_dim(2, channels);
  }
  const std::int64_t height = shape.dim(0);
  const std::int64_t width = shape.dim(1);
  if (height < 0 && width < 0) {
    layout.shape.set_dim(0, image.height);
    layout.shape.set_dim(1, image.width);
    return layout;
  }
  constexpr std::int64_t kMaxSide = std::numeric_limits<int>::max();
  if (height < 1 || width < 1 || height > kMaxSide || width > kMaxSide) {
    return InvalidArgument("image: expected a tensor with both height and width, got " +
                           shape.ToString());
  }
  layout.size = {static_cast<int>(width), static_cast<int>(height)};
  return layout;
}

// [min, max] of the data, or the least of the known ranges that holds both.
struct Ends {
  double black = 0;
  double white = 0;
  std::string name;
};

Ends EndsOf(ImageRange range) {
  const RangeRow& row = Row(range);
  return {.black = row.black, .white = row.white, .name = std::string(row.name)};
}

Ends GuessEnds(DType dtype, const Ends& of_data) {
  if (dtype == DType::kUInt8) return EndsOf(ImageRange::kZeroTo255);
  if (dtype == DType::kUInt16) return {.black = 0, .white = 65535, .name = "0..65535"};
  for (const RangeRow& row : kRanges) {
    if (row.black <= of_data.black && of_data.white <= row.white) return EndsOf(row.range);
  }
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "[%.6g, %.6g]", of_data.black, of_data.white);
  return {.black = of_data.black, .white = of_data.white, .name = text.data()};
}

// The least and the greatest value of what can be shown as an image.
Result<Ends> CheckShades(const Tensor& tensor) {
  if (!IsNumeric(tensor.dtype())) {
    return InvalidArgument("image: expected a tensor of numbers, got " + DTypeName(tensor.dtype()));
  }
  const Shape& shape = tensor.shape();
  if (shape.rank() < 2 || shape.rank() > 3) return WrongShape(shape);
  const std::int64_t channels = shape.rank() == 2 ? 1 : shape.dim(2);
  if (channels != 1 && channels != 3) return WrongShape(shape);
  if (tensor.elements() == 0) {
    return InvalidArgument("image: expected at least one pixel, got shape " + shape.ToString());
  }
  constexpr std::int64_t kMaxSide = std::numeric_limits<int>::max();
  if (shape.dim(0) > kMaxSide || shape.dim(1) > kMaxSide) return WrongShape(shape);
  Ends ends{.black = tensor.Number(0), .white = tensor.Number(0), .name = {}};
  for (std::size_t i = 0; i < tensor.elements(); ++i) {
    const double value = tensor.Number(i);
    if (!std::isfinite(value)) {
      return InvalidArgument("image: expected finite numbers, got " + std::to_string(value) +
                             " at element " + std::to_string(i));
    }
    ends.black = std::min(ends.black, value);
    ends.white = std::max(ends.white, value);
  }
  return ends;
}

Image Shaded(const Tensor& tensor, const Ends& ends) {
  const Shape& shape = tensor.shape();
  Image image(static_cast<int>(shape.dim(1)), static_cast<int>(shape.dim(0)),
              shape.rank() == 2 ? 1 : static_cast<int>(shape.dim(2)));
  // Halves keep the width of [min, max] finite. Equal ends: one shade, black.
  const double half_width = ends.white / 2 - ends.black / 2;
  for (std::size_t i = 0; i < image.pixels.size() && half_width > 0; ++i) {
    const double share = (tensor.Number(i) / 2 - ends.black / 2) / half_width;
    image.pixels[i] = static_cast<std::uint8_t>(std::round(255 * std::clamp(share, 0.0, 1.0)));
  }
  return image;
}

}  // namespace

Result<ImageRange> ImageRangeFromName(std::string_view name) {
  for (const RangeRow& row : kRanges) {
    if (row.name == name) return row.range;
  }
  return InvalidArgument("image range: expected 0..1, 0..255 or -1..1, got " + Quote(name));
}

std::string_view ImageRangeName(ImageRange range) { return Row(range).name; }

Result<Tensor> ImageToTensor(const Image& image, DType dtype, const Shape& shape,
                             const ImageTensorOptions& options) {
  WHYLIGHT_ASSIGN_OR_RETURN(const ImageRange range, ChooseRange(dtype, options));
  WHYLIGHT_ASSIGN_OR_RETURN(const Layout layout, ChooseLayout(image, shape));
  WHYLIGHT_ASSIGN_OR_RETURN(const FloatImage resized, ResizeBilinear(image, layout.size));

  const RangeRow& ends = Row(range);
  Tensor tensor(dtype, layout.shape);
  std::size_t next = 0;
  const auto append = [&](double shade) {  // 0..255
    tensor.SetNumber(next++, ends.black + shade / 255 * (ends.white - ends.black));
  };
  const auto from = static_cast<std::size_t>(resized.channels);
  const auto to = static_cast<std::size_t>(layout.channels);
  for (std::size_t i = 0; i < resized.pixels.size(); i += from) {
    const float* pixel = resized.pixels.data() + i;
    if (from == 3 && to == 1) {
      append(Luma(pixel[0], pixel[1], pixel[2]));
      continue;
    }
    for (std::size_t c = 0; c < to; ++c) append(pixel[from == 1 ? 0 : c]);
  }
  return tensor;
}

Result<Tensor> DecodeImageTensor(std::string_view bytes, DType dtype, const Shape& shape,
                                 const ImageTensorOptions& options) {
  WHYLIGHT_ASSIGN_OR_RETURN(const Image image, DecodeImage(bytes));
  return ImageToTensor(image, dtype, shape, options);
}

Result<Image> TensorToImage(const Tensor& tensor, std::optional<ImageRange> range,
                            std::string* guess) {
  WHYLIGHT_ASSIGN_OR_RETURN(const Ends of_data, CheckShades(tensor));
  const Ends ends = range ? EndsOf(*range) : GuessEnds(tensor.dtype(), of_data);
  if (guess != nullptr) *guess = ends.name;
  return Shaded(tensor, ends);
}

Result<Image> TensorToImage(const Tensor& tensor, double black, double white) {
  WHYLIGHT_RETURN_IF_ERROR(CheckShades(tensor).status());
  return Shaded(tensor, {.black = black, .white = white, .name = {}});
}

}  // namespace whylight
