#include "explain/answer_rows.h"

#include <span>
#include <string>
#include <utility>

#include "explain/explanation_json.h"

namespace whylight {
namespace {

using AnswerRow = std::vector<RowValue>;

Tensor List(std::vector<std::string> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return Tensor::Strings(Shape{count}, std::move(values));
}

Tensor List(std::span<const std::int64_t> values) {
  return Tensor::Of<std::int64_t>(Shape{std::ssize(values)}, values);
}

void Add(AnswerRow& row, const std::string& name, Tensor value) {
  const Shape shape = value.shape();
  row.push_back({.name = name, .value = std::move(value)});
  if (shape.rank() > 1) row.push_back({.name = name + "/shape", .value = List(shape.dims())});
}

void AddFeature(AnswerRow& row, const FeatureAttribution& feature) {
  const std::string name = "attributions/" + feature.name;
  Add(row, name, feature.values);
  if (!feature.element_names.empty()) row.push_back({name + "/names", List(feature.element_names)});
  if (HasPieces(feature)) row.push_back({name + "/pieces", feature.input});
  if (feature.standard_errors.elements() > 0) {
    row.push_back({name + "/standard_errors", feature.standard_errors});
  }
}

}  // namespace

std::vector<RowValue> PredictionRow(const AnsweredInstance& instance,
                                    const std::vector<NamedValue>& prediction) {
  AnswerRow row;
  Add(row, "row", Tensor::Scalar(instance.number));
  Add(row, "instance", Tensor::ScalarString(std::string(instance.json)));
  for (const NamedValue& output : prediction) Add(row, "prediction/" + output.name, output.value);
  return row;
}

std::vector<std::vector<RowValue>> ExplanationRows(const AnsweredInstance& instance,
                                                   const Explanation& explanation,
                                                   const std::vector<Warning>& warnings) {
  const AnswerRow head = PredictionRow(instance, explanation.prediction);
  std::vector<AnswerRow> rows;
  for (const OutputAttribution& attribution : explanation.attributions) {
    AnswerRow row = head;
    Add(row, "output_name", Tensor::ScalarString(attribution.output_name));
    Add(row, "output_index", List(attribution.output_index));
    Add(row, "output_display_name", Tensor::ScalarString(attribution.display_name));
    Add(row, "instance_output", Tensor::Scalar(attribution.instance_output));
    if (attribution.has_baseline) {
      Add(row, "baseline_output", Tensor::Scalar(attribution.baseline_output));
    }
    Add(row, "approximation_error", Tensor::Scalar(attribution.approximation_error));
    for (const FeatureAttribution& feature : attribution.features) AddFeature(row, feature);
    std::vector<std::string> rules;
    for (const Warning& warning : warnings) rules.push_back(warning.rule);
    for (const Warning& warning : attribution.warnings) rules.push_back(warning.rule);
    Add(row, "warnings", List(std::move(rules)));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace whylight
