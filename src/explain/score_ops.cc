#include "explain/score_ops.h"

namespace whylight {

Output Placeholder(GraphBuilder& b, DType dtype, Shape shape) {
  return b.Op("Placeholder", {}, {{"dtype", dtype}, {"shape", std::move(shape)}});
}

Output ScoresOf(GraphBuilder& b, Output output, Output targets) {
  const Output flat = b.Reshape(output, b.Int32s({-1}));
  const Output rows = b.Cast(b.Size(targets), DType::kInt64);
  const Output row_size = b.Op("FloorDiv", {b.Cast(b.Size(flat), DType::kInt64), rows});
  const Output zero = b.Scalar(DType::kInt64, 0), one = b.Scalar(DType::kInt64, 1);
  const Output starts = b.Mul(b.Range(zero, rows, one), row_size);
  return b.Gather(flat, b.Add(starts, targets));
}

Output WithShapeOf(Output output, Output like) {
  const auto index = static_cast<std::size_t>(like.index);
  if (index < like.node->shapes.size()) output.node->shapes = {like.node->shapes[index]};
  return output;
}

}  // namespace whylight
