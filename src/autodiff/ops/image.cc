// Gradients of resampling images. Each comment is the rule.
#include "autodiff/ops/image.h"

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

// y[n, i, j] = the pixels of x[n] in window (i, j), side by side. With the number of each pixel
// taken through the same op (0 in the padding),
//   dx[n, p] = sum of dy[n, i, j, q] over all (i, j, q) that hold pixel p
Gradients ExtractImagePatches(const GradientArgs& a) {
  SizeBuilder s(a.b);
  const Size batch = s.Of(a.x[0], 0), rows = s.Of(a.x[0], 1), columns = s.Of(a.x[0], 2);
  const Size channels = s.Of(a.x[0], 3), pixels = s.Mul(rows, columns);
  const Output one = a.b.Scalar(DType::kInt32, 1);
  const Output numbers = a.b.Range(one, a.b.Add(s.Scalar(pixels), one), one);
  const Output patches =
      a.b.Op("ExtractImagePatches", {a.b.Reshape(numbers, s.Vector({1, rows, columns, 1}))},
             CopyAttrs(a.node(), {"ksizes", "strides", "rates", "padding"}));
  const Output pixel = a.b.Sub(a.b.Reshape(patches, a.b.Int32s({-1})), one);  // -1: dropped.
  const Output count = a.b.Op("Size", {pixel});
  const Output dy = a.b.Transpose(a.b.Reshape(a.dy[0], s.Vector({batch, Size(count), channels})),
                                  a.b.Int32s({1, 0, 2}));
  const Output sums = a.b.Op("UnsortedSegmentSum", {dy, pixel, s.Scalar(pixels)});
  return {a.b.ReshapeLike(a.b.Transpose(sums, a.b.Int32s({1, 0, 2})), a.x[0])};
}

// y = max over the window of x + filter;  the gradient goes to the maximum of each window
Gradients Dilation2D(const GradientArgs& a) {
  const Attrs attrs = CopyAttrs(a.node(), {"strides", "rates", "padding"});
  return {a.b.Op("Dilation2DBackpropInput", {a.x[0], a.x[1], a.dy[0]}, attrs),
          a.b.Op("Dilation2DBackpropFilter", {a.x[0], a.x[1], a.dy[0]}, attrs)};
}

constexpr GradientRule kRules[] = {
    {"CropAndResize", CropAndResize},
    {"Dilation2D", Dilation2D},
    {"ExtractImagePatches", ExtractImagePatches},
    {"ResizeBicubic", ResizeBicubic},
    {"ResizeBilinear", ResizeBilinear},
    {"ResizeNearestNeighbor", ResizeNearestNeighbor},
    {"ScaleAndTranslate", ScaleAndTranslate},
};

}  // namespace

std::span<const GradientRule> ImageGradientRules() { return kRules; }

}  // namespace whylight
