#include "io/flat_value.h"

#include <cmath>
#include <concepts>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

#include "io/element_type.h"
#include "io/instance_readers.h"
#include "tensor/rows.h"
#include "util/strings.h"

namespace whylight {
namespace {

std::string Counted(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " value" : " values");
}

// An element as messages show it.
template <typename T>
std::string Shown(T value) {
  std::string text;
  JsonWriter w(&text, {.non_finite = JsonWriterOptions::NonFinite::kToken});
  if constexpr (std::same_as<T, float>) {
    w.Float(value);
  } else if constexpr (std::same_as<T, double>) {
    w.Double(value);
  } else {
    text = std::to_string(value);
  }
  return text;
}

// The first unknown axis of a shape; nullopt without one. Needs a rank.
std::optional<int> UnknownAxis(const Shape& shape) {
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape.dim(axis) < 0) return axis;
  }
  return std::nullopt;
}

// The field's shape with `count` elements.
Result<Shape> ShapeOfFlat(const Shape& shape, std::int64_t count) {
  if (!shape.has_rank()) return count == 1 ? Shape{} : Shape{count};
  const std::string of_shape = " (the input's shape is " + shape.ToString() + "), got ";
  const std::optional<int> unknown = UnknownAxis(shape);
  if (!unknown) {
    if (shape.elements() == count) return shape;
    return InvalidArgument("expected " + Counted(shape.elements()) + of_shape +
                           std::to_string(count));
  }
  Shape whole = shape;
  whole.set_dim(*unknown, 1);
  if (!whole.IsKnown()) {
    return InvalidArgument("a list of " + Counted(count) + " does not tell the input's shape " +
                           shape.ToString() + "; JSON Lines can");
  }
  const std::int64_t each = whole.elements();
  if (each == 0 ? count != 0 : count % each != 0) {
    return InvalidArgument("expected a multiple of " + Counted(each) + of_shape +
                           std::to_string(count));
  }
  whole.set_dim(*unknown, each == 0 ? 0 : count / each);
  return whole;
}

// A value's own shape where the form has one and the field allows it, else its elements in the
// field's shape: writers flatten pictures.
Result<Shape> ShapeFor(const FlatValue& value, const FieldSpec& field) {
  const auto count = static_cast<std::int64_t>(value.size());
  if (!value.shape) return ShapeOfFlat(field.shape, count);
  if (Compatible(*value.shape, field.shape)) return *value.shape;
  if (value.shape->rank() <= 1) return ShapeOfFlat(field.shape, count);
  return InvalidArgument("expected shape " + field.shape.ToString() + ", got " +
                         value.shape->ToString());
}

// Whether the 16-bit floats, whose values come as float32, hold the value.
bool Holds(DType dtype, float value) {
  if (dtype == DType::kFloat16) return std::isfinite(ToFloat(ToFloat16(value)));
  if (dtype == DType::kBFloat16) return std::isfinite(ToFloat(ToBFloat16(value)));
  return true;
}

// Elements of T from a list of From, if the one accepts the other.
template <typename T, typename From>
constexpr bool kAccepts =
    std::same_as<T, bool>   ? std::is_integral_v<From>
    : std::is_integral_v<T> ? std::is_integral_v<From> && !std::same_as<From, bool>
                            : std::is_arithmetic_v<From> && !std::same_as<From, bool>;

// "" or why the element is not a value of the field.
template <typename T, typename From>
std::string Convert(From from, DType dtype, bool allow_non_finite, T* to) {
  if constexpr (std::same_as<T, bool>) {
    if (from != From{0} && from != From{1}) return "expected 0 or 1, got " + Shown(from);
    *to = from != From{0};
  } else if constexpr (std::is_integral_v<T>) {
    if (!std::in_range<T>(from)) {
      return Shown(from) + " is out of range of " + DTypeName(dtype) + " [" +
             std::to_string(std::numeric_limits<T>::min()) + ", " +
             std::to_string(std::numeric_limits<T>::max()) + "]";
    }
    *to = static_cast<T>(from);
  } else {
    *to = static_cast<T>(from);
    const bool was_finite = std::isfinite(static_cast<double>(from));
    if (!was_finite && !allow_non_finite) return Shown(from) + " is not a finite number";
    if (was_finite && (!std::isfinite(*to) || !Holds(dtype, static_cast<float>(*to)))) {
      return Shown(from) + " is out of range of " + DTypeName(dtype);
    }
  }
  return {};
}

struct Target {
  const FieldSpec& field;
  const std::string& place;
  bool allow_non_finite = false;
};

template <typename T, typename From>
Result<Tensor> ToTensorOf(const std::vector<From>& list, Shape shape, const Target& target) {
  const DType dtype = target.field.dtype;
  Tensor tensor(dtype, std::move(shape));
  const bool is_small_float = dtype == DType::kFloat16 || dtype == DType::kBFloat16;
  const std::span<T> elements = is_small_float ? std::span<T>() : tensor.data<T>();
  for (std::size_t i = 0; i < list.size(); ++i) {
    T element{};
    const From from = list[i];
    const std::string problem = Convert(from, dtype, target.allow_non_finite, &element);
    if (!problem.empty()) {
      const std::string index = list.size() == 1 ? "" : "[" + std::to_string(i) + "]";
      return InvalidArgument(target.place + index + ": " + problem);
    }
    if (is_small_float) {
      tensor.SetNumber(i, static_cast<double>(element));
    } else {
      elements[i] = element;
    }
  }
  return tensor;
}

std::string_view Wanted(DType dtype) {
  if (dtype == DType::kString) return "strings";
  if (dtype == DType::kBool) return "booleans, 0 or 1";
  return IsInteger(dtype) ? "integers" : "numbers";
}

Status WrongKind(const FlatValue& value, const Target& target) {
  return InvalidArgument(target.place + ": expected " + std::string(Wanted(target.field.dtype)) +
                         " (the input takes " + DTypeName(target.field.dtype) + "), got " +
                         value.form);
}

template <typename T>
Result<Tensor> NumbersToTensor(const FlatValue& value, Shape shape, const Target& target) {
  return std::visit(
      [&]<typename List>(const List& list) -> Result<Tensor> {
        if constexpr (std::same_as<List, std::monostate>) {
          return WrongKind(value, target);
        } else if constexpr (!kAccepts<T, typename List::value_type>) {
          return WrongKind(value, target);
        } else {
          return ToTensorOf<T>(list, std::move(shape), target);
        }
      },
      value.list);
}

Result<Tensor> StringsToTensor(const FlatValue& value, Shape shape, const Target& target) {
  const auto* const list = std::get_if<std::vector<std::string_view>>(&value.list);
  if (list == nullptr) return WrongKind(value, target);
  return Tensor::Strings(std::move(shape), std::vector<std::string>(list->begin(), list->end()));
}

Result<Tensor> ListToTensor(const FlatValue& value, Shape shape, const Target& target) {
  return WithElementType(
      target.field.dtype,
      [&]<typename T>(std::type_identity<T>) -> Result<Tensor> {
        if constexpr (std::same_as<T, std::string>) {
          return StringsToTensor(value, std::move(shape), target);
        } else {
          return NumbersToTensor<T>(value, std::move(shape), target);
        }
      },
      [&] { return StringsToTensor(value, std::move(shape), target); });
}

// The bytes of an encoded picture that an input of numbers is given.
const std::string_view* EncodedPicture(const FlatValue& value, const FieldSpec& field) {
  const auto* const list = std::get_if<std::vector<std::string_view>>(&value.list);
  const bool is_picture = list != nullptr && list->size() == 1 && IsImage(list->front());
  return is_picture && IsNumeric(field.dtype) ? &list->front() : nullptr;
}

template <typename T>
void WriteElement(JsonWriter& w, const T& value) {
  if constexpr (std::same_as<T, std::string_view>) {
    w.String(value);
  } else if constexpr (std::same_as<T, bool>) {
    w.Bool(value);
  } else if constexpr (std::same_as<T, float>) {
    w.Float(value);
  } else if constexpr (std::same_as<T, double>) {
    w.Double(value);
  } else if constexpr (std::same_as<T, std::uint64_t>) {
    w.UInt(value);
  } else {
    w.Int(value);
  }
}

// The elements from `at` on as lists of the axes from `axis` on; the index behind them.
template <typename List>
std::size_t WriteAxes(JsonWriter& w, const List& list, const Shape& shape, int axis,
                      std::size_t at) {
  if (axis == shape.rank()) {
    const typename List::value_type element = list[at];
    WriteElement(w, element);
    return at + 1;
  }
  w.BeginArray();
  for (std::int64_t i = 0; i < shape.dim(axis); ++i) at = WriteAxes(w, list, shape, axis + 1, at);
  w.EndArray();
  return at;
}

}  // namespace

std::size_t FlatValue::size() const {
  return std::visit(
      []<typename List>(const List& values) -> std::size_t {
        if constexpr (std::same_as<List, std::monostate>) {
          return 0;
        } else {
          return values.size();
        }
      },
      list);
}

Result<Tensor> FlatToTensor(const FlatValue& value, const FieldSpec& field,
                            const std::string& place, const InstanceReaderOptions& options) {
  const Target target{.field = field, .place = place, .allow_non_finite = options.allow_non_finite};
  if (std::holds_alternative<std::monostate>(value.list)) {
    return InvalidArgument(place + ": missing (" + value.form + ")");
  }
  const std::string_view* const picture = EncodedPicture(value, field);
  if (picture != nullptr && options.decode_image) {
    const Result<Tensor> decoded = options.decode_image(*picture, field);
    return decoded.ok() ? decoded : decoded.status().In(place);
  }
  const Result<Shape> shape = ShapeFor(value, field);
  if (!shape.ok()) return shape.status().In(place);
  return ListToTensor(value, *shape, target);
}

Result<Tensor> FlatElementsToTensor(const FieldSpec& field, const FindFlat& find,
                                    const std::function<std::string(std::string_view)>& place_of,
                                    const InstanceReaderOptions& options) {
  const FieldSpec element{.name = field.name, .dtype = field.dtype, .shape = Shape{}};
  std::vector<Tensor> values;
  for (const std::string& name : options.element_names) {
    const FlatValue* const value = find(name);
    if (value == nullptr) return InvalidArgument(place_of(name) + ": missing");
    WHYLIGHT_ASSIGN_OR_RETURN(Tensor scalar,
                              FlatToTensor(*value, element, place_of(name), options));
    values.push_back(std::move(scalar));
  }
  std::vector<const Tensor*> rows;
  rows.reserve(values.size());
  for (const Tensor& value : values) rows.push_back(&value);
  WHYLIGHT_ASSIGN_OR_RETURN(Tensor vector, StackRows(rows));
  const Result<Shape> shape = ShapeOfFlat(field.shape, static_cast<std::int64_t>(rows.size()));
  if (!shape.ok()) return shape.status().In(place_of(field.name));
  return std::move(vector).Reshaped(*shape);
}

void WriteFlat(JsonWriter& w, const FlatValue& value, const Shape* shape) {
  std::visit(
      [&]<typename List>(const List& list) {
        if constexpr (std::same_as<List, std::monostate>) {
          w.Null();
        } else {
          const bool is_one = shape == nullptr && list.size() == 1;
          const Shape flat = is_one ? Shape{} : Shape{static_cast<std::int64_t>(list.size())};
          WriteAxes(w, list, shape == nullptr ? flat : *shape, 0, 0);
        }
      },
      value.list);
}

}  // namespace whylight
