// Reverse-mode differentiation of a graph.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "autodiff/registry.h"
#include "graph/graph.h"

namespace whylight {

// Why no gradient can be had: one entry for each op on a path from x to y without a rule.
struct MissingGradient {
  std::string op;
  std::string node;
  std::string function;  // That the node stands in, of a loop or a branch; empty: the graph itself.
};
std::string Describe(const MissingGradient& missing);  // "Cholesky 'l' in function 'while_body'"

// Which nodes lie between `xs` and `ys` along floating (or complex) edges, and what blocks there.
// Loops and branches (While, If, Case) are looked into: an input leads to those outputs that their
// functions compute from it.
struct PathAnalysis {
  std::vector<MissingGradient> missing;  // Ops on the path without a rule.
  // Per x: whether y depends on it through differentiable edges at all. False where every path
  // crosses a cast to an integer, a lookup, an ArgMax...: such a gradient would be a quiet zero.
  std::vector<bool> reaches;
  // Per x that does not reach: the ops at which its paths end ("Cast 'embedding/Cast'",
  // "Less 'less' in function 'while_cond'").
  std::vector<std::vector<std::string>> cut_at;
};
// Errors: kUnimplemented: functions that reach themselves, naming the chain. kInvalidArgument: a
// function on the way is not there or does not fit its caller.
Result<PathAnalysis> AnalysePath(const Graph& graph, std::span<const Output> ys,
                                 std::span<const Output> xs);

// Adds nodes for sum over i of dys[i] . dys[i]/dxs and returns dL/dx for each x, in the shape and
// dtype of x. An x that does not reach is an error, never a zero.
//
// A loop or branch on the path is changed in place, so that it also returns what its gradient
// needs; its outputs keep their numbers. Functions made for that are added to the graph's library.
//
// Errors  kUnimplemented: an op on the path has no rule; the message lists all, by op and node.
//         kFailedPrecondition: an x does not reach a y; names the cut. As AnalysePath.
// Source  reverse accumulation; each rule's formula stands beside it in autodiff/ops/.
Result<std::vector<Output>> AddGradients(Graph& graph, std::span<const Output> ys,
                                         std::span<const Output> dys, std::span<const Output> xs);

}  // namespace whylight
