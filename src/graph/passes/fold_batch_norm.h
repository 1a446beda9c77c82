// Takes batch normalisation, as it is at inference, into the weights before it.
#pragma once

#include "graph/passes/pass.h"

namespace whylight {

// A linear op (Conv2D, Conv3D, DepthwiseConv2dNative, their transposes, MatMul), followed by steps
// that each multiply or add a constant per output channel, is the linear op with other weights and
// one BiasAdd:
//   (L(x, W) + b) * s + t  =  L(x, W * s) + (b * s + t)
// Steps are Mul, RealDiv, Add, AddV2, Sub, BiasAdd and FusedBatchNorm (V2, V3) with
// is_training=false, so that FusedBatchNorm and the Mul/Rsqrt/Sub/AddV2 chains of Keras are one
// case; Squeeze (of Conv1D) may stand between them. Done where
// - at least one step multiplies by a vector, which is what a batch norm does;
// - W and the vectors are constant, or made of variables that nobody writes, and the number of
//   channels is known;
// - nobody else reads, fetches, feeds or awaits what lies between;
// - channels are the last axis, and the type is float32 or float64.
// W * s and b * s + t are nodes, for fold_constants to compute; the first is named
// `<linear op>/folded_weights`, so that whoever holds large weights as resources finds it.
class FoldBatchNorm : public Pass {
 public:
  std::string_view name() const override { return "fold_batch_norm"; }
  Result<bool> Run(Graph& graph, PassContext& context) override;
};

}  // namespace whylight
