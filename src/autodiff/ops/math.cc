// Gradients of elementwise math and of products of matrices. Each comment is the rule; the code
// transcribes it. Complex numbers follow TensorFlow: dx = dy * conj(dy/dx), and conj is nothing on
// real numbers.
#include "autodiff/ops/math.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <string_view>

#include "autodiff/ops/terms.h"
#include "autodiff/ops/zero.h"

namespace whylight {
namespace {

constexpr double kPi = std::numbers::pi;

// The gradients of both inputs of a broadcasting op, each summed over what was broadcast.
Gradients SumToInputs(const GradientArgs& a, Output dx0, Output dx1) {
  return {a.b.SumTo(dx0, a.x[0], a.x[1]), a.b.SumTo(dx1, a.x[1], a.x[0])};
}

// x as a complex number of imaginary part 0, or the parts re + i * im.
Output ToComplex(GraphBuilder& b, Output re, Output im) {
  const bool wide = b.dtype(re) == DType::kFloat64;
  return b.Op("Complex", {re, im}, {{"Tout", wide ? DType::kComplex128 : DType::kComplex64}});
}

Output RealPart(GraphBuilder& b, Output z, std::string_view op = "Real") {
  const bool wide = b.dtype(z) == DType::kComplex128;
  return b.Op(op, {z}, {{"Tout", wide ? DType::kFloat64 : DType::kFloat32}});
}

Output Scaled(GraphBuilder& b, double factor, Output x) {
  return b.Mul(b.ScalarLike(x, factor), x);
}

Output OneMinus(GraphBuilder& b, Output x) { return b.Sub(b.ScalarLike(x, 1), x); }

// --- Sums, products, quotients -------------------------------------------------------------------

// y = x0 + x1;  dx0 = dx1 = dy
Gradients Add(const GradientArgs& a) { return SumToInputs(a, a.dy[0], a.dy[0]); }

// y = sum of x_i;  dx_i = dy
Gradients AddN(const GradientArgs& a) { return Gradients(a.x.size(), a.dy[0]); }

// y = the number next to x0 towards x1;  dx0 = dy, dx1 = 0
Gradients NextAfter(const GradientArgs& a) {
  return {a.b.SumTo(a.dy[0], a.x[0], a.x[1]), a.b.ZerosLike(a.x[1])};
}

// y = x0 - x1;  dx0 = dy, dx1 = -dy
Gradients Sub(const GradientArgs& a) {
  // Negated after the sum, which may be smaller.
  return {a.b.SumTo(a.dy[0], a.x[0], a.x[1]), a.b.Neg(a.b.SumTo(a.dy[0], a.x[1], a.x[0]))};
}

// y = x0 * x1;  dx0 = dy * x1, dx1 = dy * x0
Gradients Mul(const GradientArgs& a) {
  return SumToInputs(a, a.b.Mul(a.dy[0], a.b.Conj(a.x[1])), a.b.Mul(a.dy[0], a.b.Conj(a.x[0])));
}

// y = x0 * x1, and 0 where x1 is 0 even if x0 is infinite or NaN;  dx0 = dy * x1 likewise, and
// dx1 = x0 * dy, 0 where dy is 0
Gradients MulNoNan(const GradientArgs& a) {
  return SumToInputs(a, a.b.Op("MulNoNan", {a.dy[0], a.b.Conj(a.x[1])}),
                     a.b.Op("MulNoNan", {a.b.Conj(a.x[0]), a.dy[0]}));
}

// y = x0 / x1;  dx0 = dy / x1, dx1 = -dy * (x0 / x1) / x1
Gradients Quotient(const GradientArgs& a, std::string_view op) {
  GraphBuilder& b = a.b;
  const Output x0 = b.Conj(a.x[0]), x1 = b.Conj(a.x[1]);
  const auto div = [&](Output n, Output d) { return b.Op(op, {n, d}); };
  return SumToInputs(a, div(a.dy[0], x1), b.Mul(a.dy[0], div(div(b.Neg(x0), x1), x1)));
}
Gradients RealDiv(const GradientArgs& a) { return Quotient(a, "RealDiv"); }
Gradients DivNoNan(const GradientArgs& a) { return Quotient(a, "DivNoNan"); }

// y = x0 - floor(x0 / x1) * x1;  dx0 = dy, dx1 = -dy * floor(x0 / x1)
Gradients FloorMod(const GradientArgs& a) {
  return SumToInputs(a, a.dy[0], a.b.Mul(a.dy[0], a.b.Neg(a.b.Op("FloorDiv", {a.x[0], a.x[1]}))));
}

// y = x0 - trunc(x0 / x1) * x1;  dx0 = dy, dx1 = -dy * trunc(x0 / x1)
Gradients TruncateMod(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output q = b.Div(a.x[0], a.x[1]);
  const Output truncated = b.Mul(b.Sign(q), b.Op("Floor", {b.Op("Abs", {q})}));
  return SumToInputs(a, a.dy[0], b.Mul(a.dy[0], b.Neg(truncated)));
}

// y = -x;  dx = -dy
Gradients Neg(const GradientArgs& a) { return {a.b.Neg(a.dy[0])}; }

// y = 1 / x;  dx = -dy * y^2
Gradients Reciprocal(const GradientArgs& a) {
  return {a.b.Op("ReciprocalGrad", {a.y[0], a.dy[0]})};
}

// y = -x1 * x0^2 (ReciprocalGrad);  dx0 = -2 * dy * x1 * x0, dx1 = -dy * x0^2
Gradients ReciprocalGrad(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output x0 = b.Conj(a.x[0]);
  return {b.Mul(b.Mul(Scaled(b, -2, b.Conj(a.dy[0])), a.x[1]), x0),
          b.Op("ReciprocalGrad", {x0, a.dy[0]})};
}

// y = |x0 - x1|^2, real;  dx0 = 2 * re(dy) * (x0 - x1), dx1 = -dx0
Gradients SquaredDifference(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output d = b.Mul(Scaled(b, 2, RealOf(b, a.dy[0])), b.Sub(a.x[0], a.x[1]));
  return SumToInputs(a, d, b.Neg(d));
}

// --- Powers, exponentials, logarithms ------------------------------------------------------------

// y = x^2;  dx = 2 * dy * x
Gradients Square(const GradientArgs& a) {
  return {a.b.Mul(a.dy[0], Scaled(a.b, 2, a.b.Conj(a.x[0])))};
}

// y = sqrt(x);  dx = dy / 2 / y
Gradients Sqrt(const GradientArgs& a) { return {a.b.Op("SqrtGrad", {a.y[0], a.dy[0]})}; }

// y = x1 / 2 / x0 (SqrtGrad);  dx0 = -dy / x0 * y, dx1 = dy / 2 / x0
Gradients SqrtGrad(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output q = b.Div(a.dy[0], a.x[0]);
  return {b.Mul(b.Neg(b.Conj(q)), a.y[0]), Scaled(b, 0.5, q)};
}

// y = x^(-1/2);  dx = -dy / 2 * y^3
Gradients Rsqrt(const GradientArgs& a) { return {a.b.Op("RsqrtGrad", {a.y[0], a.dy[0]})}; }

// y = -x1 / 2 * x0^3 (RsqrtGrad);  dx0 = -3/2 * dy * x1 * x0^2, dx1 = -dy / 2 * x0^3
Gradients RsqrtGrad(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output x0 = b.Conj(a.x[0]);
  return {b.Mul(b.Mul(Scaled(b, -1.5, b.Conj(a.dy[0])), a.x[1]), b.Square(x0)),
          b.Op("RsqrtGrad", {x0, a.dy[0]})};
}

// y = exp(x);  dx = dy * y
Gradients Exp(const GradientArgs& a) { return {a.b.Mul(a.dy[0], a.b.Conj(a.y[0]))}; }

// y = exp(x) - 1;  dx = dy * exp(x): y + 1 would lose a small x
Gradients Expm1(const GradientArgs& a) { return {a.b.Mul(a.dy[0], a.b.Exp(a.b.Conj(a.x[0])))}; }

// y = log(x);  dx = dy / x
Gradients Log(const GradientArgs& a) {
  return {a.b.Mul(a.dy[0], a.b.Reciprocal(a.b.Conj(a.x[0])))};
}

// y = log(1 + x);  dx = dy / (1 + x)
Gradients Log1p(const GradientArgs& a) {
  const Output x = a.b.Conj(a.x[0]);
  return {a.b.Mul(a.dy[0], a.b.Reciprocal(a.b.Add(a.b.ScalarLike(x, 1), x)))};
}

// y = x0^x1;  dx0 = dy * x1 * x0^(x1 - 1), dx1 = dy * y * log(x0); the latter 0 where a real x0 is
// not positive: the function has no neighbours in x1 there
Gradients Pow(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output x0 = b.Conj(a.x[0]), x1 = b.Conj(a.x[1]);
  const Output dx0 = b.Mul(b.Mul(a.dy[0], x1), b.Pow(x0, b.Sub(x1, b.ScalarLike(x1, 1))));
  const Output zero = b.ScalarLike(x0, 0), one = b.ScalarLike(x0, 1);
  const Output defined = IsComplex(b.dtype(x0)) ? b.NotEqual(x0, zero) : b.Greater(x0, zero);
  const Output log = b.Select(defined, b.Log(b.Select(defined, x0, one)), zero);
  return SumToInputs(a, dx0, b.Mul(b.Mul(a.dy[0], b.Conj(a.y[0])), log));
}

// 1 where x is not 0, else 0
Output IsNotZero(GraphBuilder& b, Output x) {
  return b.Cast(b.NotEqual(x, b.ScalarLike(x, 0)), b.dtype(x));
}

// y = x0 * log(x1), 0 where x0 is 0;  dx0 = dy * log(x1) where x0 is not 0, dx1 = dy * x0 / x1
Gradients Xlogy(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  return SumToInputs(a, b.Mul(a.dy[0], b.Conj(b.Op("Xlogy", {IsNotZero(b, a.x[0]), a.x[1]}))),
                     b.Mul(a.dy[0], b.Conj(b.Op("Xdivy", {a.x[0], a.x[1]}))));
}

// y = x0 * log(1 + x1), 0 where x0 is 0;  dx0 = dy * log(1 + x1) where x0 is not 0,
// dx1 = dy * x0 / (1 + x1)
Gradients Xlog1py(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  return SumToInputs(
      a, b.Mul(a.dy[0], b.Conj(b.Op("Xlog1py", {IsNotZero(b, a.x[0]), a.x[1]}))),
      b.Mul(a.dy[0], b.Conj(b.Op("Xdivy", {a.x[0], b.Add(a.x[1], b.ScalarLike(a.x[1], 1))}))));
}

// y = x0 / x1, 0 where x0 is 0;  dx0 = dy / x1 where x0 is not 0, dx1 = -dy * x0 / x1^2
Gradients Xdivy(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  return SumToInputs(a, b.Mul(a.dy[0], b.Conj(b.Op("Xdivy", {IsNotZero(b, a.x[0]), a.x[1]}))),
                     b.Mul(a.dy[0], b.Conj(b.Op("Xdivy", {b.Neg(a.x[0]), b.Square(a.x[1])}))));
}

// --- Trigonometric and hyperbolic functions ------------------------------------------------------

// y = f(x);  dx = dy * g(conj x), for g a single op
Gradients TimesOp(const GradientArgs& a, std::string_view g) {
  return {a.b.Mul(a.dy[0], a.b.Op(g, {a.b.Conj(a.x[0])}))};
}

// y = sin(x);  dx = dy * cos(x)
Gradients Sin(const GradientArgs& a) { return TimesOp(a, "Cos"); }

// y = cos(x);  dx = -dy * sin(x)
Gradients Cos(const GradientArgs& a) {
  return {a.b.Mul(a.b.Neg(a.dy[0]), a.b.Op("Sin", {a.b.Conj(a.x[0])}))};
}

// y = tan(x);  dx = dy / cos(x)^2
Gradients Tan(const GradientArgs& a) {
  return {a.b.Mul(a.dy[0], a.b.Square(a.b.Reciprocal(a.b.Op("Cos", {a.b.Conj(a.x[0])}))))};
}

// 1 / sqrt(1 - x^2)
Output ArcSlope(const GradientArgs& a) {
  const Output x = a.b.Conj(a.x[0]);
  return a.b.Reciprocal(a.b.Sqrt(OneMinus(a.b, a.b.Square(x))));
}

// y = asin(x);  dx = dy / sqrt(1 - x^2)
Gradients Asin(const GradientArgs& a) { return {a.b.Mul(a.dy[0], ArcSlope(a))}; }

// y = acos(x);  dx = -dy / sqrt(1 - x^2)
Gradients Acos(const GradientArgs& a) { return {a.b.Mul(a.b.Neg(a.dy[0]), ArcSlope(a))}; }

// y = atan(x);  dx = dy / (1 + x^2)
Gradients Atan(const GradientArgs& a) {
  const Output x = a.b.Conj(a.x[0]);
  return {a.b.Mul(a.dy[0], a.b.Reciprocal(a.b.Add(a.b.ScalarLike(x, 1), a.b.Square(x))))};
}

// y = atan2(x0, x1);  dx0 = dy * x1 / (x0^2 + x1^2), dx1 = -dy * x0 / (x0^2 + x1^2)
Gradients Atan2(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output s = b.Div(a.dy[0], b.Add(b.Square(a.x[0]), b.Square(a.x[1])));
  return SumToInputs(a, b.Mul(a.x[1], s), b.Mul(b.Neg(a.x[0]), s));
}

// y = sinh(x);  dx = dy * cosh(x)
Gradients Sinh(const GradientArgs& a) { return TimesOp(a, "Cosh"); }

// y = cosh(x);  dx = dy * sinh(x)
Gradients Cosh(const GradientArgs& a) { return TimesOp(a, "Sinh"); }

// y = tanh(x);  dx = dy * (1 - y^2)
Gradients Tanh(const GradientArgs& a) { return {a.b.Op("TanhGrad", {a.b.Conj(a.y[0]), a.dy[0]})}; }

// y = x1 * (1 - x0^2) (TanhGrad);  dx0 = -2 * dy * x1 * x0, dx1 = dy * (1 - x0^2)
Gradients TanhGrad(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output x0 = b.Conj(a.x[0]), x1 = b.Conj(a.x[1]);
  return {b.Mul(b.Mul(Scaled(b, -2, a.dy[0]), x1), x0), b.Op("TanhGrad", {x0, a.dy[0]})};
}

// y = asinh(x);  dx = dy / cosh(y)
Gradients Asinh(const GradientArgs& a) {
  return {a.b.Div(a.dy[0], a.b.Op("Cosh", {a.b.Conj(a.y[0])}))};
}

// y = acosh(x);  dx = dy / sinh(y)
Gradients Acosh(const GradientArgs& a) {
  return {a.b.Div(a.dy[0], a.b.Op("Sinh", {a.b.Conj(a.y[0])}))};
}

// y = atanh(x);  dx = dy / (1 - x^2)
Gradients Atanh(const GradientArgs& a) {
  return {a.b.Mul(a.dy[0], a.b.Reciprocal(OneMinus(a.b, a.b.Square(a.b.Conj(a.x[0])))))};
}

// y = 1 / (1 + exp(-x));  dx = dy * y * (1 - y)
Gradients Sigmoid(const GradientArgs& a) {
  return {a.b.Op("SigmoidGrad", {a.b.Conj(a.y[0]), a.dy[0]})};
}

// y = x1 * x0 * (1 - x0) (SigmoidGrad);  dx0 = dy * x1 * (1 - 2 * x0), dx1 = dy * x0 * (1 - x0)
Gradients SigmoidGrad(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output x0 = b.Conj(a.x[0]), s = b.Mul(a.dy[0], b.Conj(a.x[1]));
  return {b.Sub(s, b.Mul(Scaled(b, 2, s), x0)), b.Op("SigmoidGrad", {x0, a.dy[0]})};
}

// --- Special functions ---------------------------------------------------------------------------

// factor * exp(-x^2) * dy
Output Gaussian(const GradientArgs& a, double factor) {
  return a.b.Mul(Scaled(a.b, factor, a.dy[0]), a.b.Exp(a.b.Neg(a.b.Square(a.b.Conj(a.x[0])))));
}

// y = erf(x);  dx = dy * 2 / sqrt(pi) * exp(-x^2)
Gradients Erf(const GradientArgs& a) { return {Gaussian(a, 2 / std::sqrt(kPi))}; }

// y = 1 - erf(x);  dx = -dy * 2 / sqrt(pi) * exp(-x^2)
Gradients Erfc(const GradientArgs& a) { return {Gaussian(a, -2 / std::sqrt(kPi))}; }

// erf(y) = x;  dx = dy * sqrt(pi) / 2 * exp(y^2)
Gradients Erfinv(const GradientArgs& a) {
  return {a.b.Mul(Scaled(a.b, std::sqrt(kPi) / 2, a.dy[0]), a.b.Exp(a.b.Square(a.y[0])))};
}

// Phi(y) = x, the normal distribution;  dx = dy * sqrt(2 pi) * exp(y^2 / 2)
Gradients Ndtri(const GradientArgs& a) {
  return {a.b.Mul(Scaled(a.b, std::sqrt(2 * kPi), a.dy[0]),
                  a.b.Exp(Scaled(a.b, 0.5, a.b.Square(a.y[0]))))};
}

// y = log|gamma(x)|;  dx = dy * digamma(x)
Gradients Lgamma(const GradientArgs& a) { return TimesOp(a, "Digamma"); }

// y = digamma(x);  dx = dy * polygamma(1, x)
Gradients Digamma(const GradientArgs& a) {
  return {a.b.Mul(a.dy[0], a.b.Op("Polygamma", {a.b.OnesLike(a.x[0]), a.x[0]}))};
}

// y = polygamma(x0, x1);  dx1 = dy * polygamma(x0 + 1, x1); no derivative in the order x0 is known
Gradients Polygamma(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output next = b.Add(a.x[0], b.ScalarLike(a.x[0], 1));
  return {std::nullopt, b.SumTo(b.Mul(a.dy[0], b.Op("Polygamma", {next, a.x[1]})), a.x[1], a.x[0])};
}

// y = zeta(x0, x1);  dx1 = -dy * x0 * zeta(x0 + 1, x1); none known in x0
Gradients Zeta(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output next = b.Add(a.x[0], b.ScalarLike(a.x[0], 1));
  const Output slope = b.Mul(b.Neg(a.x[0]), b.Op("Zeta", {next, a.x[1]}));
  return {std::nullopt, b.SumTo(b.Mul(a.dy[0], slope), a.x[1], a.x[0])};
}

// y = P(x0, x1), the lower incomplete gamma function, regularised;
// dx0 = dy * IgammaGradA(x0, x1), dx1 = dy * exp(-x1 + (x0 - 1) * log(x1) - lgamma(x0)), in
// logarithms because gamma(x0) overflows
Gradients SignedIgamma(const GradientArgs& a, double sign) {
  GraphBuilder& b = a.b;
  const Output dy = sign < 0 ? b.Neg(a.dy[0]) : a.dy[0];
  const Output power = b.Mul(b.Sub(a.x[0], b.ScalarLike(a.x[0], 1)), b.Log(a.x[1]));
  const Output density = b.Exp(b.Sub(b.Sub(power, a.x[1]), b.Op("Lgamma", {a.x[0]})));
  return SumToInputs(a, b.Mul(dy, b.Op("IgammaGradA", {a.x[0], a.x[1]})), b.Mul(dy, density));
}
Gradients Igamma(const GradientArgs& a) { return SignedIgamma(a, 1); }
Gradients Igammac(const GradientArgs& a) { return SignedIgamma(a, -1); }

// y = I(x2; x0, x1), the incomplete beta function, regularised;
// dx2 = dy * exp((x1 - 1) * log(1 - x2) + (x0 - 1) * log(x2) - log B(x0, x1)); none known in x0, x1
Gradients Betainc(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const auto minus_one = [&](Output x) { return b.Sub(x, b.ScalarLike(x, 1)); };
  const Output log_beta = b.Sub(b.Add(b.Op("Lgamma", {a.x[0]}), b.Op("Lgamma", {a.x[1]})),
                                b.Op("Lgamma", {b.Add(a.x[0], a.x[1])}));
  const Output log_density = b.Sub(b.Add(b.Op("Xlog1py", {minus_one(a.x[1]), b.Neg(a.x[2])}),
                                         b.Op("Xlogy", {minus_one(a.x[0]), a.x[2]})),
                                   log_beta);
  return {std::nullopt, std::nullopt, b.SumTo(b.Mul(a.dy[0], b.Exp(log_density)), a.x[2], a.x[0])};
}

// y = dawson(x);  dx = dy * (1 - 2 * x * y)
Gradients Dawsn(const GradientArgs& a) {
  return {a.b.Mul(a.dy[0], OneMinus(a.b, Scaled(a.b, 2, a.b.Mul(a.x[0], a.y[0]))))};
}

// y = Ei(x);  dx = dy * exp(x) / x
Gradients Expint(const GradientArgs& a) {
  return {a.b.Div(a.b.Mul(a.dy[0], a.b.Exp(a.x[0])), a.x[0])};
}

// y = integral of f(pi / 2 * t^2) from 0 to x, f = cos or sin;  dx = dy * f(pi / 2 * x^2)
Gradients Fresnel(const GradientArgs& a, std::string_view f) {
  return {a.b.Mul(a.dy[0], a.b.Op(f, {Scaled(a.b, kPi / 2, a.b.Square(a.x[0]))}))};
}
Gradients FresnelCos(const GradientArgs& a) { return Fresnel(a, "Cos"); }
Gradients FresnelSin(const GradientArgs& a) { return Fresnel(a, "Sin"); }

// y = Li2(1 - x);  dx = dy * log(x) / (1 - x), -1 at x = 1
Gradients Spence(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output one = b.ScalarLike(a.x[0], 1), at_one = b.Equal(a.x[0], one);
  const Output slope = b.Div(b.Log(a.x[0]), OneMinus(b, a.x[0]));
  return {b.Mul(a.dy[0], b.Select(at_one, b.ScalarLike(a.x[0], -1), slope))};
}

// The value of a removable singularity at x = 0.
Output AtZero(const GradientArgs& a, double value, Output elsewhere) {
  GraphBuilder& b = a.b;
  return b.Select(b.Equal(a.x[0], b.ScalarLike(a.x[0], 0)), b.ScalarLike(a.x[0], value), elsewhere);
}

// y = I0(x);  dx = dy * I1(x)
Gradients BesselI0(const GradientArgs& a) { return TimesOp(a, "BesselI1"); }

// y = exp(-|x|) I0(x);  dx = dy * (exp(-|x|) I1(x) - sign(x) * y)
Gradients BesselI0e(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  return {b.Mul(a.dy[0], b.Sub(b.Op("BesselI1e", {a.x[0]}), b.Mul(b.Sign(a.x[0]), a.y[0])))};
}

// y = I1(x);  dx = dy * (I0(x) - y / x), 1/2 at 0 (where TensorFlow's own rule says 1)
Gradients BesselI1(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output slope = b.Sub(b.Op("BesselI0", {a.x[0]}), b.Div(a.y[0], a.x[0]));
  return {b.Mul(a.dy[0], AtZero(a, 0.5, slope))};
}

// y = exp(-|x|) I1(x);  dx = dy * (exp(-|x|) I0(x) - y * (sign(x) + 1 / x)), 1/2 at 0
Gradients BesselI1e(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output damping = b.Add(b.Sign(a.x[0]), b.Reciprocal(a.x[0]));
  const Output slope = b.Sub(b.Op("BesselI0e", {a.x[0]}), b.Mul(a.y[0], damping));
  return {b.Mul(a.dy[0], AtZero(a, 0.5, slope))};
}

// y = K0(x), J0(x) or Y0(x);  dx = -dy * K1(x), J1(x), Y1(x)
Gradients MinusOp(const GradientArgs& a, std::string_view op) {
  return {a.b.Mul(a.b.Neg(a.dy[0]), a.b.Op(op, {a.x[0]}))};
}
Gradients BesselK0(const GradientArgs& a) { return MinusOp(a, "BesselK1"); }
Gradients BesselJ0(const GradientArgs& a) { return MinusOp(a, "BesselJ1"); }
Gradients BesselY0(const GradientArgs& a) { return MinusOp(a, "BesselY1"); }

// y = exp(x) K0(x);  dx = dy * (y - exp(x) K1(x))
Gradients BesselK0e(const GradientArgs& a) {
  return {a.b.Mul(a.dy[0], a.b.Sub(a.y[0], a.b.Op("BesselK1e", {a.x[0]})))};
}

// y = K1(x);  dx = dy * (-K0(x) - y / x)
Gradients BesselK1(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  return {b.Mul(b.Neg(a.dy[0]), b.Add(b.Op("BesselK0", {a.x[0]}), b.Div(a.y[0], a.x[0])))};
}

// y = exp(x) K1(x);  dx = dy * (y * (1 - 1 / x) - exp(x) K0(x))
Gradients BesselK1e(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output grown = b.Mul(a.y[0], OneMinus(b, b.Reciprocal(a.x[0])));
  return {b.Mul(a.dy[0], b.Sub(grown, b.Op("BesselK0e", {a.x[0]})))};
}

// y = J1(x);  dx = dy * (J0(x) - y / x), 1/2 at 0
Gradients BesselJ1(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output slope = b.Sub(b.Op("BesselJ0", {a.x[0]}), b.Div(a.y[0], a.x[0]));
  return {b.Mul(a.dy[0], AtZero(a, 0.5, slope))};
}

// y = Y1(x);  dx = dy * (Y0(x) - y / x)
Gradients BesselY1(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  return {b.Mul(a.dy[0], b.Sub(b.Op("BesselY0", {a.x[0]}), b.Div(a.y[0], a.x[0])))};
}

// --- Choices -------------------------------------------------------------------------------------

// y = |x|;  dx = dy * sign(x): 0 at 0
Gradients Abs(const GradientArgs& a) { return {a.b.Mul(a.dy[0], a.b.Sign(a.x[0]))}; }

// dx0 = dy where x0 is taken, dx1 = dy elsewhere
Gradients Chosen(const GradientArgs& a, Output first_taken) {
  const Output zero = a.b.ScalarLike(a.dy[0], 0);
  return SumToInputs(a, a.b.Select(first_taken, a.dy[0], zero),
                     a.b.Select(first_taken, zero, a.dy[0]));
}

// y = max(x0, x1): a tie goes to x0, as in TensorFlow
Gradients Maximum(const GradientArgs& a) { return Chosen(a, a.b.GreaterEqual(a.x[0], a.x[1])); }

// y = min(x0, x1): a tie goes to x0
Gradients Minimum(const GradientArgs& a) { return Chosen(a, a.b.LessEqual(a.x[0], a.x[1])); }

// y = min(max(x0, x1), x2);  dy goes to x1 where x0 < x1, to x2 where x0 > x2, else to x0 (a tie
// too)
Gradients ClipByValue(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output zero = b.ScalarLike(a.dy[0], 0);
  const Output below = b.Less(a.x[0], a.x[1]), above = b.Greater(a.x[0], a.x[2]);
  const Output inside = b.Not(b.Op("LogicalOr", {below, above}));
  return {b.SumTo(b.Select(inside, a.dy[0], zero), a.x[0], a.y[0]),
          b.SumTo(b.Select(below, a.dy[0], zero), a.x[1], a.y[0]),
          b.SumTo(b.Select(above, a.dy[0], zero), a.x[2], a.y[0])};
}

// y = x0 ? x1 : x2, no broadcasting but for a vector x0 that chooses rows;
// dx1 = x0 ? dy : 0, dx2 = x0 ? 0 : dy
Gradients Select(const GradientArgs& a) {
  const Output zeros = a.b.ZerosLike(a.dy[0]);
  return {std::nullopt, a.b.Op("Select", {a.x[0], a.dy[0], zeros}),
          a.b.Op("Select", {a.x[0], zeros, a.dy[0]})};
}

// y = x0 ? x1 : x2, broadcast;  dx1 = x0 ? dy : 0, dx2 = x0 ? 0 : dy
Gradients SelectV2(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output zero = b.ScalarLike(a.dy[0], 0);
  return {std::nullopt, b.SumTo(b.Select(a.x[0], a.dy[0], zero), a.x[1], a.y[0]),
          b.SumTo(b.Select(a.x[0], zero, a.dy[0]), a.x[2], a.y[0])};
}

// --- Types and complex numbers -------------------------------------------------------------------

// y = x in another type;  dx = dy in x's. From or to an integer there is no derivative, and those
// edges are not on a path.
Gradients Cast(const GradientArgs& a) {
  const DType from = a.b.dtype(a.x[0]);
  if (!IsFloating(from) && !IsComplex(from)) return {std::nullopt};
  return {a.b.Cast(a.dy[0], from)};
}

// y = re(x);  dx = dy + 0i
Gradients Real(const GradientArgs& a) {
  return {ToComplex(a.b, a.dy[0], a.b.ScalarLike(a.dy[0], 0))};
}

// y = im(x);  dx = 0 + i dy
Gradients Imag(const GradientArgs& a) {
  return {ToComplex(a.b, a.b.ScalarLike(a.dy[0], 0), a.dy[0])};
}

// y = x0 + i x1;  dx0 = re(dy), dx1 = im(dy)
Gradients Complex(const GradientArgs& a) {
  return SumToInputs(a, RealPart(a.b, a.dy[0]), RealPart(a.b, a.dy[0], "Imag"));
}

// y = conj(x);  dx = conj(dy)
Gradients Conj(const GradientArgs& a) { return {a.b.Conj(a.dy[0])}; }

// y = |x|, complex x;  dx = dy * x / y, 0 at 0
Gradients ComplexAbs(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const auto real = [&](Output x) { return ToComplex(b, x, b.ScalarLike(x, 0)); };
  return {b.Op("DivNoNan", {b.Mul(real(a.dy[0]), a.x[0]), real(a.y[0])})};
}

// y = arg(x);  dx = -dy / (im(x) + i re(x))
Gradients Angle(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output swapped = ToComplex(b, RealPart(b, a.x[0], "Imag"), RealPart(b, a.x[0]));
  const Output dy = ToComplex(b, a.dy[0], b.ScalarLike(a.dy[0], 0));
  return {b.Mul(b.Neg(dy), b.Reciprocal(swapped))};
}

// --- Products of vectors and matrices ------------------------------------------------------------

// y = x0 cross x1;  dx0 = x1 cross dy, dx1 = dy cross x0
Gradients Cross(const GradientArgs& a) {
  return {a.b.Op("Cross", {a.x[1], a.dy[0]}), a.b.Op("Cross", {a.dy[0], a.x[0]})};
}

// y = sum of x^2 / 2;  dx = dy * x
Gradients L2Loss(const GradientArgs& a) { return {a.b.Mul(a.x[0], a.dy[0])}; }

// The gradients of op_a(x0) . op_b(x1), where op is nothing or the transpose (adjoint):
//   dx0 = dy . op_b(x1)^T, transposed if op_a is;  dx1 = op_a(x0)^T . dy, transposed if op_b is.
// `product(p, q, transpose_p, transpose_q)` multiplies.
template <typename Product>
Gradients ProductGradients(Output x0, Output x1, Output dy, std::pair<bool, bool> transposed,
                           const Product& product) {
  const auto [t0, t1] = transposed;
  return {t0 ? product(x1, dy, t1, true) : product(dy, x1, false, !t1),
          t1 ? product(dy, x0, true, t0) : product(x0, dy, !t0, false)};
}

// y = x0 . x1, each transposed (not conjugated) on request
Gradients MatMul(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Node& node = a.node();
  return ProductGradients(
      b.Conj(a.x[0]), b.Conj(a.x[1]), a.dy[0],
      {node.AttrOr("transpose_a", false), node.AttrOr("transpose_b", false)},
      [&](Output p, Output q, bool tp, bool tq) { return b.MatMul(p, q, tp, tq); });
}

// The same of float32 or bfloat16 matrices, with a float32 product
Gradients SparseMatMul(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Node& node = a.node();
  const DType t0 = b.dtype(a.x[0]), t1 = b.dtype(a.x[1]);
  Gradients dx = ProductGradients(
      b.Cast(a.x[0], DType::kFloat32), b.Cast(a.x[1], DType::kFloat32), a.dy[0],
      {node.AttrOr("transpose_a", false), node.AttrOr("transpose_b", false)},
      [&](Output p, Output q, bool tp, bool tq) { return b.MatMul(p, q, tp, tq); });
  return {b.Cast(*dx[0], t0), b.Cast(*dx[1], t1)};
}

// Whether the first `rank - tail` axes of both are known to be the same, so that nothing was
// broadcast.
bool SameBatch(const Shape& s, const Shape& t, int tail) {
  if (!s.has_rank() || !t.has_rank() || s.rank() != t.rank()) return false;
  for (int i = 0; i + tail < s.rank(); ++i) {
    if (s.dim(i) != t.dim(i) || s.dim(i) == Shape::kUnknown) return false;
  }
  return true;
}

// y = x0 . x1 over broadcast batch axes, each adjoint on request; the sum is over the batch axes
// alone
Gradients BatchMatMul(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Node& node = a.node();
  Gradients dx = ProductGradients(
      a.x[0], a.x[1], a.dy[0], {node.AttrOr("adj_x", false), node.AttrOr("adj_y", false)},
      [&](Output p, Output q, bool tp, bool tq) { return b.BatchMatMul(p, q, tp, tq); });
  if (SameBatch(b.shape(a.x[0]), b.shape(a.x[1]), 2)) return dx;
  return {b.SumTo(*dx[0], a.x[0]), b.SumTo(*dx[1], a.x[1])};
}

// --- Einsum --------------------------------------------------------------------------------------

constexpr std::string_view kEllipsis = "...";

bool HasEllipsis(std::string_view subscripts) {
  return subscripts.find(kEllipsis) != std::string_view::npos;
}

// The distinct letters of `subscripts`, in order, for which `keep` holds.
template <typename Predicate>
std::string Letters(std::string_view subscripts, const Predicate& keep) {
  std::string letters;
  for (const char c : subscripts) {
    if (c != '.' && letters.find(c) == std::string::npos && keep(c)) letters += c;
  }
  return letters;
}

Output Einsum(GraphBuilder& b, const std::vector<Output>& inputs, const std::string& equation) {
  return b.Op("Einsum", inputs, {{"equation", equation}});
}

// The sizes of the axes of x that `letters` stand for; a letter's first occurrence counts.
Output SizesOf(GraphBuilder& b, Output x, std::string_view subscripts, std::string_view letters) {
  const std::size_t dots = subscripts.find(kEllipsis);
  std::vector<Output> axes;
  for (const char letter : letters) {
    const std::size_t at = subscripts.find(letter);
    if (at < dots) {
      axes.push_back(b.Int32s({static_cast<std::int32_t>(at)}));
    } else {  // Behind the ellipsis: counted from the end.
      const auto from_end = static_cast<std::int32_t>(subscripts.size() - at);
      axes.push_back(b.Add(b.Rank(x), b.Int32s({-from_end})));
    }
  }
  const Output all = axes.size() == 1 ? axes[0] : b.Concat(axes, b.Scalar(DType::kInt32, 0));
  return b.Gather(b.ShapeOf(x), all);
}

// One operand of an Einsum.
struct Operand {
  Output x;
  std::string subscripts;
};

// Whether the axes under the ellipses of both are known to be the same.
bool SameEllipsis(GraphBuilder& b, const Operand& p, const Operand& q) {
  if (!HasEllipsis(p.subscripts) || !HasEllipsis(q.subscripts)) return false;
  const auto axes = [&](const Operand& o) {
    const Shape shape = b.shape(o.x);
    const int letters = static_cast<int>(o.subscripts.size() - kEllipsis.size());
    if (!shape.has_rank() || shape.rank() < letters) return Shape::UnknownRank();
    const auto first = shape.dims().begin() + static_cast<int>(o.subscripts.find(kEllipsis));
    return Shape(std::vector<std::int64_t>(first, first + (shape.rank() - letters)));
  };
  return SameBatch(axes(p), axes(q), 0);
}

// y = einsum("s0,s1->t", x0, x1). With r the letters of s0 that neither s1 nor t has (summed over),
// u the distinct other letters of s0:
//   g   = einsum("t,s1->u", dy, x1)                 the gradient of a contraction is a contraction
//   g   = summed over what the ellipsis of x0 was broadcast along
//   dx0 = einsum("ru->s0", g repeated along r)      puts the axes in order; a repeated letter of s0
//                                                   reads a diagonal, and writes one here
// A unary Einsum is the same without s1.
Output OperandGradient(GraphBuilder& b, Output dy, const std::string& out, const Operand& operand,
                       const Operand* other) {
  const std::string& subscripts = operand.subscripts;
  const auto elsewhere = [&](char c) {
    return out.find(c) != std::string::npos ||
           (other != nullptr && other->subscripts.find(c) != std::string::npos);
  };
  const bool broadcasts = HasEllipsis(out);
  const std::string batch(broadcasts ? kEllipsis : "");
  const std::string kept = Letters(subscripts, elsewhere);
  const std::string summed = Letters(subscripts, [&](char c) { return !elsewhere(c); });

  std::string have = batch + kept;
  Output g = dy;
  if (other != nullptr) {
    g = Einsum(b, {dy, other->x}, out + "," + other->subscripts + "->" + have);
    if (broadcasts && !SameEllipsis(b, operand, *other)) {
      have = (HasEllipsis(subscripts) ? batch : "") + kept;
      const Output like =
          have == subscripts ? operand.x : Einsum(b, {operand.x}, subscripts + "->" + have);
      g = b.SumTo(g, like);
    }
  } else {
    have = out;
  }
  if (!summed.empty()) {
    const Output sizes = SizesOf(b, operand.x, subscripts, summed);
    g = b.BroadcastTo(g, b.Concat({sizes, b.ShapeOf(g)}, b.Scalar(DType::kInt32, 0)));
    have = summed + have;
  }
  return have == subscripts ? g : Einsum(b, {g}, have + "->" + subscripts);
}

Gradients EinsumGradients(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  std::string equation = a.node().AttrOr<std::string>("equation", "");
  std::erase(equation, ' ');
  const std::size_t arrow = equation.find("->");
  if (arrow == std::string::npos || a.x.size() > 2) {
    b.Fail(Unimplemented("an Einsum of one or two operands with '->' expected, got \"" + equation +
                         "\" of " + std::to_string(a.x.size())));
    return Gradients(a.x.size());
  }
  const std::string in = equation.substr(0, arrow), out = equation.substr(arrow + 2);
  if (HasEllipsis(in) && !HasEllipsis(out)) {
    b.Fail(Unimplemented("an Einsum that sums over its ellipsis: \"" + equation + "\""));
    return Gradients(a.x.size());
  }
  if (a.x.size() == 1) return {OperandGradient(b, a.dy[0], out, {a.x[0], in}, nullptr)};
  const std::size_t comma = in.find(',');
  if (comma == std::string::npos) {
    b.Fail(InvalidArgument("an Einsum of two operands without a comma: \"" + equation + "\""));
    return Gradients(a.x.size());
  }
  const Operand x0{b.Conj(a.x[0]), in.substr(0, comma)}, x1{b.Conj(a.x[1]), in.substr(comma + 1)};
  return {OperandGradient(b, a.dy[0], out, x0, &x1), OperandGradient(b, a.dy[0], out, x1, &x0)};
}

constexpr GradientRule kRules[] = {
    {"Abs", Abs},
    {"AccumulateNV2", AddN},
    {"Acos", Acos},
    {"Acosh", Acosh},
    {"Add", Add},
    {"AddN", AddN},
    {"AddV2", Add},
    {"Angle", Angle},
    {"ApproximateEqual", ZeroGradient, true},
    {"Asin", Asin},
    {"Asinh", Asinh},
    {"Atan", Atan},
    {"Atan2", Atan2},
    {"Atanh", Atanh},
    {"BatchMatMul", BatchMatMul},
    {"BatchMatMulV2", BatchMatMul},
    {"BatchMatMulV3", BatchMatMul},
    {"BesselI0", BesselI0},
    {"BesselI0e", BesselI0e},
    {"BesselI1", BesselI1},
    {"BesselI1e", BesselI1e},
    {"BesselJ0", BesselJ0},
    {"BesselJ1", BesselJ1},
    {"BesselK0", BesselK0},
    {"BesselK0e", BesselK0e},
    {"BesselK1", BesselK1},
    {"BesselK1e", BesselK1e},
    {"BesselY0", BesselY0},
    {"BesselY1", BesselY1},
    {"Betainc", Betainc},
    {"Cast", Cast},
    {"Ceil", ZeroGradient, true},
    {"ClipByValue", ClipByValue},
    {"Complex", Complex},
    {"ComplexAbs", ComplexAbs},
    {"Conj", Conj},
    {"Cos", Cos},
    {"Cosh", Cosh},
    {"Cross", Cross},
    {"Dawsn", Dawsn},
    {"Digamma", Digamma},
    {"Div", RealDiv},  // On floating numbers the same op.
    {"DivNoNan", DivNoNan},
    {"Einsum", EinsumGradients},
    {"Equal", ZeroGradient, true},
    {"Erf", Erf},
    {"Erfc", Erfc},
    {"Erfinv", Erfinv},
    {"Exp", Exp},
    {"Expint", Expint},
    {"Expm1", Expm1},
    {"Floor", ZeroGradient, true},
    {"FloorDiv", ZeroGradient, true},
    {"FloorMod", FloorMod},
    {"FresnelCos", FresnelCos},
    {"FresnelSin", FresnelSin},
    {"Greater", ZeroGradient, true},
    {"GreaterEqual", ZeroGradient, true},
    {"Igamma", Igamma},
    {"Igammac", Igammac},
    {"Imag", Imag},
    {"Inv", Reciprocal},
    {"InvGrad", ReciprocalGrad},
    {"IsFinite", ZeroGradient, true},
    {"IsInf", ZeroGradient, true},
    {"IsNan", ZeroGradient, true},
    {"L2Loss", L2Loss},
    {"Less", ZeroGradient, true},
    {"LessEqual", ZeroGradient, true},
    {"Lgamma", Lgamma},
    {"Log", Log},
    {"Log1p", Log1p},
    {"MatMul", MatMul},
    {"Maximum", Maximum},
    {"Minimum", Minimum},
    {"Mod", TruncateMod},
    {"Mul", Mul},
    {"MulNoNan", MulNoNan},
    {"Ndtri", Ndtri},
    {"Neg", Neg},
    {"NextAfter", NextAfter},
    {"NotEqual", ZeroGradient, true},
    {"Polygamma", Polygamma},
    {"Pow", Pow},
    {"Real", Real},
    {"RealDiv", RealDiv},
    {"Reciprocal", Reciprocal},
    {"ReciprocalGrad", ReciprocalGrad},
    {"Rint", ZeroGradient, true},
    {"Round", ZeroGradient, true},
    {"Rsqrt", Rsqrt},
    {"RsqrtGrad", RsqrtGrad},
    {"Select", Select},
    {"SelectV2", SelectV2},
    {"Sigmoid", Sigmoid},
    {"SigmoidGrad", SigmoidGrad},
    {"Sign", ZeroGradient, true},
    {"Sin", Sin},
    {"Sinh", Sinh},
    {"SparseMatMul", SparseMatMul},
    {"Spence", Spence},
    {"Sqrt", Sqrt},
    {"SqrtGrad", SqrtGrad},
    {"Square", Square},
    {"SquaredDifference", SquaredDifference},
    {"Sub", Sub},
    {"Tan", Tan},
    {"Tanh", Tanh},
    {"TanhGrad", TanhGrad},
    {"TruncateDiv", ZeroGradient, true},
    {"TruncateMod", TruncateMod},
    {"Xdivy", Xdivy},
    {"Xlog1py", Xlog1py},
    {"Xlogy", Xlogy},
    {"Zeta", Zeta},
};

}  // namespace

std::span<const GradientRule> MathGradientRules() { return kRules; }

}  // namespace whylight
