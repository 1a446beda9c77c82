// Gradients of pooling. Each comment is the rule; the windows follow from the attributes, which
// the gradient op shares with the op itself.
#include "autodiff/ops/pooling.h"

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

constexpr GradientRule kRules[] = {
    {"AvgPool", AvgPool},
    {"AvgPool3D", AvgPool3D},
    {"FractionalAvgPool", FractionalAvgPool},
    {"FractionalMaxPool", FractionalMaxPool},
    {"MaxPool", MaxPool},
    {"MaxPool3D", MaxPool3D},
    {"MaxPoolV2", MaxPoolV2},
    {"MaxPoolWithArgmax", MaxPoolWithArgmax},
};

}  // namespace

std::span<const GradientRule> PoolingGradientRules() { return kRules; }

}  // namespace whylight
