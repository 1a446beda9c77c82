// Requests of an explainer or a predictor, from files or text: what reads them, and what they may
// ask for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/image_tensor.h"
#include "io/instances.h"
#include "model/model.h"
#include "whylight/explainer.h"

namespace whylight {

std::vector<FieldSpec> FieldSpecsOf(const std::vector<RequestField>& fields);

// How requests for these options are read. `range`: what image files' black and white become.
InstanceReaderOptions ReaderOptionsFor(const ExplainOptions& options);
void DecodeImagesInto(std::optional<ImageRange> range, InstanceReaderOptions& options);

// serving_default's keys, for the error about a key that nobody has: requests are written in them
// as well as in those of the preprocessing function.
std::string KeysOfServing(const Model& model, const Explainer& explainer);

// A request may say which signature it is for. What production sends is written for
// serving_default, and explained by what stands for it under the rules of saving.
Status CheckRequestedSignature(const std::string& name, const ExplainPlan& plan);

// All rows of the reader, the first bad one's error otherwise.
Result<std::vector<Row>> ReadRows(InstanceReader& reader);

}  // namespace whylight
