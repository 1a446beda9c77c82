// The graph as text, for dumps and tests: one node a line.
//
//   x = Placeholder[dtype=float32, shape=[?,2]]()
//   w = Const[dtype=float32, value={{1, 2}, {3, 4}}]()
//   y = MatMul[T=float32](x, w, ^init) @ "/device:CPU:0" -> [?,2]
//   z = Split[T=float32, num_split=2](y:1, axis)
//   function f {
//     a = _Arg[T=float32, index=0]()
//     b = Neg[T=float32](a)
//     return b, ^b
//   }
//
// Attributes  "a string", 3, 1.5, true, float32, [1,?] (a shape; <unknown> without a rank), lists
//             of these in brackets, @function. Other kinds in hexadecimal: raw(0a1b).
// Constants   of up to 8 elements, by rank: 5, {1, 2}, {{1}, {2}}; more of them if all are equal:
//             splat([3,4], 0.5). Of the rest only the type and the shape are written.
// Shapes      after ->, of the outputs as inferred; ? is unknown, $1 and up are symbols.
#pragma once

#include <string>
#include <string_view>

#include "graph/graph.h"

namespace whylight {

struct TextOptions {
  bool only_called = false;  // Leave out functions of the library that nothing refers to.
};

// Nodes in insertion order, then the functions of the library by name.
std::string GraphToText(const Graph& graph, const TextOptions& options = {});

// The inverse, for tests: reads what GraphToText writes. Types and list lengths that follow from
// the inputs may be left out; empty lines and those that start with # are skipped.
// Errors: kInvalidArgument with the line, also for a constant whose elements were not written.
Result<Graph> GraphFromText(std::string_view text,
                            const OpRegistry& registry = OpRegistry::Builtin());

}  // namespace whylight
