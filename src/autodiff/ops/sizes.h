// Sizes of axes while a rule is built: numbers where the static shape tells them, scalars of the
// graph otherwise, so that a chain of Shape ops appears only where it must.
#pragma once

#include <optional>
#include <vector>

#include "graph/builder.h"
#include "graph/shapes.h"

namespace whylight {

// A size, or a difference of sizes (then it may be negative).
class Size {
 public:
  Size(std::int64_t value) : value_(value) {}        // NOLINT: a number is a size
  explicit Size(Output scalar) : scalar_(scalar) {}  // int32.

  bool known() const { return value_.has_value(); }
  bool Is(std::int64_t value) const { return value_ == value; }
  std::int64_t value() const { return *value_; }  // Needs known().
  Output scalar() const { return scalar_; }       // Needs !known().

 private:
  std::optional<std::int64_t> value_;
  Output scalar_;
};

class SizeBuilder {
 public:
  explicit SizeBuilder(GraphBuilder& b) : b_(b) {}

  // The size of x along `axis`; a negative axis counts from the end.
  Size Of(Output x, int axis);
  Size Of(Output x, Output axis);  // int32 scalar.
  // All sizes of x; needs a static rank.
  std::vector<Size> All(Output x);
  // The product of the sizes of axes from .. to - 1, to the end without `to`; 1 of none.
  Size Product(Output x, int from, std::optional<int> to = std::nullopt);

  Size Add(Size x, Size y);
  Size Sub(Size x, Size y);
  Size Mul(Size x, Size y);
  Size FloorDiv(Size x, Size y);  // y > 0.
  Size Max(Size x, Size y);

  Output Scalar(Size x);
  Output Vector(const std::vector<Size>& sizes);
  // As the target of a Reshape: a single unknown size is left to it.
  Output Target(const std::vector<Size>& sizes);
  // As the sizes of the parts of a SplitV: a single unknown size is left to it.
  Output Parts(const std::vector<Size>& sizes);

 private:
  // The sizes as numbers, -1 for those unknown, and how many are.
  struct Numbers {
    std::vector<std::int32_t> values;
    int unknown = 0;
  };
  static Numbers NumbersOf(const std::vector<Size>& sizes);

  GraphBuilder& b_;
};

// The value of a constant integer tensor of one element; nullopt for what the graph computes.
std::optional<std::int64_t> ConstantInteger(Output x);

}  // namespace whylight
