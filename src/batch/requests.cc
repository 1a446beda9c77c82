#include "batch/requests.h"

#include <algorithm>
#include <utility>

#include "util/strings.h"

namespace whylight {

std::vector<FieldSpec> FieldSpecsOf(const std::vector<RequestField>& fields) {
  std::vector<FieldSpec> specs;
  specs.reserve(fields.size());
  for (const RequestField& field : fields) {
    specs.push_back(
        {.name = field.name, .dtype = field.dtype, .shape = field.shape, .alias = field.alias});
  }
  return specs;
}

InstanceReaderOptions ReaderOptionsFor(const ExplainOptions& options) {
  InstanceReaderOptions read;
  if (options.metadata && options.metadata->inputs.size() == 1) {
    read.element_names = options.metadata->inputs[0].index_feature_mapping;
  }
  return read;
}

void DecodeImagesInto(std::optional<ImageRange> range, InstanceReaderOptions& options) {
  options.decode_image = [range](std::string_view bytes, const FieldSpec& field) {
    return DecodeImageTensor(bytes, field.dtype, field.shape, {.range = range});
  };
}

std::string KeysOfServing(const Model& model, const Explainer& explainer) {
  const std::vector<RequestField>& fields = explainer.request_fields();
  const auto serving = model.meta().signatures.find("serving_default");
  const bool aliased =
      std::ranges::any_of(fields, [](const RequestField& field) { return !field.alias.empty(); });
  if (explainer.plan().preprocess.empty() || aliased || serving == model.meta().signatures.end()) {
    return "";  // An alias is shown beside its field.
  }
  std::vector<std::string> keys;
  for (const auto& [key, info] : serving->second.inputs) keys.push_back(key);
  const bool same = keys.size() == fields.size() && std::ranges::all_of(keys, [&](const auto& key) {
                      return std::ranges::count(fields, key, &RequestField::name) == 1;
                    });
  if (same) return "so does serving_default";
  return "serving_default takes " + Join(keys, ", ") + ", which do not match one to one";
}

Status CheckRequestedSignature(const std::string& name, const ExplainPlan& plan) {
  if (name.empty() || name == plan.signature || name == plan.preprocess ||
      name == "serving_default") {
    return OkStatus();
  }
  return InvalidArgument("signature_name: the request is for '" + name + "', explained is '" +
                         plan.signature + "' (" + plan.reason + "); give --signature " + name +
                         " to explain that, or leave signature_name out");
}

Result<std::vector<Row>> ReadRows(InstanceReader& reader) {
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Instance> instances, ReadAll(reader));
  std::vector<Row> rows;
  rows.reserve(instances.size());
  for (Instance& instance : instances) {
    if (!instance.status.ok()) return instance.status;
    rows.push_back(std::move(instance.values));
  }
  return rows;
}

}  // namespace whylight
