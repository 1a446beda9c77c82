// JPEG and PNG, from and to bytes. The bytes are untrusted.
//
// Threads No state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "image/image.h"
#include "whylight/status.h"

namespace whylight {

enum class ImageFormat { kUnknown, kJpeg, kPng };
ImageFormat DetectImageFormat(std::string_view bytes);  // By the first bytes.

struct DecodeOptions {
  std::int64_t max_pixels = std::int64_t{1} << 26;  // 64 Mpixel. Checked before pixels are decoded.
};

// Grey images have 1 channel, others 3. PNG: palettes are looked up, fewer than 8 bits are scaled,
// 16 bits are scaled by their maximum, alpha is composited on white, a gamma chunk is not applied.
// JPEG: grey and YCbCr; CMYK as Adobe writes it; the orientation tag is not applied. Stray bytes
// before a JPEG's end marker, as some cameras leave, are no damage: every pixel was there.
// Errors  kInvalidArgument: neither format, or a damaged or truncated image; the decoder's reason.
//         kResourceExhausted: more than max_pixels; the message gives both figures.
Result<Image> DecodeImage(std::string_view bytes, const DecodeOptions& options = {});

// Needs at least one pixel, as every encoder here.
std::string EncodePng(const Image& image);
// 4:4:4: chroma subsampling would wash out one-pixel outlines. quality 1..100, beyond is clamped.
// Needs sides of at most kMaxJpegSide.
inline constexpr int kMaxJpegSide = 65500;
std::string EncodeJpeg(const Image& image, int quality = 95);

}  // namespace whylight
