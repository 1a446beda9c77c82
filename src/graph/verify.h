// Checks what every pass must keep true.
#pragma once

#include "graph/graph.h"

namespace whylight {

// Every edge ends at a node of this graph and at an output that it has; names are unique and
// well formed; inputs are as many as the op takes and of the types it takes; no cycle but through
// NextIteration. Errors: kInternal, naming node, input, expected and found.
Status VerifyGraph(const Graph& graph);

}  // namespace whylight
