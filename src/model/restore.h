// What gives a model's graph its state: variables from the checkpoint, tables from assets.
//
// TensorFlow's own loader reports success when it has restored the wrong variables or none, so
// each variable that a graph needs is restored by name and compared with the checkpoint first.
#pragma once

#include <string>
#include <vector>

#include "model/choose.h"
#include "model/model.h"

namespace whylight {

struct RestorePlan {
  Graph graph;                                  // Its nodes start with `scope`.
  std::vector<std::vector<std::string>> steps;  // Targets, run in this order.
  std::vector<Problem> problems;                // An error among them: the model cannot run.
};

// For the variables and tables that `graph` (pruned to what will run) holds. `scope` is
// "owner/name"; resources shared as "owner/..." are the caller's own and not restored.
// Errors: only of importing the graph again.
Result<RestorePlan> PlanRestore(const Model& model, const Graph& graph, const std::string& scope);

// The part of PlanRestore that needs only the files: what is missing or does not match.
std::vector<Problem> CompareWithCheckpoint(const Model& model, const Graph& graph);

}  // namespace whylight
