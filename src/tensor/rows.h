// Rows: the slices of a tensor along its first axis.
#pragma once

#include <functional>
#include <span>

#include "whylight/tensor.h"

namespace whylight {

// Tensors of one dtype and shape S as one of shape [n] + S, n >= 1.
// Errors: kInvalidArgument if dtypes or shapes differ, with both.
Result<Tensor> StackRows(std::span<const Tensor* const> rows);

// Row `index` of a tensor [n] + S, as S.
Tensor RowOf(const Tensor& tensor, std::int64_t index);

// The same values in another dtype: through double; integers round to nearest and saturate.
// Errors: kInvalidArgument for strings and other dtypes that hold no number.
Result<Tensor> CastTensor(const Tensor& tensor, DType dtype);

// Whether every element of a floating tensor is finite; true for other dtypes.
bool IsFinite(const Tensor& tensor);

}  // namespace whylight
