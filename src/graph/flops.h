// How much arithmetic a node is.
#pragma once

#include "graph/graph.h"

namespace whylight {

// Multiplications and additions of the node's kernel for one row, by the static shapes around it:
// matrix products and convolutions by their formulas, anything else one for each element it gives.
// Axes of unknown size count as one (the row axis is such a one); 0 where a rank is unknown.
double FlopsOf(const Node& node);

// Elements of an output for one row, likewise.
double ElementsOfRow(const Graph& graph, Output output);

}  // namespace whylight
