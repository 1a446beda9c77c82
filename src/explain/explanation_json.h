// Explanations as JSON: one line for each instance, in the form of a Vertex batch explanation.
//
//   {"instance": {"age": [0.3], ...},
//    "prediction": [0.1, 0.9],                       // By name where there are several outputs.
//    "explanation": {"attributions": [
//      {"baselineOutputValue": 0.2, "instanceOutputValue": 0.9,
//       "featureAttributions": {"age": [0.5], ...},  // The feature's shape; a number for a scalar.
//       "outputIndex": [1],                          // Absent for one number an instance.
//       "outputDisplayName": "rich",                 // Absent without labels.
//       "approximationError": 0.001, "outputName": "risk"}]},
//    "whylight": {"version": "0.1.0", "signature": "serving_default", "reason": "...",
//                 "method": "integrated-gradients", "steps": 50, "warnings": [...]}}
//
// Where the method chose how much it does, "whylight" has, in order of the attributions,
// "effort": [{"steps": 15, "probes": 0, "estimatedError": 0.004, "converged": true}].
//
// Methods that sample add to "whylight", in order of the attributions,
// "sampling": [{"exact": false, "paths": 25, "coalitions": 300,
//               "standardErrors": {"age": [0.01], ...}}].   // As featureAttributions.
//
// Numbers always have a decimal point or an exponent and read back bit for bit; integers of an
// output or an instance stay integers. What is not finite is null, since JSON has no other word
// for it that every reader knows. In an attribution that can only be approximationError, infinite
// when one sample tells nothing of its error: null says that the error is not known, where a huge
// number would be believed, and protobuf's own JSON readers take it for an absent field. Nothing
// but the keys above stands in an attribution: Google's SDK refuses others. Pieces of a text add
// "pieces": {"content": ["line 1\n", ...]} to "whylight". XRAI adds there, for each attribution and
// each of its pictures, the regions by rank; those of a picture are disjoint and cover it:
//   "regions": [{"image": [{"rank": 1, "attribution": 0.02,  // Of each of the region's pixels.
//                           "area": 0.31,                    // Share of the picture's pixels.
//                           "rest": true,                    // Only of what no region covered.
//                           "mask": [672, 14, 896, 15]}, ...]}]
// "mask" is first, length, first, length, ...: runs of pixels, counted in rows from the top.
//
// Pictures of attributions, if asked for, are added to "whylight", in order of the attributions,
//   "pictures": [{"image": {"b64_jpeg": "...", "transformed_b64_jpeg": "...", ...}}, ...]
// with the numbers of WritePictureNumbers; or take the place of the numbers in featureAttributions,
// {"b64_jpeg": "...", "transformed_b64_jpeg": "..."}, as services return them. "b64_png" of PNGs;
// the transformed one only where a preprocessing function made the explained picture of another.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/json.h"
#include "whylight/explainer.h"

namespace whylight {

// Drawn pictures of one explanation.
struct EmbeddedPicture {
  std::string format = "jpeg";  // "png": what the keys end in.
  std::string bytes;
  std::string transformed;  // Over the picture before preprocessing; empty: none.
  std::string numbers;      // Further members of the object, without braces; may be empty.
};
struct EmbeddedPictures {
  bool replace_values = false;
  // For each attribution, by feature.
  std::vector<std::map<std::string, EmbeddedPicture>> of_attributions;
};

// What of the options belongs into every answer.
struct Provenance {
  ExplainPlan plan;
  // RenderProvenance of the rest: it is the same in every line. Empty: rendered for each line.
  std::string rendered;
};
// The members of "whylight" up to the warnings of the single explanation.
std::string RenderProvenance(const Provenance& provenance);

// Whether the feature's input is the pieces of a text, with a share for each.
bool HasPieces(const FeatureAttribution& feature);

// Their parts, for other documents. WriteProvenance writes members, the others values; WriteFeature
// a member, or one for each element of a feature that is named by its elements.
void WriteProvenance(JsonWriter& w, const ExplainPlan& plan);
void WriteAttribution(JsonWriter& w, const OutputAttribution& attribution,
                      const std::map<std::string, EmbeddedPicture>& in_place_of_values = {});
void WriteFeature(JsonWriter& w, const FeatureAttribution& feature);
// Members "outputIndex" and "outputDisplayName", where there are such.
void WriteTarget(JsonWriter& w, const OutputAttribution& attribution);
// A member, unless the text is empty.
void WriteText(JsonWriter& w, std::string_view key, std::string_view text);
void WriteWarning(JsonWriter& w, const Warning& warning);

std::string ExplanationLine(std::string_view instance_json, const Explanation& explanation,
                            const Provenance& provenance, const EmbeddedPictures& pictures = {});

// {"instance": ..., "prediction": ...}
std::string PredictionLine(std::string_view instance_json,
                           const std::vector<NamedValue>& prediction);

// {"instance": ..., "error": {"code": 3, "status": "INVALID_ARGUMENT", "message": "..."}}
std::string ErrorLine(std::string_view instance_json, std::string_view place, const Status& status);

}  // namespace whylight
