// Gradients of ops on sparse tensors: indices [n, rank], values [n], shape [rank]. Only values (and
// dense operands) have a gradient. Each comment is the rule; v are values, i indices.
#include "autodiff/ops/sparse.h"

#include <string>
#include <utility>

#include "autodiff/ops/terms.h"

namespace whylight {
namespace {

Output Axis(GraphBuilder& b, int axis) { return b.Scalar(DType::kInt32, axis); }

Output Column(GraphBuilder& b, Output indices, int column) {
  return b.Op("StridedSlice",
              {indices, b.Int32s({0, column}), b.Int32s({0, column + 1}), b.Int32s({1, 1})},
              {{"begin_mask", std::int64_t{1}},
               {"end_mask", std::int64_t{1}},
               {"shrink_axis_mask", std::int64_t{2}}});
}

// The gradients of a node with nothing but dx[at].
Gradients Only(const GradientArgs& a, std::size_t at, Output dx_at) {
  Gradients dx(a.x.size());
  dx[at] = dx_at;
  return dx;
}

// --- Moving elements -----------------------------------------------------------------------------

// y = v put in order: y[k] = v[p[k]];  dv[p[k]] = dy[k], with p from the same op on the numbers of
// the elements
Gradients Reorder(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output p = {b.OpNode("SparseReorder", {a.x[0], RowNumbers(b, a.x[1]), a.x[2]}), 1};
  return Only(a, 1, b.Gather(a.dy[1], b.InvertPermutation(p)));
}

// y = the elements within a box, in place;  dv = dy at those that are kept
Gradients Slice(const GradientArgs& a) {
  return Only(a, 1, a.b.Op("SparseSliceGrad", {a.dy[1], a.x[0], a.x[3], a.y[0]}));
}

// y = all v_j one behind the other, put in order: y[k] = v[p[k]];  dv[p[k]] = dy[k], cut into parts
Gradients Concat(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const std::size_t n = a.x.size() / 3;  // indices..., values..., shapes...
  std::vector<Output> inputs(a.x.begin(), a.x.end()), counts;
  Output first = b.Scalar(DType::kInt32, 0);
  for (std::size_t j = 0; j < n; ++j) {
    const Output values = a.x[n + j];
    counts.push_back(RowCount(b, values));
    inputs[n + j] = b.Add(RowNumbers(b, values), first);
    first = b.Add(first, counts.back());
  }
  const Output p = {b.OpNode("SparseConcat", inputs, CopyAttrs(a.node(), {"concat_dim", "N"})), 1};
  const Output dv = b.Gather(a.dy[1], b.InvertPermutation(p));
  Node* parts = b.OpNode("SplitV", {dv, b.Op("Pack", counts), Axis(b, 0)},
                         {{"num_split", static_cast<std::int64_t>(n)}});
  Gradients dx(a.x.size());
  for (std::size_t j = 0; j < n; ++j) dx[n + j] = Output{parts, static_cast<int>(j)};
  return dx;
}

// y_j = the elements of slice j: y_j[k] = v[p_j[k]];  dv[p_j[k]] = dy_j[k]
Gradients Split(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const std::size_t n = a.y.size() / 3;
  Node* numbered = b.OpNode("SparseSplit", {a.x[0], a.x[1], RowNumbers(b, a.x[2]), a.x[3]},
                            CopyAttrs(a.node(), {"num_split"}));
  std::vector<Output> p, dy;
  for (std::size_t j = 0; j < n; ++j) {
    p.push_back({numbered, static_cast<int>(n + j)});
    dy.push_back(a.dy[n + j]);
  }
  const Output from = n == 1 ? p[0] : b.Concat(p, Axis(b, 0));
  const Output gradients = n == 1 ? dy[0] : b.Concat(dy, Axis(b, 0));
  return Only(a, 2, b.Gather(gradients, b.InvertPermutation(from)));
}

// y = v, and the default x3 where a row has no element;  dv = dy at its elements, dx3 = sum of the
// rest. Also for ragged tensors, by row numbers.
Gradients FillEmptyRows(const GradientArgs& a) {
  Node* grad = a.b.OpNode(a.node().op + "Grad", {a.y[3], a.dy[1]});
  return {std::nullopt, Output{grad, 0}, std::nullopt, Output{grad, 1}};
}

// --- Sums ----------------------------------------------------------------------------------------

// y = a + b, sparse;  da = dy at the indices of a, db = dy at those of b
Gradients Add(const GradientArgs& a) {
  Node* grad = a.b.OpNode("SparseAddGrad", {a.dy[1], a.x[0], a.x[3], a.y[0]});
  Gradients dx(a.x.size());
  dx[1] = Output{grad, 0};
  dx[4] = Output{grad, 1};
  return dx;
}

// y = max(a, b) (or min), sparse, 0 where an element is missing;  dy goes to the larger one, to a
// at a tie. Adding zeros at the indices of y tells what a and b have there.
Gradients Extremum(const GradientArgs& a, std::string_view taken) {
  GraphBuilder& b = a.b;
  const Output zeros = b.ZerosLike(a.y[1]), none = b.ScalarLike(a.y[1], 0);
  const auto at_y = [&](std::size_t first) {
    return Output{b.OpNode("SparseAdd", {a.y[0], zeros, a.x[2], a.x[first], a.x[first + 1],
                                         a.x[first + 2], none}),
                  1};
  };
  const Output of_first = b.Op(taken, {at_y(0), at_y(3)});
  const auto gradient = [&](Output dy, int output) {
    return Output{b.OpNode("SparseAddGrad", {dy, a.x[0], a.x[3], a.y[0]}), output};
  };
  Gradients dx(a.x.size());
  dx[1] = gradient(b.Select(of_first, a.dy[1], zeros), 0);
  dx[4] = gradient(b.Select(of_first, zeros, a.dy[1]), 1);
  return dx;
}
Gradients Maximum(const GradientArgs& a) { return Extremum(a, "GreaterEqual"); }
Gradients Minimum(const GradientArgs& a) { return Extremum(a, "LessEqual"); }

// y = x3 with v added at i;  dv = dy[i], dx3 = dy
Gradients DenseAdd(const GradientArgs& a) {
  return {std::nullopt, a.b.Op("GatherNd", {a.dy[0], a.x[0]}), std::nullopt, a.dy[0]};
}

// y = sum of v over some axes;  dv = dy[i], with 0 for the index along those axes
Gradients ReduceSum(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output shape = a.x[2], rank = b.Size(shape), one = b.Scalar(DType::kInt64, 1);
  const Output zero = b.Scalar(DType::kInt64, 0);
  const Output axes = b.Reshape(a.x[3], b.Int32s({-1}));
  // 1 for the axes that are kept. An axis may be named twice, or from the end.
  const Output named = b.Op("OneHot", {b.Op("FloorMod", {axes, rank}), rank, one, zero});
  const Output kept = b.Equal(b.Sum(named, b.Int32s({0})), zero);
  const Output dy = b.Reshape(a.dy[0], b.Select(kept, shape, one));
  const Output places = b.Mul(a.x[0], b.Cast(kept, DType::kInt64));
  return Only(a, 1, b.Op("GatherNd", {dy, places}));
}

// --- With dense operands, broadcast --------------------------------------------------------------

// How a dense operand is broadcast over a sparse one.
struct Spread {
  Output values;  // The element of the operand at each index.
  Output places;  // Its index in the operand, which has 1s before its own axes,
  Output shape;   // and so this shape.
};

Spread SpreadOver(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output dense = a.x[3], own = b.ShapeOf(dense, DType::kInt64);
  const Output missing = b.Sub(b.Size(a.x[2]), b.Rank(dense));
  const Output ones = b.Fill(b.Reshape(missing, b.Int32s({1})), b.Scalar(DType::kInt64, 1));
  Spread spread;
  spread.shape = b.Concat({ones, own}, Axis(b, 0));
  const Output varies = b.Greater(spread.shape, b.Scalar(DType::kInt64, 1));
  spread.places = b.Mul(a.x[0], b.Cast(varies, DType::kInt64));
  spread.values = b.Op("GatherNd", {b.Reshape(dense, spread.shape), spread.places});
  return spread;
}

// What the operand gets from gradients at each index.
Output SumToDense(const GradientArgs& a, const Spread& spread, Output gradients) {
  const Output sums = a.b.Op("ScatterNd", {spread.places, gradients, spread.shape});
  return a.b.Reshape(sums, a.b.ShapeOf(a.x[3]));
}

// y = v + x3[i];  dv = dy, dx3[j] = sum of dy where i reads j
Gradients CwiseAdd(const GradientArgs& a) {
  return {std::nullopt, a.dy[0], std::nullopt, SumToDense(a, SpreadOver(a), a.dy[0])};
}

// y = v * x3[i];  dv = dy * x3[i], dx3[j] = sum of dy * v where i reads j
Gradients CwiseMul(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Spread spread = SpreadOver(a);
  return {std::nullopt, b.Mul(a.dy[0], b.Conj(spread.values)), std::nullopt,
          SumToDense(a, spread, b.Mul(a.dy[0], b.Conj(a.x[1])))};
}

// y = v / x3[i];  dv = dy / x3[i], dx3[j] = -sum of dy * y / x3[i] where i reads j
Gradients CwiseDiv(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Spread spread = SpreadOver(a);
  const Output dv = b.Div(a.dy[0], b.Conj(spread.values));
  return {std::nullopt, dv, std::nullopt, SumToDense(a, spread, b.Neg(b.Mul(dv, b.Conj(a.y[0]))))};
}

// y = softmax of v over the last axis;  dv = (dy - sum over the axis of dy * y) * y
Gradients Softmax(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output sums =
      b.Op("SparseReduceSum", {a.x[0], b.Mul(a.dy[0], a.y[0]), a.x[2], b.Int32s({-1})},
           {{"keep_dims", true}});
  const Output centred = b.Op("SparseDenseCwiseAdd", {a.x[0], a.dy[0], a.x[2], b.Neg(sums)});
  return Only(a, 1, b.Mul(centred, a.y[0]));
}

// y = A B, A sparse, either of them by its adjoint;
//   dA[r, c] = dy[r, :] . conj(B[c, :]) for A as it is multiplied, at its indices alone
//   dB = A^H dy
Gradients MatMul(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const bool adjoint_a = a.node().AttrOr<bool>("adjoint_a", false);
  const bool adjoint_b = a.node().AttrOr<bool>("adjoint_b", false);
  const Output swap = b.Int32s({1, 0});
  const auto adjoint = [&](Output m) { return b.Conj(b.Transpose(m, swap)); };

  const Output product = b.Op("SparseTensorDenseMatMul", {a.x[0], a.x[1], a.x[2], a.dy[0]},
                              {{"adjoint_a", !adjoint_a}, {"adjoint_b", false}});
  const Output rows = Column(b, a.x[0], adjoint_a ? 1 : 0);
  const Output columns = Column(b, a.x[0], adjoint_a ? 0 : 1);
  const Output operand = adjoint_b ? adjoint(a.x[3]) : a.x[3];
  const Output terms = b.Mul(b.Gather(a.dy[0], rows), b.Conj(b.Gather(operand, columns)));
  const Output sums = b.Sum(terms, b.Int32s({-1}));
  return {std::nullopt, adjoint_a ? b.Conj(sums) : sums, std::nullopt,
          adjoint_b ? adjoint(product) : product};
}

constexpr GradientRule kRules[] = {
    {"RaggedFillEmptyRows", FillEmptyRows},
    {"SparseAdd", Add},
    {"SparseConcat", Concat},
    {"SparseDenseCwiseAdd", CwiseAdd},
    {"SparseDenseCwiseDiv", CwiseDiv},
    {"SparseDenseCwiseMul", CwiseMul},
    {"SparseFillEmptyRows", FillEmptyRows},
    {"SparseReduceSum", ReduceSum},
    {"SparseReorder", Reorder},
    {"SparseSlice", Slice},
    {"SparseSoftmax", Softmax},
    {"SparseSparseMaximum", Maximum},
    {"SparseSparseMinimum", Minimum},
    {"SparseSplit", Split},
    {"SparseTensorDenseAdd", DenseAdd},
    {"SparseTensorDenseMatMul", MatMul},
};

}  // namespace

std::span<const GradientRule> SparseGradientRules() { return kRules; }

}  // namespace whylight
