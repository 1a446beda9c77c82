#include "explain/explanation_json.h"

#include <algorithm>

#include "util/base64.h"
#include "whylight/version.h"

namespace whylight {
namespace {

void WritePrediction(JsonWriter& w, const std::vector<NamedValue>& prediction) {
  if (prediction.size() == 1) {
    w.Value(prediction[0].value);
    return;
  }
  w.BeginObject();
  for (const NamedValue& output : prediction) {
    w.Value(output.name, output.value);
  }
  w.EndObject();
}

void WriteInstance(JsonWriter& w, std::string_view instance_json) {
  w.Key("instance");
  if (instance_json.empty()) {
    w.Null();
  } else {
    w.Raw(instance_json);
  }
}

// `values` of the feature: its attributions, or their errors.
void WriteFeatureValues(JsonWriter& w, const FeatureAttribution& feature, const Tensor& values) {
  if (!feature.named_by_elements) {
    w.Value(feature.name, values);
    return;
  }
  for (std::size_t i = 0; i < feature.element_names.size(); ++i) {
    w.Double(feature.element_names[i], values.data<double>()[i]);
  }
}

// Members of an object without its braces, for splicing.
std::string WithoutBraces(const std::string& object) { return object.substr(1, object.size() - 2); }

void WriteEffort(JsonWriter& w, const Explanation& explanation) {
  const auto chosen = [](const OutputAttribution& attribution) {
    return attribution.effort.has_value();
  };
  if (!std::ranges::any_of(explanation.attributions, chosen)) return;
  w.BeginArray("effort");
  for (const OutputAttribution& attribution : explanation.attributions) {
    const Effort effort = attribution.effort.value_or(Effort());
    w.BeginObject();
    w.Int("steps", effort.steps);
    w.Int("probes", effort.probes);
    w.Double("estimatedError", effort.estimated_error);
    w.Bool("converged", effort.converged);
    w.EndObject();
  }
  w.EndArray();
}

// A mask is [first, length, first, length, ...], as what makes it is disjoint and in order.
void WriteRegion(JsonWriter& w, const RegionAttribution& region) {
  w.BeginObject();
  WriteText(w, "input", region.input);
  w.Int("rank", region.rank);
  w.Double("attribution", region.attribution);
  w.Double("area", region.area);
  if (region.is_rest) {
    w.Bool("rest", true);
  }
  w.BeginArray("mask");
  for (const PixelSpan& span : region.pixels) {
    w.Int(span.first);
    w.Int(span.length);
  }
  w.EndArray();
  w.EndObject();
}

// An object for each attribution, in their order.
void WriteRegions(JsonWriter& w, const Explanation& explanation) {
  const auto has_regions = [](const FeatureAttribution& feature) {
    return !feature.regions.empty();
  };
  if (!std::ranges::any_of(explanation.attributions, [&](const OutputAttribution& attribution) {
        return std::ranges::any_of(attribution.features, has_regions);
      })) {
    return;
  }
  w.BeginArray("regions");
  for (const OutputAttribution& attribution : explanation.attributions) {
    w.BeginObject();
    for (const FeatureAttribution& feature : attribution.features) {
      w.BeginArray(feature.name);
      for (const RegionAttribution& region : feature.regions) WriteRegion(w, region);
      w.EndArray();
    }
    w.EndObject();
  }
  w.EndArray();
}

void WriteSampling(JsonWriter& w, const Explanation& explanation) {
  if (std::ranges::none_of(explanation.attributions, [](const OutputAttribution& attribution) {
        return attribution.sampling.has_value();
      })) {
    return;
  }
  w.BeginArray("sampling");
  for (const OutputAttribution& attribution : explanation.attributions) {
    const Sampling sampling = attribution.sampling.value_or(Sampling());
    w.BeginObject();
    w.Bool("exact", sampling.exact);
    if (sampling.paths > 0) {
      w.Int("paths", sampling.paths);
    }
    if (sampling.coalitions > 0) {
      w.Int("coalitions", sampling.coalitions);
    }
    if (sampling.samples > 0) {
      w.Int("samples", sampling.samples);
    }
    w.BeginObject("standardErrors");
    for (const FeatureAttribution& feature : attribution.features) {
      WriteFeatureValues(w, feature, feature.standard_errors);
    }
    w.EndObject();
    w.EndObject();
  }
  w.EndArray();
}

void WriteNeighbors(JsonWriter& w, const std::vector<Neighbor>& neighbors) {
  w.BeginArray("neighbors");
  for (const Neighbor& neighbor : neighbors) {
    w.BeginObject();
    w.String("neighborId", neighbor.id);
    w.Double("neighborDistance", neighbor.distance);
    w.EndObject();
  }
  w.EndArray();
}

void WriteBase64(JsonWriter& w, const std::string& key, const std::string& bytes) {
  if (bytes.empty()) return;
  w.String(key, Base64Encode(bytes));
}

void WritePicture(JsonWriter& w, const EmbeddedPicture& picture, bool with_numbers) {
  std::string text;
  JsonWriter inner(&text);
  inner.BeginObject();
  WriteBase64(inner, "b64_" + picture.format, picture.bytes);
  WriteBase64(inner, "transformed_b64_" + picture.format, picture.transformed);
  inner.EndObject();
  if (with_numbers && !picture.numbers.empty()) {
    text = "{" + WithoutBraces(text) + "," + picture.numbers + "}";
  }
  w.Raw(text);
}

// An object for each attribution, in their order.
void WritePictures(JsonWriter& w, const EmbeddedPictures& pictures) {
  if (pictures.of_attributions.empty() || pictures.replace_values) return;
  w.BeginArray("pictures");
  for (const auto& of_attribution : pictures.of_attributions) {
    w.BeginObject();
    for (const auto& [feature, picture] : of_attribution) {
      w.Key(feature);
      WritePicture(w, picture, /*with_numbers=*/true);
    }
    w.EndObject();
  }
  w.EndArray();
}

// What belongs to this explanation alone.
std::string OwnMembers(const Explanation& explanation, const ExplainPlan& plan,
                       const EmbeddedPictures& pictures) {
  std::string text;
  JsonWriter w(&text);
  w.BeginObject();
  bool pieces = false;
  for (const OutputAttribution& attribution : explanation.attributions) {
    for (const FeatureAttribution& feature : attribution.features) {
      if (pieces || !HasPieces(feature)) continue;
      pieces = true;
      w.BeginObject("pieces");
      w.Value(feature.name, feature.input);
      w.EndObject();
    }
  }
  WriteEffort(w, explanation);
  WriteRegions(w, explanation);
  WritePictures(w, pictures);
  WriteSampling(w, explanation);
  if (explanation.embedding) {
    w.Value("embedding", *explanation.embedding);
  }
  w.BeginArray("warnings");
  for (const Warning& warning : plan.warnings) WriteWarning(w, warning);
  for (const OutputAttribution& attribution : explanation.attributions) {
    for (const Warning& warning : attribution.warnings) WriteWarning(w, warning);
  }
  w.EndArray();
  w.EndObject();
  return WithoutBraces(text);
}

}  // namespace

bool HasPieces(const FeatureAttribution& feature) {
  return feature.input.is_string() && feature.input.shape() == feature.values.shape() &&
         feature.values.shape().rank() == 1;
}

void WriteFeature(JsonWriter& w, const FeatureAttribution& feature) {
  WriteFeatureValues(w, feature, feature.values);
}

void WriteText(JsonWriter& w, std::string_view key, std::string_view text) {
  if (!text.empty()) w.String(key, text);
}

void WriteTarget(JsonWriter& w, const OutputAttribution& attribution) {
  if (!attribution.output_index.empty()) w.Ints("outputIndex", attribution.output_index);
  WriteText(w, "outputDisplayName", attribution.display_name);
}

void WriteAttribution(JsonWriter& w, const OutputAttribution& attribution,
                      const std::map<std::string, EmbeddedPicture>& in_place_of_values) {
  w.BeginObject();
  if (attribution.has_baseline) {
    w.Double("baselineOutputValue", attribution.baseline_output);
  }
  w.Double("instanceOutputValue", attribution.instance_output);
  w.BeginObject("featureAttributions");
  for (const FeatureAttribution& feature : attribution.features) {
    const auto picture = in_place_of_values.find(feature.name);
    if (picture == in_place_of_values.end()) {
      WriteFeature(w, feature);
    } else {
      w.Key(feature.name);
      WritePicture(w, picture->second, /*with_numbers=*/false);
    }
  }
  w.EndObject();
  WriteTarget(w, attribution);
  w.Double("approximationError", attribution.approximation_error);
  w.String("outputName", attribution.output_name);
  w.EndObject();
}

void WriteWarning(JsonWriter& w, const Warning& warning) {
  w.BeginObject();
  w.String("rule", warning.rule);
  w.String("message", warning.message);
  w.EndObject();
}

void WriteProvenance(JsonWriter& w, const ExplainPlan& plan) {
  WriteText(w, "version", kVersion);
  WriteText(w, "signature", plan.signature);
  WriteText(w, "preprocess", plan.preprocess);
  WriteText(w, "reason", plan.reason);
  WriteText(w, "method", plan.method);
  for (const MethodSetting& setting : plan.settings) {
    w.Raw(setting.name, setting.json);
  }
  w.BeginObject("baselines");
  for (const BaselineNote& note : plan.baselines) {
    w.String(note.input, note.text + " (" + note.origin + ")");
  }
  w.EndObject();
  if (!plan.held.empty()) {
    w.Strings("held", plan.held);
  }
}

std::string RenderProvenance(const Provenance& provenance) {
  std::string text;
  JsonWriter w(&text);
  w.BeginObject();
  WriteProvenance(w, provenance.plan);
  w.EndObject();
  return WithoutBraces(text);
}

std::string ExplanationLine(std::string_view instance_json, const Explanation& explanation,
                            const Provenance& provenance, const EmbeddedPictures& pictures) {
  static const std::map<std::string, EmbeddedPicture> kNone;
  std::string line;
  JsonWriter w(&line);
  w.BeginObject();
  WriteInstance(w, instance_json);
  w.Key("prediction");
  WritePrediction(w, explanation.prediction);
  w.BeginObject("explanation");
  w.BeginArray("attributions");
  for (std::size_t i = 0; i < explanation.attributions.size(); ++i) {
    const bool replace = pictures.replace_values && i < pictures.of_attributions.size();
    WriteAttribution(w, explanation.attributions[i], replace ? pictures.of_attributions[i] : kNone);
  }
  w.EndArray();
  if (explanation.neighbors) WriteNeighbors(w, *explanation.neighbors);
  w.EndObject();
  w.Raw("whylight",
        "{" + (provenance.rendered.empty() ? RenderProvenance(provenance) : provenance.rendered) +
            "," + OwnMembers(explanation, provenance.plan, pictures) + "}");
  w.EndObject();
  return line;
}

std::string PredictionLine(std::string_view instance_json,
                           const std::vector<NamedValue>& prediction) {
  std::string line;
  JsonWriter w(&line);
  w.BeginObject();
  WriteInstance(w, instance_json);
  w.Key("prediction");
  WritePrediction(w, prediction);
  w.EndObject();
  return line;
}

std::string ErrorLine(std::string_view instance_json, std::string_view place,
                      const Status& status) {
  std::string line;
  JsonWriter w(&line);
  w.BeginObject();
  WriteInstance(w, instance_json);
  w.BeginObject("error");
  w.Int("code", static_cast<int>(status.code()));
  w.String("status", StatusCodeName(status.code()));
  w.String("place", place);
  w.String("message", status.message());
  w.EndObject();
  w.EndObject();
  return line;
}

}  // namespace whylight
