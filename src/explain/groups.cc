#include "explain/groups.h"

#include <algorithm>
#include <utility>

#include "explain/options.h"

namespace whylight {
namespace {

// A scalar tensor.
Tensor SumOf(const std::vector<FeatureAttribution>& features,
             const std::vector<std::size_t>& inputs, Tensor FeatureAttribution::* part) {
  double sum = 0;
  for (const std::size_t input : inputs) {
    for (const double value : (features[input].*part).data<double>()) sum += value;
  }
  return Tensor::Scalar(sum);
}

}  // namespace

std::vector<Feature> FeaturesOf(const std::vector<std::string>& names,
                                const ExplainOptions& options) {
  std::vector<Feature> features;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const InputMetadata* metadata =
        ExplainsPieces(options) ? nullptr : MetadataOf(options, names[i]);
    if (metadata == nullptr || metadata->group_name.empty()) {
      features.push_back({.name = names[i], .inputs = {i}, .is_group = false});
      continue;
    }
    const std::string& group = metadata->group_name;
    const auto known = std::ranges::find_if(features, [&](const Feature& feature) {
      return feature.is_group && feature.name == group;
    });
    if (known != features.end()) {
      known->inputs.push_back(i);
    } else {
      features.push_back({.name = group, .inputs = {i}, .is_group = true});
    }
  }
  return features;
}

Status CheckGroups(const std::vector<std::string>& names, const ExplainOptions& options) {
  const std::vector<Feature> features = FeaturesOf(names, options);
  for (const Feature& group : features) {
    if (!group.is_group) continue;
    for (const Feature& feature : features) {
      if (feature.is_group || feature.name != group.name) continue;
      return InvalidArgument(options.metadata_source + ": group_name '" + group.name +
                             "' is also the name of an input outside of that group; the answer "
                             "can have only one feature of that name");
    }
  }
  return OkStatus();
}

std::vector<FeatureAttribution> JoinGroups(std::vector<FeatureAttribution> features,
                                           const ExplainOptions& options) {
  std::vector<std::string> names;
  names.reserve(features.size());
  for (const FeatureAttribution& feature : features) names.push_back(feature.name);
  std::vector<FeatureAttribution> joined;
  for (const Feature& feature : FeaturesOf(names, options)) {
    FeatureAttribution& first = features[feature.inputs[0]];
    if (!feature.is_group) {
      joined.push_back(std::move(first));
      continue;
    }
    FeatureAttribution group{
        .name = feature.name,
        .values = SumOf(features, feature.inputs, &FeatureAttribution::values),
        .input = Tensor(DType::kFloat32, Shape{0}),
    };
    if (first.standard_errors.elements() > 0) {
      group.standard_errors = SumOf(features, feature.inputs, &FeatureAttribution::standard_errors);
    }
    for (const std::size_t input : feature.inputs) {
      for (RegionAttribution& region : features[input].regions) {
        region.input = features[input].name;
        group.regions.push_back(std::move(region));
      }
    }
    joined.push_back(std::move(group));
  }
  return joined;
}

}  // namespace whylight
