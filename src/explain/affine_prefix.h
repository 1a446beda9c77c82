// What of a model lies in front of its first bend: along a straight path of inputs the tensors
// there move in straight lines too, so that they can be interpolated instead of computed at every
// point.
#pragma once

#include <set>
#include <span>
#include <vector>

#include "graph/graph.h"

namespace whylight {

struct AffinePrefix {
  // Affine functions of the inputs that something else reads, in topological order. Empty if the
  // inputs themselves are all there is.
  std::vector<Output> cut;
  // Tensors that only the shapes of are read behind the cut.
  std::vector<Output> shaped;
  double flops = 0;           // Of one row, from the inputs to the cut.
  double cut_elements = 0;    // Of one row.
  double input_elements = 0;  // Of one row.
};

// The largest part of the graph from `xs` to `y` in which every tensor is affine in all xs
// together, all else constant: A x + c with A and c the same for every row. Products of two tensors
// that depend on xs, and whatever is not known to be affine, end it; so does what depends on other
// inputs of the program (`held`), whose rows are points and not instances.
AffinePrefix FindAffinePrefix(const Graph& graph, Output y, std::span<const Output> xs,
                              std::span<const Output> held);

// Whether evaluating it at the ends of a path alone gains more than reading and writing the cut's
// elements at every point costs.
bool IsWorthHoisting(const AffinePrefix& prefix);

// Copies the nodes between `from` and `targets`, with from[i] replaced by to[i]; what does not
// depend on `from` is shared. Returns the copies of the targets.
std::vector<Output> CloneBetween(Graph& graph, std::span<const Output> from,
                                 std::span<const Output> to, std::span<const Output> targets,
                                 std::string_view scope);

}  // namespace whylight
