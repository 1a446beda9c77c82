// What AddGradients is made of, for the gradients of loops and branches: they differentiate the
// bodies of functions in the same way.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "autodiff/control_flow/functions.h"
#include "autodiff/paths.h"
#include "graph/builder.h"

namespace whylight {

// One call of AddGradients and all that it differentiates within.
struct GradientContext {
  FunctionLibrary& library;  // Of the outermost graph: new functions go there.
  Functions& functions;
  bool state_changes = false;  // Whether the program writes variables or tables while it runs.
};

// As AddGradients, with `paths` that were found for these ys and xs and miss nothing. nullopt for
// an x that does not reach.
Result<std::vector<std::optional<Output>>> Differentiate(Graph& graph, const PathFinder& paths,
                                                         std::span<const Output> ys,
                                                         std::span<const Output> dys,
                                                         std::span<const Output> xs,
                                                         GradientContext& context);

// A loop or branch on the path, and what its gradient is made from and for.
struct ControlFlowArgs {
  GraphBuilder& b;
  Node& node;
  std::vector<std::optional<Output>> dy;  // nullopt where nothing arrives.
  std::vector<bool> needed;               // By input: whether its gradient is.
  const Dependence& dependence;
  GradientContext& context;
};

}  // namespace whylight
