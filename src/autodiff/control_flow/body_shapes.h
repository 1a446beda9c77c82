// Static shapes within the functions of loops and branches. Axes and symbols as in graph.h; the
// symbols are those of the graph around.
#pragma once

#include <vector>

#include "autodiff/control_flow/functions.h"

namespace whylight {

// What is known of a value that enters a function.
struct ArgShape {
  Shape shape = Shape::UnknownRank();
  Shape element = Shape::UnknownRank();  // Of a list all of whose tensors have one shape.
};
ArgShape ShapeOfInput(Output tensor);

// Gives the nodes of the body the shapes that follow from those of its arguments.
Status InferBodyShapes(FunctionBody& body, const std::vector<ArgShape>& args, Functions& functions);

// The same for the body of a loop that starts with `inputs`: the shapes that hold at every step,
// before it and after it. They are returned.
Result<std::vector<ArgShape>> InferLoopShapes(const Node& node, FunctionBody& body,
                                              std::vector<ArgShape> inputs, Functions& functions);

// The tensor that Identity ops hand on.
Output Source(Output tensor);

// As an attribute: symbols are the graph's own affair.
Shape WithoutSymbols(const Shape& shape);

}  // namespace whylight
