// Reads variables before loops and branches rather than in them.
#pragma once

#include "graph/passes/pass.h"

namespace whylight {

// A ReadVariableOp whose handle comes from its VarHandleOp through Enter (is_constant) or Switch
// becomes an Identity of the value, which takes the same way: read once, outside. Then it can be
// frozen, and a loop has it as an invariant instead of a value of each step. Only where none of the
// needed nodes can write the variable (see UnwrittenVariables).
class HoistReads : public Pass {
 public:
  std::string_view name() const override { return "hoist_reads"; }
  Result<bool> Run(Graph& graph, PassContext& context) override;
};

}  // namespace whylight
