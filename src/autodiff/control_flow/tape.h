// A function's body and its derivative, taken apart into what runs forward and what backward.
#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "autodiff/differentiate.h"

namespace whylight {

// A body with the nodes of its derivative: sum over y of dy . dy/dx for each x.
struct DifferentiatedBody {
  FunctionBody body;
  std::set<const Node*> forward;  // Its own nodes, and what loops in it were given in place.
  std::vector<Node*> dys;         // _Arg nodes, not among body.args.
  std::vector<Output> dxs;        // Zeros for an x that no y depends on.
};

// `ys` and `xs` number the body's results and arguments.
// Errors: as Differentiate.
Result<DifferentiatedBody> DifferentiateBody(FunctionBody body, const std::vector<std::size_t>& ys,
                                             const std::vector<std::size_t>& xs,
                                             GradientContext& context);

struct SplitOptions {
  std::vector<bool> available;  // By argument: the backward function can have its value.
  // Whether all that follows from available arguments alone is computed again, however dear: what
  // is stored at every step of a loop costs more. Otherwise only what costs next to nothing is.
  bool repeat_work = false;
  bool state_changes = false;  // Variables and tables are not read a second time.
};

struct SplitBody {
  // Arguments: the dys, then those of `passed`, then one for each of `stored`. Results: the dxs.
  FunctionBody backward;
  std::vector<std::size_t> passed;  // Arguments of the forward body.
  std::vector<Output> stored;       // Tensors of the forward body.
};

// Takes the derivative's nodes out of `tape.body`. As little is stored as can be told: what can be
// had from the available arguments, from other stored tensors by views and casts, or from static
// shapes, is not; where only the shape of a tensor counts, that is stored; and what is smaller
// after an op that does not depend on the dys (a mask) is stored after it.
// Errors: kUnimplemented: a handle would have to be stored.
Result<SplitBody> Split(DifferentiatedBody& tape, const SplitOptions& options);

// Adds the body to the library under a name of its own near `wish`.
Result<FunctionRef> AddFunction(FunctionLibrary& library, FunctionBody& body,
                                const std::string& wish);

// A new argument at the end of body.args.
Node* AddArg(FunctionBody& body, const std::string& wish, DType type);

// Whether the body must be called by an op of the stateful kind.
bool IsStateful(const Graph& graph);

}  // namespace whylight
