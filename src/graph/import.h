// GraphDef and FunctionDef -> Graph.
#pragma once

#include <string_view>

#include "graph/graph.h"

namespace whylight {

// `graph_def` is a serialized GraphDef. Function bodies stay bytes until somebody inlines them.
// What only debuggers and TensorFlow's own type inference use is not kept (debug info, full types).
// Errors: kDataLoss for malformed bytes; kInvalidArgument for a duplicate name or an edge to a
// node that is not there, naming both.
Result<Graph> ImportGraph(std::string_view graph_def, const OpRegistry& registry);

// The body of a function as a graph: `_Arg` nodes (attrs "T", "index") for its arguments, and
// the outputs it returns.
struct FunctionBody {
  std::string name;
  Graph graph;
  std::vector<Node*> args;             // In order of the signature.
  std::vector<Output> results;         // In order of the signature.
  std::vector<Node*> control_results;  // Nodes that must run even if nobody reads them.
};

// Errors: kDataLoss; kInvalidArgument for an edge to nowhere; kUnimplemented for an unknown op
// whose outputs cannot be numbered.
Result<FunctionBody> ImportFunction(const FunctionDef& function, const OpRegistry& registry);

// The signature alone. Errors: kDataLoss.
Result<OpDef> FunctionSignature(const FunctionDef& function);

}  // namespace whylight
