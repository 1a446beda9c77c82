// Graph -> GraphDef.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace whylight {

struct ExportOptions {
  // Definitions of the runtime that will read the graph: attributes it does not know are left
  // out if they hold their default (in the graph's own registry), and reported otherwise.
  const OpRegistry* target = nullptr;
};

struct ExportedGraph {
  std::string graph_def;
  // One for each dropped attribute that did not hold its default: "VarHandleOp 'dense/kernel':
  // attribute debug_name=\"x\" is unknown to this TensorFlow and was dropped".
  std::vector<std::string> warnings;
};

// Only functions that a node (or another exported function) refers to are written.
// Errors: kResourceExhausted above 2 GB; kUnimplemented for an op that `target` does not have,
// naming op and node.
Result<ExportedGraph> ExportGraph(const Graph& graph, const ExportOptions& options = {});

}  // namespace whylight
