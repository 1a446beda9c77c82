#include "graph/flops.h"

#include <algorithm>

namespace whylight {
namespace {

double Size(std::int64_t dim) { return static_cast<double>(std::max<std::int64_t>(dim, 1)); }

double Elements(const Shape& shape) {
  if (!shape.has_rank()) return 0;
  if (std::ranges::count(shape.dims(), 0) > 0) return 0;
  double elements = 1;
  for (const std::int64_t dim : shape.dims()) elements *= Size(dim);
  return elements;
}

Shape ShapeOf(Output output) {
  const auto index = static_cast<std::size_t>(output.index);
  const std::vector<Shape>& shapes = output.node->shapes;
  return index < shapes.size() ? shapes[index] : Shape::UnknownRank();
}

double Last(const Shape& shape) {
  return shape.rank() == 0 ? 1 : Size(shape.dim(shape.rank() - 1));
}

// Of the axes that are summed over in "ab,bc->ac".
double SummedOver(const std::string& equation, const Node& node) {
  const std::size_t arrow = equation.find("->");
  if (arrow == std::string::npos) return 1;
  const std::string to = equation.substr(arrow + 2);
  double size = 1;
  std::string seen;
  std::size_t input = 0;
  int axis = 0;
  for (const char label : equation.substr(0, arrow)) {
    if (label == ',') {
      ++input;
      axis = 0;
      continue;
    }
    if (label == '.') return size;  // An ellipsis: the axes behind it are not counted.
    const Shape shape = input < node.inputs.size() ? ShapeOf(node.inputs[input]) : Shape();
    if (to.find(label) == std::string::npos && seen.find(label) == std::string::npos &&
        shape.has_rank() && axis < shape.rank()) {
      size *= Size(shape.dim(axis));
    }
    seen += label;
    ++axis;
  }
  return size;
}

}  // namespace

double FlopsOf(const Node& node) {
  const Shape result = node.shapes.empty() ? Shape::UnknownRank() : node.shapes[0];
  const auto input = [&](std::size_t i) {
    return i < node.inputs.size() ? ShapeOf(node.inputs[i]) : Shape::UnknownRank();
  };
  if (!result.has_rank()) return 0;
  if (node.Is("MatMul") || node.op.starts_with("BatchMatMul")) {
    const Shape a = input(0);
    if (!a.has_rank() || a.rank() < 2) return 0;
    const bool turned = node.AttrOr(node.Is("MatMul") ? "transpose_a" : "adj_x", false);
    return 2 * Elements(result) * Size(a.dim(a.rank() - (turned ? 2 : 1)));
  }
  if (node.Is("Einsum")) {
    return 2 * Elements(result) * SummedOver(node.AttrOr("equation", std::string()), node);
  }
  if (node.Is("Conv2D") || node.Is("Conv3D")) {
    return input(1).has_rank() ? 2 * Elements(result) * Elements(input(1)) / Last(input(1)) : 0;
  }
  if (node.op.ends_with("BackpropInput")) {
    return input(1).has_rank() ? 2 * Elements(input(2)) * Elements(input(1)) / Last(input(1)) : 0;
  }
  if (node.op.ends_with("BackpropFilter")) {
    return 2 * Elements(input(2)) * Elements(result) / Last(result);
  }
  if (node.Is("DepthwiseConv2dNative")) {
    const Shape filter = input(1);
    if (!filter.has_rank() || filter.rank() < 2) return 0;
    return 2 * Elements(result) * Size(filter.dim(0)) * Size(filter.dim(1));
  }
  return Elements(result);
}

double ElementsOfRow(const Graph& graph, Output output) {
  return Elements(graph.OutputShape(output));
}

}  // namespace whylight
