// Makes constants of small variables.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "graph/passes/pass.h"

namespace whylight {

// The value of the variable that a VarHandleOp, VariableV2 or Variable node names; nullopt:
// unknown.
using VariableValueFn = std::function<Result<std::optional<Tensor>>(const Node& variable)>;

// Large weights are left as resources: as constants they would cost several times their size.
struct FreezeOptions {
  std::size_t max_bytes = std::size_t{1} << 20;         // Of one constant.
  std::size_t max_total_bytes = std::size_t{32} << 20;  // Of all, the first ones first.
};

// ReadVariableOp of a VarHandleOp becomes Const, and readers of a TF1 variable read a Const, where
// none of the needed nodes can write the variable (see UnwrittenVariables) and the value has the
// declared dtype. Reads inside of functions and loops stay.
// Errors: those of `value_of`.
class FreezeVariables : public Pass {
 public:
  explicit FreezeVariables(VariableValueFn value_of, const FreezeOptions& options = {})
      : value_of_(std::move(value_of)), options_(options) {}

  std::string_view name() const override { return "freeze_variables"; }
  Result<bool> Run(Graph& graph, PassContext& context) override;

 private:
  VariableValueFn value_of_;
  FreezeOptions options_;
};

}  // namespace whylight
