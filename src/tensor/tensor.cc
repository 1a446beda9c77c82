#include "whylight/tensor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

namespace whylight {
namespace {

struct DTypeRow {
  DType dtype;
  std::string_view name;
  std::size_t size;
};
constexpr DTypeRow kDTypes[] = {
    {DType::kFloat32, "float32", 4}, {DType::kFloat64, "float64", 8},
    {DType::kInt32, "int32", 4},     {DType::kUInt8, "uint8", 1},
    {DType::kInt16, "int16", 2},     {DType::kInt8, "int8", 1},
    {DType::kString, "string", 0},   {DType::kComplex64, "complex64", 8},
    {DType::kInt64, "int64", 8},     {DType::kBool, "bool", 1},
    {DType::kQInt8, "qint8", 1},     {DType::kQUInt8, "quint8", 1},
    {DType::kQInt32, "qint32", 4},   {DType::kBFloat16, "bfloat16", 2},
    {DType::kQInt16, "qint16", 2},   {DType::kQUInt16, "quint16", 2},
    {DType::kUInt16, "uint16", 2},   {DType::kComplex128, "complex128", 16},
    {DType::kFloat16, "float16", 2}, {DType::kResource, "resource", 0},
    {DType::kVariant, "variant", 0}, {DType::kUInt32, "uint32", 4},
    {DType::kUInt64, "uint64", 8},
};

const DTypeRow* FindRow(DType dtype) {
  for (const DTypeRow& row : kDTypes) {
    if (row.dtype == dtype) return &row;
  }
  return nullptr;
}

// Rounds to the nearest integer and saturates; NaN becomes 0.
template <typename T>
T ToInteger(double value) {
  if (std::isnan(value)) return 0;
  const double rounded = std::nearbyint(value);
  // The limits of 64-bit types are not doubles: compare against the powers of two next to them.
  if (rounded <= static_cast<double>(std::numeric_limits<T>::min())) {
    return std::numeric_limits<T>::min();
  }
  if (rounded >= std::ldexp(1.0, std::numeric_limits<T>::digits)) {
    return std::numeric_limits<T>::max();
  }
  return static_cast<T>(rounded);
}

}  // namespace

std::string DTypeName(DType dtype) {
  const DTypeRow* row = FindRow(dtype);
  if (row != nullptr) return std::string(row->name);
  const int number = static_cast<int>(dtype);
  if (number > kRefTypeOffset)
    return DTypeName(static_cast<DType>(number - kRefTypeOffset)) + "_ref";
  return "dtype " + std::to_string(number);
}

Result<DType> DTypeFromName(std::string_view name) {
  for (const DTypeRow& row : kDTypes) {
    if (row.name == name) return row.dtype;
  }
  return InvalidArgument("unknown dtype \"" + std::string(name) + "\"");
}

std::size_t DTypeSize(DType dtype) {
  const DTypeRow* row = FindRow(dtype);
  return row == nullptr ? 0 : row->size;
}

bool IsFloating(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kFloat64 || dtype == DType::kFloat16 ||
         dtype == DType::kBFloat16;
}

bool IsInteger(DType dtype) {
  switch (dtype) {
    case DType::kInt8:
    case DType::kInt16:
    case DType::kInt32:
    case DType::kInt64:
    case DType::kUInt8:
    case DType::kUInt16:
    case DType::kUInt32:
    case DType::kUInt64:
      return true;
    default:
      return false;
  }
}

bool IsComplex(DType dtype) { return dtype == DType::kComplex64 || dtype == DType::kComplex128; }

Shape::Shape(std::span<const std::int64_t> dims) : rank_(static_cast<int>(dims.size())) {
  if (dims.size() > few_.size()) {
    many_.assign(dims.begin(), dims.end());
  } else {
    std::ranges::copy(dims, few_.begin());
  }
}

Shape Shape::UnknownRank() {
  Shape shape;
  shape.has_rank_ = false;
  return shape;
}

bool Shape::IsKnown() const {
  return has_rank_ && std::ranges::all_of(dims(), [](std::int64_t size) { return size >= 0; });
}

std::int64_t Shape::elements() const {
  WHYLIGHT_CHECK(IsKnown());
  std::int64_t count = 1;
  for (const std::int64_t size : dims()) count *= size;
  return count;
}

Shape Shape::WithoutFirst() const {
  WHYLIGHT_CHECK(has_rank_ && rank_ > 0);
  return Shape(dims().subspan(1));
}

Shape Shape::WithFirst(std::int64_t size) const {
  std::vector<std::int64_t> sizes = {size};
  sizes.insert(sizes.end(), dims().begin(), dims().end());
  return Shape(sizes);
}

std::string Shape::ToString() const {
  if (!has_rank_) return "<unknown>";
  std::string text = "[";
  for (const std::int64_t size : dims()) {
    if (text.size() > 1) text += ',';
    text += size < 0 ? "?" : std::to_string(size);
  }
  return text + "]";
}

bool Compatible(const Shape& a, const Shape& b) {
  if (!a.has_rank() || !b.has_rank()) return true;
  if (a.rank() != b.rank()) return false;
  for (int axis = 0; axis < a.rank(); ++axis) {
    if (a.dim(axis) >= 0 && b.dim(axis) >= 0 && a.dim(axis) != b.dim(axis)) return false;
  }
  return true;
}

float ToFloat(BFloat16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

BFloat16 ToBFloat16(float value) {
  std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return {static_cast<std::uint16_t>((bits >> 16) | 0x40)};
  bits += 0x7fff + ((bits >> 16) & 1);
  return {static_cast<std::uint16_t>(bits >> 16)};
}

float ToFloat(Float16 value) {
  const std::uint32_t sign = (value.bits & 0x8000u) << 16;
  const std::uint32_t exponent = (value.bits >> 10) & 0x1f;
  const std::uint32_t mantissa = value.bits & 0x3ff;
  if (exponent == 0) {  // Zero and subnormals: mantissa * 2^-24.
    const float magnitude = std::ldexp(static_cast<float>(mantissa), -24);
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 0x1f ? 0xff : exponent + 112;
  return std::bit_cast<float>(sign | (wide << 23) | (mantissa << 13));
}

Float16 ToFloat16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000);
  if (std::isnan(value)) return {static_cast<std::uint16_t>(sign | 0x7e00)};
  const float magnitude = std::abs(value);
  if (magnitude >= 65520.0f) return {static_cast<std::uint16_t>(sign | 0x7c00)};
  if (magnitude < 6.103515625e-05f) {  // Below the least normal 2^-14.
    const float units = std::nearbyint(std::ldexp(magnitude, 24));
    return {static_cast<std::uint16_t>(sign | static_cast<std::uint16_t>(units))};
  }
  std::uint32_t wide = std::bit_cast<std::uint32_t>(magnitude);
  wide += 0xfff + ((wide >> 13) & 1);
  return {static_cast<std::uint16_t>(sign | ((wide >> 13) - (112u << 10)))};
}

void Tensor::Allocate() {
  if (byte_size_ > kFew) {
    many_ = std::make_unique<std::byte[]>(byte_size_);
  } else {
    few_.fill(std::byte{0});
  }
}

Tensor::Tensor(DType dtype, Shape shape)
    : dtype_(dtype),
      shape_(std::move(shape)),
      elements_(static_cast<std::size_t>(shape_.elements())) {
  if (dtype_ == DType::kString) {
    strings_.resize(elements_);
    return;
  }
  byte_size_ = elements_ * DTypeSize(dtype_);
  Allocate();
}

Tensor Tensor::Strings(Shape shape, std::vector<std::string> values) {
  WHYLIGHT_CHECK(static_cast<std::size_t>(shape.elements()) == values.size());
  Tensor tensor;
  tensor.dtype_ = DType::kString;
  tensor.shape_ = std::move(shape);
  tensor.elements_ = values.size();
  tensor.strings_ = std::move(values);
  return tensor;
}

Tensor Tensor::ScalarString(std::string value) {
  std::vector<std::string> values;
  values.push_back(std::move(value));
  return Strings(Shape{}, std::move(values));
}

Tensor Tensor::Filled(DType dtype, Shape shape, double value) {
  Tensor tensor(dtype, std::move(shape));
  for (std::size_t i = 0; i < tensor.elements(); ++i) tensor.SetNumber(i, value);
  return tensor;
}

void Tensor::CheckType(DType dtype) const { WHYLIGHT_CHECK(dtype == dtype_); }

double Tensor::Number(std::size_t index) const {
  WHYLIGHT_CHECK(index < elements_);
  switch (dtype_) {
    case DType::kFloat32:
      return static_cast<double>(data<float>()[index]);
    case DType::kFloat64:
      return data<double>()[index];
    case DType::kFloat16:
      return static_cast<double>(ToFloat(data<Float16>()[index]));
    case DType::kBFloat16:
      return static_cast<double>(ToFloat(data<BFloat16>()[index]));
    case DType::kInt8:
      return data<std::int8_t>()[index];
    case DType::kInt16:
      return data<std::int16_t>()[index];
    case DType::kInt32:
      return data<std::int32_t>()[index];
    case DType::kInt64:
      return static_cast<double>(data<std::int64_t>()[index]);
    case DType::kUInt8:
      return data<std::uint8_t>()[index];
    case DType::kUInt16:
      return data<std::uint16_t>()[index];
    case DType::kUInt32:
      return data<std::uint32_t>()[index];
    case DType::kUInt64:
      return static_cast<double>(data<std::uint64_t>()[index]);
    case DType::kBool:
      return data<bool>()[index] ? 1 : 0;
    default:
      WHYLIGHT_CHECK(false && "not a number");
  }
}

void Tensor::SetNumber(std::size_t index, double value) {
  WHYLIGHT_CHECK(index < elements_);
  switch (dtype_) {
    case DType::kFloat32:
      data<float>()[index] = static_cast<float>(value);
      break;
    case DType::kFloat64:
      data<double>()[index] = value;
      break;
    case DType::kFloat16:
      data<Float16>()[index] = ToFloat16(static_cast<float>(value));
      break;
    case DType::kBFloat16:
      data<BFloat16>()[index] = ToBFloat16(static_cast<float>(value));
      break;
    case DType::kInt8:
      data<std::int8_t>()[index] = ToInteger<std::int8_t>(value);
      break;
    case DType::kInt16:
      data<std::int16_t>()[index] = ToInteger<std::int16_t>(value);
      break;
    case DType::kInt32:
      data<std::int32_t>()[index] = ToInteger<std::int32_t>(value);
      break;
    case DType::kInt64:
      data<std::int64_t>()[index] = ToInteger<std::int64_t>(value);
      break;
    case DType::kUInt8:
      data<std::uint8_t>()[index] = ToInteger<std::uint8_t>(value);
      break;
    case DType::kUInt16:
      data<std::uint16_t>()[index] = ToInteger<std::uint16_t>(value);
      break;
    case DType::kUInt32:
      data<std::uint32_t>()[index] = ToInteger<std::uint32_t>(value);
      break;
    case DType::kUInt64:
      data<std::uint64_t>()[index] = ToInteger<std::uint64_t>(value);
      break;
    case DType::kBool:
      data<bool>()[index] = value != 0;
      break;
    default:
      WHYLIGHT_CHECK(false && "not a number");
  }
}

Tensor Tensor::Reshaped(Shape shape) && {
  WHYLIGHT_CHECK(static_cast<std::size_t>(shape.elements()) == elements_);
  shape_ = std::move(shape);
  return std::move(*this);
}

Tensor Tensor::Reshaped(Shape shape) const& {
  Tensor copy(*this);
  return std::move(copy).Reshaped(std::move(shape));
}

Tensor::Tensor(const Tensor& other)
    : dtype_(other.dtype_),
      shape_(other.shape_),
      elements_(other.elements_),
      byte_size_(other.byte_size_),
      strings_(other.strings_) {
  if (byte_size_ > kFew) many_.reset(new std::byte[byte_size_]);
  std::ranges::copy(other.bytes(), memory());
}

Tensor::Tensor(Tensor&& other) noexcept
    : dtype_(other.dtype_),
      shape_(std::exchange(other.shape_, Shape{0})),
      elements_(std::exchange(other.elements_, 0)),
      byte_size_(std::exchange(other.byte_size_, 0)),
      many_(std::move(other.many_)),
      strings_(std::move(other.strings_)) {
  if (!many_) std::copy_n(other.few_.begin(), byte_size_, few_.begin());
}

Tensor& Tensor::operator=(Tensor&& other) noexcept {
  if (this == &other) return *this;
  std::destroy_at(this);
  return *std::construct_at(this, std::move(other));
}

Tensor& Tensor::operator=(const Tensor& other) {
  if (this != &other) *this = Tensor(other);
  return *this;
}

bool Tensor::operator==(const Tensor& other) const {
  return dtype_ == other.dtype_ && shape_ == other.shape_ && strings_ == other.strings_ &&
         std::ranges::equal(bytes(), other.bytes());
}

}  // namespace whylight
