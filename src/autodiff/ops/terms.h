// Terms that rules of several families are made of.
#pragma once

#include <initializer_list>

#include "graph/builder.h"

namespace whylight {

// The attributes of `node` with these names, those that it has.
Attrs CopyAttrs(const Node& node, std::initializer_list<const char*> names);

// The sum of all elements, a scalar.
Output SumAll(GraphBuilder& b, Output x);

// The number of rows of x, an int32 scalar, and 0, 1, 2, ... for them. An op that moves rows tells
// of their numbers where each one came from.
Output RowCount(GraphBuilder& b, Output x);
Output RowNumbers(GraphBuilder& b, Output x);

// The real part of x in the dtype of x, which it is itself unless complex.
Output RealOf(GraphBuilder& b, Output x);

// Whether dy holds zeros because nothing arrived at that output: a ZerosLike.
bool IsZeros(Output dy);

}  // namespace whylight
