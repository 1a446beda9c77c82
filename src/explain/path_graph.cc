#include "explain/path_graph.h"

#include "autodiff/gradients.h"
#include "graph/builder.h"

namespace whylight {
namespace {

constexpr char kScope[] = "whylight/path";

Output Placeholder(GraphBuilder& b, DType dtype, Shape shape) {
  return b.Op("Placeholder", {}, {{"dtype", dtype}, {"shape", std::move(shape)}});
}

// A vector [m] as [m, 1, 1, ...], to be multiplied with `like` of shape [m, ...].
Output AsColumn(GraphBuilder& b, Output vector, Output like) {
  const Shape shape = b.shape(like);
  if (shape.has_rank()) {
    std::vector<std::int32_t> sizes(static_cast<std::size_t>(shape.rank()), 1);
    sizes[0] = -1;
    return b.Reshape(vector, b.Int32s(sizes));
  }
  const Output inner_rank = b.Sub(b.Rank(like), b.Scalar(DType::kInt32, 1));
  const Output ones = b.Fill(b.Reshape(inner_rank, b.Int32s({1})), b.Scalar(DType::kInt32, 1));
  return b.Reshape(vector, b.Concat({b.Int32s({-1}), ones}, b.Scalar(DType::kInt32, 0)));
}

// scores[r] = flat(output)[r * K + target_r], K the number of elements of a row.
Output ScoresOf(GraphBuilder& b, Output output, Output targets) {
  const Output flat = b.Reshape(output, b.Int32s({-1}));
  const Output rows = b.Cast(b.Size(targets), DType::kInt64);
  const Output row_size = b.Op("FloorDiv", {b.Cast(b.Size(flat), DType::kInt64), rows});
  const Output zero = b.Scalar(DType::kInt64, 0), one = b.Scalar(DType::kInt64, 1);
  const Output starts = b.Mul(b.Range(zero, rows, one), row_size);
  return b.Gather(flat, b.Add(starts, targets));
}

}  // namespace

Result<PathGraph> AddPathGraph(Program& program, const PathGraphSpec& spec) {
  GraphBuilder b(program.graph, kScope);
  const bool rows = program.layout.kind != RowLayout::Kind::kNone;
  const Shape vector{Shape::kUnknown};
  PathGraph path;
  const Output owner = Placeholder(b, DType::kInt32, vector);
  const Output part = Placeholder(b, DType::kInt32, vector);
  const Output parts = Placeholder(b, DType::kInt32, Shape{});
  const Output positions = Placeholder(b, DType::kFloat64, vector);
  const Output weights = Placeholder(b, DType::kFloat64, vector);
  const Output targets = Placeholder(b, DType::kInt64, vector);
  const Output score = ScoresOf(b, spec.output, targets);
  const Output scores = b.Cast(score, DType::kFloat64);
  WHYLIGHT_RETURN_IF_ERROR(b.status());
  path.owner = owner.name();
  path.part = part.name();
  path.parts = parts.name();
  path.positions = positions.name();
  path.weights = weights.name();
  path.targets = targets.name();
  path.scores = scores.name();
  if (spec.gradients.empty()) return path;

  std::vector<Output> points;
  for (const std::size_t index : spec.gradients)
    points.push_back(program.inputs[index].port.tensor);
  const std::vector<Output> ys = {score};
  const std::vector<Output> dys = {b.OnesLike(score)};
  WHYLIGHT_RETURN_IF_ERROR(b.status());
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Output> gradients,
                            AddGradients(program.graph, ys, dys, points));

  const Output first_axis = b.Scalar(DType::kInt32, 0);
  for (std::size_t i = 0; i < points.size(); ++i) {
    Node& point = *points[i].node;
    const DType dtype = program.inputs[spec.gradients[i]].port.dtype;
    const DType wide = dtype == DType::kFloat64 ? DType::kFloat64 : DType::kFloat32;
    Shape shape = Shape::UnknownRank();
    const Shape& known = program.inputs[spec.gradients[i]].port.shape;
    if (known.has_rank()) {
      shape =
          rows ? known.WithoutFirst().WithFirst(Shape::kUnknown) : known.WithFirst(Shape::kUnknown);
    }
    const Output x = Placeholder(b, dtype, shape), baseline = Placeholder(b, dtype, shape);
    if (shape.has_rank()) x.node->shapes = baseline.node->shapes = {shape};
    const Output to = b.Cast(b.Gather(x, owner), wide);
    const Output from = b.Cast(b.Gather(baseline, owner), wide);
    const Output position = AsColumn(b, b.Cast(positions, wide), x);
    Output on_path = b.Cast(b.Add(from, b.Mul(position, b.Sub(to, from))), dtype);
    Output gradient = b.Cast(gradients[i], DType::kFloat64);
    if (!rows) {
      on_path = b.Op("Squeeze", {on_path}, {{"squeeze_dims", std::vector<std::int64_t>{0}}});
      gradient = b.ExpandDims(gradient, first_axis);
    }
    const Output weighted = b.Mul(gradient, AsColumn(b, weights, gradient));
    const Output sum = b.Op("UnsortedSegmentSum", {weighted, part, parts});
    WHYLIGHT_RETURN_IF_ERROR(b.status());
    // The input can still be fed itself; if it is not, it is the point on the path.
    const Shape declared = point.AttrOr("shape", Shape::UnknownRank());
    point.op = "PlaceholderWithDefault";
    point.inputs = {on_path};
    point.attrs = {{"dtype", dtype}, {"shape", declared}};
    path.inputs.push_back({.index = spec.gradients[i],
                           .x = x.name(),
                           .baseline = baseline.name(),
                           .sum = sum.name()});
  }
  return path;
}

}  // namespace whylight
