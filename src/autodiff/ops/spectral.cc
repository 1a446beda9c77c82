// Gradients of Fourier transforms. Each comment is the rule. F is the unnormalised transform over
// the last one, two or three axes, n the product of their lengths; complex numbers follow
// TensorFlow: dx = A^H dy for y = A x.
#include "autodiff/ops/spectral.h"

#include <string>

#include "autodiff/ops/sizes.h"

namespace whylight {
namespace {

// "RFFT2D" -> 2
int RankOf(const std::string& op) {
  if (op.ends_with("2D")) return 2;
  return op.ends_with("3D") ? 3 : 1;
}

// n, in the dtype of `like`.
Output Elements(GraphBuilder& b, Output fft_length, Output like) {
  return b.Cast(b.Op("Prod", {fft_length, b.Int32s({0})}), b.dtype(like));
}

// The product of the last `rank` sizes of x, in its dtype.
Output LastSizes(GraphBuilder& b, Output x, int rank) {
  SizeBuilder s(b);
  return b.Cast(s.Scalar(s.Product(x, -rank)), b.dtype(x));
}

// y = F x;  dx = n F^-1 dy
Gradients Forward(const GradientArgs& a) {
  const Output n = LastSizes(a.b, a.dy[0], RankOf(a.node().op));
  return {a.b.Mul(a.b.Op("I" + a.node().op, {a.dy[0]}), n)};
}

// y = F^-1 x;  dx = F dy / n
Gradients Inverse(const GradientArgs& a) {
  const Output n = LastSizes(a.b, a.dy[0], RankOf(a.node().op));
  return {a.b.Div(a.b.Op(a.node().op.substr(1), {a.dy[0]}), n)};
}

// The transforms with an fft_length read no more than so many elements of x along each axis. The
// same backwards: `value` with zeros for the elements of x that were cut off.
Output FitTo(GraphBuilder& b, Output value, Output x) {
  if (SurelyEqual(b.shape(value), b.shape(x))) return value;
  const Output behind = b.Sub(b.ShapeOf(x), b.ShapeOf(value));
  return b.Pad(value, b.Op("Pack", {b.ZerosLike(behind), behind}, {{"axis", std::int64_t{1}}}));
}

// A spectrum of real numbers is kept by half, frequencies k = 0 ... l / 2 of the halved axis of
// length l. Those with a mirror image, all but k = 0 and k = l / 2, weigh `twin`, the others 1.
Output Weights(const GradientArgs& a, double twin, Output like) {
  GraphBuilder& b = a.b;
  const Output zero = b.Scalar(DType::kInt32, 0), one = b.Scalar(DType::kInt32, 1);
  const Output two = b.Scalar(DType::kInt32, 2);
  const Output length = b.Op("StridedSlice", {a.x[1], b.Int32s({-1}), b.Int32s({0}), b.Int32s({1})},
                             {{"shrink_axis_mask", std::int64_t{1}}});
  const Output k = b.Range(zero, b.Add(b.Div(length, two), one), one);
  const Output alone = b.Op("LogicalOr", {b.Equal(k, zero), b.Equal(b.Mul(k, two), length)});
  return b.Select(alone, b.ScalarLike(like, 1), b.ScalarLike(like, twin));
}

// y = F x, half of it;  dx = re(n F^-1 (dy, zeros for the other half)). The inverse of a half
// spectrum counts each twin twice, so
//   dx = n F^-1 (w dy),  w = 1/2 for frequencies with a twin, 1 else
Gradients RealForward(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output dy = b.Mul(a.dy[0], Weights(a, 0.5, a.dy[0]));
  const Output dx = b.Op("I" + a.node().op, {dy, a.x[1]}, {{"Treal", b.dtype(a.x[0])}});
  return {FitTo(b, b.Mul(dx, Elements(b, a.x[1], a.x[0])), a.x[0]), std::nullopt};
}

// y = F^-1 (x and its mirror image), real;  dx = w F dy / n,  w = 2 for frequencies with a twin
Gradients RealInverse(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output half =
      b.Op(a.node().op.substr(1), {a.dy[0], a.x[1]}, {{"Tcomplex", b.dtype(a.x[0])}});
  const Output scale = b.Div(Weights(a, 2, a.x[0]), Elements(b, a.x[1], a.x[0]));
  return {FitTo(b, b.Mul(half, scale), a.x[0]), std::nullopt};
}

constexpr GradientRule kRules[] = {
    {"FFT", Forward},       {"FFT2D", Forward},       {"FFT3D", Forward},
    {"IFFT", Inverse},      {"IFFT2D", Inverse},      {"IFFT3D", Inverse},
    {"IRFFT", RealInverse}, {"IRFFT2D", RealInverse}, {"IRFFT3D", RealInverse},
    {"RFFT", RealForward},  {"RFFT2D", RealForward},  {"RFFT3D", RealForward},
};

}  // namespace

std::span<const GradientRule> SpectralGradientRules() { return kRules; }

}  // namespace whylight
