#include "explain/answer_rows.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "explain/explanation_json.h"
#include "explain/select.h"
#include "explain/sums.h"
#include "io/json.h"
#include "tensor/rows.h"
#include "util/strings.h"

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

std::vector<std::string> RulesOf(const std::vector<Warning>& of_all,
                                 const OutputAttribution& attribution) {
  std::vector<std::string> rules;
  rules.reserve(of_all.size() + attribution.warnings.size());
  for (const Warning& warning : of_all) rules.push_back(warning.rule);
  for (const Warning& warning : attribution.warnings) rules.push_back(warning.rule);
  return rules;
}

void AddText(AnswerRow& row, const std::string& name, std::string text) {
  Add(row, name, Tensor::ScalarString(std::move(text)));
}

// The one value that some JSON is, or lists of it are.
const Json* ScalarOf(const Json& json) {
  const Json* value = &json;
  while (value->is_array() && value->array().size() == 1) value = value->array().data();
  return value->is_array() || value->is_object() ? nullptr : value;
}

// A cell of the instance, if the value is one.
void AddMember(AnswerRow& row, const std::string& name, const Json& json) {
  static const std::set<std::string_view> kOwn = {
      "row",     "output", "index", "label", "score", "baseline_score", "approximation_error",
      "warnings"};
  const Json* const value = ScalarOf(json);
  if (value == nullptr) return;
  AddText(row, kOwn.contains(name) ? "instance:" + name : name,
          value->is_string() ? value->string()
          : value->is_null() ? ""
                             : WriteJson(*value));
}

// Under the names of its elements if it has as many, else under its own.
void AddMember(AnswerRow& row, const std::string& name, const Json& json,
               std::span<const std::string> element_names) {
  if (!json.is_array() || json.array().size() != element_names.size()) {
    return AddMember(row, name, json);
  }
  for (std::size_t i = 0; i < element_names.size(); ++i) {
    AddMember(row, element_names[i], json.array()[i]);
  }
}

using NamesOfInputs = std::map<std::string, std::span<const std::string>>;

AnswerRow InstanceCells(const AnsweredInstance& instance, const NamesOfInputs& names) {
  AnswerRow row;
  Add(row, "row", Tensor::Scalar(instance.number));
  const Result<Json> json = ParseJson(instance.json);
  if (!json.ok()) return row;  // A request that has no text of its own.
  if (!json->is_object()) {
    const bool is_named = names.size() == 1;
    AddMember(row, "instance", *json,
              is_named ? names.begin()->second : std::span<const std::string>());
    return row;
  }
  for (const auto& [name, value] : json->object()) {
    const auto known = names.find(name);
    AddMember(row, name, value,
              known == names.end() ? std::span<const std::string>() : known->second);
  }
  return row;
}

void AddShares(AnswerRow& row, const FeatureAttribution& feature) {
  const std::span<const double> values = feature.values.data<double>();
  if (feature.element_names.size() != values.size()) {
    return Add(row, "attr:" + feature.name, Tensor::Scalar(SumOf(feature)));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    Add(row, "attr:" + feature.element_names[i], Tensor::Scalar(values[i]));
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
    Add(row, "warnings", List(RulesOf(warnings, attribution)));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<RowValue> PredictionCells(const AnsweredInstance& instance,
                                      std::span<const std::string> element_names,
                                      const std::vector<NamedValue>& prediction) {
  NamesOfInputs names;
  if (!element_names.empty()) names.emplace("", element_names);
  AnswerRow row = InstanceCells(instance, names);
  for (const NamedValue& output : prediction) {
    const std::string name = "prediction:" + output.name;
    const auto elements = static_cast<std::int64_t>(output.value.elements());
    if (elements == 1) {
      Add(row, name, output.value.Reshaped(Shape{}));
      continue;
    }
    const Tensor flat = output.value.Reshaped(Shape{elements});
    for (std::int64_t i = 0; i < elements; ++i) {
      Add(row, name + "[" + IndexText(IndexOf(i, output.value.shape())) + "]", RowOf(flat, i));
    }
  }
  return row;
}

std::vector<std::vector<RowValue>> ExplanationCells(const AnsweredInstance& instance,
                                                    const Explanation& explanation,
                                                    const std::vector<Warning>& warnings) {
  NamesOfInputs names;
  if (!explanation.attributions.empty()) {
    for (const FeatureAttribution& feature : explanation.attributions[0].features) {
      names.emplace(feature.name, feature.element_names);
    }
  }
  const AnswerRow head = InstanceCells(instance, names);
  std::vector<AnswerRow> rows;
  for (const OutputAttribution& attribution : explanation.attributions) {
    AnswerRow row = head;
    AddText(row, "output", attribution.output_name);
    AddText(row, "index", IndexText(attribution.output_index));
    AddText(row, "label", attribution.display_name);
    Add(row, "score", Tensor::Scalar(attribution.instance_output));
    if (attribution.has_baseline) {
      Add(row, "baseline_score", Tensor::Scalar(attribution.baseline_output));
    }
    for (const FeatureAttribution& feature : attribution.features) AddShares(row, feature);
    Add(row, "approximation_error", Tensor::Scalar(attribution.approximation_error));
    AddText(row, "warnings", Join(RulesOf(warnings, attribution), " "));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace whylight
