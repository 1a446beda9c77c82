// Nearest neighbours among vectors: all of them are compared, so that the answer is exact.
//
// Threads No state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "whylight/neighbors.h"
#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

struct DistanceName {
  Distance distance;
  const char* name;  // As options have it,
  const char* text;  // and for people.
};
inline constexpr DistanceName kDistanceNames[] = {
    {Distance::kSquaredL2, "squared-l2", "squared L2 distance"},
    {Distance::kL1, "l1", "L1 distance"},
    {Distance::kCosine, "cosine", "cosine distance"},
    {Distance::kDotProduct, "dot-product", "negative dot product"},
};

struct FoundNeighbor {
  std::size_t example = 0;  // Row of the examples.
  double distance = 0;
  bool operator==(const FoundNeighbor&) const = default;
};

struct NeighborOptions {
  int count = 10;  // Neighbours of each query, >= 1; fewer where there are no more.
  Distance distance = Distance::kSquaredL2;
  // Of neighbours that have the same tag at most so many, >= 1; 0: any number. `tags` has one for
  // each example, below 0 for none; empty: no example has one.
  int crowding_count = 0;
  std::span<const std::int64_t> tags = {};
  // Rows of the examples to compare with, ascending; nullptr: all.
  const std::vector<std::size_t>* candidates = nullptr;
};

// For each row of `queries` its neighbours among the rows of `examples`, nearest first; of equally
// near ones the earlier row. Nothing is left out: a query that is one of the examples finds itself.
// Distances are summed in double. Cost: rows of queries x examples x elements.
//
// Shapes  examples [n, d], queries [m, d]: finite, both float32 or both float64.
// Errors  kInvalidArgument: shapes or dtypes that do not fit each other, counts below those above.
Result<std::vector<std::vector<FoundNeighbor>>> FindNeighbors(const Tensor& examples,
                                                              const Tensor& queries,
                                                              const NeighborOptions& options);

// Gives each row of [n, d] the length 1; one of zeros stays as it is.
void NormalizeRows(Tensor& vectors);

// Whether an example that has `own` is what a query with `wanted` may find: of each namespace that
// the query names, one of the tokens it allows (if it allows any), none that it denies, and none of
// those it allows that the example denies. Source: Vertex AI Vector Search, "Filter vector
// matches".
bool IsAllowed(std::span<const Restriction> own, std::span<const Restriction> wanted);

}  // namespace whylight
