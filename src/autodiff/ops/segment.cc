// Gradients of reductions over segments: rows of x that share an id go to one row of y. Each
// comment is the rule; dy[id] is the row of dy that a row of x went to.
#include "autodiff/ops/segment.h"

#include <string>
#include <string_view>

#include "autodiff/ops/sizes.h"

namespace whylight {
namespace {

Gradients OfFirst(const GradientArgs& a, Output dx0) {
  Gradients dx(a.x.size());
  dx[0] = dx0;
  return dx;
}

// How this node assigns rows to segments. Ids of the Unsorted ops may be of any rank, and a row
// with a negative id goes nowhere.
class Segments {
 public:
  explicit Segments(const GradientArgs& a)
      : b_(a.b), ids_(a.x[1]), unsorted_(a.node().op.starts_with("Unsorted")) {
    if (!unsorted_) return;
    number_ = a.x[2];
    const Output zero = b_.ScalarLike(ids_, 0);
    row_ = b_.Op("Maximum", {ids_, zero});
    // The shape of the ids with a 1 for each further axis of x.
    const Output rest = b_.Sub(b_.Rank(a.x[0]), b_.Rank(ids_));
    const Output ones = b_.Fill(b_.Reshape(rest, b_.Int32s({1})), b_.Scalar(DType::kInt32, 1));
    const Output shape = b_.Concat({b_.ShapeOf(ids_), ones}, b_.Scalar(DType::kInt32, 0));
    counted_ = b_.Reshape(b_.GreaterEqual(ids_, zero), shape);
  }

  // value[id], 0 where the id is negative.
  Output Spread(Output value) {
    if (!unsorted_) return b_.Gather(value, ids_);
    return b_.Select(counted_, b_.Gather(value, row_), b_.ScalarLike(value, 0));
  }

  // Reduces rows as the node does, by `op` ("Sum", "Prod").
  Output Reduce(const std::string& op, Output value) {
    if (!unsorted_) return b_.Op("Segment" + op, {value, ids_});
    return b_.Op("UnsortedSegment" + op, {value, ids_, number_});
  }

 private:
  GraphBuilder& b_;
  Output ids_;
  bool unsorted_;
  Output number_, row_, counted_;
};

// y = sum of x over a segment;  dx = dy[id]
Gradients Sum(const GradientArgs& a) { return OfFirst(a, Segments(a).Spread(a.dy[0])); }

// y = sum of x / n over a segment of n rows;  dx = (dy / n)[id]
Gradients Mean(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output n = Segments(a).Reduce("Sum", b.OnesLike(a.x[0]));
  return OfFirst(a, Segments(a).Spread(b.Op("DivNoNan", {a.dy[0], n})));
}

// y = max or min of x over a segment;  dx = dy[id] where x = y[id], shared equally by all that tie
Gradients Extremum(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  Segments segments(a);
  const Output chosen = b.Equal(a.x[0], segments.Spread(a.y[0]));
  const Output ties = segments.Reduce("Sum", b.Cast(chosen, b.dtype(a.dy[0])));
  const Output share = segments.Spread(b.Op("DivNoNan", {a.dy[0], ties}));
  return OfFirst(a, b.Select(chosen, share, b.ScalarLike(share, 0)));
}

// y = product of x over a segment;  as Prod in reduce.cc: with p the product of the elements that
// are not zero, dx = dy[id] * p[id] / x in a segment without a zero, dy[id] * p[id] at an only
// zero, 0 else
Gradients Prod(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  Segments segments(a);
  const Output x = a.x[0], zero = b.ScalarLike(x, 0), one = b.ScalarLike(x, 1);
  const Output is_zero = b.Equal(x, zero);
  const Output zeros = segments.Spread(segments.Reduce("Sum", b.Cast(is_zero, DType::kInt32)));
  const Output nonzero = b.Select(is_zero, one, x);
  const Output p = segments.Spread(segments.Reduce("Prod", nonzero));
  const Output none = b.Equal(zeros, b.Scalar(DType::kInt32, 0));
  const Output single = b.And(is_zero, b.Equal(zeros, b.Scalar(DType::kInt32, 1)));
  const Output others = b.Select(none, b.Div(p, nonzero), b.Select(single, p, zero));
  return OfFirst(a, b.Mul(segments.Spread(a.dy[0]), b.Conj(others)));
}

// y_s = w_s * sum over i with segment s of x[index_i], w_s = 1 (Sum), 1 / n_s (Mean) or
// 1 / sqrt(n_s) (SqrtN) for n_s indices;  dx[r] = sum over i with index_i = r of w_s * dy_s
Gradients Sparse(const GradientArgs& a, std::string_view kind) {
  GraphBuilder& b = a.b;
  SizeBuilder sizes(b);
  const Output rows = sizes.Scalar(sizes.Of(a.x[0], 0));
  return OfFirst(
      a, b.Op("SparseSegment" + std::string(kind) + "Grad", {a.dy[0], a.x[1], a.x[2], rows}));
}
Gradients SparseSum(const GradientArgs& a) { return Sparse(a, "Sum"); }
Gradients SparseMean(const GradientArgs& a) { return Sparse(a, "Mean"); }
Gradients SparseSqrtN(const GradientArgs& a) { return Sparse(a, "SqrtN"); }

constexpr GradientRule kRules[] = {
    {"SegmentMax", Extremum},
    {"SegmentMean", Mean},
    {"SegmentMin", Extremum},
    {"SegmentProd", Prod},
    {"SegmentSum", Sum},
    {"SparseSegmentMean", SparseMean},
    {"SparseSegmentMeanWithNumSegments", SparseMean},
    {"SparseSegmentSqrtN", SparseSqrtN},
    {"SparseSegmentSqrtNWithNumSegments", SparseSqrtN},
    {"SparseSegmentSum", SparseSum},
    {"SparseSegmentSumWithNumSegments", SparseSum},
    {"UnsortedSegmentMax", Extremum},
    {"UnsortedSegmentMin", Extremum},
    {"UnsortedSegmentProd", Prod},
    {"UnsortedSegmentSum", Sum},
};

}  // namespace

std::span<const GradientRule> SegmentGradientRules() { return kRules; }

}  // namespace whylight
