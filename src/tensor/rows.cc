#include "tensor/rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace whylight {

Result<Tensor> StackRows(std::span<const Tensor* const> rows) {
  WHYLIGHT_CHECK(!rows.empty());
  const Tensor& first = *rows[0];
  for (const Tensor* row : rows) {
    if (row->dtype() == first.dtype() && row->shape() == first.shape()) continue;
    return InvalidArgument("rows of one run must be alike: " + DTypeName(first.dtype()) + " " +
                           first.shape().ToString() + " and " + DTypeName(row->dtype()) + " " +
                           row->shape().ToString());
  }
  Tensor stacked(first.dtype(), first.shape().WithFirst(static_cast<std::int64_t>(rows.size())));
  for (std::size_t r = 0; r < rows.size(); ++r) {
    if (first.is_string()) {
      std::ranges::copy(rows[r]->strings(), stacked.strings().begin() +
                                                static_cast<std::ptrdiff_t>(r * first.elements()));
    } else if (!first.bytes().empty()) {
      std::memcpy(stacked.bytes().data() + r * first.bytes().size(), rows[r]->bytes().data(),
                  first.bytes().size());
    }
  }
  return stacked;
}

Tensor RowOf(const Tensor& tensor, std::int64_t index) {
  WHYLIGHT_CHECK(tensor.shape().rank() >= 1 && index >= 0 && index < tensor.shape().dim(0));
  const auto row = static_cast<std::size_t>(index);
  Tensor slice(tensor.dtype(), tensor.shape().WithoutFirst());
  if (tensor.is_string()) {
    const auto from = tensor.strings().subspan(row * slice.elements(), slice.elements());
    std::ranges::copy(from, slice.strings().begin());
  } else if (!slice.bytes().empty()) {
    std::memcpy(slice.bytes().data(), tensor.bytes().data() + row * slice.bytes().size(),
                slice.bytes().size());
  }
  return slice;
}

Result<Tensor> CastTensor(const Tensor& tensor, DType dtype) {
  if (tensor.dtype() == dtype) return tensor;
  const auto is_number = [](DType type) { return IsNumeric(type) || type == DType::kBool; };
  if (!is_number(tensor.dtype()) || !is_number(dtype)) {
    return InvalidArgument("cannot turn " + DTypeName(tensor.dtype()) + " into " +
                           DTypeName(dtype));
  }
  Tensor cast(dtype, tensor.shape());
  for (std::size_t i = 0; i < tensor.elements(); ++i) cast.SetNumber(i, tensor.Number(i));
  return cast;
}

bool IsFinite(const Tensor& tensor) {
  if (!IsFloating(tensor.dtype())) return true;
  if (tensor.dtype() == DType::kFloat64) {
    return std::ranges::all_of(tensor.data<double>(), [](double v) { return std::isfinite(v); });
  }
  if (tensor.dtype() == DType::kFloat32) {
    return std::ranges::all_of(tensor.data<float>(), [](float v) { return std::isfinite(v); });
  }
  for (std::size_t i = 0; i < tensor.elements(); ++i) {
    if (!std::isfinite(tensor.Number(i))) return false;
  }
  return true;
}

}  // namespace whylight
