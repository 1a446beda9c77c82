// Static shapes of single nodes, where they follow plainly from those of the inputs.
//
// Symbols (axes below Shape::kUnknown, see graph.h) are carried through: a result's axis is a
// symbol only where it is as long as the input's axis of that symbol.
// Threads: no state.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "graph/graph.h"

namespace whylight {

// node.shapes of the output, or a constant's own shape; UnknownRank() if nobody knows.
Shape StaticShape(Output output);

// Value of a constant integer tensor (axes, sizes, a permutation) of at most 1024 elements, laid
// flat; nullopt for anything else.
std::optional<std::vector<std::int64_t>> ConstantInts(Output output);

// Shapes of the outputs of `node`, from its attributes, the static shapes of its inputs and
// constant inputs. Empty where no rule is known or the inputs do not fit the op; an axis that does
// not follow is Shape::kUnknown.
std::vector<Shape> InferShapes(const Node& node);

// Shape of x + y under TensorFlow's (numpy's) rules of broadcasting. Unknown rank if they clash.
Shape BroadcastShape(const Shape& x, const Shape& y);

// Whether a node reads the shapes of its inputs and not their values.
bool ReadsShapesOnly(const Node& node);

// Whether both are surely the same in every run.
bool SurelyEqual(const Shape& x, const Shape& y);

}  // namespace whylight
