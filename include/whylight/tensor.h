// Tensors: a dtype, a shape, and elements in row-major order.
//
// Threads Values; const access from many threads is safe.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "whylight/status.h"

namespace whylight {

// The numbers are TensorFlow's DataType, so crossing the boundary is a cast.
enum class DType : int {
  kInvalid = 0,
  kFloat32 = 1,
  kFloat64 = 2,
  kInt32 = 3,
  kUInt8 = 4,
  kInt16 = 5,
  kInt8 = 6,
  kString = 7,
  kComplex64 = 8,
  kInt64 = 9,
  kBool = 10,
  kQInt8 = 11,
  kQUInt8 = 12,
  kQInt32 = 13,
  kBFloat16 = 14,
  kQInt16 = 15,
  kQUInt16 = 16,
  kUInt16 = 17,
  kComplex128 = 18,
  kFloat16 = 19,
  kResource = 20,
  kVariant = 21,
  kUInt32 = 22,
  kUInt64 = 23,
};
// TensorFlow writes a reference type (TF1 variables) as the type's number plus 100.
inline constexpr int kRefTypeOffset = 100;

std::string DTypeName(DType dtype);             // "float32"; "dtype 42" for one not listed above.
Result<DType> DTypeFromName(std::string_view);  // kInvalidArgument for an unknown name.
std::size_t DTypeSize(DType dtype);             // Bytes of an element; 0 for strings and handles.
bool IsFloating(DType dtype);                   // float16, bfloat16, float32, float64.
bool IsInteger(DType dtype);                    // Signed and unsigned; not bool, not quantised.
bool IsComplex(DType dtype);
inline bool IsNumeric(DType dtype) { return IsFloating(dtype) || IsInteger(dtype); }

// Sizes of the axes. A tensor's shape is known in full; a graph's may hold kUnknown, a symbol
// (see graph/graph.h) or no rank at all.
class Shape {
 public:
  static constexpr std::int64_t kUnknown = -1;

  Shape() = default;  // A scalar.
  Shape(std::initializer_list<std::int64_t> dims)
      : Shape(std::span<const std::int64_t>(dims.begin(), dims.size())) {}
  explicit Shape(const std::vector<std::int64_t>& dims)
      : Shape(std::span<const std::int64_t>(dims)) {}
  explicit Shape(std::span<const std::int64_t> dims);
  static Shape UnknownRank();

  bool has_rank() const { return has_rank_; }
  int rank() const { return rank_; }  // Needs has_rank().
  std::int64_t dim(int axis) const { return dims()[static_cast<std::size_t>(axis)]; }
  std::span<const std::int64_t> dims() const {
    return {many_.empty() ? few_.data() : many_.data(), static_cast<std::size_t>(rank_)};
  }
  std::vector<std::int64_t> ToVector() const { return {dims().begin(), dims().end()}; }
  void set_dim(int axis, std::int64_t size) {
    (many_.empty() ? few_.data() : many_.data())[axis] = size;
  }

  bool IsKnown() const;                      // A rank, and no axis below zero.
  std::int64_t elements() const;             // Product of the axes; needs IsKnown().
  Shape WithoutFirst() const;                // Axes 1..; needs a rank of at least 1.
  Shape WithFirst(std::int64_t size) const;  // `size`, then these axes.
  std::string ToString() const;  // "[2,?,3]", "[]" for a scalar, "<unknown>" without a rank.

  bool operator==(const Shape& other) const {
    return has_rank_ == other.has_rank_ && std::ranges::equal(dims(), other.dims());
  }

 private:
  // Rows are small tensors by the million: up to four axes cost no memory of their own.
  std::array<std::int64_t, 4> few_{};
  std::vector<std::int64_t> many_;  // All axes, if there are more than four.
  int rank_ = 0;
  bool has_rank_ = true;
};

// Same rank and, on every axis, equal sizes or one of them unknown. No rank fits anything.
bool Compatible(const Shape& a, const Shape& b);

// Storage types of the 16-bit floats; arithmetic goes through float.
struct Float16 {
  std::uint16_t bits = 0;
};
struct BFloat16 {
  std::uint16_t bits = 0;
};
float ToFloat(Float16 value);
float ToFloat(BFloat16 value);
Float16 ToFloat16(float value);    // Round to nearest even; overflow gives infinity.
BFloat16 ToBFloat16(float value);  // Round to nearest even.

template <typename T>
constexpr DType DTypeOf();
template <>
constexpr DType DTypeOf<float>() {
  return DType::kFloat32;
}
template <>
constexpr DType DTypeOf<double>() {
  return DType::kFloat64;
}
template <>
constexpr DType DTypeOf<std::int32_t>() {
  return DType::kInt32;
}
template <>
constexpr DType DTypeOf<std::uint8_t>() {
  return DType::kUInt8;
}
template <>
constexpr DType DTypeOf<std::int16_t>() {
  return DType::kInt16;
}
template <>
constexpr DType DTypeOf<std::int8_t>() {
  return DType::kInt8;
}
template <>
constexpr DType DTypeOf<std::int64_t>() {
  return DType::kInt64;
}
template <>
constexpr DType DTypeOf<bool>() {
  return DType::kBool;
}
template <>
constexpr DType DTypeOf<std::uint16_t>() {
  return DType::kUInt16;
}
template <>
constexpr DType DTypeOf<std::uint32_t>() {
  return DType::kUInt32;
}
template <>
constexpr DType DTypeOf<std::uint64_t>() {
  return DType::kUInt64;
}
template <>
constexpr DType DTypeOf<Float16>() {
  return DType::kFloat16;
}
template <>
constexpr DType DTypeOf<BFloat16>() {
  return DType::kBFloat16;
}

class Tensor {
 public:
  Tensor() = default;                // dtype kInvalid, no elements.
  Tensor(DType dtype, Shape shape);  // Zeros, or empty strings. `shape` is known in full.
  static Tensor Strings(Shape shape, std::vector<std::string> values);
  template <typename T>
  static Tensor Of(Shape shape, std::span<const T> values);
  template <typename T>
  static Tensor Of(Shape shape, std::initializer_list<T> values) {
    return Of<T>(std::move(shape), std::span<const T>(values.begin(), values.size()));
  }
  template <typename T>
  static Tensor Scalar(T value) {
    return Of<T>(Shape{}, std::span<const T>(&value, 1));
  }
  static Tensor ScalarString(std::string value);
  // A number in any numeric dtype, broadcast over `shape`.
  static Tensor Filled(DType dtype, Shape shape, double value);

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::size_t elements() const { return elements_; }
  bool is_string() const { return dtype_ == DType::kString; }

  // Elements as T; T must be the dtype's own type (WHYLIGHT_CHECK).
  template <typename T>
  std::span<T> data();
  template <typename T>
  std::span<const T> data() const;
  // All elements as raw memory, 16-byte aligned; empty for strings.
  std::span<std::byte> bytes() { return {memory(), byte_size_}; }
  std::span<const std::byte> bytes() const { return {memory(), byte_size_}; }
  std::span<std::string> strings() { return strings_; }
  std::span<const std::string> strings() const { return strings_; }

  // Element `index` of any numeric or bool dtype as a double; set rounds and saturates.
  double Number(std::size_t index) const;
  void SetNumber(std::size_t index, double value);

  // The same elements under another shape of as many elements.
  Tensor Reshaped(Shape shape) &&;
  Tensor Reshaped(Shape shape) const&;

  Tensor(const Tensor& other);
  Tensor& operator=(const Tensor& other);
  Tensor(Tensor&& other) noexcept;  // `other` has no elements then.
  Tensor& operator=(Tensor&& other) noexcept;
  ~Tensor() = default;

  // Same dtype, shape and bits (NaN equals the same NaN).
  bool operator==(const Tensor& other) const;

 private:
  static constexpr std::size_t kFew = 64;  // Bytes.

  void Allocate();
  std::byte* memory() { return many_ ? many_.get() : few_.data(); }
  const std::byte* memory() const { return many_ ? many_.get() : few_.data(); }
  void CheckType(DType dtype) const;

  DType dtype_ = DType::kInvalid;
  Shape shape_{0};
  std::size_t elements_ = 0;
  std::size_t byte_size_ = 0;
  alignas(16) std::array<std::byte, kFew> few_;  // The elements, if they fit.
  std::unique_ptr<std::byte[]> many_;
  std::vector<std::string> strings_;
};

template <typename T>
std::span<T> Tensor::data() {
  CheckType(DTypeOf<T>());
  return {reinterpret_cast<T*>(memory()), elements_};
}

template <typename T>
std::span<const T> Tensor::data() const {
  CheckType(DTypeOf<T>());
  return {reinterpret_cast<const T*>(memory()), elements_};
}

template <typename T>
Tensor Tensor::Of(Shape shape, std::span<const T> values) {
  Tensor tensor(DTypeOf<T>(), std::move(shape));
  WHYLIGHT_CHECK(tensor.elements() == values.size());
  const std::span<T> to = tensor.data<T>();
  for (std::size_t i = 0; i < values.size(); ++i) to[i] = values[i];
  return tensor;
}

}  // namespace whylight
