// What a run of a CoalitionGraph is fed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "explain/coalition_graph.h"
#include "whylight/explainer.h"
#include "whylight/function.h"

namespace whylight {

// An instance whose mixed rows are scored.
struct MixedOwner {
  const MixedRows* rows = nullptr;  // Of CoalitionGraph::inputs, in their order.
  std::vector<const Tensor*> row;   // Of all inputs of the program; those held are read.
  std::int64_t target = 0;
};

// Row r of the run is points[r] of owners[owner[r]]. Values of one input have one shape.
Result<std::vector<NamedValue>> CoalitionFeeds(const CoalitionGraph& graph,
                                               std::span<const MixedOwner> owners,
                                               std::span<const std::int32_t> owner,
                                               std::span<const MixedPoint> points);

}  // namespace whylight
