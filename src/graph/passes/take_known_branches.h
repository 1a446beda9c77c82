// Replaces an If whose predicate is known by the branch that it takes.
#pragma once

#include "graph/passes/pass.h"

namespace whylight {

// If and StatelessIf of a constant become the nodes of one branch, as InlineCalls would write them;
// those in the branch likewise. A TensorFlow 1 model asks a learning phase that nobody feeds at
// each of its batch norms; without the question they can be folded. A predicate is true if it is
// true as a bool, a number that is not 0, a string that is not empty, a tensor that has elements.
// Errors: those of InlineCalls.
class TakeKnownBranches : public Pass {
 public:
  std::string_view name() const override { return "take_known_branches"; }
  Result<bool> Run(Graph& graph, PassContext& context) override;
};

}  // namespace whylight
