// What the graphs that score rows are built of.
#pragma once

#include "graph/builder.h"

namespace whylight {

Output Placeholder(GraphBuilder& b, DType dtype, Shape shape);

// scores[r] = flat(output)[r * K + targets[r]], K the number of elements of a row.
Output ScoresOf(GraphBuilder& b, Output output, Output targets);

// `output`, whose node is given the static shape of `like`.
Output WithShapeOf(Output output, Output like);

}  // namespace whylight
