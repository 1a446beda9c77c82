// Takes out nodes that do nothing.
#pragma once

#include "graph/passes/pass.h"

namespace whylight {

// - Control edges from nodes without effect: nothing is to be waited for. They matter if the node
//   or one behind it has an effect or is TF1 control flow, or reads state that somebody writes.
// - Control edges from NoOp become edges from what the NoOp waits for, where that is no more edges.
// - DisableCopyOnRead: a hint to the kernels of variables.
// - Identity, Snapshot and a PlaceholderWithDefault that is not fed: readers read their input. They
//   stay where they wait for something that matters, take a TF1 variable's value, carry a gradient
//   function of the model's own, stand between a fed and a fetched tensor (TensorFlow does not
//   fetch what is fed), or gate a control edge behind a Switch.
// StopGradient, PreventGradient and CheckNumerics are no no-ops.
class RemoveNoops : public Pass {
 public:
  std::string_view name() const override { return "remove_noops"; }
  Result<bool> Run(Graph& graph, PassContext& context) override;
};

}  // namespace whylight
