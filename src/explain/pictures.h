// Pictures of an explanation's features: which have one, how it is drawn, and what is said beside
// it.
//
// How: the method's way, what the metadata's `visualization` says, and what the caller changes, the
// last word last. The services' defaults:
//   integrated-gradients, and all that explain pixel by pixel    outlines, pink_green
//   xrai, occlusion, grad-cam                                    pixels, viridis, bilinear
//   all: positive, no overlay, percentiles 62 and 99.9
// XRAI's regions are never outlined: `type` is not heeded there. A legacy visualization without a
// type means pixels, one of Vertex's form the method's default.
//
// Threads A drawer is const; its functions may be called from many threads.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "explain/explanation_json.h"
#include "image/image_tensor.h"
#include "io/json.h"
#include "render/overlay.h"
#include "render/regions.h"
#include "whylight/explainer.h"

namespace whylight {

struct DrawnPicture {
  Overlay overlay;
  VisualizationOptions options;
};

// The picture that a feature's attribution is drawn over.
struct ShownPicture {
  Image image;
  std::string range;  // "0..1 (from the data)"; empty where it was a file.
};

class PictureDrawer {
 public:
  struct Options {
    std::string method;
    std::optional<ExplanationMetadata> metadata;
    std::optional<ImageRange> range;  // Of black and white, where the metadata has no domain.
    // Changes what method and metadata say; unset: nothing.
    std::function<Result<VisualizationOptions>(VisualizationOptions)> adjust;
  };
  explicit PictureDrawer(Options options) : options_(std::move(options)) {}

  // Answers of one file may be of several methods. From one thread, while nothing is drawn.
  void SetMethod(std::string method) { options_.method = std::move(method); }

  // Values [H,W,1] or [H,W,3], or [H,W] of an input of the modality image or with regions.
  bool IsPicture(const FeatureAttribution& feature) const;
  // The metadata says that the input is an image: services answer with a picture alone.
  bool IsImageModality(std::string_view feature) const;

  // Errors: as the adjustment; CheckVisualization.
  Result<VisualizationOptions> Visualization(std::string_view feature) const;

  // What was explained, as the metadata's domain, the range, or its own values say.
  Result<ShownPicture> Shown(const FeatureAttribution& feature) const;

  // Errors: as DrawOverlay, with the feature's name.
  Result<DrawnPicture> Draw(const FeatureAttribution& feature, const Image& over) const;

 private:
  const InputMetadata* Metadata(std::string_view feature) const;

  Options options_;
};

// Which features are embedded into an answer, and where.
enum class Embedding {
  kBeside,     // Every picture, under "whylight".
  kInPlaceOf,  // Those of the modality image, in place of their numbers, as services answer.
};
// Pictures of an explanation in their own size. With a preprocessing function the one picture file
// of the instance is drawn over too. Errors: as Draw.
struct EmbeddingRequest {
  Embedding embedding = Embedding::kBeside;
  bool has_preprocess = false;
  std::string_view instance_json;
};
Result<EmbeddedPictures> EmbeddedPicturesOf(const Explanation& explanation,
                                            const PictureDrawer& drawer,
                                            const EmbeddingRequest& request);

// Small pictures, enlarged by whole numbers until a person sees something: to 448 pixels at most,
// each pixel a square. Errors: as ResizeNearest.
Result<Image> Enlarged(const Image& image);

// The regions of a feature in order of rank; none of those without.
RankedRegions RankedRegionsOf(const FeatureAttribution& feature);

// A name for each attribution of an instance, fit for a file: its index ("7", "0-2"), the output's
// name where it has none, both where several outputs are explained.
std::vector<std::string> TargetNames(const std::vector<OutputAttribution>& attributions);

// The characters that a file name may not have on some system become '_'.
std::string FileNamePart(std::string_view text);

// Members of an open object: lo, hi, highlighted, sum and share.
void WriteLayerNumbers(JsonWriter& w, const LayerNumbers& numbers);

// Members of an open object:
//   "polarity": "positive", "lo": 5.6, "hi": 39.595, "highlighted": 0.375, "sum": 100.0,
//   "share": 0.83
// of both polarities "positive" and "negative" with an object of the five numbers each; then
// "noAttribution": true if all is 0, and "visualization": {"type": ..., ...}, what was drawn how.
void WritePictureNumbers(JsonWriter& w, const DrawnPicture& picture);

}  // namespace whylight
