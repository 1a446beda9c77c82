// Gradients of activations, biases, softmax and losses. Each comment is the rule.
#include "autodiff/ops/nn.h"

#include "autodiff/ops/terms.h"
#include "autodiff/ops/zero.h"

namespace whylight {
namespace {

// y = x + bias along the channels;  dx = dy, dbias = sum of dy over all other axes
Gradients BiasAdd(const GradientArgs& a) {
  return {a.dy[0], a.b.Op("BiasAddGrad", {a.dy[0]}, CopyAttrs(a.node(), {"data_format"}))};
}

// y = sum of x over all axes but the channels, [C];  dx = dy broadcast over x
Gradients BiasAddGrad(const GradientArgs& a) {
  const auto format = a.node().AttrOr<std::string>("data_format", "NHWC");
  Output dy = a.dy[0];
  if (format == "NCHW") {
    const int trailing = a.b.shape(a.x[0]).has_rank() ? a.b.shape(a.x[0]).rank() - 2 : 2;
    std::vector<std::int32_t> column(static_cast<std::size_t>(trailing) + 1, 1);
    column[0] = -1;
    dy = a.b.Reshape(dy, a.b.Int32s(column));
  }
  return {a.b.BroadcastTo(dy, a.b.ShapeOf(a.x[0]))};
}

// y = max(x, 0);  dx = dy where y > 0
Gradients Relu(const GradientArgs& a) { return {a.b.Op("ReluGrad", {a.dy[0], a.y[0]})}; }

// y = min(max(x, 0), 6);  dx = dy where 0 < y < 6
Gradients Relu6(const GradientArgs& a) { return {a.b.Op("Relu6Grad", {a.dy[0], a.y[0]})}; }

// y = x where x > 0, alpha * x elsewhere;  dx = dy, alpha * dy
Gradients LeakyRelu(const GradientArgs& a) {
  return {a.b.Op("LeakyReluGrad", {a.dy[0], a.x[0]}, CopyAttrs(a.node(), {"alpha"}))};
}

// y = x where x > 0, exp(x) - 1 elsewhere;  dx = dy, dy * (y + 1)
Gradients Elu(const GradientArgs& a) { return {a.b.Op("EluGrad", {a.dy[0], a.y[0]})}; }

// y = scale * (x where x > 0, alpha * (exp(x) - 1) elsewhere);
// dx = dy * scale, dy * (y + scale * alpha)
Gradients Selu(const GradientArgs& a) { return {a.b.Op("SeluGrad", {a.dy[0], a.y[0]})}; }

// y = log(1 + exp(x));  dx = dy * sigmoid(x)
Gradients Softplus(const GradientArgs& a) { return {a.b.Op("SoftplusGrad", {a.dy[0], a.x[0]})}; }

// y = x / (1 + |x|);  dx = dy / (1 + |x|)^2
Gradients Softsign(const GradientArgs& a) { return {a.b.Op("SoftsignGrad", {a.dy[0], a.x[0]})}; }

// y = x0 where x1 > 0 (the derivative of a ReLU, as an op of the model);
// dx0 = dy where x1 > 0, dx1 = 0: piecewise constant in it
Gradients ReluGrad(const GradientArgs& a) {
  return {a.b.Op(a.node().op, {a.dy[0], a.x[1]}, CopyAttrs(a.node(), {"alpha"})),
          a.b.ZerosLike(a.x[1])};
}

// y = x0 where x1 > 0, x0 * (x1 + c) elsewhere (EluGrad, SeluGrad: x1 is the activation, c and the
// factor of the other branch follow from the op);  dx0 = the same of dy, dx1 = dy * x0 where x1 < 0
Gradients EluGrad(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output zero = b.ScalarLike(a.x[1], 0);
  return {b.Op(a.node().op, {a.dy[0], a.x[1]}),
          b.Select(b.Less(a.x[1], zero), b.Mul(a.dy[0], a.x[0]), zero)};
}

// y = x0 * s, s = sigmoid(x1) (SoftplusGrad);  dx0 = dy * s, dx1 = dy * x0 * s * (1 - s)
Gradients SoftplusGrad(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output product = b.Mul(a.dy[0], a.x[0]);
  return {b.Op("SoftplusGrad", {a.dy[0], a.x[1]}),
          b.Op("SigmoidGrad", {b.Sigmoid(a.x[1]), product})};
}

// y = x0 / d^2, d = 1 + |x1| (SoftsignGrad);  dx0 = dy / d^2, dx1 = -2 * dy * x0 * sign(x1) / d^3
Gradients SoftsignGrad(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  const Output d = b.Add(b.Op("Abs", {a.x[1]}), b.ScalarLike(a.x[1], 1));
  const Output slope = b.Div(b.Mul(b.ScalarLike(d, -2), b.Sign(a.x[1])), d);
  return {b.Op("SoftsignGrad", {a.dy[0], a.x[1]}), b.Mul(b.Mul(a.dy[0], slope), a.y[0])};
}

Output SumLast(GraphBuilder& b, Output x) { return b.Sum(x, b.Int32s({-1}), true); }

// d = (v - sum(v * p)) * p: the derivative of p = softmax along the last axis, applied to v.
Output SoftmaxGradient(GraphBuilder& b, Output v, Output p) {
  return b.Mul(b.Sub(v, SumLast(b, b.Mul(v, p))), p);
}

// y = exp(x) / sum(exp(x));  dx = (dy - sum(dy * y)) * y
Gradients Softmax(const GradientArgs& a) { return {SoftmaxGradient(a.b, a.dy[0], a.y[0])}; }

// y = x - log(sum(exp(x)));  dx = dy - exp(y) * sum(dy)
Gradients LogSoftmax(const GradientArgs& a) {
  return {a.b.Sub(a.dy[0], a.b.Mul(a.b.Exp(a.y[0]), SumLast(a.b, a.dy[0])))};
}

// d loss / d logits, for both outputs of a cross entropy, [rows] and [rows, classes]:
//   dy0 * y1 + (dy1 - sum(dy1 * p)) * p,  p = softmax(logits)
Output LogitsGradient(const GradientArgs& a, Output dy0) {
  const Output d = a.b.Mul(dy0, a.y[1]);
  if (IsZeros(a.dy[1])) return d;
  return a.b.Add(d, SoftmaxGradient(a.b, a.dy[1], a.b.Op("Softmax", {a.x[0]})));
}

// y0 = -sum(x1 * log softmax(x0)), y1 = softmax(x0) - x1, where each row of x1 sums to 1;
//   dx0 as above,  dx1 = -dy0 * log softmax(x0) - dy1
// Logits and labels broadcast against each other.
Gradients SoftmaxCrossEntropy(const GradientArgs& a) {
  const Output dy0 = a.b.ExpandDims(a.dy[0], a.b.Scalar(DType::kInt32, -1));
  Output dx1 = a.b.Mul(dy0, a.b.Op("LogSoftmax", {a.x[0]}));
  if (!IsZeros(a.dy[1])) dx1 = a.b.Add(dx1, a.dy[1]);
  return {a.b.SumTo(LogitsGradient(a, dy0), a.x[0]), a.b.SumTo(a.b.Neg(dx1), a.x[1])};
}

// The same with the classes' numbers as labels.
Gradients SparseSoftmaxCrossEntropy(const GradientArgs& a) {
  const Output dy0 = a.b.ExpandDims(a.dy[0], a.b.Scalar(DType::kInt32, -1));
  return {LogitsGradient(a, dy0), std::nullopt};
}

constexpr GradientRule kRules[] = {
    {"BiasAdd", BiasAdd},
    {"BiasAddGrad", BiasAddGrad},
    {"BiasAddV1", BiasAdd},
    {"Elu", Elu},
    {"EluGrad", EluGrad},
    {"InTopK", ZeroGradient, true},
    {"InTopKV2", ZeroGradient, true},
    {"LeakyRelu", LeakyRelu},
    {"LeakyReluGrad", ReluGrad},
    {"LogSoftmax", LogSoftmax},
    {"Relu", Relu},
    {"Relu6", Relu6},
    {"Relu6Grad", ReluGrad},
    {"ReluGrad", ReluGrad},
    {"Selu", Selu},
    {"SeluGrad", EluGrad},
    {"Softmax", Softmax},
    {"SoftmaxCrossEntropyWithLogits", SoftmaxCrossEntropy},
    {"Softplus", Softplus},
    {"SoftplusGrad", SoftplusGrad},
    {"Softsign", Softsign},
    {"SoftsignGrad", SoftsignGrad},
    {"SparseSoftmaxCrossEntropyWithLogits", SparseSoftmaxCrossEntropy},
};

}  // namespace

std::span<const GradientRule> NnGradientRules() { return kRules; }

}  // namespace whylight
