// Drops the nodes that nothing needs.
#pragma once

#include "graph/passes/pass.h"

namespace whylight {

// Keeps what the context's outputs and targets need through data and control edges, and what is
// fed with all that it needs. Without outputs and targets nothing goes.
class Prune : public Pass {
 public:
  std::string_view name() const override { return "prune"; }
  Result<bool> Run(Graph& graph, PassContext& context) override;
};

}  // namespace whylight
