// Gradients of random samples with respect to the parameters of their distribution, along the path
// on which the sample keeps its quantile (Figurnov, Mohamed, Mnih 2018, "Implicit
// reparameterization gradients"). Each comment is the rule; y is the sample.
#include "autodiff/ops/random.h"

#include <limits>
#include <numbers>

namespace whylight {
namespace {

// y ~ Gamma(alpha, 1), a sample for each alpha and each of the leading axes;
// dalpha = sum of dy * dy/dalpha, -(dF/dalpha) / (dF/dy) for the distribution function F. The
// kernel takes float32 and float64 only.
Gradients Gamma(const GradientArgs& a, std::size_t alpha) {
  GraphBuilder& b = a.b;
  const DType dtype = b.dtype(a.x[alpha]);
  const DType wide = dtype == DType::kFloat64 ? dtype : DType::kFloat32;
  const Output slope =
      b.Cast(b.Op("RandomGammaGrad", {b.Cast(a.x[alpha], wide), b.Cast(a.y[0], wide)}), dtype);
  Gradients dx(a.x.size());
  dx[alpha] = b.SumTo(b.Mul(a.dy[0], slope), a.x[alpha]);
  return dx;
}
Gradients RandomGamma(const GradientArgs& a) { return Gamma(a, 1); }
Gradients StatelessRandomGammaV2(const GradientArgs& a) { return Gamma(a, 2); }
Gradients StatelessRandomGammaV3(const GradientArgs& a) { return Gamma(a, 4); }

// The normal distribution function, precise in both tails.
Output Phi(GraphBuilder& b, Output x) {
  const Output scaled = b.Mul(b.ScalarLike(x, -1 / std::numbers::sqrt2), x);
  return b.Mul(b.ScalarLike(x, 0.5), b.Op("Erfc", {scaled}));
}

// y = m + s z, z normal within l and u, the bounds in units of s; with c the quantile of z there,
//   dm = dy,  ds = dy * z,  dmin = dy * (1 - c) exp((z^2 - l^2) / 2),
//   dmax = dy * c exp((z^2 - u^2) / 2)
// As in TensorFlow m and s move z with the bounds' quantiles held.
Gradients TruncatedNormal(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output m = a.x[2], s = a.x[3], y = a.y[0], dy = a.dy[0];
  const bool wide = b.dtype(y) == DType::kFloat64;
  const double tiny = wide ? std::numeric_limits<double>::min() : std::numeric_limits<float>::min();
  const double eps =
      wide ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
  const auto standard = [&](Output x) { return b.Div(b.Sub(x, m), s); };
  const Output z = standard(y), l = standard(a.x[4]), u = standard(a.x[5]);
  const Output from = Phi(b, l);
  const Output quantile = b.Div(b.Sub(Phi(b, z), from), b.Sub(Phi(b, u), from));
  const Output c = b.Op(
      "Minimum", {b.Op("Maximum", {quantile, b.ScalarLike(y, tiny)}), b.ScalarLike(y, 1 - eps)});
  // share * phi(bound) / phi(z), in logarithms.
  const auto slope = [&](Output log_share, Output bound) {
    const Output squares = b.Sub(b.Square(z), b.Square(bound));
    return b.Exp(b.Add(b.Mul(b.ScalarLike(z, 0.5), squares), log_share));
  };
  const Output dmin = slope(b.Op("Log1p", {b.Neg(c)}), l), dmax = slope(b.Log(c), u);
  return {std::nullopt,
          std::nullopt,
          b.SumTo(dy, m),
          b.SumTo(b.Mul(dy, z), s),
          b.SumTo(b.Mul(dy, dmin), a.x[4]),
          b.SumTo(b.Mul(dy, dmax), a.x[5])};
}

constexpr GradientRule kRules[] = {
    {"RandomGamma", RandomGamma},
    {"StatelessParameterizedTruncatedNormal", TruncatedNormal},
    {"StatelessRandomGammaV2", StatelessRandomGammaV2},
    {"StatelessRandomGammaV3", StatelessRandomGammaV3},
};

}  // namespace

std::span<const GradientRule> RandomGradientRules() { return kRules; }

}  // namespace whylight
