// What an attribution's picture looks like: the settings of requests and metadata, and our own.
//
// Threads Values.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "image/resize.h"
#include "render/color_map.h"
#include "whylight/status.h"

namespace whylight {

enum class DrawingType {
  kPixels,    // Each highlighted pixel in its colour.
  kOutlines,  // Regions of highlighted pixels, outlined.
};
enum class Polarity { kPositive, kNegative, kBoth };
enum class OverlayType {
  kNone,       // The attribution alone.
  kOriginal,   // Over the picture,
  kGrayscale,  // or over the picture without its colours.
  kMaskBlack,  // The picture, as bright as the attribution is strong.
};
enum class Clipping {
  kRank,   // A percentage counts pixels.
  kShare,  // A percentage counts attribution: far fewer pixels stay.
};
// One number for a pixel of several channels.
enum class ChannelRule { kSum, kMean, kAbsSum, kMaxAbs, kNorm };
enum class WindowRule {
  kShared,    // Both signs on one scale: a weak negative is not painted as a strong positive.
  kSeparate,  // Each on its own.
};
enum class Resampling { kNearest, kBilinear };
enum class PictureFormat { kJpeg, kPng };

struct VisualizationOptions {
  DrawingType type = DrawingType::kPixels;
  Polarity polarity = Polarity::kPositive;
  ColorMap color_map = ColorMap::kPinkGreen;
  OverlayType overlay = OverlayType::kNone;
  double clip_below = 62;  // Percentages, 0 <= below < above <= 100.
  double clip_above = 99.9;
  Clipping clipping = Clipping::kRank;
  double multiplier = 0.7;  // Share of the picture where a pixel is highlighted, 0..1.
  double blur_sigma = 0;    // In pixels of the attribution, 0 to kMaxBlurSigma; not of outlines.
  bool shade_within_outlines = true;
  ChannelRule channels = ChannelRule::kSum;
  WindowRule window = WindowRule::kShared;
  Resampling resampling = Resampling::kNearest;  // To the size of the picture that is shown.
  std::optional<ImageSize> resized;              // Of the attribution on it; unset: all of it.
  int translate_x = 0, translate_y = 0;          // Where the attribution's corner lies, >= 0.
  PictureFormat format = PictureFormat::kJpeg;
};
inline constexpr double kMaxBlurSigma = 1000;

// Errors  kInvalidArgument: a number outside its range; blur of outlines. The message calls
//         settings by their names in requests.
Status CheckVisualization(const VisualizationOptions& options);

// The names that requests have for a setting's values, in lower case.
template <typename Value>
struct ValueName {
  Value value;
  std::string_view name;
};
std::span<const ValueName<DrawingType>> NamesOf(DrawingType);
std::span<const ValueName<Polarity>> NamesOf(Polarity);
std::span<const ValueName<ColorMap>> NamesOf(ColorMap);
std::span<const ValueName<OverlayType>> NamesOf(OverlayType);
std::span<const ValueName<Clipping>> NamesOf(Clipping);
std::span<const ValueName<ChannelRule>> NamesOf(ChannelRule);
std::span<const ValueName<WindowRule>> NamesOf(WindowRule);
std::span<const ValueName<PictureFormat>> NamesOf(PictureFormat);

template <typename Value>
std::string_view NameOf(Value value) {
  for (const auto& row : NamesOf(value)) {
    if (row.value == value) return row.name;
  }
  return "";
}
// False, and `*value` as it was, for a name that is none.
template <typename Value>
bool SetByName(std::string_view name, Value* value) {
  for (const auto& row : NamesOf(*value)) {
    if (row.name != name) continue;
    *value = row.value;
    return true;
  }
  return false;
}

}  // namespace whylight
