// Replaces calls of functions by the functions' bodies.
#pragma once

#include <cstddef>

#include "graph/passes/pass.h"

namespace whylight {

struct InlineCallsOptions {
  // Thirty functions, each calling the one before it twice, would fill any memory.
  std::size_t max_nodes = 1'000'000;
};

// Inlines PartitionedCall, StatefulPartitionedCall and TF1's calls (a node whose op is the name of
// a library function) until none is left in the graph. The nodes of a body are named
// `<call>/<node>` and take over the call's device where they have none. Bodies of While, If, Case
// and the like stay functions; SymbolicGradient and RemoteCall are left alone.
//
// What a call guarantees stays true:
//   - what has an effect in a body, or reads state, waits for the call's control inputs;
//   - who waited for a call waits for everything with an effect in its body, its control results
//     and its results;
//   - who fetches a result runs the body's effects.
// In a graph with TF1 control flow (Switch, Enter, ...), where a call is dead or alive as a whole
// and belongs to a frame, what has no inputs in a body, and all its results, hang on the call's
// inputs. A loop in a body is a frame of its own for each call (frame_name: `<call>/<frame>`).
//
// Errors  kUnimplemented: a function that reaches itself, naming the chain.
//         kInvalidArgument: a call of a function that is not there, with the wrong number of
//         arguments, or of a result that it does not have. Else as ImportFunction.
//         kResourceExhausted: the graph would have more than `max_nodes` nodes. A few functions
//         that call each other twice, thirty deep, would fill any memory.
class InlineCalls : public Pass {
 public:
  explicit InlineCalls(InlineCallsOptions options = {}) : options_(options) {}

  std::string_view name() const override { return "inline_calls"; }
  Result<bool> Run(Graph& graph, PassContext& context) override;

 private:
  InlineCallsOptions options_;
};

}  // namespace whylight
