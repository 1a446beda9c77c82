// The inputs of a request as its writer sees them.
#pragma once

#include <vector>

#include "model/choose.h"
#include "model/program.h"
#include "whylight/explainer.h"

namespace whylight {

// In order of Program::request; shapes without the row axis, where the request has one.
std::vector<RequestField> RequestFieldsOf(const Program& program);

// The same of a program of the choice. Production clients write requests for serving_default: where
// its inputs match those of the preprocessing function one to one in dtype and shape, each field
// gets the other's name as its alias; where two could be meant, or none, no field gets one.
std::vector<RequestField> RequestFieldsOf(const Program& program, const MetaGraph& meta,
                                          const Choice& choice);

}  // namespace whylight
