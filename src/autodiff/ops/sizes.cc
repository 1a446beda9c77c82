#include "autodiff/ops/sizes.h"

#include <algorithm>

namespace whylight {

Size SizeBuilder::Of(Output x, int axis) {
  const Shape shape = b_.shape(x);
  if (shape.has_rank()) {
    const int index = axis < 0 ? axis + shape.rank() : axis;
    if (index >= 0 && index < shape.rank() && shape.dim(index) >= 0) return shape.dim(index);
  }
  return Of(x, b_.Scalar(DType::kInt32, axis));
}

Size SizeBuilder::Of(Output x, Output axis) {
  const Output begin = b_.Reshape(axis, b_.Int32s({1}));
  // Shrinking takes one element whatever `end` says, so axis -1 needs no special case.
  return Size(b_.Op("StridedSlice", {b_.ShapeOf(x), begin, begin, b_.Int32s({1})},
                    {{"shrink_axis_mask", std::int64_t{1}}}));
}

std::vector<Size> SizeBuilder::All(Output x) {
  std::vector<Size> sizes;
  const int rank = b_.shape(x).rank();
  sizes.reserve(static_cast<std::size_t>(rank));
  for (int axis = 0; axis < rank; ++axis) sizes.push_back(Of(x, axis));
  return sizes;
}

Size SizeBuilder::Product(Output x, int from, std::optional<int> to) {
  const Shape shape = b_.shape(x);
  if (shape.has_rank()) {
    const auto index = [&](int axis) { return axis < 0 ? axis + shape.rank() : axis; };
    Size product = 1;
    const int end = to ? index(*to) : shape.rank();
    for (int axis = index(from); axis < end; ++axis) product = Mul(product, Of(x, axis));
    return product;
  }
  if (to == from) return 1;
  const Output part =
      b_.Op("StridedSlice",
            {b_.ShapeOf(x), b_.Int32s({from}), b_.Int32s({to.value_or(0)}), b_.Int32s({1})},
            {{"end_mask", std::int64_t{to ? 0 : 1}}});
  return Size(b_.Op("Prod", {part, b_.Int32s({0})}));
}

Size SizeBuilder::Add(Size x, Size y) {
  if (x.known() && y.known()) return x.value() + y.value();
  if (x.Is(0)) return y;
  if (y.Is(0)) return x;
  return Size(b_.Add(Scalar(x), Scalar(y)));
}

Size SizeBuilder::Sub(Size x, Size y) {
  if (x.known() && y.known()) return x.value() - y.value();
  if (y.Is(0)) return x;
  return Size(b_.Sub(Scalar(x), Scalar(y)));
}

Size SizeBuilder::Mul(Size x, Size y) {
  if (x.known() && y.known()) return x.value() * y.value();
  if (x.Is(1)) return y;
  if (y.Is(1)) return x;
  return Size(b_.Mul(Scalar(x), Scalar(y)));
}

Size SizeBuilder::FloorDiv(Size x, Size y) {
  if (x.known() && x.value() >= 0 && y.known()) return x.value() / y.value();
  if (y.Is(1)) return x;
  return Size(b_.Op("FloorDiv", {Scalar(x), Scalar(y)}));
}

Size SizeBuilder::Max(Size x, Size y) {
  if (x.known() && y.known()) return std::max(x.value(), y.value());
  return Size(b_.Op("Maximum", {Scalar(x), Scalar(y)}));
}

Output SizeBuilder::Scalar(Size x) {
  return x.known() ? b_.Scalar(DType::kInt32, static_cast<double>(x.value())) : x.scalar();
}

SizeBuilder::Numbers SizeBuilder::NumbersOf(const std::vector<Size>& sizes) {
  Numbers numbers;
  for (const Size& size : sizes) {
    numbers.values.push_back(size.known() ? static_cast<std::int32_t>(size.value()) : -1);
    numbers.unknown += size.known() ? 0 : 1;
  }
  return numbers;
}

Output SizeBuilder::Vector(const std::vector<Size>& sizes) {
  const Numbers numbers = NumbersOf(sizes);
  if (numbers.unknown == 0) return b_.Int32s(numbers.values);
  std::vector<Output> scalars;
  for (const Size& size : sizes) scalars.push_back(Scalar(size));
  return b_.Op("Pack", scalars);
}

Output SizeBuilder::Target(const std::vector<Size>& sizes) {
  const Numbers numbers = NumbersOf(sizes);
  // Beside a zero the unknown size cannot be had by division.
  const bool has_zero = std::any_of(sizes.begin(), sizes.end(), [](Size s) { return s.Is(0); });
  return numbers.unknown == 1 && !has_zero ? b_.Int32s(numbers.values) : Vector(sizes);
}

Output SizeBuilder::Parts(const std::vector<Size>& sizes) {
  const Numbers numbers = NumbersOf(sizes);
  return numbers.unknown == 1 ? b_.Int32s(numbers.values) : Vector(sizes);
}

std::optional<std::int64_t> ConstantInteger(Output x) {
  const auto values = ConstantInts(x);
  if (!values || values->size() != 1) return std::nullopt;
  return values->front();
}

}  // namespace whylight
