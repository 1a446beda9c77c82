// What a PassContext holds, for passes that ask often.
#pragma once

#include <set>

#include "graph/passes/pass.h"

namespace whylight {

// Stale after a pass changed the context.
class ContextSets {
 public:
  explicit ContextSets(const PassContext& context);

  bool IsFed(Output output) const { return fed_.contains(output); }
  bool IsFed(const Node* node) const { return fed_nodes_.contains(node); }  // Any of its outputs.
  bool IsFetched(Output output) const { return fetched_.contains(output); }
  bool IsFetched(const Node* node) const { return fetched_nodes_.contains(node); }
  bool IsTarget(const Node* node) const { return targets_.contains(node); }

 private:
  std::set<Output> fed_, fetched_;
  std::set<const Node*> fed_nodes_, fetched_nodes_, targets_;
};

// All nodes that run when the context's outputs are fetched and its targets run. With neither,
// every node counts.
std::set<const Node*> NeededNodes(const Graph& graph, const PassContext& context);

// Uses of `from` in the graph and in the context become uses of `to`.
void Redirect(Graph& graph, PassContext& context, Output from, Output to);

}  // namespace whylight
