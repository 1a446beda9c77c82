#include "explain/names.h"

#include <utility>

#include "explain/options.h"

namespace whylight {

std::vector<std::string> ClassLabels(const Program& program, const ChosenOutput& chosen,
                                     const Row& outputs, const ExplainOptions& options) {
  if (!options.labels.empty()) return options.labels;
  const auto strings_of = [](const Tensor& tensor) {
    return std::vector<std::string>(tensor.strings().begin(), tensor.strings().end());
  };
  if (options.metadata) {
    for (const OutputMetadata& output : options.metadata->outputs) {
      if (output.name != chosen.name) continue;
      std::vector<std::string> labels;
      if (output.index_name_mapping.is_array()) {
        for (const Json& label : output.index_name_mapping.array()) {
          labels.push_back(label.is_string() ? label.string() : "");
        }
        return labels;
      }
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

std::vector<FeatureAttribution> NameFeatures(const std::vector<std::string>& names, const Row& x,
                                             const Row& shares, const ExplainOptions& options) {
  std::vector<FeatureAttribution> features;
  for (std::size_t i = 0; i < x.size(); ++i) {
    FeatureAttribution feature{.name = names[i], .values = shares[i], .input = x[i]};
    if (ExplainsPieces(options)) {
      features.push_back(std::move(feature));
      continue;
    }
    const InputMetadata* metadata = MetadataOf(options, feature.name);
    if (metadata != nullptr && !metadata->index_feature_mapping.empty()) {
      feature.element_names = metadata->index_feature_mapping;
      feature.named_by_elements = metadata->encoding != Encoding::kIdentity;
    } else if (x.size() == 1 && options.feature_names.size() == x[i].elements()) {
      feature.element_names = options.feature_names;
    }
    if (feature.element_names.size() != shares[i].elements()) {
      feature.element_names.clear();
      feature.named_by_elements = false;
    }
    features.push_back(std::move(feature));
  }
  return features;
}

}  // namespace whylight
