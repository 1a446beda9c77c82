// Terms that rules of several families are made of.
#pragma once

#include <initializer_list>

#include "graph/builder.h"

namespace whylight {

// The attributes of `node` with these names, those that it has.
Attrs CopyAttrs(const Node& node, std::initializer_list<const char*> names);

// The sum of all elements, a scalar.
Output SumAll(GraphBuilder& b, Output x);

// Whether dy holds zeros because nothing arrived at that output: a ZerosLike.
bool IsZeros(Output dy);

}  // namespace whylight
