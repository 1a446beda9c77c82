#include "cli/picture_args.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "explain/explanation_json.h"
#include "explain/metadata_file.h"
#include "explain/sums.h"
#include "io/files.h"
#include "io/json.h"
#include "io/remote/uri.h"
#include "util/strings.h"

namespace whylight {
namespace {

// Names as options are written: pink-green.
std::string OptionName(std::string_view name) {
  std::string option(name);
  std::ranges::replace(option, '_', '-');
  return option;
}

template <typename Value>
std::vector<std::string> OptionNames() {
  std::vector<std::string> names;
  for (const auto& row : NamesOf(Value())) names.push_back(OptionName(row.name));
  return names;
}

template <typename Value>
void SetByOption(const std::string& option, Value* value) {
  for (const auto& row : NamesOf(*value)) {
    if (OptionName(row.name) == option) *value = row.value;
  }
}

void WriteScores(JsonWriter& w, const OutputAttribution& attribution) {
  w.Double("instanceOutputValue", attribution.instance_output);
  if (!attribution.has_baseline) return;
  w.Double("baselineOutputValue", attribution.baseline_output);
  w.Double("gap", GapOf(attribution));
}

void WriteTopArea(JsonWriter& w, const RankedRegions& regions, const TopArea& top) {
  w.Int("regions", static_cast<std::int64_t>(regions.regions.size()));
  w.BeginObject("topArea");
  w.Int("regions", top.regions);
  w.Double("area", top.area);
  w.EndObject();
}

Status WritePicture(const std::string& path, const Image& image, PictureFormat format) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string bytes, EncodePicture(image, format));
  return WriteFile(path, bytes);
}

}  // namespace

void PictureArgs::Declare(Args& args, const std::string& format_flags) {
  args.Text("--images", directory,
            "DIR: Directory for a picture of each image's attribution, with its numbers as JSON "
            "beside it");
  args.Group("Pictures");
  args.Choice("--type", type, OptionNames<DrawingType>(),
              "Each pixel, or regions outlined (default: the metadata's, else outlines; occlusion "
              "and grad-cam pixels; not of xrai)");
  args.Choice("--polarity", polarity, OptionNames<Polarity>(),
              "Which attributions (default positive)");
  args.Choice("--color-map", color_map, OptionNames<ColorMap>(),
              "Colours (default pink-green; xrai, occlusion and grad-cam viridis)");
  args.Choice("--overlay", overlay, OptionNames<OverlayType>(),
              "What lies below the colours (default none: they alone)");
  args.Number("--overlay-multiplier", multiplier,
              "Share of the picture below where a pixel is highlighted, 0 to 1 (default 0.7)");
  args.Number("--clip-below", clip_below,
              "Percentile below which nothing is highlighted (default 62)");
  args.Number("--clip-above", clip_above,
              "Percentile above which all is equally strong (default 99.9)");
  args.Choice("--clip-by", clipping, OptionNames<Clipping>(),
              "Percentiles count pixels (rank, default), or attribution (share)");
  args.Number("--blur", blur,
              "Blur attributions first: standard deviation in pixels; not outlines");
  args.Flag("--bare-outlines", bare_outlines, "Outlines without the colours inside");
  args.Choice("--channels", channels, OptionNames<ChannelRule>(),
              "One number of a pixel's channels (default sum)");
  args.Choice("--scale", window, OptionNames<WindowRule>(),
              "Both polarities on one scale (shared, default), or each on its own");
  args.Number("--area", area, "Regions: percentage of the picture in the top area (default 20)");
  args.Choice(format_flags, format, OptionNames<PictureFormat>(),
              "Form of the pictures (default jpeg)");
}

void PictureArgs::DeclareEmbedding(Args& args) {
  args.FlagOrChoice("--embed-images", embed, {"beside", "service"},
                    "Put pictures into answers as Base64: beside the numbers, or as the services "
                    "do in their place, for inputs of the modality image");
}

Status PictureArgs::Check(const Args& given, std::string_view method) const {
  if (method == "xrai" && (given.Given("--type") || given.Given("--bare-outlines"))) {
    return InvalidArgument("--type, --bare-outlines: xrai's regions have a picture of their own");
  }
  if (given.Given("--blur") && type == "outlines") {
    return InvalidArgument("--blur is for --type pixels");
  }
  if (bare_outlines && type == "pixels") {
    return InvalidArgument("--bare-outlines is for --type outlines");
  }
  if (!(area > 0 && area <= 100)) {
    return InvalidArgument("--area: expected above 0 to 100 percent, got " + WriteJson(Json(area)));
  }
  return Adjusted({}, given).status();
}

Result<VisualizationOptions> PictureArgs::Adjusted(VisualizationOptions options,
                                                   const Args& given) const {
  SetByOption(type, &options.type);
  SetByOption(polarity, &options.polarity);
  SetByOption(color_map, &options.color_map);
  SetByOption(overlay, &options.overlay);
  SetByOption(clipping, &options.clipping);
  SetByOption(channels, &options.channels);
  SetByOption(window, &options.window);
  SetByOption(format, &options.format);
  if (given.Given("--overlay-multiplier")) options.multiplier = multiplier;
  if (given.Given("--clip-below")) options.clip_below = clip_below;
  if (given.Given("--clip-above")) options.clip_above = clip_above;
  if (given.Given("--blur")) {
    options.blur_sigma = blur;
    if (type.empty()) options.type = DrawingType::kPixels;
  }
  if (options.type == DrawingType::kOutlines) options.blur_sigma = 0;  // The metadata's.
  if (bare_outlines) options.shade_within_outlines = false;
  WHYLIGHT_RETURN_IF_ERROR(CheckVisualization(options));
  return options;
}

void PictureSourceArgs::Declare(Args& args, const std::string& metadata_help) {
  args.Text("--metadata", metadata, "FILE: Explanation metadata" + metadata_help);
  args.Text("--image-range", image_range,
            "RANGE: What black and white are for pictures of numbers: 0..1, 0..255 or -1..1 "
            "(default: told from the numbers)");
}

Status PictureSourceArgs::Read(PictureDrawer::Options& drawing) const {
  if (!image_range.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(drawing.range, ImageRangeFromName(image_range));
  }
  if (metadata.empty()) return OkStatus();
  WHYLIGHT_ASSIGN_OR_RETURN(ParsedMetadata parsed,
                            ReadMetadataFile(metadata, ServiceLimits::kNoted));
  WHYLIGHT_RETURN_IF_ERROR(parsed.status().In(metadata));
  drawing.metadata = std::move(parsed.metadata);
  return OkStatus();
}

Result<PictureFiles> PictureFiles::Open(const PictureArgs& args) {
  std::error_code error;
  if (!IsRemote(args.directory)) std::filesystem::create_directories(args.directory, error);
  if (error) return InvalidArgument("--images " + args.directory + ": " + error.message());
  return PictureFiles(args.directory, args.area);
}

Result<int> PictureFiles::Write(const Row& row, const PictureDrawer& drawer) const {
  const std::vector<std::string> targets = TargetNames(row.attributions);
  int written = 0;
  for (std::size_t target = 0; target < targets.size(); ++target) {
    for (const FeatureAttribution& feature : row.attributions[target].features) {
      if (!drawer.IsPicture(feature)) continue;
      const std::string stem =
          PathBelow(directory_, std::to_string(row.number) + "." + FileNamePart(feature.name) +
                                    "." + targets[target]);
      WHYLIGHT_RETURN_IF_ERROR(WriteOne(stem, row, target, feature, drawer));
      ++written;
    }
  }
  return written;
}

Status PictureFiles::WriteOne(const std::string& stem, const Row& row, std::size_t target,
                              const FeatureAttribution& feature,
                              const PictureDrawer& drawer) const {
  WHYLIGHT_ASSIGN_OR_RETURN(const VisualizationOptions options, drawer.Visualization(feature.name));
  WHYLIGHT_ASSIGN_OR_RETURN(const ShownPicture shown, drawer.Shown(feature));
  // Where metadata places the attribution, pixels are counted. Outlines are found among the
  // picture's own pixels, and enlarged with it.
  const bool is_placed = options.resized || options.translate_x > 0 || options.translate_y > 0;
  WHYLIGHT_ASSIGN_OR_RETURN(const Image large,
                            is_placed ? Result<Image>(shown.image) : Enlarged(shown.image));
  const bool outlines = options.type == DrawingType::kOutlines;
  WHYLIGHT_ASSIGN_OR_RETURN(DrawnPicture drawn,
                            drawer.Draw(feature, outlines ? shown.image : large));
  if (outlines && !is_placed) {
    WHYLIGHT_ASSIGN_OR_RETURN(drawn.overlay.image, Enlarged(drawn.overlay.image));
  }
  const std::string extension(ExtensionOf(options.format));
  WHYLIGHT_RETURN_IF_ERROR(
      WritePicture(WithEnding(stem, "", extension), drawn.overlay.image, options.format));

  std::string json;
  JsonWriter w(&json, {.indent = 2});
  w.BeginObject();
  w.Int("row", row.number);
  WriteText(w, "input", feature.name);
  WriteText(w, "method", row.method);
  WriteText(w, "outputName", row.attributions[target].output_name);
  WriteTarget(w, row.attributions[target]);
  WriteScores(w, row.attributions[target]);
  WriteText(w, "blackToWhite", shown.range);
  WritePictureNumbers(w, drawn);
  const RankedRegions regions = RankedRegionsOf(feature);
  if (!regions.regions.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(const RankMap ranks, RanksOf(regions));
    WHYLIGHT_ASSIGN_OR_RETURN(const TopArea top, TopAreaOf(regions, area_));
    WHYLIGHT_ASSIGN_OR_RETURN(const Image top_area, DrawTopArea(regions, large, area_));
    WHYLIGHT_ASSIGN_OR_RETURN(const Image outlined, DrawRankedRegions(regions, large));
    const std::string percent = FileNamePart(
        WriteJson(area_ == static_cast<int>(area_) ? Json(static_cast<int>(area_)) : Json(area_)));
    WHYLIGHT_RETURN_IF_ERROR(
        WritePicture(WithEnding(stem, "", ".top" + percent + extension), top_area, options.format));
    WHYLIGHT_RETURN_IF_ERROR(
        WritePicture(WithEnding(stem, "", ".regions" + extension), outlined, options.format));
    WHYLIGHT_RETURN_IF_ERROR(
        WritePicture(WithEnding(stem, "", ".ranks.png"), RankImage(ranks), PictureFormat::kPng));
    WriteTopArea(w, regions, top);
  }
  w.EndObject();
  return WriteFile(WithEnding(stem, "", ".json"), json + "\n");
}

}  // namespace whylight
