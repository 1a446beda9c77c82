// Gradients of resampling images and of their colours. Each comment is the rule.
#include "autodiff/ops/image.h"

#include <string>
#include <vector>

#include "autodiff/ops/sizes.h"
#include "autodiff/ops/terms.h"

namespace whylight {
namespace {

Attrs Sampling(const Node& node) {
  return CopyAttrs(node, {"align_corners", "half_pixel_centers"});
}

// y = W x, a fixed weighting of pixels for each output pixel;  dx = W^T dy. An image of integers
// has no gradient.
Gradients ResizeBilinear(const GradientArgs& a) {
  if (!IsFloating(a.b.dtype(a.x[0]))) return Gradients(2);
  return {a.b.Op("ResizeBilinearGrad", {a.dy[0], a.x[0]}, Sampling(a.node())), std::nullopt};
}

// The same; its kernel takes float32 and float64 images only, and reads no more than their shape.
Gradients ResizeBicubic(const GradientArgs& a) {
  const DType dtype = a.b.dtype(a.x[0]);
  if (!IsFloating(dtype)) return Gradients(2);
  const Output image = dtype == DType::kFloat64 ? a.x[0] : a.b.Cast(a.x[0], DType::kFloat32);
  const Output dx = a.b.Op("ResizeBicubicGrad", {a.dy[0], image}, Sampling(a.node()));
  return {a.b.Cast(dx, dtype), std::nullopt};
}

// The same with one weight of 1.
Gradients ResizeNearestNeighbor(const GradientArgs& a) {
  if (!IsFloating(a.b.dtype(a.x[0]))) return Gradients(2);
  SizeBuilder s(a.b);
  const Output size = s.Vector({s.Of(a.x[0], 1), s.Of(a.x[0], 2)});
  return {a.b.Op("ResizeNearestNeighborGrad", {a.dy[0], size}, Sampling(a.node())), std::nullopt};
}

// The same for any resampling kernel, scale and translation.
Gradients ScaleAndTranslate(const GradientArgs& a) {
  const DType dtype = a.b.dtype(a.x[0]);
  if (!IsFloating(dtype)) return Gradients(4);
  const Output image = a.b.Cast(a.x[0], DType::kFloat32);
  const Output dx = a.b.Op("ScaleAndTranslateGrad", {a.dy[0], image, a.x[2], a.x[3]},
                           CopyAttrs(a.node(), {"kernel_type", "antialias"}));
  return {a.b.Cast(dx, dtype), std::nullopt, std::nullopt, std::nullopt};
}

// y[k] = bilinear (or nearest) samples of x0[box_index[k]] within x1[k], a box;
// dx0 = W^T dy, dx1 by the slope of the image (bilinear for either method)
Gradients CropAndResize(const GradientArgs& a) {
  const DType dtype = a.b.dtype(a.x[0]);
  Attrs attrs = CopyAttrs(a.node(), {"method"});
  attrs["T"] = dtype;
  Gradients dx(4);
  if (IsFloating(dtype)) {
    dx[0] = a.b.Op("CropAndResizeGradImage", {a.dy[0], a.x[1], a.x[2], a.b.ShapeOf(a.x[0])},
                   std::move(attrs));
  }
  dx[1] = a.b.Op("CropAndResizeGradBoxes", {a.dy[0], a.x[0], a.x[1], a.x[2]});
  return dx;
}

// y[n, i] = the pixels of x[n] in window i, side by side; i runs over `axes` axes. With the number
// of each pixel taken through the same op (0 in the padding),
//   dx[n, p] = sum of dy[n, i, q] over all (i, q) that hold pixel p
Gradients ExtractPatches(const GradientArgs& a, int axes) {
  SizeBuilder s(a.b);
  const Size batch = s.Of(a.x[0], 0), channels = s.Of(a.x[0], axes + 1);
  const Size pixels = s.Product(a.x[0], 1, axes + 1);
  std::vector<Size> shape = {1};
  for (int axis = 1; axis <= axes; ++axis) shape.push_back(s.Of(a.x[0], axis));
  shape.push_back(1);
  const Output one = a.b.Scalar(DType::kInt32, 1);
  const Output numbers = a.b.Range(one, a.b.Add(s.Scalar(pixels), one), one);
  const Output patches = a.b.Op(a.node().op, {a.b.Reshape(numbers, s.Vector(shape))},
                                CopyAttrs(a.node(), {"ksizes", "strides", "rates", "padding"}));
  const Output pixel = a.b.Sub(a.b.Reshape(patches, a.b.Int32s({-1})), one);  // -1: dropped.
  const Output count = a.b.Op("Size", {pixel});
  const Output dy = a.b.Transpose(a.b.Reshape(a.dy[0], s.Vector({batch, Size(count), channels})),
                                  a.b.Int32s({1, 0, 2}));
  const Output sums = a.b.Op("UnsortedSegmentSum", {dy, pixel, s.Scalar(pixels)});
  return {a.b.ReshapeLike(a.b.Transpose(sums, a.b.Int32s({1, 0, 2})), a.x[0])};
}
Gradients ExtractImagePatches(const GradientArgs& a) { return ExtractPatches(a, 2); }
Gradients ExtractVolumePatches(const GradientArgs& a) { return ExtractPatches(a, 3); }

// y = W^T x0 in the size of x1 (ResizeBilinearGrad);  dx0 = W dy
Gradients ResizeBilinearGrad(const GradientArgs& a) {
  SizeBuilder s(a.b);
  const Output size = s.Vector({s.Of(a.x[0], 1), s.Of(a.x[0], 2)});
  return {a.b.Op("ResizeBilinear", {a.dy[0], size}, Sampling(a.node())), a.b.ZerosLike(a.x[1])};
}

// y = max over the window of x + filter;  the gradient goes to the maximum of each window
Gradients Dilation2D(const GradientArgs& a) {
  const Attrs attrs = CopyAttrs(a.node(), {"strides", "rates", "padding"});
  return {a.b.Op("Dilation2DBackpropInput", {a.x[0], a.x[1], a.dy[0]}, attrs),
          a.b.Op("Dilation2DBackpropFilter", {a.x[0], a.x[1], a.dy[0]}, attrs)};
}

// Where along an axis of `length` pixels an image is read for a coordinate, as the kernel maps it.
Output MapCoordinate(GraphBuilder& b, const std::string& mode, Output x, Output length) {
  if (mode == "CONSTANT") return x;
  const Output zero = b.ScalarLike(x, 0), one = b.ScalarLike(x, 1);
  const Output last = b.Sub(length, one);
  if (mode == "REFLECT") {  // With the period 2 * length: 0 1 2 2 1 0.
    const Output period = b.Add(length, length);
    x = b.Op("FloorMod", {x, period});
    x = b.Select(b.GreaterEqual(x, length), b.Sub(b.Sub(period, x), one), x);
  } else if (mode == "WRAP") {
    const Output gaps = b.Op("Maximum", {last, one});
    const auto turns = [&](Output distance) {
      return b.Mul(length, b.Op("Floor", {b.Div(distance, gaps)}));
    };
    const Output from_below = b.Add(b.Add(x, turns(b.Neg(x))), length);
    const Output from_above = b.Sub(x, turns(x));
    x = b.Select(b.Less(x, zero), from_below, b.Select(b.Greater(x, last), from_above, x));
  }
  return b.Op("Minimum", {b.Op("Maximum", {x, zero}), last});
}

// y[n, i, j] = x[n] read at (u, v) = ((t0 j + t1 i + t2, t3 j + t4 i + t5) / k), k = t6 j + t7 i +
// 1, t = x1[n]: the nearest pixel, or a mean of the four around, W x in all; what lies outside, or
// has k = 0, is filled;  dx = W^T dy. (TensorFlow's own rule transforms dy by the inverse matrix
// instead: the same for a shift by whole pixels, something else in general.)
Gradients ImageProjectiveTransform(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const DType dtype = b.dtype(a.x[0]);
  if (!IsFloating(dtype)) return Gradients(a.x.size());
  SizeBuilder s(b);
  constexpr DType kFloat = DType::kFloat32;
  const auto whole = [&](Output x) { return b.Cast(x, DType::kInt32); };
  const Size batch = s.Of(a.x[0], 0), height = s.Of(a.x[0], 1), width = s.Of(a.x[0], 2);
  const Output rows = s.Scalar(height), columns = s.Scalar(width);
  const auto count_to = [&](Size size, const std::vector<std::int32_t>& shape) {
    const Output numbers =
        b.Range(b.Scalar(DType::kInt32, 0), s.Scalar(size), b.Scalar(DType::kInt32, 1));
    return b.Reshape(numbers, b.Int32s(shape));
  };
  const Output i = b.Cast(count_to(s.Of(a.y[0], 1), {-1, 1}), kFloat);
  const Output j = b.Cast(count_to(s.Of(a.y[0], 2), {1, -1}), kFloat);
  const Output first_pixel = b.Mul(count_to(batch, {-1, 1, 1}), b.Mul(rows, columns));

  // [batch or 1, 1, 1], the batch broadcast.
  const auto t = [&](int index) {
    const Output column = b.Slice(a.x[1], b.Int32s({0, index}), b.Int32s({-1, 1}));
    return b.ExpandDims(column, b.Scalar(DType::kInt32, -1));
  };
  const auto form = [&](int first) { return b.Add(b.Mul(t(first), j), b.Mul(t(first + 1), i)); };
  const Output one = b.Scalar(kFloat, 1), zero = b.Scalar(kFloat, 0);
  const Output k = b.Add(form(6), one);
  const auto mode = a.node().AttrOr<std::string>("fill_mode", "CONSTANT");
  const Output u = MapCoordinate(b, mode, b.Div(b.Add(form(0), t(2)), k), b.Cast(columns, kFloat));
  const Output v = MapCoordinate(b, mode, b.Div(b.Add(form(3), t(5)), k), b.Cast(rows, kFloat));
  const Output exists = b.NotEqual(k, zero);

  // The pixels that y reads: their numbers, -1 for none, and weights.
  const auto number = [&](Output row, Output column) {
    const auto within = [&](Output x, Output size) {
      return b.And(b.GreaterEqual(x, zero), b.Less(x, b.Cast(size, kFloat)));
    };
    const Output inside = b.And(exists, b.And(within(row, rows), within(column, columns)));
    // A coordinate far outside would not fit into an integer.
    const auto clamped = [&](Output x) { return whole(b.Select(inside, x, zero)); };
    const Output pixel = b.Add(b.Mul(clamped(row), columns), clamped(column));
    return b.Select(inside, b.Add(first_pixel, pixel), b.Scalar(DType::kInt32, -1));
  };
  const Output pixels = s.Scalar(s.Mul(batch, s.Mul(height, width)));
  const auto sums = [&](Output dy, Output numbers) {
    return b.Op("UnsortedSegmentSum", {dy, numbers, pixels});
  };
  Gradients dx(a.x.size());
  if (a.node().AttrOr<std::string>("interpolation", "NEAREST") == "NEAREST") {
    const auto round = [&](Output x) {  // Halves away from zero.
      const Output half = b.Scalar(kFloat, 0.5);
      return b.Mul(b.Sign(x), b.Op("Floor", {b.Add(b.Op("Abs", {x}), half)}));
    };
    dx[0] = b.ReshapeLike(sums(a.dy[0], number(round(v), round(u))), a.x[0]);
    return dx;
  }
  const Output top = b.Op("Floor", {v}), left = b.Op("Floor", {u});
  const Output down = b.Sub(v, top), right = b.Sub(u, left);
  std::vector<Output> parts;
  for (const bool below : {false, true}) {
    for (const bool beside : {false, true}) {
      const Output weight =
          b.Mul(below ? down : b.Sub(one, down), beside ? right : b.Sub(one, right));
      const Output numbers =
          number(below ? b.Add(top, one) : top, beside ? b.Add(left, one) : left);
      const Output by_channel = b.ExpandDims(b.Cast(weight, dtype), b.Scalar(DType::kInt32, -1));
      parts.push_back(sums(b.Mul(a.dy[0], by_channel), numbers));
    }
  }
  dx[0] = b.ReshapeLike(b.Op("AddN", parts), a.x[0]);
  return dx;
}

// --- Colours -------------------------------------------------------------------------------------

Output SumColours(GraphBuilder& b, Output x) { return b.Sum(x, b.Int32s({-1}), true); }

// 1 for the colour with this number, [...] -> [..., 3]
Output OneColour(GraphBuilder& b, Output number, DType dtype) {
  return b.Op("OneHot",
              {number, b.Scalar(DType::kInt32, 3), b.Scalar(dtype, 1), b.Scalar(dtype, 0)});
}

// The three parts of the last axis, each [..., 1].
std::vector<Output> Parts(GraphBuilder& b, Output x) {
  Node* split =
      b.OpNode("Split", {b.Scalar(DType::kInt32, -1), x}, {{"num_split", std::int64_t{3}}});
  return {{split, 0}, {split, 1}, {split, 2}};
}

// With M the brightest colour, m the darkest and d = M - m:  v = M,  s = d / M,
//   h = (p - q) / (6 d) + a constant, (p, q) = (g, b), (b, r), (r, g) for M = r, g, b;
//   dM = dv + ds * m / M^2 - dh * (p - q) / (6 d^2),  dm = -ds / M + dh * (p - q) / (6 d^2),
//   dp = -dq = dh / (6 d); all of it 0 where a quotient has no value. Ties as TensorFlow has them:
//   the
// first colour is the brightest, the last one the darkest.
Gradients RgbToHsv(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output x = a.x[0], axis = b.Scalar(DType::kInt32, -1), zero = b.ScalarLike(x, 0);
  const DType dtype = b.dtype(x);
  const auto quotient = [&](Output n, Output d) { return b.Op("DivNoNan", {n, d}); };
  const Output bright = OneColour(b, b.Op("ArgMax", {x, axis}), dtype);
  const Output from_last = b.Op("ArgMin", {b.Op("ReverseV2", {x, b.Int32s({-1})}), axis});
  const Output dark = OneColour(b, b.Sub(b.ScalarLike(from_last, 2), from_last), dtype);
  const auto roll = [&](int by) {
    return b.Op("Roll", {bright, b.Scalar(DType::kInt32, by), axis});
  };
  const Output p_and_q = b.Sub(roll(1), roll(2));

  const Output most = SumColours(b, b.Mul(x, bright)), least = SumColours(b, b.Mul(x, dark));
  const Output six_d = b.Mul(b.ScalarLike(x, 6), b.Sub(most, least));
  const std::vector<Output> dy = Parts(b, a.dy[0]);
  const Output dh = quotient(dy[0], six_d);
  const Output ds = b.Select(b.Greater(most, zero), quotient(dy[1], most), zero);
  const Output turn = quotient(b.Mul(dh, SumColours(b, b.Mul(x, p_and_q))), b.Sub(most, least));
  const Output d_bright = b.Sub(b.Add(dy[2], b.Mul(ds, quotient(least, most))), turn);
  const Output d_dark = b.Sub(turn, ds);
  return {b.Add(b.Add(b.Mul(bright, d_bright), b.Mul(dark, d_dark)), b.Mul(p_and_q, dh))};
}

// y_c = v * (1 - s + s * f_c),  f_c = o_c + e_c |6 h - m_c| within [0, 1];
//   dv = sum of dy_c * (1 - s + s * f_c),  ds = sum of dy_c * v * (f_c - 1),
//   dh = sum of dy_c * v * s * 6 e_c * sign(6 h - m_c) where 0 < f_c < 1
Gradients HsvToRgb(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const DType dtype = b.dtype(a.x[0]);
  const Output zero = b.Scalar(dtype, 0), one = b.Scalar(dtype, 1);
  const auto colours = [&](double r, double g, double blue) {
    return b.Op("Pack", {b.Scalar(dtype, r), b.Scalar(dtype, g), b.Scalar(dtype, blue)});
  };
  const std::vector<Output> x = Parts(b, a.x[0]);
  const Output h = x[0], s = x[1], v = x[2], e = colours(1, -1, -1);
  const Output from_middle = b.Sub(b.Mul(b.Scalar(dtype, 6), h), colours(3, 2, 4));
  const Output raw = b.Add(colours(-1, 2, 2), b.Mul(e, b.Op("Abs", {from_middle})));
  const Output f = b.Op("Minimum", {b.Op("Maximum", {raw, zero}), one});
  const Output slope = b.Mul(b.Mul(b.Scalar(dtype, 6), e), b.Sign(from_middle));
  const Output inside = b.And(b.Greater(raw, zero), b.Less(raw, one));

  const Output dy = a.dy[0], scaled = b.Mul(dy, v), below = b.Sub(f, one);
  const Output dv = SumColours(b, b.Mul(dy, b.Add(one, b.Mul(s, below))));
  const Output ds = SumColours(b, b.Mul(scaled, below));
  const Output dh = SumColours(b, b.Mul(scaled, b.Select(inside, b.Mul(s, slope), zero)));
  return {b.Concat({dh, ds, dv}, b.Scalar(DType::kInt32, -1))};
}

constexpr GradientRule kRules[] = {
    {"CropAndResize", CropAndResize},
    {"Dilation2D", Dilation2D},
    {"ExtractImagePatches", ExtractImagePatches},
    {"ExtractVolumePatches", ExtractVolumePatches},
    {"HSVToRGB", HsvToRgb},
    {"ImageProjectiveTransformV2", ImageProjectiveTransform},
    {"ImageProjectiveTransformV3", ImageProjectiveTransform},
    {"RGBToHSV", RgbToHsv},
    {"ResizeBicubic", ResizeBicubic},
    {"ResizeBilinear", ResizeBilinear},
    {"ResizeBilinearGrad", ResizeBilinearGrad},
    {"ResizeNearestNeighbor", ResizeNearestNeighbor},
    {"ScaleAndTranslate", ScaleAndTranslate},
};

}  // namespace

std::span<const GradientRule> ImageGradientRules() { return kRules; }

}  // namespace whylight
