// Gradients of linear algebra on the last two axes. Each comment is the rule; ^H is the conjugate
// transpose, ^-H its inverse, G_y stands for dy. The derivations are those of Giles (2008), "An
// extended collection of matrix derivative results", and of Townsend (2016), "Differentiating the
// singular value decomposition".
#include "autodiff/ops/linalg.h"

#include <string>
#include <utility>

#include "autodiff/ops/sizes.h"
#include "autodiff/ops/terms.h"

namespace whylight {
namespace {

// A product of matrices reads as algebra: Mul(b, m, H(n)) is m n^H.
struct Factor {
  Factor(Output matrix) : m(matrix) {}  // NOLINT: a matrix is a factor
  Output m;
  bool adjoint = false;
};

Factor H(Output m) {
  Factor factor(m);
  factor.adjoint = true;
  return factor;
}

Output Mul(GraphBuilder& b, Factor x, Factor y) {
  return b.BatchMatMul(x.m, y.m, x.adjoint, y.adjoint);
}

Output Scaled(GraphBuilder& b, double factor, Output x) {
  return b.Mul(b.ScalarLike(x, factor), x);
}

Output Axis(GraphBuilder& b, int axis) { return b.Scalar(DType::kInt32, axis); }

// x with its last two axes swapped.
Output Transposed(GraphBuilder& b, Output x) {
  const Shape shape = b.shape(x);
  if (shape.has_rank() && shape.rank() >= 2) {
    std::vector<std::int32_t> axes;
    for (int axis = 0; axis < shape.rank(); ++axis) axes.push_back(axis);
    std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
    return b.Transpose(x, b.Int32s(axes));
  }
  const Output rank = b.Rank(x);
  const Output before = b.Sub(rank, Axis(b, 2));
  const Output axes = b.Concat(
      {b.Range(Axis(b, 0), before, Axis(b, 1)), b.Reshape(b.Sub(rank, Axis(b, 1)), b.Int32s({1})),
       b.Reshape(before, b.Int32s({1}))},
      Axis(b, 0));
  return b.Transpose(x, axes);
}

Output Adjoint(GraphBuilder& b, Output x) { return b.Conj(Transposed(b, x)); }

// The elements (i, j) with j - i in [-below, above]; -1: all on that side.
Output Band(GraphBuilder& b, Output x, int below, int above) {
  return b.Op("MatrixBandPart",
              {x, b.Scalar(DType::kInt64, below), b.Scalar(DType::kInt64, above)});
}

Output Diagonal(GraphBuilder& b, Output x) { return b.Op("MatrixDiagPart", {x}); }
Output ToDiagonal(GraphBuilder& b, Output x) { return b.Op("MatrixDiag", {x}); }
Output WithDiagonal(GraphBuilder& b, Output x, Output diagonal) {
  return b.Op("MatrixSetDiag", {x, diagonal});
}

// [..., n] -> [..., 1, n] or [..., n, 1]
Output Row(GraphBuilder& b, Output x) { return b.ExpandDims(x, Axis(b, -2)); }
Output Column(GraphBuilder& b, Output x) { return b.ExpandDims(x, Axis(b, -1)); }

// x[..., from:, :] or x[..., :to, :] of the last two axes; along the last one with `axis` -1.
Output Part(GraphBuilder& b, Output x, int axis, std::optional<int> from, std::optional<int> to) {
  const auto bound = [&](std::optional<int> at) {
    return axis == -1 ? b.Int32s({0, at.value_or(0)}) : b.Int32s({0, at.value_or(0), 0});
  };
  const std::int64_t others = axis == -1 ? 0 : 4;
  return b.Op("StridedSlice",
              {x, bound(from), bound(to), axis == -1 ? b.Int32s({1, 1}) : b.Int32s({1, 1, 1})},
              {{"ellipsis_mask", std::int64_t{1}},
               {"begin_mask", others | (from ? 0 : 2)},
               {"end_mask", others | (to ? 0 : 2)}});
}

// x_{i+1} and x_{i-1} at i, along `axis` (-1 or -2); zeros where there is none.
Output Next(GraphBuilder& b, Output x, int axis) {
  return b.Concat(
      {Part(b, x, axis, 1, std::nullopt), b.ZerosLike(Part(b, x, axis, std::nullopt, 1))},
      Axis(b, axis));
}
Output Previous(GraphBuilder& b, Output x, int axis) {
  return b.Concat(
      {b.ZerosLike(Part(b, x, axis, std::nullopt, 1)), Part(b, x, axis, std::nullopt, -1)},
      Axis(b, axis));
}

// The size of `axis` (from the end) where it is known.
std::optional<std::int64_t> KnownSize(GraphBuilder& b, Output x, int axis) {
  const Shape shape = b.shape(x);
  if (!shape.has_rank() || shape.rank() < -axis) return std::nullopt;
  const std::int64_t size = shape.dim(shape.rank() + axis);
  return size >= 0 ? std::optional(size) : std::nullopt;
}

// The sizes of all axes but the last two.
Output BatchShape(GraphBuilder& b, Output x) {
  const Output shape = b.ShapeOf(x);
  const Output count = b.Reshape(b.Sub(b.Size(shape), Axis(b, 2)), b.Int32s({1}));
  return b.Slice(shape, b.Int32s({0}), count);
}

Gradients Fail(const GradientArgs& a, const std::string& why) {
  a.b.Fail(Unimplemented(a.node().op + " '" + a.node().name + "' has no gradient " + why));
  return Gradients(a.x.size());
}

// --- Inverses and systems ------------------------------------------------------------------------

// y = x^-1;  dx = -y^H dy y^H.  y = x^-H;  dx = -y dy^H y
Gradients MatrixInverse(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output y = a.y[0], dy = a.dy[0];
  if (a.node().AttrOr<bool>("adjoint", false)) return {b.Neg(Mul(b, Mul(b, y, H(dy)), y))};
  return {b.Neg(Mul(b, Mul(b, H(y), dy), H(y)))};
}

// The gradients of y = A^-1 B (A^-H B):  dB = A^-H dy (A^-1 dy),  dA = -dB y^H (-y dB^H)
Gradients Solved(const GradientArgs& a, Output db) {
  GraphBuilder& b = a.b;
  const bool adjoint = a.node().AttrOr<bool>("adjoint", false);
  return {b.Neg(adjoint ? Mul(b, a.y[0], H(db)) : Mul(b, db, H(a.y[0]))), db};
}

Gradients MatrixSolve(const GradientArgs& a) {
  const bool adjoint = a.node().AttrOr<bool>("adjoint", false);
  return Solved(a, a.b.Op("MatrixSolve", {a.x[0], a.dy[0]}, {{"adjoint", !adjoint}}));
}

// The same for a triangular A, of which the op reads no more than that triangle. The batches of A
// and B broadcast against each other.
Gradients MatrixTriangularSolve(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const bool adjoint = a.node().AttrOr<bool>("adjoint", false);
  const bool lower = a.node().AttrOr<bool>("lower", true);
  const Output db =
      b.Op("MatrixTriangularSolve", {a.x[0], a.dy[0]}, {{"lower", lower}, {"adjoint", !adjoint}});
  const Output da = Band(b, *Solved(a, db)[0], lower ? -1 : 0, lower ? 0 : -1);
  return {b.SumTo(da, a.x[0]), b.SumTo(db, a.x[1])};
}

// The same for a triangular A of a few diagonals, given as rows: the main one first (upper), or
// last (lower).
Gradients BandedTriangularSolve(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const bool adjoint = a.node().AttrOr<bool>("adjoint", false);
  const bool lower = a.node().AttrOr<bool>("lower", true);
  const Output db =
      b.Op("BandedTriangularSolve", {a.x[0], a.dy[0]}, {{"lower", lower}, {"adjoint", !adjoint}});
  SizeBuilder s(b);
  const Output bands = s.Scalar(s.Sub(s.Of(a.x[0], -2), 1)), zero = Axis(b, 0);
  const Output k = lower ? b.Op("Pack", {b.Neg(bands), zero}) : b.Op("Pack", {zero, bands});
  const Output matrix = *Solved(a, db)[0];
  Output da = b.Op("MatrixDiagPartV3", {matrix, k, b.ScalarLike(matrix, 0)},
                   {{"align", std::string("LEFT_RIGHT")}});
  if (KnownSize(b, a.x[0], -2).value_or(1) == 1) {  // A single diagonal comes without its axis.
    const Output batch = BatchShape(b, matrix);
    da = b.Reshape(da,
                   b.Concat({batch, s.Vector({s.Of(a.x[0], -2), s.Of(matrix, -1)})}, Axis(b, 0)));
  }
  return {b.SumTo(da, a.x[0]), b.SumTo(db, a.x[1])};
}

// Solves m z = x by the Cholesky factor of m.
Output CholeskySolve(GraphBuilder& b, Output factor, Output x) {
  const Output half = b.Op("MatrixTriangularSolve", {factor, x});
  return b.Op("MatrixTriangularSolve", {factor, half}, {{"adjoint", true}});
}

// Least squares. For at least as many rows as columns
//   y = (A^H A + l)^-1 A^H B;  z = (A^H A + l)^-1 dy,  dA = B z^H - A (y z^H + z y^H),  dB = A z
// and for fewer
//   y = A^H w, w = (A A^H + l)^-1 B;  dB = (A A^H + l)^-1 A dy,  dA = w (dy - A^H dB)^H - dB w^H A
Gradients MatrixSolveLs(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output m = a.x[0], rhs = a.x[1], y = a.y[0], dy = a.dy[0];
  const auto rows = KnownSize(b, m, -2), columns = KnownSize(b, m, -1);
  if (!a.node().AttrOr<bool>("fast", true)) return Fail(a, "with fast=False");
  if (!rows || !columns) return Fail(a, "unless the sizes of its matrix are known");
  const bool tall = *rows >= *columns;
  const Output gram = tall ? Mul(b, H(m), m) : Mul(b, m, H(m));
  const Output regular = b.Add(Diagonal(b, gram), b.Cast(a.x[2], b.dtype(m)));
  const Output factor = b.Op("Cholesky", {WithDiagonal(b, gram, regular)});
  if (tall) {
    const Output z = CholeskySolve(b, factor, dy), yz = Mul(b, y, H(z));
    const Output symmetric = b.Add(yz, Adjoint(b, yz));
    return {b.Sub(Mul(b, rhs, H(z)), Mul(b, m, symmetric)), Mul(b, m, z), std::nullopt};
  }
  const Output w = CholeskySolve(b, factor, rhs), db = CholeskySolve(b, factor, Mul(b, m, dy));
  const Output rest = b.Sub(dy, Mul(b, H(m), db));
  return {b.Sub(Mul(b, w, H(rest)), Mul(b, db, Mul(b, H(w), m))), db, std::nullopt};
}

// y = T B for T of three diagonals: y_i = main_i x_i + super_i x_{i+1} + sub_i x_{i-1};
//   dmain_i = dy_i . x_i,  dsuper_i = dy_i . x_{i+1},  dsub_i = dy_i . x_{i-1}
//   dx_i = main_i dy_i + super_{i-1} dy_{i-1} + sub_{i+1} dy_{i+1}
Gradients TridiagonalMatMul(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output x = b.Conj(a.x[3]), dy = a.dy[0];
  const auto diagonal = [&](Output shifted) {
    return Row(b, b.Sum(b.Mul(shifted, dy), b.Int32s({-1})));
  };
  const auto times = [&](std::size_t input) { return b.Mul(Adjoint(b, a.x[input]), dy); };
  const Output dx = b.Add(times(1), b.Add(Previous(b, times(0), -2), Next(b, times(2), -2)));
  return {diagonal(Next(b, x, -2)), diagonal(x), diagonal(Previous(b, x, -2)), dx};
}

// y = T^-1 B, the diagonals super, main and sub as rows of x0;  dB = T^-H dy,  dT = -dB y^H at the
// diagonals
Gradients TridiagonalSolve(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const auto diagonal = [&](int i) {
    return b.Op("StridedSlice",
                {a.x[0], b.Int32s({0, i, 0}), b.Int32s({0, i + 1, 0}), b.Int32s({1, 1, 1})},
                {{"ellipsis_mask", std::int64_t{1}},
                 {"begin_mask", std::int64_t{4}},
                 {"end_mask", std::int64_t{4}}});
  };
  const Output adjoint = b.Conj(
      b.Concat({Next(b, diagonal(2), -1), diagonal(1), Previous(b, diagonal(0), -1)}, Axis(b, -2)));
  const Output db = b.Op("TridiagonalSolve", {adjoint, a.dy[0]},
                         CopyAttrs(a.node(), {"partial_pivoting", "perturb_singular"}));
  const Output y = b.Conj(a.y[0]);
  const auto along = [&](Output shifted) {
    return Row(b, b.Sum(b.Mul(b.Neg(db), shifted), b.Int32s({-1})));
  };
  const Output dt =
      b.Concat({along(Next(b, y, -2)), along(y), along(Previous(b, y, -2))}, Axis(b, -2));
  return {dt, db};
}

// --- Determinants --------------------------------------------------------------------------------

// [...] -> [..., 1, 1]
Output OverMatrix(GraphBuilder& b, Output x) { return Column(b, Column(b, x)); }

// y = det x;  dx = dy conj(y) x^-H
Gradients MatrixDeterminant(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output inverse = b.Op("MatrixInverse", {a.x[0]}, {{"adjoint", true}});
  return {b.Mul(OverMatrix(b, b.Mul(a.dy[0], b.Conj(a.y[0]))), inverse)};
}

// y0 = det x / |det x|, y1 = log |det x|, which is real;  dx = re(dy1) x^-H, and for complex
// numbers i im(dy0 conj(y0)) x^-H beside it, as the sign turns with the phase
Gradients LogMatrixDeterminant(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  Output factor = RealOf(b, a.dy[1]);
  if (IsComplex(b.dtype(factor)) && !IsZeros(a.dy[0])) {
    const Output turned = b.Mul(a.dy[0], b.Conj(a.y[0]));
    factor = b.Add(factor, b.Sub(turned, RealOf(b, turned)));
  }
  return {b.Mul(OverMatrix(b, factor), b.Op("MatrixInverse", {a.x[0]}, {{"adjoint", true}}))};
}

// --- Factors -------------------------------------------------------------------------------------

// x = L L^H, of x the lower triangle is read;  with P = L^H dL, lower triangle, half the diagonal,
//   S = L^-H P L^-1,  dx = (S + S^H) / 2
Gradients Cholesky(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output l = a.y[0];
  const auto solve = [&](Output m) {
    return b.Op("MatrixTriangularSolve", {l, m}, {{"adjoint", true}});
  };
  const Output product = Band(b, Mul(b, H(l), a.dy[0]), -1, 0);
  const Output p = WithDiagonal(b, product, Scaled(b, 0.5, Diagonal(b, product)));
  const Output s = solve(Adjoint(b, solve(p)));
  return {Scaled(b, 0.5, b.Add(s, Adjoint(b, s)))};
}

// y y = x;  dx solves y^H dx + dx y^H = dy, a linear system of n^2 unknowns
Gradients MatrixSquareRoot(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output y = a.y[0];
  const Output one = Band(b, b.OnesLike(y), 0, 0);
  // [..., i, k] and [..., j, l] -> their product [..., i, j, k, l]
  const auto outer = [&](Output ik, Output jl) {
    return b.Mul(Column(b, b.ExpandDims(ik, Axis(b, -2))), b.ExpandDims(Row(b, jl), Axis(b, -4)));
  };
  const Output system = b.Add(outer(Adjoint(b, y), one), outer(one, b.Conj(y)));
  SizeBuilder s(b);
  const Size n = s.Of(y, -1);
  const Output unknowns = b.Reshape(s.Scalar(s.Mul(n, n)), b.Int32s({1}));
  const Output batch = BatchShape(b, y);
  const auto reshape = [&](Output m, Output columns) {
    return b.Reshape(m, b.Concat({batch, unknowns, columns}, Axis(b, 0)));
  };
  const Output dx =
      b.Op("MatrixSolve", {reshape(system, unknowns), reshape(a.dy[0], b.Int32s({1}))});
  return {b.ReshapeLike(dx, y)};
}

// m r^-H for an upper triangle r.
Output OverAdjoint(GraphBuilder& b, Output m, Output r) {
  return Adjoint(b, b.Op("MatrixTriangularSolve", {r, Adjoint(b, m)}, {{"lower", false}}));
}

// x = Q R with as many columns as rows, or fewer;  N = G_R R^H - Q^H G_Q,
//   dx = (G_Q + Q (U + U^H + re(D))) R^-H,  U and D the part of N above and on its diagonal
Output SquareOrTallQr(GraphBuilder& b, Output q, Output r, Output gq, Output gr) {
  const Output n = b.Sub(Mul(b, gr, H(r)), Mul(b, H(q), gq));
  const Output zero = b.ZerosLike(Diagonal(b, n));
  const Output above = WithDiagonal(b, Band(b, n, 0, -1), zero);
  const Output symmetric =
      WithDiagonal(b, b.Add(above, Adjoint(b, above)), RealOf(b, Diagonal(b, n)));
  return OverAdjoint(b, b.Add(gq, Mul(b, q, symmetric)), r);
}

// More columns than rows: x = (X | Y), R = (R1 | R2), X = Q R1, R2 = Q^H Y, so
//   dY = Q G_R2,  and dX as above with G_Q + Y G_R2^H
Gradients Qr(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output q = a.y[0], r = a.y[1], gq = a.dy[0], gr = a.dy[1];
  const auto rows = KnownSize(b, a.x[0], -2), columns = KnownSize(b, a.x[0], -1);
  if (!rows || !columns) return Fail(a, "unless the sizes of its matrix are known");
  if (*rows >= *columns) {
    if (*rows > *columns && a.node().AttrOr<bool>("full_matrices", false)) {
      return Fail(a, "with full_matrices of more rows than columns: Q is not unique");
    }
    return {SquareOrTallQr(b, q, r, gq, gr)};
  }
  const int m = static_cast<int>(*rows);
  const auto first = [&](Output x) { return Part(b, x, -1, std::nullopt, m); };
  const auto second = [&](Output x) { return Part(b, x, -1, m, std::nullopt); };
  const Output with_second = b.Add(gq, Mul(b, second(a.x[0]), H(second(gr))));
  const Output dx = SquareOrTallQr(b, q, first(r), with_second, first(gr));
  return {b.Concat({dx, Mul(b, q, second(gr))}, Axis(b, -1))};
}

// --- Eigenvalues and singular values -------------------------------------------------------------

// 1 / x, and 0 at 0: two values that meet have no derivative. In between as TensorFlow has it,
// x / (x^2 + 1e-20).
Output SafeReciprocal(GraphBuilder& b, Output x) {
  return b.Div(x, b.Add(b.Square(x), b.ScalarLike(x, 1e-20)));
}

// F_ij = 1 / (x_j - x_i), 0 on the diagonal.
Output Gaps(GraphBuilder& b, Output x) { return SafeReciprocal(b, b.Sub(Row(b, x), Column(b, x))); }

// x V = V diag(e), of x the lower triangle is read;
//   dx = V (diag(G_e) + F * V^H G_V) V^H with F of e, folded onto the lower triangle
Gradients SelfAdjointEig(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  Output v = a.y[1];
  Output inner = ToDiagonal(b, RealOf(b, a.dy[0]));
  if (!a.node().AttrOr<bool>("compute_v", true)) {
    v = {b.OpNode("SelfAdjointEigV2", {a.x[0]}, {{"compute_v", true}}), 1};
  } else if (!IsZeros(a.dy[1])) {
    inner = b.Add(inner, b.Mul(Gaps(b, a.y[0]), Mul(b, H(v), a.dy[1])));
  }
  const Output whole = Mul(b, Mul(b, v, inner), H(v));
  const Output folded = Band(b, b.Add(whole, Adjoint(b, whole)), -1, 0);
  return {WithDiagonal(b, folded, Scaled(b, 0.5, Diagonal(b, folded)))};
}

// x V = V diag(e), the columns of V of length 1;
//   dx = V^-H (diag(G_e) + conj(F) * (P - V^H V re(diag(P)))) V^H,  P = V^H G_V, F of e
Gradients Eig(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  Output v = a.y[1];
  Output inner = ToDiagonal(b, a.dy[0]);
  if (!a.node().AttrOr<bool>("compute_v", true)) {
    v = {b.OpNode("Eig", {a.x[0]}, {{"compute_v", true}, {"Tout", b.dtype(a.y[0])}}), 1};
  } else if (!IsZeros(a.dy[1])) {
    const Output p = Mul(b, H(v), a.dy[1]);
    const Output lengths = Mul(b, Mul(b, H(v), v), ToDiagonal(b, RealOf(b, Diagonal(b, p))));
    inner = b.Add(inner, b.Mul(b.Conj(Gaps(b, a.y[0])), b.Sub(p, lengths)));
  }
  const Output dx = b.Op("MatrixSolve", {v, Mul(b, inner, H(v))}, {{"adjoint", true}});
  const DType dtype = b.dtype(a.x[0]);
  if (IsComplex(dtype)) return {dx};
  return {b.Op("Real", {dx}, {{"Tout", dtype}})};
}

// The singular vectors that belong to singular values, and their gradients.
struct Vectors {
  Output v, g;
  bool square = false;  // Whether they are surely a basis of the whole space.
};

// `full` vectors are followed by a basis v2 of the rest of the space, which turns with them:
//   dv2 = -v dv^H v2, so  g becomes g - v2 g2^H v.
Vectors Leading(GraphBuilder& b, Output all, Output g, int count) {
  const Output v = Part(b, all, -1, std::nullopt, count),
               v2 = Part(b, all, -1, count, std::nullopt);
  const Output g1 = Part(b, g, -1, std::nullopt, count), g2 = Part(b, g, -1, count, std::nullopt);
  return {v, b.Sub(g1, Mul(b, Mul(b, v2, H(g2)), v))};
}

// F * (P - P^H), P = v^H g: what a turn of the vectors among themselves contributes.
Output Turn(GraphBuilder& b, const Vectors& x, Output gaps) {
  const Output p = Mul(b, H(x.v), x.g);
  return b.Mul(gaps, b.Sub(p, Adjoint(b, p)));
}

// (1 - v v^H) g: the part of the gradient that leaves the space of the vectors.
Output Leaving(GraphBuilder& b, const Vectors& x) {
  return b.Sub(x.g, Mul(b, x.v, Mul(b, H(x.v), x.g)));
}

// x = U diag(s) V^H;  with F of s^2, S = diag(s),
//   dx = U (diag(G_s) + (F * (U^H G_U - G_U^H U)) S + S (F * (V^H G_V - G_V^H V))) V^H
//        + (1 - U U^H) G_U S^-1 V^H + U S^-1 ((1 - V V^H) G_V)^H
// and for complex numbers U S^-1 (L^H - L) V^H / 2 beside it, L the diagonal of V^H G_V: the phases
// of U and V turn together.
Gradients Svd(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const DType dtype = b.dtype(a.x[0]);
  const Output values = RealOf(b, a.dy[0]);
  if (!a.node().AttrOr<bool>("compute_uv", true)) {
    Node* svd = b.OpNode("Svd", {a.x[0]}, {{"compute_uv", true}, {"full_matrices", false}});
    const Output u{svd, 1}, v{svd, 2};
    return {Mul(b, Mul(b, u, ToDiagonal(b, values)), H(v))};
  }
  const auto rows = KnownSize(b, a.x[0], -2), columns = KnownSize(b, a.x[0], -1);
  Vectors u{a.y[1], a.dy[1]}, v{a.y[2], a.dy[2]};
  u.square = rows && columns && *rows <= *columns;
  v.square = rows && columns && *rows >= *columns;
  if (a.node().AttrOr<bool>("full_matrices", false)) {
    if (!rows || !columns) return Fail(a, "with full_matrices unless its sizes are known");
    if (*rows > *columns + 1 || *columns > *rows + 1) {
      return Fail(a,
                  "with full_matrices of sizes that differ by more than 1: the vectors beyond "
                  "the singular values are not unique");
    }
    if (*rows > *columns) u = Leading(b, u.v, u.g, static_cast<int>(*columns));
    if (*columns > *rows) v = Leading(b, v.v, v.g, static_cast<int>(*rows));
  }

  const Output s = a.y[0];
  const Output gaps = Gaps(b, b.Square(s)), inverse = SafeReciprocal(b, s);
  Output inner = ToDiagonal(b, values);
  if (!IsZeros(a.dy[1])) inner = b.Add(inner, b.Mul(Turn(b, u, gaps), Row(b, s)));
  if (!IsZeros(a.dy[2])) {
    inner = b.Add(inner, b.Mul(Turn(b, v, gaps), Column(b, s)));
    if (IsComplex(dtype)) {
      const Output l = Diagonal(b, Mul(b, H(v.v), v.g));
      inner = b.Add(inner, ToDiagonal(b, b.Mul(inverse, b.Sub(RealOf(b, l), l))));
    }
  }
  Output left = Mul(b, u.v, inner);
  if (!u.square && !IsZeros(a.dy[1])) left = b.Add(left, b.Mul(Leaving(b, u), Row(b, inverse)));
  Output dx = Mul(b, left, H(v.v));
  if (!v.square && !IsZeros(a.dy[2])) {
    dx = b.Add(dx, Mul(b, b.Mul(u.v, Row(b, inverse)), H(Leaving(b, v))));
  }
  return {dx};
}

constexpr GradientRule kRules[] = {
    {"BandedTriangularSolve", BandedTriangularSolve},
    {"Cholesky", Cholesky},
    {"Eig", Eig},
    {"LogMatrixDeterminant", LogMatrixDeterminant},
    {"MatrixDeterminant", MatrixDeterminant},
    {"MatrixInverse", MatrixInverse},
    {"MatrixSolve", MatrixSolve},
    {"MatrixSolveLs", MatrixSolveLs},
    {"MatrixSquareRoot", MatrixSquareRoot},
    {"MatrixTriangularSolve", MatrixTriangularSolve},
    {"Qr", Qr},
    {"SelfAdjointEigV2", SelfAdjointEig},
    {"Svd", Svd},
    {"TridiagonalMatMul", TridiagonalMatMul},
    {"TridiagonalSolve", TridiagonalSolve},
};

}  // namespace

std::span<const GradientRule> LinalgGradientRules() { return kRules; }

}  // namespace whylight
