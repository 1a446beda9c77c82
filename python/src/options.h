// Options of an explanation from JSON, as whylight.Model.explain hands them over.
#pragma once

#include <string>
#include <vector>

#include "image/image_tensor.h"
#include "model/model.h"
#include "whylight/explainer.h"
#include "whylight/json.h"

namespace whylight::python {

struct ReadOptions {
  ExplainOptions options;
  std::optional<ImageRange> image_range;  // Of picture files among the instances.
  std::vector<std::string> notes;         // On parameters and metadata: for warnings.
};

// An object; every member is an option by the name of the command line's, with '_' for '-'. What
// is not there has its default. Beside them:
//   baselines      {"x": [{"kind": "mean"}, {"value": [5.8, 3.0]}]}: several are averaged over
//   baseline_data  {"path": FILE} or {"text": JSON Lines}; examples the same
//   metadata       an object in either form, metadata_source what to call it in messages; without
//                  it the file beside the model is read, if there is one
//   parameters     an object in either form, parameters_source; they set what is not given
// Errors: kInvalidArgument with the option's name, what was expected and what was found.
Result<ReadOptions> OptionsFrom(const Json& given, const Model& model);

}  // namespace whylight::python
