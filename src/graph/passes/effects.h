// What running a node does besides computing its outputs.
#pragma once

#include <string_view>

#include "graph/graph.h"

namespace whylight {

// TF1's loops and branches (Switch, Merge, Enter, ...): whether a node runs at all, and in which
// frame, follows from the edges that come from these.
bool IsControlFlow(std::string_view op);
bool HasControlFlow(const Graph& graph);  // Any such node.

// A node that fails, prints, writes state, or does something nobody here knows of. Calls of
// functions count, for what their bodies may hold; those of the Stateless kinds do not.
bool HasEffect(const Graph& graph, const Node& node);

// Of those with an effect: may change what a reader of state sees. Assert and Print do not.
bool MayWriteState(const Graph& graph, const Node& node);

// No effect, but what it gives depends on when it runs: reads of variables and tables.
bool ReadsState(const Graph& graph, const Node& node);

// Whether an output is a reference to a TF1 variable, whose value may change after the fact.
bool HasReferenceOutput(const OpRegistry& registry, const Node& node);

// Whether an attribute names functions.
bool CallsFunctions(const Node& node);

}  // namespace whylight
