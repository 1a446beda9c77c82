#include "render/visualization.h"

#include <string>

namespace whylight {
namespace {

constexpr ValueName<DrawingType> kTypes[] = {{DrawingType::kPixels, "pixels"},
                                             {DrawingType::kOutlines, "outlines"}};
constexpr ValueName<Polarity> kPolarities[] = {{Polarity::kPositive, "positive"},
                                               {Polarity::kNegative, "negative"},
                                               {Polarity::kBoth, "both"}};
constexpr ValueName<ColorMap> kColorMaps[] = {{ColorMap::kPinkGreen, "pink_green"},
                                              {ColorMap::kViridis, "viridis"},
                                              {ColorMap::kRed, "red"},
                                              {ColorMap::kGreen, "green"},
                                              {ColorMap::kRedGreen, "red_green"},
                                              {ColorMap::kPinkWhiteGreen, "pink_white_green"}};
constexpr ValueName<OverlayType> kOverlays[] = {{OverlayType::kNone, "none"},
                                                {OverlayType::kOriginal, "original"},
                                                {OverlayType::kGrayscale, "grayscale"},
                                                {OverlayType::kMaskBlack, "mask_black"}};
constexpr ValueName<Clipping> kClippings[] = {{Clipping::kRank, "rank"},
                                              {Clipping::kShare, "share"}};
constexpr ValueName<ChannelRule> kChannelRules[] = {{ChannelRule::kSum, "sum"},
                                                    {ChannelRule::kMean, "mean"},
                                                    {ChannelRule::kAbsSum, "abs-sum"},
                                                    {ChannelRule::kMaxAbs, "max-abs"},
                                                    {ChannelRule::kNorm, "norm"}};
constexpr ValueName<WindowRule> kWindowRules[] = {{WindowRule::kShared, "shared"},
                                                  {WindowRule::kSeparate, "separate"}};
constexpr ValueName<PictureFormat> kFormats[] = {{PictureFormat::kJpeg, "jpeg"},
                                                 {PictureFormat::kPng, "png"}};

Status CheckRange(const char* name, double value, double least, double greatest) {
  if (value >= least && value <= greatest) return OkStatus();
  return InvalidArgument(std::string(name) + ": expected " + std::to_string(least) + " to " +
                         std::to_string(greatest) + ", got " + std::to_string(value));
}

}  // namespace

std::span<const ValueName<DrawingType>> NamesOf(DrawingType) { return kTypes; }
std::span<const ValueName<Polarity>> NamesOf(Polarity) { return kPolarities; }
std::span<const ValueName<ColorMap>> NamesOf(ColorMap) { return kColorMaps; }
std::span<const ValueName<OverlayType>> NamesOf(OverlayType) { return kOverlays; }
std::span<const ValueName<Clipping>> NamesOf(Clipping) { return kClippings; }
std::span<const ValueName<ChannelRule>> NamesOf(ChannelRule) { return kChannelRules; }
std::span<const ValueName<WindowRule>> NamesOf(WindowRule) { return kWindowRules; }
std::span<const ValueName<PictureFormat>> NamesOf(PictureFormat) { return kFormats; }

Status CheckVisualization(const VisualizationOptions& options) {
  WHYLIGHT_RETURN_IF_ERROR(CheckRange("clip_below_percentile", options.clip_below, 0, 100));
  WHYLIGHT_RETURN_IF_ERROR(CheckRange("clip_above_percentile", options.clip_above, 0, 100));
  if (options.clip_below >= options.clip_above) {
    return InvalidArgument(
        "the lower percentile must be below the upper one: " + std::to_string(options.clip_below) +
        " and " + std::to_string(options.clip_above));
  }
  WHYLIGHT_RETURN_IF_ERROR(CheckRange("overlay_multiplier", options.multiplier, 0, 1));
  WHYLIGHT_RETURN_IF_ERROR(CheckRange("blur_sigma", options.blur_sigma, 0, kMaxBlurSigma));
  if (options.blur_sigma > 0 && options.type == DrawingType::kOutlines) {
    return InvalidArgument("blur_sigma is a setting of type pixels, the type is outlines");
  }
  if (options.translate_x < 0 || options.translate_y < 0) {
    return InvalidArgument("translate: expected numbers of at least 0, got " +
                           std::to_string(options.translate_x) + " and " +
                           std::to_string(options.translate_y));
  }
  return OkStatus();
}

}  // namespace whylight
