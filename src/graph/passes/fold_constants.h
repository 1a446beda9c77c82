// Computes what is the same in every run once, before the first.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "graph/passes/pass.h"

namespace whylight {

// Runs the part of the graph behind `outputs`, which asks for no feeds and has no state.
using EvaluateFn =
    std::function<Result<std::vector<Tensor>>(const Graph& graph, std::span<const Output> outputs)>;

struct FoldConstantsOptions {
  std::size_t max_bytes = std::size_t{1} << 20;  // Of one constant; larger results are left alone.
};

// - Shape, ShapeN, Rank and Size of tensors whose static shape is known become Const.
// - Outputs of constant nodes (see ConstantNodes) that others read or fetch become Const, by one
//   call of `evaluate` for all. If that fails, nothing more is folded: the run will tell why.
// Nodes that nobody reads any more are left to `prune`.
class FoldConstants : public Pass {
 public:
  explicit FoldConstants(EvaluateFn evaluate, const FoldConstantsOptions& options = {})
      : evaluate_(std::move(evaluate)), options_(options) {}

  std::string_view name() const override { return "fold_constants"; }
  Result<bool> Run(Graph& graph, PassContext& context) override;

 private:
  EvaluateFn evaluate_;
  FoldConstantsOptions options_;
};

}  // namespace whylight
