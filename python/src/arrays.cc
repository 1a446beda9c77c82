#include "python/src/arrays.h"

#include <cstring>
#include <optional>
#include <string>

#include "python/src/errors.h"
#include "tensor/rows.h"

namespace nb = nanobind;

namespace whylight::python {
namespace {

using Code = nb::dlpack::dtype_code;

struct DTypeRow {
  DType dtype;
  Code code;
  std::uint8_t bits;
};
constexpr DTypeRow kDTypes[] = {
    {DType::kFloat32, Code::Float, 32},     {DType::kFloat64, Code::Float, 64},
    {DType::kFloat16, Code::Float, 16},     {DType::kInt64, Code::Int, 64},
    {DType::kInt32, Code::Int, 32},         {DType::kInt16, Code::Int, 16},
    {DType::kInt8, Code::Int, 8},           {DType::kUInt64, Code::UInt, 64},
    {DType::kUInt32, Code::UInt, 32},       {DType::kUInt16, Code::UInt, 16},
    {DType::kUInt8, Code::UInt, 8},         {DType::kBool, Code::Bool, 8},
    {DType::kComplex64, Code::Complex, 64}, {DType::kComplex128, Code::Complex, 128},
};

std::optional<nb::dlpack::dtype> DLPackTypeOf(DType dtype) {
  for (const DTypeRow& row : kDTypes) {
    if (row.dtype == dtype)
      return nb::dlpack::dtype{static_cast<std::uint8_t>(row.code), row.bits, 1};
  }
  return std::nullopt;
}

nb::object ArrayOfStrings(const Tensor& tensor) {
  nb::list texts;
  for (const std::string& text : tensor.strings()) texts.append(TextOf(text));
  nb::list shape;
  for (const std::int64_t size : tensor.shape().dims()) shape.append(size);
  // Filled element by element: numpy would read lists of strings as it likes.
  const nb::object numpy = nb::module_::import_("numpy");
  nb::object array = numpy.attr("empty")(tensor.elements(), nb::arg("dtype") = "object");
  for (std::size_t i = 0; i < tensor.elements(); ++i) array[i] = texts[i];
  return array.attr("reshape")(nb::tuple(shape));
}

}  // namespace

nb::object TextOf(std::string_view text) {
  PyObject* decoded =
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr);
  if (decoded != nullptr) return nb::steal(decoded);
  PyErr_Clear();
  return nb::bytes(text.data(), text.size());
}

nb::object ArrayOf(const Tensor& tensor, nb::handle owner) {
  if (tensor.is_string()) return ArrayOfStrings(tensor);
  const std::optional<nb::dlpack::dtype> dtype = DLPackTypeOf(tensor.dtype());
  if (!dtype) {
    const Tensor floats = ValueOf(CastTensor(tensor, DType::kFloat32));
    return ArrayOf(floats, nb::none()).attr("copy")();
  }
  std::vector<std::size_t> shape;
  for (const std::int64_t size : tensor.shape().dims())
    shape.push_back(static_cast<std::size_t>(size));
  const nb::ndarray<nb::numpy, nb::ro> array(tensor.bytes().data(), shape.size(), shape.data(),
                                             owner, nullptr, *dtype);
  return nb::cast(array, nb::rv_policy::reference);
}

Tensor TensorOf(const nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>& array) {
  for (const DTypeRow& row : kDTypes) {
    if (nb::dlpack::dtype{static_cast<std::uint8_t>(row.code), row.bits, 1} != array.dtype())
      continue;
    std::vector<std::int64_t> shape;
    for (std::size_t axis = 0; axis < array.ndim(); ++axis) {
      shape.push_back(static_cast<std::int64_t>(array.shape(axis)));
    }
    Tensor tensor(row.dtype, Shape(shape));
    if (!tensor.bytes().empty())
      std::memcpy(tensor.bytes().data(), array.data(), tensor.bytes().size());
    return tensor;
  }
  throw StatusError(InvalidArgument("an array of a dtype that no tensor has"));
}

Tensor StringsOf(const nb::list& values, const std::vector<std::int64_t>& shape) {
  std::vector<std::string> texts;
  texts.reserve(nb::len(values));
  for (const nb::handle value : values) {
    if (nb::isinstance<nb::bytes>(value)) {
      const nb::bytes bytes = nb::borrow<nb::bytes>(value);
      texts.emplace_back(bytes.c_str(), bytes.size());
    } else if (nb::isinstance<nb::str>(value)) {
      Py_ssize_t size = 0;
      const char* text = PyUnicode_AsUTF8AndSize(value.ptr(), &size);
      if (text == nullptr) throw nb::python_error();
      texts.emplace_back(text, static_cast<std::size_t>(size));
    } else {
      throw StatusError(InvalidArgument("expected str or bytes, got " +
                                        std::string(nb::type_name(value.type()).c_str())));
    }
  }
  return Tensor::Strings(Shape(shape), std::move(texts));
}

}  // namespace whylight::python
