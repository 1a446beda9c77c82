// Gradients of ops on CSR matrices, which are variants. Each comment is the rule. The gradient of
// such a matrix is another one with its pattern; A' and B' are the operands as they are multiplied:
// as they are, transposed, or adjoint.
#include "autodiff/ops/sparse_matrix.h"

#include <string>
#include <utility>

#include "autodiff/ops/terms.h"

namespace whylight {
namespace {

// The elements of a CSR matrix: indices [n, 2] or [n, 3], values [n], shape.
struct Elements {
  Output indices, values, shape;
};

Elements ElementsOf(GraphBuilder& b, Output matrix, DType dtype) {
  Node* node = b.OpNode("CSRSparseMatrixToSparseTensor", {matrix}, {{"type", dtype}});
  return {{node, 0}, {node, 1}, {node, 2}};
}

Output ToDense(GraphBuilder& b, Output matrix, DType dtype) {
  return b.Op("CSRSparseMatrixToDense", {matrix}, {{"type", dtype}});
}

Output FromElements(GraphBuilder& b, Output indices, Output values, Output shape) {
  return b.Op("SparseTensorToCSRSparseMatrix", {indices, values, shape});
}

// Of a dense matrix, where `pattern` has elements. (DenseToCSRSparseMatrix wants a static rank.)
Output FromDense(GraphBuilder& b, Output dense, const Elements& pattern) {
  const Output values = b.Op("GatherNd", {dense, pattern.indices});
  return FromElements(b, pattern.indices, values, pattern.shape);
}

// y = dense with the elements at x1;  dx0 = dy
Gradients FromDenseGradient(const GradientArgs& a) {
  return {ToDense(a.b, a.dy[0], a.b.dtype(a.x[0])), std::nullopt};
}

// y = x, dense;  dx = dy at the elements of x
Gradients ToDenseGradient(const GradientArgs& a) {
  return {FromDense(a.b, a.dy[0], ElementsOf(a.b, a.x[0], a.b.dtype(a.y[0])))};
}

// y = the matrix with the values x1 at x0;  dx1 = the values of dy
Gradients FromElementsGradient(const GradientArgs& a) {
  return {std::nullopt, ElementsOf(a.b, a.dy[0], a.b.dtype(a.x[1])).values, std::nullopt};
}

// y1 = the values of x;  dx = the matrix of dy1
Gradients ToElementsGradient(const GradientArgs& a) {
  return {FromElements(a.b, a.y[0], a.dy[1], a.y[2])};
}

// y = x^T (x^H);  dx = dy^T (dy^H)
Gradients Transpose(const GradientArgs& a) {
  return {a.b.Op("SparseMatrixTranspose", {a.dy[0]}, CopyAttrs(a.node(), {"conjugate", "type"}))};
}

enum class Form { kPlain, kTransposed, kAdjoint };

Form FormOf(const Node& node, const std::string& operand) {
  if (node.AttrOr<bool>("transpose_" + operand, false)) return Form::kTransposed;
  return node.AttrOr<bool>("adjoint_" + operand, false) ? Form::kAdjoint : Form::kPlain;
}

Output SwapLast(GraphBuilder& b, Output x) {
  // Rank 2, or 3 with a batch.
  const Shape shape = b.shape(x);
  if (shape.has_rank()) {
    return b.Transpose(x, shape.rank() == 2 ? b.Int32s({1, 0}) : b.Int32s({0, 2, 1}));
  }
  const Output rank = b.Rank(x), one = b.Scalar(DType::kInt32, 1);
  const Output batch =
      b.Range(b.Scalar(DType::kInt32, 0), b.Sub(rank, b.Scalar(DType::kInt32, 2)), one);
  const Output last = b.Sub(b.Reshape(rank, b.Int32s({1})), b.Int32s({1, 2}));
  return b.Transpose(x, b.Concat({batch, last}, b.Scalar(DType::kInt32, 0)));
}

Output InForm(GraphBuilder& b, Output x, Form form) {
  if (form == Form::kPlain) return x;
  const Output transposed = SwapLast(b, x);
  return form == Form::kAdjoint ? b.Conj(transposed) : transposed;
}

// y = A' B', A sparse, B dense, then transposed and conjugated as the node says. With g = dy, both
// undone:
//   dA' = g B'^H at the elements of A alone: at (r, c) of A' the product g[r, :] . conj(B'[c, :])
//   dB' = A'^H g
Gradients MatMul(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const DType dtype = b.dtype(a.x[1]);
  const Form form_a = FormOf(a.node(), "a"), form_b = FormOf(a.node(), "b");
  Output g = a.dy[0];
  if (a.node().AttrOr<bool>("conjugate_output", false)) g = b.Conj(g);
  if (a.node().AttrOr<bool>("transpose_output", false)) g = SwapLast(b, g);

  const Elements elements = ElementsOf(b, a.x[0], dtype);
  // [n, 1 or 2]: a column of the indices behind that of the batch, if there is one.
  const auto places = [&](int column) {
    const Output batch = b.Op(
        "StridedSlice", {elements.indices, b.Int32s({0, 0}), b.Int32s({0, -2}), b.Int32s({1, 1})},
        {{"begin_mask", std::int64_t{3}}, {"end_mask", std::int64_t{1}}});
    const Output own =
        b.Op("StridedSlice",
             {elements.indices, b.Int32s({0, column}), b.Int32s({0, column + 1}), b.Int32s({1, 1})},
             {{"begin_mask", std::int64_t{1}}, {"end_mask", std::int64_t{column == -1 ? 3 : 1}}});
    return b.Concat({batch, own}, b.Scalar(DType::kInt32, 1));
  };
  const bool plain = form_a == Form::kPlain;
  const Output of_g = b.Op("GatherNd", {g, places(plain ? -2 : -1)});
  const Output of_b = b.Op("GatherNd", {InForm(b, a.x[1], form_b), places(plain ? -1 : -2)});
  const Output product = b.Sum(b.Mul(of_g, b.Conj(of_b)), b.Int32s({-1}));
  const Output values = form_a == Form::kAdjoint ? b.Conj(product) : product;
  const Output da = FromElements(b, elements.indices, values, elements.shape);

  // A'^H g; for A' = A^T that is conj(A) g = conj(A conj(g)).
  const bool conjugate = form_a == Form::kTransposed;
  const Output of_a =
      b.Op("SparseMatrixMatMul", {a.x[0], conjugate ? b.Conj(g) : g}, {{"adjoint_a", plain}});
  return {da, InForm(b, conjugate ? b.Conj(of_a) : of_a, form_b)};
}

Output SparseInForm(GraphBuilder& b, Output x, Form form, DType dtype) {
  if (form == Form::kPlain) return x;
  return b.Op("SparseMatrixTranspose", {x},
              {{"conjugate", form == Form::kAdjoint}, {"type", dtype}});
}

// y = A' B', all sparse;  dA' = dy B'^H at the elements of A alone, dB' = A'^H dy at those of B
Gradients SparseMatMul(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const DType dtype = a.node().AttrOr<DType>("type", DType::kFloat32);
  const Form form_a = FormOf(a.node(), "a"), form_b = FormOf(a.node(), "b");
  const Output of_a = SparseInForm(b, a.x[0], form_a, dtype);
  const Output of_b = SparseInForm(b, a.x[1], form_b, dtype);
  const auto at = [&](Output gradient, Output matrix) {
    return FromDense(b, ToDense(b, gradient, dtype), ElementsOf(b, matrix, dtype));
  };
  const Output da =
      b.Op("SparseMatrixSparseMatMul", {a.dy[0], of_b}, {{"type", dtype}, {"adjoint_b", true}});
  const Output db =
      b.Op("SparseMatrixSparseMatMul", {of_a, a.dy[0]}, {{"type", dtype}, {"adjoint_a", true}});
  return {at(SparseInForm(b, da, form_a, dtype), a.x[0]),
          at(SparseInForm(b, db, form_b, dtype), a.x[1])};
}

constexpr GradientRule kRules[] = {
    {"CSRSparseMatrixToDense", ToDenseGradient},
    {"CSRSparseMatrixToSparseTensor", ToElementsGradient},
    {"DenseToCSRSparseMatrix", FromDenseGradient},
    {"SparseMatrixMatMul", MatMul},
    {"SparseMatrixSparseMatMul", SparseMatMul},
    {"SparseMatrixTranspose", Transpose},
    {"SparseTensorToCSRSparseMatrix", FromElementsGradient},
};

}  // namespace

std::span<const GradientRule> SparseMatrixGradientRules() { return kRules; }

}  // namespace whylight
