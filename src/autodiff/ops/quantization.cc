// Gradients of simulated quantisation: rounding passes its gradient straight through wherever the
// value is not clipped. Its true derivative is zero almost everywhere and explains nothing.
#include "autodiff/ops/quantization.h"

#include "autodiff/ops/terms.h"

namespace whylight {
namespace {

// dx = dy; the range and the number of bits count as constants
Gradients StraightThrough(const GradientArgs& a) {
  Gradients dx = {a.dy[0]};
  for (const Output x : a.x.subspan(1)) {
    dx.push_back(IsFloating(a.b.dtype(x)) ? std::optional(a.b.ZerosLike(x)) : std::nullopt);
  }
  return dx;
}

// dx = dy where min <= x <= max; dmin, dmax = sum of dy below and above
Gradients QuantizeAndDequantizeV4(const GradientArgs& a) {
  Node* grad = a.b.OpNode("QuantizeAndDequantizeV4Grad", {a.dy[0], a.x[0], a.x[1], a.x[2]},
                          CopyAttrs(a.node(), {"axis"}));
  return {Output{grad, 0}, Output{grad, 1}, Output{grad, 2}};
}

// y0 = x0 where min <= x1 <= max, y1, y2 = sum of x0 below and above (QuantizeAndDequantizeV4Grad),
// all linear in x0;  dx0 = dy0 inside, dy1 below, dy2 above
Gradients QuantizeAndDequantizeV4Grad(const GradientArgs& a) {
  if (a.node().AttrOr<std::int64_t>("axis", -1) != -1) {
    a.b.Fail(Unimplemented(a.node().op + " '" + a.node().name + "' has no gradient along an axis"));
    return Gradients(4);
  }
  GraphBuilder& b = a.b;
  const Output above = b.Select(b.Greater(a.x[1], a.x[3]), a.dy[2], a.dy[0]);
  const Output dx0 = b.Select(b.Less(a.x[1], a.x[2]), a.dy[1], above);
  return {dx0, b.ZerosLike(a.x[1]), std::nullopt, std::nullopt};
}

Attrs Steps(const Node& node) {
  return CopyAttrs(node, {"min", "max", "num_bits", "narrow_range"});
}

// dx = dy where x lies within the attributes min and max
Gradients FakeQuantArgs(const GradientArgs& a) {
  return {a.b.Op("FakeQuantWithMinMaxArgsGradient", {a.dy[0], a.x[0]}, Steps(a.node()))};
}

// dx = dy where min <= x <= max; dmin, dmax = sum of dy below and above
Gradients FakeQuantVars(const GradientArgs& a) {
  Node* grad =
      a.b.OpNode(a.node().op + "Gradient", {a.dy[0], a.x[0], a.x[1], a.x[2]}, Steps(a.node()));
  return {Output{grad, 0}, Output{grad, 1}, Output{grad, 2}};
}

constexpr GradientRule kRules[] = {
    {"FakeQuantWithMinMaxArgs", FakeQuantArgs},
    {"FakeQuantWithMinMaxVars", FakeQuantVars},
    {"FakeQuantWithMinMaxVarsPerChannel", FakeQuantVars},
    {"QuantizeAndDequantize", StraightThrough},
    {"QuantizeAndDequantizeV2", StraightThrough},
    {"QuantizeAndDequantizeV3", StraightThrough},
    {"QuantizeAndDequantizeV4", QuantizeAndDequantizeV4},
    {"QuantizeAndDequantizeV4Grad", QuantizeAndDequantizeV4Grad},
};

}  // namespace

std::span<const GradientRule> QuantizationGradientRules() { return kRules; }

}  // namespace whylight
