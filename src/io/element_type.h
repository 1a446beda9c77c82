// From a dtype to the C++ type that its elements are read as. Private to io/.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

#include "whylight/tensor.h"

namespace whylight {

// read(std::type_identity<T>()) with the type that elements of `dtype` are read as: 16-bit floats
// as float, strings as std::string. `other` gives the answer of a dtype that no request can hold.
template <typename Read, typename Other>
auto WithElementType(DType dtype, const Read& read, const Other& other) {
  switch (dtype) {
    case DType::kFloat32:
    case DType::kFloat16:
    case DType::kBFloat16:
      return read(std::type_identity<float>());
    case DType::kFloat64:
      return read(std::type_identity<double>());
    case DType::kInt8:
      return read(std::type_identity<std::int8_t>());
    case DType::kInt16:
      return read(std::type_identity<std::int16_t>());
    case DType::kInt32:
      return read(std::type_identity<std::int32_t>());
    case DType::kInt64:
      return read(std::type_identity<std::int64_t>());
    case DType::kUInt8:
      return read(std::type_identity<std::uint8_t>());
    case DType::kUInt16:
      return read(std::type_identity<std::uint16_t>());
    case DType::kUInt32:
      return read(std::type_identity<std::uint32_t>());
    case DType::kUInt64:
      return read(std::type_identity<std::uint64_t>());
    case DType::kBool:
      return read(std::type_identity<bool>());
    case DType::kString:
      return read(std::type_identity<std::string>());
    default:
      return other();
  }
}

}  // namespace whylight
