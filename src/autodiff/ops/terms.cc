#include "autodiff/ops/terms.h"

#include "autodiff/ops/sizes.h"

namespace whylight {

Attrs CopyAttrs(const Node& node, std::initializer_list<const char*> names) {
  Attrs attrs;
  for (const char* name : names) {
    const auto found = node.attrs.find(name);
    if (found != node.attrs.end()) attrs.insert(*found);
  }
  return attrs;
}

Output SumAll(GraphBuilder& b, Output x) {
  return b.Sum(b.Reshape(x, b.Int32s({-1})), b.Int32s({0}));
}

Output RowCount(GraphBuilder& b, Output x) {
  SizeBuilder s(b);
  return s.Scalar(s.Of(x, 0));
}

Output RowNumbers(GraphBuilder& b, Output x) {
  return b.Range(b.Scalar(DType::kInt32, 0), RowCount(b, x), b.Scalar(DType::kInt32, 1));
}

Output RealOf(GraphBuilder& b, Output x) {
  const DType dtype = b.dtype(x);
  if (!IsComplex(dtype)) return x;
  const DType part = dtype == DType::kComplex128 ? DType::kFloat64 : DType::kFloat32;
  return b.Cast(b.Op("Real", {x}, {{"Tout", part}}), dtype);
}

bool IsZeros(Output dy) { return dy.node == nullptr || dy.node->Is("ZerosLike"); }

}  // namespace whylight
