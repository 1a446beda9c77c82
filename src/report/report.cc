#include "report/report.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "explain/sums.h"
#include "report/columns.h"
#include "report/detail.h"
#include "whylight/version.h"

namespace whylight {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint32_t kNoCode = 0xffffffff;
constexpr std::size_t kMaxRemarkRows = 20;

// The place of `value` in `list`, behind which it is put if it is new.
template <typename T>
std::uint32_t PlaceOf(T value, std::vector<T>& list) {
  const auto found = std::ranges::find(list, value);
  const auto place = static_cast<std::uint32_t>(found - list.begin());
  if (found == list.end()) list.push_back(std::move(value));
  return place;
}

// A feature whose elements have names that stand for it is as many features.
std::vector<FeatureAttribution> Apart(const FeatureAttribution& feature) {
  std::vector<FeatureAttribution> parts;
  const bool has_values = feature.input.elements() == feature.values.elements();
  for (std::size_t i = 0; i < feature.element_names.size(); ++i) {
    FeatureAttribution& part = parts.emplace_back();
    part.name = feature.element_names[i];
    part.values = Tensor::Scalar(feature.values.Number(i));
    if (!has_values) continue;
    part.input = feature.input.is_string() ? Tensor::ScalarString(feature.input.strings()[i])
                                           : Tensor::Scalar(feature.input.Number(i));
  }
  return parts;
}

}  // namespace

Report::Feature& Report::FeatureOf(const std::string& name) {
  const auto [found, is_new] = feature_of_.try_emplace(name, features_.size());
  if (is_new) features_.push_back({.name = name});
  return features_[found->second];
}

std::uint32_t Report::TargetOf(const OutputAttribution& attribution) {
  return PlaceOf(Target{.output = attribution.output_name,
                        .index = attribution.output_index,
                        .label = attribution.display_name},
                 targets_);
}

void Report::Note(const Warning& warning) {
  const auto row = static_cast<std::uint32_t>(lines_.size() - 1);
  const auto known = std::ranges::find(remarks_, warning.rule,
                                       [](const Remark& remark) { return remark.warning.rule; });
  Remark& remark =
      known == remarks_.end() ? remarks_.emplace_back(Remark{.warning = warning}) : *known;
  ++remark.count;
  const bool is_noted = !remark.rows.empty() && remark.rows.back() == row;
  if (remark.rows.size() < kMaxRemarkRows && !is_noted) remark.rows.push_back(row);
}

void Report::AddValue(const FeatureAttribution& feature, Feature& to) {
  const Tensor& value = feature.input;
  if (value.elements() != 1 || to.kind > Kind::kCategory) return;
  if (!value.is_string() && value.dtype() != DType::kBool) {
    to.kind = std::max(to.kind, Kind::kNumber);
    to.numbers.resize(lines_.size(), kMissing);
    to.numbers.back() = value.Number(0);
    return;
  }
  to.kind = Kind::kCategory;
  const std::string text = value.is_string()      ? ShownText(value.strings()[0])
                           : value.Number(0) != 0 ? "true"
                                                  : "false";
  const auto [code, is_new] =
      to.code_of.try_emplace(text, static_cast<std::uint32_t>(to.dictionary.size()));
  if (is_new) to.dictionary.push_back(text);
  to.codes.resize(lines_.size(), kNoCode);
  to.codes.back() = code->second;
}

Report::Kind Report::WriteElements(const FeatureAttribution& feature, JsonWriter& w) {
  const Result<std::string> picture = draw_ ? draw_(feature) : std::string();
  if (!picture.ok()) Note({.rule = "no-picture", .message = picture.status().message()});
  if (picture.ok() && !picture->empty()) {
    w.Raw(feature.name, *picture);
    return Kind::kImage;
  }
  if (feature.values.elements() == 1) return Kind::kOpaque;
  w.Key(feature.name);
  return WriteElementsOf(feature, w) ? Kind::kTokens : Kind::kVector;
}

void Report::AddFeature(const FeatureAttribution& feature, bool is_first, JsonWriter& w) {
  Feature& to = FeatureOf(feature.name);
  to.totals.resize(score_.size(), std::numeric_limits<float>::quiet_NaN());
  to.totals.back() = static_cast<float>(SumOf(feature));
  to.kind = std::max(to.kind, WriteElements(feature, w));
  if (!is_first) return;
  AddValue(feature, to);
  if (!to.has_elements) to.elements = feature.element_names;
  if (to.elements != feature.element_names) to.elements.clear();
  to.has_elements = true;
}

void Report::AddAttribution(const OutputAttribution& attribution, std::uint32_t run,
                            bool is_complete) {
  row_.push_back(static_cast<std::uint32_t>(lines_.size() - 1));
  run_.push_back(run);
  target_.push_back(TargetOf(attribution));
  score_.push_back(attribution.instance_output);
  baseline_score_.push_back(attribution.has_baseline ? attribution.baseline_output : kMissing);
  error_.push_back(attribution.approximation_error);
  converged_.push_back(!attribution.effort ? 2 : attribution.effort->converged ? 1 : 0);
  sum_.push_back(is_complete && attribution.has_baseline ? SumOf(attribution) : kMissing);
}

void Report::Add(const ReportRow& row) {
  lines_.push_back(static_cast<std::uint32_t>(row.line));
  const std::uint32_t run = PlaceOf(std::string(row.run), runs_);
  std::string detail;
  JsonWriter w(&detail);
  w.BeginObject();
  w.Raw("prediction", row.prediction);
  w.BeginArray("explanations");
  bool is_first = true;
  for (const OutputAttribution& attribution : row.explanation.attributions) {
    AddAttribution(attribution, run, row.is_complete);
    w.BeginObject();
    w.BeginObject("elements");
    for (const FeatureAttribution& feature : attribution.features) {
      if (!feature.named_by_elements) {
        AddFeature(feature, is_first, w);
        continue;
      }
      for (const FeatureAttribution& part : Apart(feature)) AddFeature(part, is_first, w);
    }
    w.EndObject();
    WriteStandardErrors(attribution, w);
    w.EndObject();
    for (const Warning& warning : attribution.warnings) Note(warning);
    is_first = false;
  }
  w.EndArray();
  w.EndObject();
  details_ += detail + "\n";
}

void Report::WriteFeatures(JsonWriter& w) const {
  static constexpr const char* kNames[] = {"opaque", "number", "category",
                                           "vector", "tokens", "image"};
  w.BeginArray("features");
  for (const Feature& feature : features_) {
    w.BeginObject();
    w.String("name", feature.name);
    w.String("kind", kNames[static_cast<int>(feature.kind)]);
    if (!feature.elements.empty()) {
      w.Strings("elements", feature.elements);
    }
    w.EndObject();
  }
  w.EndArray();

  w.BeginArray("totals");
  for (const Feature& feature : features_) {
    std::vector<float> totals = feature.totals;
    totals.resize(score_.size(), std::numeric_limits<float>::quiet_NaN());
    WriteColumn(w, totals);
  }
  w.EndArray();

  w.BeginArray("values");
  for (const Feature& feature : features_) {
    if (feature.kind == Kind::kNumber) {
      std::vector<double> numbers = feature.numbers;
      numbers.resize(lines_.size(), kMissing);
      WriteColumn(w, numbers);
    } else if (feature.kind == Kind::kCategory) {
      std::vector<std::uint32_t> codes = feature.codes;
      codes.resize(lines_.size(), kNoCode);
      w.BeginObject();
      w.String("codes", EncodeColumn(std::as_bytes(std::span(codes))));
      w.Strings("dictionary", feature.dictionary);
      w.EndObject();
    } else {
      w.Null();
    }
  }
  w.EndArray();
}

void Report::WriteExplanations(JsonWriter& w) const {
  w.BeginArray("targets");
  for (const Target& target : targets_) {
    w.BeginObject();
    w.String("output", target.output);
    w.Ints("index", target.index);
    w.String("label", target.label);
    w.EndObject();
  }
  w.EndArray();

  w.BeginObject("explanations");
  WriteColumn(w, "row", row_);
  WriteColumn(w, "run", run_);
  WriteColumn(w, "target", target_);
  WriteColumn(w, "score", score_);
  WriteColumn(w, "baselineScore", baseline_score_);
  WriteColumn(w, "error", error_);
  WriteColumn(w, "sum", sum_);
  WriteColumn(w, "converged", converged_);
  w.EndObject();
}

void Report::WriteRemarks(JsonWriter& w) const {
  w.BeginArray("warnings");
  for (const Remark& remark : remarks_) {
    w.BeginObject();
    w.String("rule", remark.warning.rule);
    w.String("message", remark.warning.message);
    w.Int("count", remark.count);
    w.Ints("rows", remark.rows);
    w.EndObject();
  }
  w.EndArray();
}

std::string Report::Data(const ReportHead& head) const {
  std::string text;
  JsonWriter w(&text);
  w.BeginObject();
  w.Int("format", 1);
  w.String("title", head.title);
  w.String("created", head.created);
  w.String("whylight", kVersion);
  w.BeginArray("sources");
  for (const ReportHead::Source& source : head.sources) {
    w.BeginObject();
    w.String("name", source.name);
    w.Int("rows", source.rows);
    w.EndObject();
  }
  w.EndArray();
  w.BeginArray("runs");
  for (const std::string& run : runs_) w.Raw(run);
  w.EndArray();
  WriteFeatures(w);
  WriteExplanations(w);
  w.BeginObject("rows");
  w.Int("count", static_cast<std::int64_t>(lines_.size()));
  w.Int("total", head.total_rows);
  WriteColumn(w, "line", lines_);
  w.EndObject();
  WriteRemarks(w);
  w.BeginArray("failures");
  for (const ReportHead::Failure& failure : head.failures) {
    w.BeginObject();
    w.Int("line", failure.line);
    w.String("message", failure.message);
    w.EndObject();
  }
  w.EndArray();
  w.Int("failureCount", head.failure_count);
  w.EndObject();
  return text;
}

}  // namespace whylight
