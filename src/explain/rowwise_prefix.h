// What of a model hangs on one input alone, row by row: where that input's rows have few distinct
// values, as they have in coalitions, it needs to be evaluated once for each of these.
#pragma once

#include <span>
#include <vector>

#include "graph/graph.h"

namespace whylight {

// For each of `xs` (all inputs of the program that `y` may hang on; [rows, ...]) the tensors where
// the part of the graph ends whose row r is a function of row r of that input and of constants, in
// topological order. The input itself where nothing lies in that part. Empty if y does not need it.
// An op that is not known to keep rows apart ends the part, and so does one whose static shapes do
// not prove that its first axis is the rows.
std::vector<std::vector<Output>> FindRowwisePrefixes(const Graph& graph, Output y,
                                                     std::span<const Output> xs);

}  // namespace whylight
