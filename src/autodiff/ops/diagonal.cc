// Gradients of diagonals and bands of matrices. Each comment is the rule; V2 and V3 take several
// diagonals (k) and fill the rest with a value, whose gradient is the sum over that rest.
#include "autodiff/ops/diagonal.h"

#include "autodiff/ops/terms.h"

namespace whylight {
namespace {

bool HasOffsets(const Node& node) { return node.op.ends_with("V2") || node.op.ends_with("V3"); }

// "MatrixDiagPart" and "MatrixDiagV3" -> "MatrixDiagPartV3".
std::string InVersionOf(const Node& node, std::string op) {
  return HasOffsets(node) ? op + node.op.substr(node.op.size() - 2) : op;
}

// The diagonals `k` of a matrix, filled up with zeros.
Output DiagonalsOf(const GradientArgs& a, Output matrix, int k) {
  const std::string op = InVersionOf(a.node(), "MatrixDiagPart");
  if (!HasOffsets(a.node())) return a.b.Op(op, {matrix});
  const Output zero = a.b.ScalarLike(matrix, 0);
  return a.b.Op(op, {matrix, a.x[static_cast<std::size_t>(k)], zero},
                CopyAttrs(a.node(), {"align"}));
}

// A matrix with `diagonals` in place of its own.
Output WithDiagonals(const GradientArgs& a, Output matrix, Output diagonals, int k) {
  const std::string op = InVersionOf(a.node(), "MatrixSetDiag");
  if (!HasOffsets(a.node())) return a.b.Op(op, {matrix, diagonals});
  return a.b.Op(op, {matrix, diagonals, a.x[static_cast<std::size_t>(k)]},
                CopyAttrs(a.node(), {"align"}));
}

// y[i, i] = x[i];  dx[i] = dy[i, i]. Diag does so for a tensor of any rank as one long vector.
Gradients Diag(const GradientArgs& a) { return {a.b.Op("DiagPart", {a.dy[0]})}; }
Gradients DiagPart(const GradientArgs& a) { return {a.b.Op("Diag", {a.dy[0]})}; }

// y = a matrix with the diagonals x and `padding` elsewhere
Gradients MatrixDiag(const GradientArgs& a) {
  Gradients dx(a.x.size());
  dx[0] = DiagonalsOf(a, a.dy[0], 1);
  if (a.x.size() == 5) dx[4] = a.b.Sub(SumAll(a.b, a.dy[0]), SumAll(a.b, *dx[0]));
  return dx;
}

// y = the diagonals of x, shorter ones filled up with `padding`
Gradients MatrixDiagPart(const GradientArgs& a) {
  Gradients dx(a.x.size());
  dx[0] = WithDiagonals(a, a.b.ZerosLike(a.x[0]), a.dy[0], 1);
  if (a.x.size() == 3) dx[2] = a.b.Sub(SumAll(a.b, a.dy[0]), SumAll(a.b, *dx[0]));
  return dx;
}

// y = x0 with the diagonals x1 in place of its own;  dx0 = dy with zeros there
Gradients MatrixSetDiag(const GradientArgs& a) {
  Gradients dx(a.x.size());
  dx[0] = WithDiagonals(a, a.dy[0], a.b.ZerosLike(a.x[1]), 2);
  dx[1] = DiagonalsOf(a, a.dy[0], 2);
  return dx;
}

// y = x within the band, 0 elsewhere;  dx = dy within the band
Gradients MatrixBandPart(const GradientArgs& a) {
  return {a.b.Op("MatrixBandPart", {a.dy[0], a.x[1], a.x[2]}), std::nullopt, std::nullopt};
}

constexpr GradientRule kRules[] = {
    {"Diag", Diag},
    {"DiagPart", DiagPart},
    {"MatrixBandPart", MatrixBandPart},
    {"MatrixDiag", MatrixDiag},
    {"MatrixDiagPart", MatrixDiagPart},
    {"MatrixDiagPartV2", MatrixDiagPart},
    {"MatrixDiagPartV3", MatrixDiagPart},
    {"MatrixDiagV2", MatrixDiag},
    {"MatrixDiagV3", MatrixDiag},
    {"MatrixSetDiag", MatrixSetDiag},
    {"MatrixSetDiagV2", MatrixSetDiag},
    {"MatrixSetDiagV3", MatrixSetDiag},
};

}  // namespace

std::span<const GradientRule> DiagonalGradientRules() { return kRules; }

}  // namespace whylight
