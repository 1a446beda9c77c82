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

// The statistics are inputs, m and v:
//   y = (x - m) * scale * r + offset,  r = 1 / sqrt(v + epsilon), by channel
//   dx = dy * scale * r
//   dscale = sum(dy * (x - m)) * r,  doffset = sum(dy)
//   dm = -scale * r * sum(dy),  dv = -scale * r^2 / 2 * dscale
// Statistics are float32 also for a 16-bit x, and so is the arithmetic here.
Gradients InferenceBatchNorm(const GradientArgs& a) {
  const auto epsilon = static_cast<double>(a.node().AttrOr<float>("epsilon", 1e-4f));
  const auto format = a.node().AttrOr<std::string>("data_format", "NHWC");
  const bool channels_first = format == "NCHW" || format == "NCDHW";
  const int rank = static_cast<int>(format.size());
  std::vector<std::int32_t> others, column = {-1};  // All axes but the channels; [C, 1, ...].
  for (int axis = 0; axis < rank; ++axis) {
    if (axis != (channels_first ? 1 : rank - 1)) others.push_back(axis);
    if (axis >= 2) column.push_back(1);
  }
  const auto by_channel = [&](Output v) {
    return channels_first ? a.b.Reshape(v, a.b.Int32s(column)) : v;
  };

  const Output scale = a.x[1], mean = a.x[3], variance = a.x[4];
  const DType statistics = a.b.dtype(scale);
  const Output dy = a.b.Cast(a.dy[0], statistics);
  const Output centred = a.b.Sub(a.b.Cast(a.x[0], statistics), by_channel(mean));
  const Output r = a.b.Rsqrt(a.b.Add(variance, a.b.ScalarLike(variance, epsilon)));
  const Output k = a.b.Mul(scale, r);

  const Output dx = a.b.Mul(dy, by_channel(k));
  const Output doffset = a.b.Sum(dy, a.b.Int32s(others));
  const Output dscale = a.b.Mul(a.b.Sum(a.b.Mul(dy, centred), a.b.Int32s(others)), r);
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

// y = x / s^beta,  s = bias + alpha * sum of x^2 over the 2 * depth_radius + 1 channels around;
// dx = dy / s^beta - 2 * alpha * beta * x * sum of dy * y / s over the same channels
Gradients Lrn(const GradientArgs& a) {
  return {a.b.Op("LRNGrad", {a.dy[0], a.x[0], a.y[0]},
                 CopyAttrs(a.node(), {"depth_radius", "bias", "alpha", "beta"}))};
}

constexpr GradientRule kRules[] = {
    {"FusedBatchNorm", FusedBatchNorm},
    {"FusedBatchNormV2", FusedBatchNorm},
    {"FusedBatchNormV3", FusedBatchNorm},
    {"LRN", Lrn},
};

}  // namespace

std::span<const GradientRule> NormalizationGradientRules() { return kRules; }

}  // namespace whylight
