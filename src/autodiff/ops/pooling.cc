// Gradients of pooling. Each comment is the rule; the windows follow from the attributes, which
// the gradient op shares with the op itself.
#include "autodiff/ops/pooling.h"

#include <string>
#include <utility>

#include "autodiff/ops/terms.h"

namespace whylight {
namespace {

Attrs Windows(const Node& node) {
  return CopyAttrs(node, {"ksize", "strides", "padding", "explicit_paddings", "data_format"});
}

// y = max over each window;  dx = dy at the first element that equals it
Gradients MaxPool(const GradientArgs& a) {
  return {a.b.Op("MaxPoolGrad", {a.x[0], a.y[0], a.dy[0]}, Windows(a.node()))};
}

// The same with ksize and strides as inputs.
Gradients MaxPoolV2(const GradientArgs& a) {
  const Output dx = a.b.Op("MaxPoolGradV2", {a.x[0], a.y[0], a.dy[0], a.x[1], a.x[2]},
                           CopyAttrs(a.node(), {"padding", "data_format"}));
  return {dx, std::nullopt, std::nullopt};
}

// The same; y1 holds the places of the maxima.
Gradients MaxPoolWithArgmax(const GradientArgs& a) {
  return {a.b.Op("MaxPoolGradWithArgmax", {a.x[0], a.dy[0], a.y[1]},
                 CopyAttrs(a.node(), {"ksize", "strides", "padding", "include_batch_in_index"}))};
}

Gradients MaxPool3D(const GradientArgs& a) {
  return {a.b.Op("MaxPool3DGrad", {a.x[0], a.y[0], a.dy[0]}, Windows(a.node()))};
}

// y = mean over the elements of each window that lie inside x;  dx = sum of dy / count over the
// windows that an element is in
Gradients AvgPool(const GradientArgs& a) {
  return {a.b.Op("AvgPoolGrad", {a.b.ShapeOf(a.x[0]), a.dy[0]}, Windows(a.node()))};
}

Gradients AvgPool3D(const GradientArgs& a) {
  return {a.b.Op("AvgPool3DGrad", {a.b.ShapeOf(a.x[0]), a.dy[0]}, Windows(a.node()))};
}

// y[i, j] = max over the window between row_seq[i], row_seq[i + 1] and col_seq[j], col_seq[j + 1];
// dx = dy at the maxima
Gradients FractionalMaxPool(const GradientArgs& a) {
  return {a.b.Op("FractionalMaxPoolGrad", {a.x[0], a.y[0], a.dy[0], a.y[1], a.y[2]},
                 CopyAttrs(a.node(), {"overlapping"}))};
}

// The mean over the same windows;  dx = sum of dy / count
Gradients FractionalAvgPool(const GradientArgs& a) {
  return {a.b.Op("FractionalAvgPoolGrad",
                 {a.b.ShapeOf(a.x[0], DType::kInt64), a.dy[0], a.y[1], a.y[2]},
                 CopyAttrs(a.node(), {"overlapping"}))};
}

// --- The gradients of pooling, as ops of a model -------------------------------------------------

// y = sum of x1 / count over the windows that an element is in (AvgPoolGrad);  dx1 = mean of dy
// over each window
Gradients AvgPoolGrad(const GradientArgs& a) {
  const std::string op = a.node().Is("AvgPool3DGrad") ? "AvgPool3D" : "AvgPool";
  return {std::nullopt, a.b.Op(op, {a.dy[0]}, Windows(a.node()))};
}

// The gradients of an op that only moves x2, from or to the maxima of x0, which x1 holds: constant
// in x0 and x1.
Gradients Moved(const GradientArgs& a, Output dx2) {
  Gradients dx(a.x.size());
  dx[0] = a.b.ZerosLike(a.x[0]);
  dx[1] = a.b.ZerosLike(a.x[1]);
  dx[2] = dx2;
  return dx;
}

// y = x2 at the maximum of each window (MaxPoolGrad);  dx2 = dy at those maxima. The kernel of
// MaxPoolGradGrad has no explicit paddings.
Gradients MaxPoolGrad(const GradientArgs& a) {
  if (a.node().AttrOr<std::string>("padding", "") == "EXPLICIT") {
    a.b.Fail(Unimplemented(a.node().op + " '" + a.node().name +
                           "' has no gradient with explicit paddings"));
  }
  Attrs attrs = Windows(a.node());
  attrs.erase("explicit_paddings");
  return Moved(a, a.b.Op(a.node().op + "Grad", {a.x[0], a.x[1], a.dy[0]}, std::move(attrs)));
}

// The same with ksize and strides as inputs.
Gradients MaxPoolGradV2(const GradientArgs& a) {
  return Moved(a, a.b.Op("MaxPoolGradGradV2", {a.x[0], a.x[1], a.dy[0], a.x[3], a.x[4]},
                         CopyAttrs(a.node(), {"padding", "data_format"})));
}

// y = the elements of x2 at the maxima (MaxPoolGradGrad);  dx2 = dy, moved back
Gradients MaxPoolGradGrad(const GradientArgs& a) {
  const std::string op = a.node().op.substr(0, a.node().op.size() - 4);
  return Moved(a, a.b.Op(op, {a.x[0], a.x[1], a.dy[0]}, Windows(a.node())));
}

// The same with ksize and strides as inputs.
Gradients MaxPoolGradGradV2(const GradientArgs& a) {
  return Moved(a, a.b.Op("MaxPoolGradV2", {a.x[0], a.x[1], a.dy[0], a.x[3], a.x[4]},
                         CopyAttrs(a.node(), {"padding", "data_format"})));
}

constexpr GradientRule kRules[] = {
    {"AvgPool", AvgPool},
    {"AvgPool3D", AvgPool3D},
    {"AvgPool3DGrad", AvgPoolGrad},
    {"AvgPoolGrad", AvgPoolGrad},
    {"FractionalAvgPool", FractionalAvgPool},
    {"FractionalMaxPool", FractionalMaxPool},
    {"MaxPool", MaxPool},
    {"MaxPool3D", MaxPool3D},
    {"MaxPool3DGrad", MaxPoolGrad},
    {"MaxPool3DGradGrad", MaxPoolGradGrad},
    {"MaxPoolGrad", MaxPoolGrad},
    {"MaxPoolGradGrad", MaxPoolGradGrad},
    {"MaxPoolGradGradV2", MaxPoolGradGradV2},
    {"MaxPoolGradV2", MaxPoolGradV2},
    {"MaxPoolV2", MaxPoolV2},
    {"MaxPoolWithArgmax", MaxPoolWithArgmax},
};

}  // namespace

std::span<const GradientRule> PoolingGradientRules() { return kRules; }

}  // namespace whylight
