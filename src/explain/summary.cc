#include "explain/summary.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "explain/sums.h"

namespace whylight {
namespace {

void WriteElementNames(JsonWriter& w, const LabelSummary& label) {
  const auto has_names = [](const FeatureAttribution& feature) {
    return !feature.element_names.empty() && !feature.named_by_elements;
  };
  if (std::ranges::none_of(label.mean.features, has_names)) return;
  w.BeginObject("elementNames");
  for (const FeatureAttribution& feature : label.mean.features) {
    if (!has_names(feature)) continue;
    w.Strings(feature.name, feature.element_names);
  }
  w.EndObject();
}

// What Google's message has no word for.
void WriteExtras(JsonWriter& w, const LabelSummary& label) {
  w.UInt("count", label.count);
  w.BeginObject("meanAbsoluteAttributions");
  for (std::size_t i = 0; i < label.mean.features.size(); ++i) {
    FeatureAttribution absolute = label.mean.features[i];
    absolute.values = label.mean_absolute[i];
    WriteFeature(w, absolute);
  }
  w.EndObject();
  w.Double("maxApproximationError", label.max_error);
  if (label.unknown_errors > 0) {
    w.UInt("unknownApproximationErrors", label.unknown_errors);
  }
  WriteElementNames(w, label);
  if (std::ranges::all_of(label.by_feature, &std::string::empty)) return;
  w.BeginObject("byFeature");
  for (std::size_t i = 0; i < label.by_feature.size(); ++i) {
    if (label.by_feature[i].empty()) continue;
    w.String(label.mean.features[i].name, label.by_feature[i]);
  }
  w.EndObject();
}

}  // namespace

void Summary::AddElements(FeatureSums& sums, const FeatureAttribution& feature) const {
  const std::span<const double> values = feature.values.data<double>();
  const bool named = feature.element_names.size() == values.size() && !values.empty();
  const auto sum_up = [&](const char* why) {
    sums.by_feature = why;
    sums.sum.clear();
    sums.absolute.clear();
    sums.element_names.clear();
    sums.index_of.clear();
  };
  if (options_.pieces) return sum_up("pieces of different texts");
  if (values.size() > options_.max_elements) return sum_up("too many elements");
  if (sums.sum.empty() && sums.element_names.empty()) {
    sums.shape = feature.values.shape();
    sums.sum.assign(values.size(), 0);
    sums.absolute = sums.sum;
    if (named) {
      sums.element_names = feature.element_names;
      for (std::size_t i = 0; i < values.size(); ++i) sums.index_of[sums.element_names[i]] = i;
    }
  }
  const bool same =
      sums.shape == feature.values.shape() && sums.element_names == feature.element_names;
  // A name that a row does not have (an absent word of a sparse bag) has the share 0 there.
  if (!same && (!named || sums.element_names.empty())) return sum_up("rows of different shapes");
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::size_t at = i;
    if (!same) {
      const auto [found, is_new] =
          sums.index_of.try_emplace(feature.element_names[i], sums.sum.size());
      at = found->second;
      if (is_new) {
        sums.element_names.push_back(feature.element_names[i]);
        sums.sum.push_back(0);
        sums.absolute.push_back(0);
      }
    }
    sums.sum[at] += values[i];
    sums.absolute[at] += std::abs(values[i]);
  }
  if (!same) sums.shape = Shape{std::ssize(sums.sum)};
  if (sums.sum.size() > options_.max_elements) sum_up("too many elements");
}

void Summary::AddTo(Sums& sums, const OutputAttribution& attribution) const {
  ++sums.count;
  sums.instance += attribution.instance_output;
  sums.baseline += attribution.baseline_output;
  if (std::isfinite(attribution.approximation_error)) {
    sums.error += attribution.approximation_error;
    sums.max_error = std::max(sums.max_error, attribution.approximation_error);
  } else {
    ++sums.unknown_errors;
  }
  for (const FeatureAttribution& feature : attribution.features) {
    auto to = std::ranges::find(sums.features, feature.name, &FeatureSums::name);
    if (to == sums.features.end()) {
      sums.features.push_back(
          {.name = feature.name, .named_by_elements = feature.named_by_elements});
      to = sums.features.end() - 1;
    }
    const double whole = SumOf(feature);
    to->whole_sum += whole;
    to->whole_absolute += std::abs(whole);
    if (to->by_feature.empty()) AddElements(*to, feature);
  }
}

void Summary::Add(const Explanation& explanation) {
  ++rows_;
  for (const OutputAttribution& attribution : explanation.attributions) {
    Sums& label = labels_[{attribution.output_name, attribution.output_index}];
    if (label.count == 0) {
      label.output_name = attribution.output_name;
      label.output_index = attribution.output_index;
      label.display_name = attribution.display_name;
    }
    // Names that come with each row's prediction need not be the same in all.
    if (label.display_name != attribution.display_name) label.display_name.clear();
    if (all_.count == 0) all_.output_name = attribution.output_name;
    if (all_.output_name != attribution.output_name) all_.output_name.clear();
    AddTo(label, attribution);
    AddTo(all_, attribution);
  }
}

LabelSummary Summary::MeansOf(const Sums& sums) {
  const auto count = static_cast<double>(std::max<std::size_t>(sums.count, 1));
  const std::size_t known = sums.count - sums.unknown_errors;
  LabelSummary label{.count = sums.count,
                     .mean = {.output_name = sums.output_name,
                              .output_index = sums.output_index,
                              .display_name = sums.display_name,
                              .instance_output = sums.instance / count,
                              .baseline_output = sums.baseline / count},
                     .max_error = sums.max_error,
                     .unknown_errors = sums.unknown_errors};
  label.mean.approximation_error =
      known > 0 ? sums.error / static_cast<double>(known) : std::nan("");
  if (known == 0) label.max_error = std::nan("");
  for (const FeatureSums& from : sums.features) {
    FeatureAttribution& mean = label.mean.features.emplace_back();
    mean.name = from.name;
    const bool whole = !from.by_feature.empty();
    mean.values = whole ? Tensor::Scalar(from.whole_sum) : Tensor::Of<double>(from.shape, from.sum);
    Tensor absolute =
        whole ? Tensor::Scalar(from.whole_absolute) : Tensor::Of<double>(from.shape, from.absolute);
    if (!whole) {
      mean.element_names = from.element_names;
      mean.named_by_elements = from.named_by_elements;
    }
    for (double& value : mean.values.data<double>()) value /= count;
    for (double& value : absolute.data<double>()) value /= count;
    label.mean_absolute.push_back(std::move(absolute));
    label.by_feature.push_back(from.by_feature);
  }
  return label;
}

std::vector<LabelSummary> Summary::Labels() const {
  std::vector<LabelSummary> labels;
  labels.reserve(labels_.size());
  for (const auto& [key, sums] : labels_) labels.push_back(MeansOf(sums));
  return labels;
}

LabelSummary Summary::All() const { return MeansOf(all_); }

std::string SummaryJson(const Summary& summary, std::size_t failed, const Provenance& provenance) {
  const std::vector<LabelSummary> labels = summary.Labels();
  std::string text;
  JsonWriter w(&text, {.indent = 2});
  w.BeginObject();
  w.BeginArray("meanAttributions");
  for (const LabelSummary& label : labels) WriteAttribution(w, label.mean);
  w.EndArray();
  w.BeginObject("whylight");
  WriteProvenance(w, provenance.plan);
  w.UInt("rows", summary.rows());
  w.UInt("failed", failed);
  w.BeginArray("labels");
  for (const LabelSummary& label : labels) {
    w.BeginObject();
    WriteExtras(w, label);
    w.EndObject();
  }
  w.EndArray();
  if (labels.size() > 1) {
    const LabelSummary all = summary.All();
    w.BeginObject("all");
    w.Key("meanAttribution");
    WriteAttribution(w, all.mean);
    WriteExtras(w, all);
    w.EndObject();
  }
  w.BeginArray("warnings");
  for (const Warning& warning : provenance.plan.warnings) WriteWarning(w, warning);
  w.EndArray();
  w.EndObject();
  w.EndObject();
  return text;
}

}  // namespace whylight
