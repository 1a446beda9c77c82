// Makes If and While nodes of TF1's control flow.
#pragma once

#include "graph/passes/pass.h"

namespace whylight {

// Switch, Merge, Enter, Exit, NextIteration, LoopCond and their Ref forms, as TensorFlow 1's
// tf.cond, tf.while_loop and what is built on them write them, become If and While (the Stateless
// kinds where nothing in them is stateful) with functions in the graph's library. Innermost first,
// so that they nest in one another as deep as they like.
//
//   If      What runs only where a predicate is true (false) moves into the branch, with its
//           control edges; what the branches take from outside are the arguments of both. One
//           tf.cond is one If: its parts hang together through its nodes and through the Identity
//           of the predicate that TensorFlow makes for each. Output 1 of a Merge becomes a
//           constant of each branch.
//   While   Arguments are the loop's variables in the order of their Merges, then the invariants
//           (Enter with is_constant), which the body gives back as they came. output_shapes are
//           the variables' static shapes (_output_shapes of the Merges), which TensorFlow 1 holds
//           the body to; unknown where the model does not say.
//
// Constants of up to 1024 bytes are repeated in the functions that use them, for those who want to
// know them there (shapes, axes). Handles of variables and tables, and what is fed, stay outside.
// TensorFlow turns the nodes back into Switch and Merge when it runs them
// (_lower_using_switch_merge), so they cost what they did.
//
// Left alone, with all that is around it: a Merge of anything but the two sides of one predicate; a
// tensor inside that is fed or fetched; a loop with more than one LoopCond, or with nodes of an
// effect that are not bound to its condition; references to TF1 variables that somebody writes; an
// op that the registry does not know. Without outputs and targets nothing changes; what nobody
// needs goes with what is replaced. Linear in the size of the graph.
class FunctionalizeControlFlow : public Pass {
 public:
  std::string_view name() const override { return "functionalize_control_flow"; }
  Result<bool> Run(Graph& graph, PassContext& context) override;
};

}  // namespace whylight
