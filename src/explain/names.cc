#include "explain/names.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "explain/options.h"
#include "explain/reduce.h"
#include "util/strings.h"

namespace whylight {
namespace {

// A shape without the program's axis of rows; unknown if it is not certain that it has one.
Shape OfOneRow(const Program& program, const Shape& shape) {
  if (program.layout.kind == RowLayout::Kind::kNone || !shape.has_rank()) return shape;
  const std::int64_t rows =
      program.layout.kind == RowLayout::Kind::kFixed ? program.layout.size : Shape::kUnknown;
  const bool has_rows =
      shape.rank() > 0 && std::max<std::int64_t>(shape.dim(0), Shape::kUnknown) == rows;
  return has_rows ? shape.WithoutFirst() : Shape::UnknownRank();
}

// The mapping's names take the place of the input's own key.
bool NamesElements(Encoding encoding) {
  return encoding == Encoding::kBagOfFeatures || encoding == Encoding::kBagOfFeaturesSparse ||
         encoding == Encoding::kIndicator;
}

// Names in the order of a flat index, however they are nested.
void AppendNames(const Json& names, std::vector<std::string>& to) {
  if (!names.is_array()) return to.push_back(names.is_string() ? names.string() : "");
  for (const Json& one : names.array()) AppendNames(one, to);
}

// The options' labels, else the metadata's list.
std::vector<std::string> GivenLabels(const ChosenOutput& chosen, const ExplainOptions& options) {
  if (!options.labels.empty() || !options.metadata) return options.labels;
  std::vector<std::string> labels;
  for (const OutputMetadata& output : options.metadata->outputs) {
    if (output.name != chosen.name || !output.index_name_mapping.is_array()) continue;
    AppendNames(output.index_name_mapping, labels);
  }
  return labels;
}

}  // namespace

Status CheckTargets(const Program& program, const ChosenOutput& chosen,
                    const ExplainOptions& options) {
  const Shape shape = OfOneRow(program, program.outputs[chosen.index].shape);
  if (!shape.IsKnown() || shape.elements() == 0) return OkStatus();
  const std::vector<std::string> labels = GivenLabels(chosen, options);
  const bool rows_name_classes =
      labels.empty() && std::ranges::any_of(program.outputs, [](const Port& port) {
        return port.dtype == DType::kString;
      });
  if (rows_name_classes && !options.class_name.empty()) return OkStatus();
  return ChooseTargets(Tensor(DType::kFloat32, shape), options, labels).status();
}

Status CheckFeatureNames(const Program& program, const Explained& explained,
                         const ExplainOptions& options) {
  if (options.feature_names.empty()) return OkStatus();
  if (explained.inputs.size() != 1) {
    return InvalidArgument("--feature-names names the elements of one input; explained are " +
                           Join(explained.names, ", "));
  }
  return CheckFeatureCount(OfOneRow(program, program.inputs[explained.inputs[0]].port.shape),
                           explained, options);
}

Status CheckFeatureCount(const Shape& shape, const Explained& explained,
                         const ExplainOptions& options) {
  const auto names = std::ssize(options.feature_names);
  if (!shape.IsKnown() || shape.elements() == names) return OkStatus();
  return {StatusCode::kOutOfRange, "--feature-names: " + std::to_string(names) +
                                       (names == 1 ? " name" : " names") + " for input '" +
                                       explained.names[0] + "' of " +
                                       std::to_string(shape.elements()) + " elements"};
}

bool AreElementNames(const std::vector<std::string>& names, const Program& program,
                     const Explained& explained, const ExplainOptions& options) {
  if (options.players != Players::kElements || explained.inputs.size() != 1) return false;
  const ProgramInput& input = program.inputs[explained.inputs[0]];
  const InputMetadata* metadata = MetadataOf(options, explained.names[0]);
  if (input.source || (metadata != nullptr && !metadata->index_feature_mapping.empty())) {
    return false;
  }
  const Shape shape = OfOneRow(program, input.port.shape);
  return shape.IsKnown() && shape.elements() == std::ssize(names);
}

std::vector<std::string> ClassLabels(const Program& program, const ChosenOutput& chosen,
                                     const Row& outputs, const ExplainOptions& options) {
  if (std::vector<std::string> given = GivenLabels(chosen, options); !given.empty()) return given;
  const auto strings_of = [](const Tensor& tensor) {
    return std::vector<std::string>(tensor.strings().begin(), tensor.strings().end());
  };
  if (options.metadata) {
    for (const OutputMetadata& output : options.metadata->outputs) {
      if (output.name != chosen.name) continue;
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        const Port& port = program.outputs[i];
        if (port.name == output.index_name_mapping_key && outputs[i].is_string()) {
          return strings_of(outputs[i]);
        }
      }
    }
  }
  const std::size_t classes = outputs[chosen.index].elements();
  for (const Tensor& output : outputs) {
    if (classes > 1 && output.is_string() && output.elements() == classes) {
      return strings_of(output);
    }
  }
  return {};
}

std::vector<FeatureAttribution> NamedFeatures(const Explained& explained, const Shares& shares,
                                              const ExplainOptions& options) {
  std::vector<FeatureAttribution> features;
  for (std::size_t i = 0; i < shares.x.size(); ++i) {
    FeatureAttribution feature{
        .name = explained.names[i], .values = shares.values[i], .input = shares.x[i]};
    if (!shares.standard_errors.empty()) feature.standard_errors = shares.standard_errors[i];
    if (ExplainsPieces(options)) {
      features.push_back(std::move(feature));
      continue;
    }
    const InputMetadata* metadata = MetadataOf(options, feature.name);
    feature.element_names = options.feature_names;  // Of the one input, or none.
    if (metadata != nullptr && !metadata->index_feature_mapping.empty()) {
      if (feature.element_names.empty()) feature.element_names = metadata->index_feature_mapping;
      feature.named_by_elements = NamesElements(metadata->encoding);
    }
    if (feature.element_names.size() != feature.values.elements()) {
      feature.element_names.clear();
      feature.named_by_elements = false;
    }
    if (metadata != nullptr) ReduceByEncoding(metadata->encoding, explained.ids[i], feature);
    features.push_back(std::move(feature));
  }
  return features;
}

std::string LabelText(const OutputAttribution& attribution) {
  std::string text = attribution.output_name;
  if (!attribution.output_index.empty()) text += "[" + IndexText(attribution.output_index) + "]";
  if (!attribution.display_name.empty()) text += " \"" + attribution.display_name + "\"";
  return text;
}

}  // namespace whylight
