#include "autodiff/ops/terms.h"

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

bool IsZeros(Output dy) { return dy.node == nullptr || dy.node->Is("ZerosLike"); }

}  // namespace whylight
