// The attributes of a node that follow from the inputs it is given.
//
// Threads: no state.
#pragma once

#include <vector>

#include "graph/op_registry.h"

namespace whylight {

// Adds to `attrs` the types and the lengths of lists that follow from the dtypes of the inputs, in
// order; kInvalid stands for a type that is not known yet. What `attrs` holds already is kept, and
// the inputs must fit it.
// Errors: kInvalidArgument: inputs of the wrong count or type, an attribute that the op does not
// have, one that is missing, without a default and not to be found so.
Status DeduceAttrs(const OpDef& op, const std::vector<DType>& input_types, Attrs& attrs);

}  // namespace whylight
