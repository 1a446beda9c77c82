// Gradients of fused normalisations. Each comment is the rule.
#include "autodiff/ops/normalization.h"

#include "autodiff/ops/terms.h"

namespace whylight {
namespace {

// The statistics are computed from x itself:
//   y = (x - mean(x)) * k + offset,  k = scale / sqrt(var(x) + epsilon), by channel;
//   dx = k * (dy - mean(dy) - (x - mean(x)) * mean(dy * (x - mean(x))) / (var(x) + epsilon))
// by the kernel that the forward op keeps its intermediate values for.
Gradients TrainingBatchNorm(const GradientArgs& a) {
  std::vector<Output> inputs = {a.dy[0], a.x[0], a.x[1], a.y[3], a.y[4]};
  std::string op = "FusedBatchNormGrad";
  if (a.node().Is("FusedBatchNormV2")) op = "FusedBatchNormGradV2";
  if (a.node().Is("FusedBatchNormV3")) {
    op = "FusedBatchNormGradV3";
    inputs.push_back(a.y[5]);
  }
  Attrs attrs = CopyAttrs(a.node(), {"epsilon", "data_format"});
  attrs["is_training"] = true;
  Node* grad = a.b.OpNode(op, inputs, std::move(attrs));
  return {Output{grad, 0}, Output{grad, 1}, Output{grad, 2}, std::nullopt, std::nullopt};
}

// Sums and values by channel, for a tensor of the node's data_format.
class Channels {
 public:
  Channels(GraphBuilder& b, const Node& node) : b_(b) {
    const auto format = node.AttrOr<std::string>("data_format", "NHWC");
    channels_first_ = format == "NCHW" || format == "NCDHW";
    const int rank = static_cast<int>(format.size());
    for (int axis = 0; axis < rank; ++axis) {
      if (axis != (channels_first_ ? 1 : rank - 1)) others_.push_back(axis);
      if (axis >= 2) column_.push_back(1);
    }
  }

  // [channels]
  Output Sum(Output x) { return b_.Sum(x, b_.Int32s(others_)); }
  Output Mean(Output x) { return b_.Op("Mean", {x, b_.Int32s(others_)}); }
  // [channels], to be broadcast over such a tensor.
  Output Spread(Output v) { return channels_first_ ? b_.Reshape(v, b_.Int32s(column_)) : v; }
  // How many elements a channel of x has.
  Output Count(Output x, Output channel) {
    return b_.Cast(b_.Div(b_.Size(x), b_.Size(channel)), b_.dtype(channel));
  }

 private:
  GraphBuilder& b_;
  bool channels_first_ = false;
  std::vector<std::int32_t> others_, column_ = {-1};  // All axes but the channels; [C, 1, ...].
};

Output PlusEpsilon(const GradientArgs& a, Output variance) {
  const auto epsilon = static_cast<double>(a.node().AttrOr<float>("epsilon", 1e-4f));
  return a.b.Add(variance, a.b.ScalarLike(variance, epsilon));
}

// The statistics are inputs, m and v:
//   y = (x - m) * scale * r + offset,  r = 1 / sqrt(v + epsilon), by channel
//   dx = dy * scale * r
//   dscale = sum(dy * (x - m)) * r,  doffset = sum(dy)
//   dm = -scale * r * sum(dy),  dv = -scale * r^2 / 2 * dscale
// Statistics are float32 also for a 16-bit x, and so is the arithmetic here.
Gradients InferenceBatchNorm(const GradientArgs& a) {
  Channels c(a.b, a.node());
  const Output scale = a.x[1], mean = a.x[3], variance = a.x[4];
  const DType statistics = a.b.dtype(scale);
  const Output dy = a.b.Cast(a.dy[0], statistics);
  const Output centred = a.b.Sub(a.b.Cast(a.x[0], statistics), c.Spread(mean));
  const Output r = a.b.Rsqrt(PlusEpsilon(a, variance));
  const Output k = a.b.Mul(scale, r);

  const Output dx = a.b.Mul(dy, c.Spread(k));
  const Output doffset = c.Sum(dy);
  const Output dscale = a.b.Mul(c.Sum(a.b.Mul(dy, centred)), r);
  const Output dmean = a.b.Neg(a.b.Mul(k, doffset));
  const Output dvariance = a.b.Mul(a.b.Mul(a.b.Mul(k, r), a.b.ScalarLike(r, -0.5)), dscale);
  return {a.b.Cast(dx, a.b.dtype(a.x[0])), dscale, doffset, dmean, dvariance};
}

Gradients FusedBatchNorm(const GradientArgs& a) {
  // The other outputs are there to update moving averages.
  for (const Output dy : a.dy.subspan(1)) {
    if (IsZeros(dy)) continue;
    a.b.Fail(Unimplemented(a.node().op + " '" + a.node().name +
                           "': no gradient is known for its outputs behind the first"));
    return Gradients(a.x.size());
  }
  return a.node().AttrOr<bool>("is_training", true) ? TrainingBatchNorm(a) : InferenceBatchNorm(a);
}

// --- The gradient of a batch norm, as an op of a model -------------------------------------------

// Its inputs g (of dy's shape), x, w (scale), the statistics; its outputs gx, gw and gb, with the
// cotangents dgx, dgw and dgb. By channel, with m for the mean over it and n elements:
//   h = (x - m(x)) * r,  r = 1 / sqrt(var(x) + epsilon),  P(v) = v - m(v) - h * m(v * h)
//   gx = w * r * P(g),  gw = sum(g * h),  gb = sum(g)
// P is symmetric, and dh = r * P(dx), dr = -r^2 / n * sum(h * dx), so with S = sum(dgx * P(g))
//   dg = w * r * P(dgx) + dgw * h + dgb,  dw = r * S
//   dx = r * (dgw - w * r * m(dgx * h)) * P(g) - w * r^2 * (m(g * h) * P(dgx) + h * S / n)
Gradients TrainingBatchNormGrad(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  Channels c(b, a.node());
  const Output w = a.x[2], dgb = a.dy[2], dgw = a.dy[1];
  const DType statistics = b.dtype(w);
  const auto wide = [&](Output v) { return b.Cast(v, statistics); };
  const Output g = wide(a.x[0]), dgx = wide(a.dy[0]), x = wide(a.x[1]);
  const Output centred = b.Sub(x, c.Spread(c.Mean(x)));
  const Output r = b.Rsqrt(PlusEpsilon(a, c.Mean(b.Square(centred))));
  const Output h = b.Mul(centred, c.Spread(r));
  const auto along_h = [&](Output v) { return c.Mean(b.Mul(v, h)); };
  const auto project = [&](Output v, Output mean_along_h) {
    return b.Sub(b.Sub(v, c.Spread(c.Mean(v))), b.Mul(h, c.Spread(mean_along_h)));
  };
  const Output a_h = along_h(dgx), g_h = along_h(g);
  const Output of_a = project(dgx, a_h), of_g = project(g, g_h);
  const Output s = c.Sum(b.Mul(dgx, of_g)), k = b.Mul(w, r);

  const Output dg = b.Add(b.Add(b.Mul(c.Spread(k), of_a), b.Mul(c.Spread(dgw), h)), c.Spread(dgb));
  const Output along_g = b.Mul(r, b.Sub(dgw, b.Mul(k, a_h)));
  const Output along_a = b.Mul(b.Mul(k, r), g_h);
  const Output along_x = b.Div(b.Mul(b.Mul(k, r), s), c.Count(x, w));
  const Output dx = b.Sub(b.Sub(b.Mul(c.Spread(along_g), of_g), b.Mul(c.Spread(along_a), of_a)),
                          b.Mul(c.Spread(along_x), h));
  Gradients gradients(a.x.size());
  gradients[0] = b.Cast(dg, b.dtype(a.x[0]));
  gradients[1] = b.Cast(dx, b.dtype(a.x[1]));
  gradients[2] = b.Mul(r, s);
  return gradients;
}

// With statistics m and v that are inputs, r = 1 / sqrt(v + epsilon):
//   gx = g * w * r,  gw = sum(g * (x - m) * r),  gb = sum(g)
//   dg = (dgx * w + dgw * (x - m)) * r + dgb,  dx = dgw * g * r,  dw = sum(dgx * g * r)
Gradients InferenceBatchNormGrad(const GradientArgs& a) {
  GraphBuilder& b = a.b;
  Channels c(b, a.node());
  const Output w = a.x[2], mean = a.x[3], dgb = a.dy[2], dgw = a.dy[1];
  const DType statistics = b.dtype(w);
  const auto wide = [&](Output v) { return b.Cast(v, statistics); };
  const Output g = wide(a.x[0]), dgx = wide(a.dy[0]);
  const Output r = b.Rsqrt(PlusEpsilon(a, a.x[4])), b_r = b.Mul(dgw, r);
  const Output centred = b.Sub(wide(a.x[1]), c.Spread(mean));
  const Output dg =
      b.Add(b.Add(b.Mul(dgx, c.Spread(b.Mul(w, r))), b.Mul(c.Spread(b_r), centred)), c.Spread(dgb));
  Gradients gradients(a.x.size());
  gradients[0] = b.Cast(dg, b.dtype(a.x[0]));
  gradients[1] = b.Cast(b.Mul(g, c.Spread(b_r)), b.dtype(a.x[1]));
  gradients[2] = b.Mul(c.Sum(b.Mul(dgx, g)), r);
  return gradients;
}

Gradients FusedBatchNormGrad(const GradientArgs& a) {
  return a.node().AttrOr<bool>("is_training", true) ? TrainingBatchNormGrad(a)
                                                    : InferenceBatchNormGrad(a);
}

// y = x / s^beta,  s = bias + alpha * sum of x^2 over the 2 * depth_radius + 1 channels around;
// dx = dy / s^beta - 2 * alpha * beta * x * sum of dy * y / s over the same channels
Gradients Lrn(const GradientArgs& a) {
  return {a.b.Op("LRNGrad", {a.dy[0], a.x[0], a.y[0]},
                 CopyAttrs(a.node(), {"depth_radius", "bias", "alpha", "beta"}))};
}

constexpr GradientRule kRules[] = {
    {"FusedBatchNorm", FusedBatchNorm},
    {"FusedBatchNormGrad", FusedBatchNormGrad},
    {"FusedBatchNormGradV2", FusedBatchNormGrad},
    {"FusedBatchNormGradV3", FusedBatchNormGrad},
    {"FusedBatchNormV2", FusedBatchNorm},
    {"FusedBatchNormV3", FusedBatchNorm},
    {"LRN", Lrn},
};

}  // namespace

std::span<const GradientRule> NormalizationGradientRules() { return kRules; }

}  // namespace whylight
