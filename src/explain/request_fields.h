// The inputs of a request as its writer sees them.
#pragma once

#include <vector>

#include "model/choose.h"
#include "model/program.h"
#include "whylight/explainer.h"

namespace whylight {

// In order of Program::request; shapes without the row axis, where the request has one.
std::vector<RequestField> RequestFieldsOf(const Program& program);

// Production clients write requests for serving_default. Where its inputs match those of
// `preprocess` one to one in dtype and shape, each field gets the other's name as its alias; where
// two could be meant, or none, no field gets one. `fields` are those of `preprocess`.
void AddServingNames(const MetaGraph& meta, const SignatureDef& preprocess,
                     std::vector<RequestField>& fields);

}  // namespace whylight
