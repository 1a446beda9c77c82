// Gradients of reductions and scans. Each comment is the rule; the code transcribes it. `keep(dy)`
// is dy with the reduced axes back, of size 1, so that it broadcasts against x.
#include "autodiff/ops/reduce.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "autodiff/ops/sizes.h"
#include "autodiff/ops/terms.h"
#include "autodiff/ops/zero.h"

namespace whylight {
namespace {

// The reduced axes as numbers in [0, rank), where both are known.
std::optional<std::vector<int>> KnownAxes(const GradientArgs& a) {
  const Shape shape = a.b.shape(a.x[0]);
  const auto axes = ConstantInts(a.x[1]);
  if (!shape.has_rank() || !axes) return std::nullopt;
  std::vector<int> result;
  for (const std::int64_t axis : *axes) {
    const std::int64_t index = axis < 0 ? axis + shape.rank() : axis;
    if (index < 0 || index >= shape.rank()) return std::nullopt;
    result.push_back(static_cast<int>(index));
  }
  return result;
}

// The axes that this node reduces as a vector of the graph, in [0, rank), in int32.
Output AxesVector(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output rank = b.Rank(a.x[0]);
  const Output axes = b.Reshape(b.Cast(a.x[1], DType::kInt32), b.Int32s({-1}));
  return b.Op("FloorMod", {b.Add(axes, rank), rank});
}

// The shape of x with 1 for each reduced axis.
Output KeptShape(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  if (const auto axes = KnownAxes(a)) {
    std::vector<Size> sizes = SizeBuilder(b).All(a.x[0]);
    for (const int axis : *axes) sizes[static_cast<std::size_t>(axis)] = 1;
    return SizeBuilder(b).Target(sizes);
  }
  const Output shape = b.ShapeOf(a.x[0]);
  const Output axes = AxesVector(a), zero = b.Scalar(DType::kInt32, 0);
  const Output one = b.Scalar(DType::kInt32, 1);
  const Output all = b.Range(zero, b.Rank(a.x[0]), one);
  return b.Op("DynamicStitch", {all, axes, shape, b.Fill(b.ShapeOf(axes), one)});
}

// `value`, of the shape of y, with the reduced axes back.
Output Keep(const GradientArgs& a, Output value) {
  if (a.node().AttrOr("keep_dims", false)) return value;
  return a.b.Reshape(value, KeptShape(a));
}

Gradients OfFirst(const GradientArgs& a, Output dx0) {
  Gradients dx(a.x.size());
  dx[0] = dx0;
  return dx;
}

// How many elements of x are reduced to one of y, in the type of x.
Output CountOf(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  if (const auto axes = KnownAxes(a)) {
    const Shape shape = b.shape(a.x[0]);
    double count = 1;
    bool known = true;
    for (const int axis : *axes) {
      known = known && shape.dim(axis) >= 0;
      count *= static_cast<double>(shape.dim(axis));
    }
    if (known) return b.ScalarLike(a.x[0], count);
  }
  const Output sizes = b.Gather(b.ShapeOf(a.x[0]), AxesVector(a));
  const Output count = b.Op("Prod", {sizes, b.Int32s({0})});
  return b.Cast(count, b.dtype(a.x[0]));
}

// y = sum of x;  dx = keep(dy), repeated
Gradients Sum(const GradientArgs& a) {
  return OfFirst(a, a.b.BroadcastTo(Keep(a, a.dy[0]), a.b.ShapeOf(a.x[0])));
}

// y = sum of x / n;  dx = keep(dy) / n, repeated. Divided before it grows.
Gradients Mean(const GradientArgs& a) {
  const Output dy = a.b.Div(a.dy[0], CountOf(a));
  return OfFirst(a, a.b.BroadcastTo(Keep(a, dy), a.b.ShapeOf(a.x[0])));
}

// y = max or min of x;  dx = keep(dy) where x = keep(y), shared equally by all that tie
Gradients Extremum(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output chosen = b.Cast(b.Equal(Keep(a, a.y[0]), a.x[0]), b.dtype(a.dy[0]));
  const Output ties = b.Sum(chosen, a.x[1], true);
  return OfFirst(a, b.Mul(b.Div(chosen, ties), Keep(a, a.dy[0])));
}

// y = product of x;  dx_i = keep(dy) * product over j != i of x_j, which is
//   p / x_i  where x has no zero,      p: the product of the elements that are not zero
//   p        at the only zero,
//   0        elsewhere.
// Leaving an element out by division alone would not do at a zero.
Gradients Prod(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output x = a.x[0], zero = b.ScalarLike(x, 0), one = b.ScalarLike(x, 1);
  const Output is_zero = b.Equal(x, zero);
  const Output zeros = b.Sum(b.Cast(is_zero, DType::kInt32), a.x[1], true);
  const Output nonzero = b.Select(is_zero, one, x);
  const Output p = b.Op("Prod", {nonzero, a.x[1]}, {{"keep_dims", true}});
  const Output none = b.Equal(zeros, b.Scalar(DType::kInt32, 0));
  const Output single = b.And(is_zero, b.Equal(zeros, b.Scalar(DType::kInt32, 1)));
  const Output others = b.Select(none, b.Div(p, nonzero), b.Select(single, p, zero));
  return OfFirst(a, b.Mul(Keep(a, a.dy[0]), b.Conj(others)));
}

// y = sqrt(sum of |x|^2), real;  dx = keep(re(dy) / y) * x, not a number where y is 0
Gradients EuclideanNorm(const GradientArgs& a) {
  return OfFirst(a, a.b.Mul(Keep(a, a.b.Div(RealOf(a.b, a.dy[0]), a.y[0])), a.x[0]));
}

// --- Scans ---------------------------------------------------------------------------------------

// A scan along the node's axis in its own or the opposite direction.
Output Scan(const GradientArgs& a, std::string_view op, Output x, bool opposite) {
  const Node& node = a.node();
  return a.b.Op(op, {x, a.x[1]},
                {{"exclusive", node.AttrOr("exclusive", false)},
                 {"reverse", node.AttrOr("reverse", false) != opposite}});
}

// y_i = sum of x_j up to i;  dx_j = sum of dy_i from j on
Gradients Cumsum(const GradientArgs& a) { return OfFirst(a, Scan(a, "Cumsum", a.dy[0], true)); }

// y_i = product of x_j up to i;  dx_j = (sum from j on of dy_i * y_i) / x_j. At the first zero,
// which makes all later y zero, the same with that zero left out; at a further zero, 0. (TensorFlow
// gives 0 at the first zero too.)
Gradients Cumprod(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output x = a.x[0], zero = b.ScalarLike(x, 0), one = b.ScalarLike(x, 1);
  const Output is_zero = b.Equal(x, zero);
  const Output seen = b.Op("Cumsum", {b.Cast(is_zero, DType::kInt32), a.x[1]},
                           {{"reverse", a.node().AttrOr("reverse", false)}});
  const Output first_zero = b.And(is_zero, b.Equal(seen, b.Scalar(DType::kInt32, 1)));
  const auto sums = [&](Output y) { return Scan(a, "Cumsum", b.Mul(a.dy[0], b.Conj(y)), true); };
  const Output without = Scan(a, "Cumprod", b.Select(first_zero, one, x), false);
  const Output elsewhere = b.Op("DivNoNan", {sums(a.y[0]), b.Conj(x)});
  return OfFirst(a, b.Select(first_zero, sums(without), elsewhere));
}

// y_i = log(sum of exp(x_j) up to i);  dx_j = exp(x_j) * sum from j on of dy_i * exp(-y_i),
// as the difference of two sums of exponentials, one for each sign of dy, kept in logarithms
Gradients CumulativeLogsumexp(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output dy = a.dy[0], x = a.x[0], y = a.y[0];
  const bool is_half = b.dtype(dy) == DType::kFloat16;
  const Output zero = b.ScalarLike(dy, 0), one = b.ScalarLike(dy, 1);
  // log 0: finite, so that subtracting y gives no NaN, and exp of it is 0.
  const Output never = b.ScalarLike(dy, is_half ? -6e4 : -3e38);
  const auto part = [&](Output value) {
    const Output positive = b.Greater(value, zero);
    const Output log = b.Select(positive, b.Log(b.Select(positive, value, one)), never);
    return b.Exp(b.Add(Scan(a, "CumulativeLogsumexp", b.Sub(log, y), true), x));
  };
  return OfFirst(a, b.Sub(part(dy), part(b.Neg(dy))));
}

// --- Order statistics ----------------------------------------------------------------------------

// The place in the flat [..., n] of each element that stands at `columns` [..., k] of its row:
// row * n + column.
Output FlatPlaces(GraphBuilder& b, Output columns, Size k, Size n) {
  SizeBuilder sizes(b);
  const Output zero = b.Scalar(DType::kInt32, 0), one = b.Scalar(DType::kInt32, 1);
  const auto rows_of = [&](Output x, Output length) {
    return b.Reshape(x, b.Op("Pack", {b.Scalar(DType::kInt32, -1), length}));
  };
  // With k = 0 there are no rows to tell apart.
  const Output rows = rows_of(columns, b.Op("Maximum", {sizes.Scalar(k), one}));
  const Output count = b.Gather(b.ShapeOf(rows), zero);
  const Output first = b.ExpandDims(b.Mul(b.Range(zero, count, one), sizes.Scalar(n)), one);
  return b.Reshape(b.Add(rows, b.Cast(first, b.dtype(columns))), b.Int32s({-1}));
}

Output Flat(GraphBuilder& b, Output x) { return b.Reshape(x, b.Int32s({-1})); }

// Elements of the last axis put back to where `columns` says they are from, in the shape of x.
Output PutBack(GraphBuilder& b, Output dy, Output columns, Output x) {
  SizeBuilder sizes(b);
  const Output flat = FlatPlaces(b, columns, sizes.Of(columns, -1), sizes.Of(x, -1));
  const Output dx = b.Op("UnsortedSegmentSum", {Flat(b, dy), flat, b.Size(x)});
  return b.ReshapeLike(dx, x);
}

// y = the k largest elements of each row, y1 = where they are;  dx = dy put back there
Gradients TopK(const GradientArgs& a) { return OfFirst(a, PutBack(a.b, a.dy[0], a.y[1], a.x[0])); }

// The same. The CPU's kernel refuses any axis but the last one, said as -1.
Gradients ApproxTopK(const GradientArgs& a) {
  if (a.node().AttrOr<std::int64_t>("reduction_dimension", -1) != -1) {
    a.b.Fail(Unimplemented(a.node().op + " '" + a.node().name +
                           "' has no gradient with a reduction_dimension other than -1"));
  }
  return TopK(a);
}

// y = the means of the segments that make x fall along its last axis, y1 = their numbers;
// dx = the mean of dy over each segment
Gradients IsotonicRegression(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  SizeBuilder sizes(b);
  const Size n = sizes.Of(a.y[1], -1);
  const Output segments = FlatPlaces(b, a.y[1], n, n), dy = Flat(b, a.dy[0]);
  const auto sum = [&](Output x) {
    return b.Op("UnsortedSegmentSum", {x, segments, b.Size(a.x[0])});
  };
  const Output means = b.Op("DivNoNan", {sum(dy), sum(b.OnesLike(dy))});
  const Output dx = b.ReshapeLike(b.Gather(means, segments), a.x[0]);
  const DType dtype = b.dtype(a.x[0]);
  return {IsFloating(dtype) ? std::optional(b.Cast(dx, dtype)) : std::nullopt};
}

// y = the n-th element of each row in order;  dx = dy where x = y, shared equally by all that tie
Gradients NthElement(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output last = b.Scalar(DType::kInt32, -1);
  const Output chosen = b.Cast(b.Equal(b.ExpandDims(a.y[0], last), a.x[0]), b.dtype(a.dy[0]));
  const Output ties = b.Sum(chosen, b.Int32s({-1}), true);
  return OfFirst(a, b.Mul(b.Div(chosen, ties), b.ExpandDims(a.dy[0], last)));
}

constexpr GradientRule kRules[] = {
    {"All", ZeroGradient, true},
    {"Any", ZeroGradient, true},
    {"ApproxTopK", ApproxTopK},
    {"ArgMax", ZeroGradient, true},
    {"ArgMin", ZeroGradient, true},
    {"Cumprod", Cumprod},
    {"Cumsum", Cumsum},
    {"CumulativeLogsumexp", CumulativeLogsumexp},
    {"EuclideanNorm", EuclideanNorm},
    {"IsotonicRegression", IsotonicRegression},
    {"Max", Extremum},
    {"Mean", Mean},
    {"Min", Extremum},
    {"NthElement", NthElement},
    {"Prod", Prod},
    {"Sum", Sum},
    {"TopKV2", TopK},
};

}  // namespace

std::span<const GradientRule> ReduceGradientRules() { return kRules; }

}  // namespace whylight
