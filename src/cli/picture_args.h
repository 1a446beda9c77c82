// Options of the subcommands that draw pictures, and the files that they write.
#pragma once

#include <string>
#include <vector>

#include "cli/args.h"
#include "explain/pictures.h"

namespace whylight {

struct PictureArgs {
  std::string directory;
  std::string type, polarity, color_map, overlay, clipping, channels, window, format;
  double clip_below = 0, clip_above = 0, multiplier = 0, blur = 0;
  double area = 20;
  bool bare_outlines = false;
  std::string embed;  // Of explain: "beside", "service", or nothing.

  // --images and, under the heading "Pictures", how they look. `format_flags`: what the option of
  // the files' format is called.
  void Declare(Args& args, const std::string& format_flags);
  void DeclareEmbedding(Args& args);  // --embed-images
  // An option that XRAI or the type does not have is an error, as a wrong number.
  Status Check(const Args& given, std::string_view method) const;
  // What was given, in place of what method and metadata say.
  Result<VisualizationOptions> Adjusted(VisualizationOptions options, const Args& given) const;
};

// Of the subcommands that have answers and no model: what pictures of numbers need to be told.
struct PictureSourceArgs {
  std::string metadata, image_range;

  // --metadata and --image-range; `metadata_help`: what the first is for.
  void Declare(Args& args, const std::string& metadata_help);
  // Errors: of the range's name, of reading the file, of its content.
  Status Read(PictureDrawer::Options& drawing) const;
};

// Files of one row: ROW.INPUT.TARGET.jpg (or .png) for each picture and target, .json beside it. Of
// regions .top20 (the top area), .regions (outlines with ranks) and .ranks.png (RankImage) too.
class PictureFiles {
 public:
  // Makes the directory. Errors: kInvalidArgument.
  static Result<PictureFiles> Open(const PictureArgs& args);

  struct Row {
    std::int64_t number = 0;
    std::string_view method;
    const std::vector<OutputAttribution>& attributions;
  };
  // The number of pictures. Errors: as drawing and writing; with the input's name.
  Result<int> Write(const Row& row, const PictureDrawer& drawer) const;

 private:
  PictureFiles(std::string directory, double area)
      : directory_(std::move(directory)), area_(area) {}
  Status WriteOne(const std::string& stem, const Row& row, std::size_t target,
                  const FeatureAttribution& feature, const PictureDrawer& drawer) const;

  std::string directory_;
  double area_;
};

}  // namespace whylight
