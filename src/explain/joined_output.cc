#include "explain/joined_output.h"

#include <algorithm>

#include "graph/builder.h"

namespace whylight {

Result<Output> JoinOutputs(Program& program, const std::vector<Output>& outputs) {
  if (outputs.size() == 1) return outputs[0];
  GraphBuilder b(program.graph, "whylight/joined");
  const bool is_wide = std::ranges::any_of(
      outputs, [&](Output output) { return b.dtype(output) == DType::kFloat64; });
  const bool rows = program.layout.kind != RowLayout::Kind::kNone;
  std::vector<Output> flat;
  for (const Output output : outputs) {
    const Output scores = b.Cast(output, is_wide ? DType::kFloat64 : DType::kFloat32);
    Output shape = b.Int32s({-1});
    if (rows) {
      const Output count = b.Slice(b.ShapeOf(scores), b.Int32s({0}), b.Int32s({1}));
      shape = b.Concat({count, shape}, b.Scalar(DType::kInt32, 0));
    }
    flat.push_back(b.Reshape(scores, shape));
  }
  const Output joined = b.Concat(flat, b.Scalar(DType::kInt32, rows ? 1 : 0));
  WHYLIGHT_RETURN_IF_ERROR(b.status());
  return joined;
}

}  // namespace whylight
