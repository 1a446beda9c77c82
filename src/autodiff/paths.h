// Finds the nodes between xs and ys along edges that carry a gradient.
#pragma once

#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "autodiff/control_flow/functions.h"
#include "autodiff/gradients.h"
#include "graph/graph.h"

namespace whylight {

// Errors: those of Functions, for control flow between xs and ys.
class PathFinder {
 public:
  // All outlive this; the graph does not change before Run returns.
  PathFinder(const Graph& graph, std::span<const Output> ys, std::span<const Output> xs,
             Functions& functions)
      : graph_(graph), ys_(ys), xs_(xs), functions_(functions), uses_(graph) {}

  Status Run();

  PathAnalysis TakeAnalysis() { return std::move(analysis_); }
  const PathAnalysis& analysis() const { return analysis_; }
  // Nodes whose rules must be called.
  bool OnPath(const Node* node) const { return path_.contains(node); }
  // Whether the gradient with respect to this tensor is needed.
  bool Needed(Output tensor) const { return from_x_.contains(tensor) && to_y_.contains(tensor); }
  // Of a control flow node on the path.
  const Dependence& DependenceOf(const Node& node) const { return dependence_.at(&node); }

 private:
  // What a walk from one x came upon.
  struct Walk {
    std::vector<std::string> cuts;                       // Where it ended.
    std::vector<std::pair<const Node*, int>> functions;  // Control flow it entered, by input.
  };

  Result<const std::vector<bool>*> Carries(const Node& node);
  Result<bool> Carries(Output output);
  Result<const Dependence*> Dependences(const Node& node);
  Status WalkBack();
  void FindProducers();
  bool Leads(Output output) const;
  Status WalkForward(Output x, Walk& walk);
  // Where paths from any x end, also those that do not have to be mourned because another reaches.
  Result<std::vector<std::string>> Cuts(const Walk& walk);
  Result<std::vector<std::string>> CutsWithin(const Node& node, int input);
  Status AddMissing(const Node& node);
  bool IsOnPath(const Node& node);

  const Graph& graph_;
  const std::span<const Output> ys_, xs_;
  Functions& functions_;
  const UseMap uses_;
  std::unordered_map<const Node*, std::vector<bool>> carries_;
  std::unordered_map<const Node*, Dependence> dependence_;
  std::set<Output> to_y_, from_x_;
  std::unordered_set<const Node*> producers_, path_;
  std::vector<Walk> walks_;  // By x.
  PathAnalysis analysis_;
};

// The loop variables through which a gradient travels: they depend on an input in `wanted` and
// an output in `given` depends on them.
std::vector<bool> LoopPath(const Dependence& dependence, const std::vector<bool>& wanted,
                           const std::vector<bool>& given);

}  // namespace whylight
