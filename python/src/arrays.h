// Tensors as numpy arrays, and back.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <string_view>
#include <vector>

#include "whylight/tensor.h"

namespace whylight::python {

// A read-only array over the tensor's own memory, which `owner` keeps alive. Strings are copied
// into an array of objects (str, or bytes that are no UTF-8), bfloat16 into one of float32.
nanobind::object ArrayOf(const Tensor& tensor, nanobind::handle owner);

// str, or bytes where the text is no UTF-8.
nanobind::object TextOf(std::string_view text);

// A copy of a contiguous array of numbers or truth values. Throws StatusError (kInvalidArgument)
// for a dtype that no tensor has.
Tensor TensorOf(
    const nanobind::ndarray<nanobind::ro, nanobind::c_contig, nanobind::device::cpu>& array);
// Elements in row-major order, each str or bytes.
Tensor StringsOf(const nanobind::list& values, const std::vector<std::int64_t>& shape);

}  // namespace whylight::python
