// The graph as text, for dumps and tests: one node a line, `name = Op[attr=value](inputs,
// ^control)`.
#pragma once

#include <string>
#include <string_view>

#include "graph/graph.h"

namespace whylight {

// Nodes in insertion order; constants of up to 8 elements with their values.
//   x = Placeholder[dtype=float32]()
//   y = Const[dtype=float32, value={1, 2}]()
//   z = Add[T=float32](x, y, ^init)
std::string GraphToText(const Graph& graph);

// The inverse, for tests: reads what GraphToText writes. Types that follow from the inputs may be
// left out. Errors: kInvalidArgument with the line.
Result<Graph> GraphFromText(std::string_view text,
                            const OpRegistry& registry = OpRegistry::Builtin());

}  // namespace whylight
