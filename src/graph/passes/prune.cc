#include "graph/passes/prune.h"

#include "graph/passes/context_sets.h"

namespace whylight {

Result<bool> Prune::Run(Graph& graph, PassContext& context) {
  std::set<const Node*> needed = NeededNodes(graph, context);
  if (context.inputs != nullptr) needed.merge(graph.Ancestors(*context.inputs));
  const std::size_t before = graph.size();
  graph.RemoveIf([&](const Node& node) { return !needed.contains(&node); });
  return graph.size() != before;
}

}  // namespace whylight
