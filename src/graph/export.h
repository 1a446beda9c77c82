// Graph -> GraphDef.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/import.h"

namespace whylight {

struct ExportOptions {
  // Definitions of the runtime that will read the graph: attributes it does not know are left
  // out if they hold their default (in the graph's own registry), and reported otherwise.
  const OpRegistry* target = nullptr;
  // Only these nodes (others they may refer to by name); nullptr: all.
  const std::set<const Node*>* only = nullptr;
};

struct ExportedGraph {
  std::string graph_def;
  // One for each dropped attribute that did not hold its default: "VarHandleOp 'dense/kernel':
  // attribute debug_name=\"x\" is unknown to this TensorFlow and was dropped".
  std::vector<std::string> warnings;
};

// Only functions that a node (or another exported function) refers to are written. A wish to be
// colocated with a node that is not in the graph (any longer) is left out.
// Errors: kResourceExhausted above 2 GB; kUnimplemented for an op that `target` does not have,
// naming op and node.
Result<ExportedGraph> ExportGraph(const Graph& graph, const ExportOptions& options = {});

// The functions that a node refers to, or another function that is called: what is exported.
// Errors: kDataLoss for a malformed function.
Result<std::set<std::string>> CalledFunctions(const Graph& graph);

// The inverse of ImportFunction: body.name, its `_Arg` nodes as arguments, its results. Arguments
// and results are named after their nodes, in the form that TensorFlow asks for (`x_1`). Nodes that
// neither a result nor a control result needs are kept: who wants them gone prunes first.
// Errors: kUnimplemented for an op that neither the registry nor the graph's library has;
// kInvalidArgument as OpRegistry::OutputTypes.
Result<FunctionDef> ExportFunction(const FunctionBody& body);

}  // namespace whylight
