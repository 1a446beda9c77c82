// Gradients of ops on ragged tensors: the flat values have one, their row splits have none. Each
// comment is the rule. Where an op moves elements, the same op on their numbers tells from where.
#include "autodiff/ops/ragged.h"

#include <string>
#include <utility>

#include "autodiff/ops/terms.h"

namespace whylight {
namespace {

// y = v[p], the rows of v that the chosen ragged rows consist of;  dv[r] = sum of dy[k], p[k] = r
Gradients Gather(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const std::size_t values = a.x.size() - 2;
  std::vector<Output> inputs(a.x.begin(), a.x.end());
  inputs[values] = RowNumbers(b, a.x[values]);
  Node* numbered = b.OpNode("RaggedGather", inputs,
                            CopyAttrs(a.node(), {"PARAMS_RAGGED_RANK", "OUTPUT_RAGGED_RANK"}));
  const Output p = {numbered, static_cast<int>(a.y.size()) - 1};
  Gradients dx(a.x.size());
  dx[values] = b.Op("UnsortedSegmentSum", {a.dy.back(), p, RowCount(b, a.x[values])});
  return dx;
}

// y = v, element by element;  dv = dy in v's shape
Gradients ToSparse(const GradientArgs& a) {
  Gradients dx(a.x.size());
  dx.back() = a.b.ReshapeLike(a.dy[1], a.x.back());
  return dx;
}

// y = v at the places of its elements, the default x2, broadcast, at all others. With p the number
// of the element at each place, -1 for none:
//   dv[r] = sum of dy where p = r,  dx2 = sum of dy where p = -1
Gradients ToTensor(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output v = a.x[1], dy = a.dy[0];
  // The places are the axes of y before those of an element of v.
  const Output inner = b.Sub(b.Rank(v), b.Scalar(DType::kInt32, 1));
  const Output places =
      b.Slice(b.ShapeOf(dy), b.Int32s({0}), b.Reshape(b.Sub(b.Rank(dy), inner), b.Int32s({1})));
  std::vector<Output> inputs(a.x.begin(), a.x.end());
  inputs[0] = b.Cast(places, b.dtype(a.x[0]));
  inputs[1] = RowNumbers(b, v);
  inputs[2] = b.Scalar(DType::kInt32, -1);
  const Output p = b.Op("RaggedTensorToTensor", inputs,
                        CopyAttrs(a.node(), {"row_partition_types", "num_row_partition_tensors"}));
  Gradients dx(a.x.size());
  dx[1] = b.Op("UnsortedSegmentSum", {dy, p, RowCount(b, v)});  // Drops the places with -1.

  const Output ones = b.Fill(b.Reshape(inner, b.Int32s({1})), b.Scalar(DType::kInt32, 1));
  const Output empty = b.Reshape(b.Less(p, b.Scalar(DType::kInt32, 0)),
                                 b.Concat({places, ones}, b.Scalar(DType::kInt32, 0)));
  dx[2] = b.SumTo(b.Select(empty, dy, b.ScalarLike(dy, 0)), a.x[2]);
  return dx;
}

constexpr GradientRule kRules[] = {
    {"RaggedGather", Gather},
    {"RaggedTensorToSparse", ToSparse},
    {"RaggedTensorToTensor", ToTensor},
};

}  // namespace

std::span<const GradientRule> RaggedGradientRules() { return kRules; }

}  // namespace whylight
