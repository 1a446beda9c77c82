// Which variables keep their values.
#pragma once

#include <set>

#include "graph/passes/pass.h"

namespace whylight {

// The VarHandleOp, VariableV2 and Variable nodes among the needed ones (see NeededNodes) whose
// variable none of the needed nodes can write. A handle is followed through Identity, TF1 control
// flow and into the functions of calls, While, If and Case; whoever takes it and is not known to
// only read is taken for a writer. Nodes with equal container and shared_name are one variable.
std::set<const Node*> UnwrittenVariables(const Graph& graph, const PassContext& context);

// The VarHandleOp behind a ReadVariableOp, through Identity; nullptr if there is none in sight.
const Node* HandleOfRead(const Node& read);

// Shape and dtype that the variable node declares; unknown rank if none.
Shape VariableShape(const Node& variable);
DType VariableType(const Node& variable);

}  // namespace whylight
