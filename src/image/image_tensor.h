// Images to tensors that models take, and back to something a person can look at.
//
// Threads No state.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "image/image.h"
#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

// What the model takes for black and for white. Nothing in a SavedModel says it, so it is asked
// for.
enum class ImageRange { kZeroToOne, kZeroTo255, kMinusOneToOne };
Result<ImageRange> ImageRangeFromName(std::string_view name);  // "0..1", "0..255", "-1..1"
std::string_view ImageRangeName(ImageRange range);

struct ImageTensorOptions {
  // Needed for floating tensors. Integer tensors take 0..255 if unset: nothing else fits uint8.
  std::optional<ImageRange> range;
};

// The image resized (ResizeBilinear) to `shape`, [H,W,C] or [H,W], C 1 or 3: grey is repeated into
// 3 channels, colours become Y = 0.299 R + 0.587 G + 0.114 B for 1. Unknown H and W (both) keep the
// image's size; an unknown C keeps its channels.
// Errors  kInvalidArgument: another rank or C; no range for a floating dtype ("say what black and
//         white are: --image-range 0..1, 0..255 or -1..1"); a range that the dtype cannot hold.
Result<Tensor> ImageToTensor(const Image& image, DType dtype, const Shape& shape,
                             const ImageTensorOptions& options = {});

// DecodeImage, then ImageToTensor: fits InstanceReaderOptions::decode_image.
Result<Tensor> DecodeImageTensor(std::string_view bytes, DType dtype, const Shape& shape,
                                 const ImageTensorOptions& options = {});

// [H,W], [H,W,1] or [H,W,3] as an image: the range's ends become 0 and 255, values outside
// saturate. Without a range uint8 and uint16 have their dtype's; of others it is taken from the
// data, the least of these that holds every value: 0..1, 0..255, -1..1, else [min, max]; `*guess`
// (may be nullptr) tells which. Errors kInvalidArgument: another shape, no pixel, not a number
// tensor, a value that is not finite.
Result<Image> TensorToImage(const Tensor& tensor, std::optional<ImageRange> range = std::nullopt,
                            std::string* guess = nullptr);
// The same for any range; black < white, both finite.
Result<Image> TensorToImage(const Tensor& tensor, double black, double white);

}  // namespace whylight
