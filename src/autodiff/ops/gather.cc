// Gradients of ops that look elements up by index or put them at one. Each comment is the rule.
// The gradient of a lookup is dense: zeros for what was not looked up.
#include "autodiff/ops/gather.h"

#include "autodiff/ops/sizes.h"
#include "autodiff/ops/terms.h"
#include "autodiff/ops/zero.h"

namespace whylight {
namespace {

// The kernels of the gradient ops take int32 and int64 only.
Output Indices(GraphBuilder& b, Output x) {
  return b.dtype(x) == DType::kInt64 ? x : b.Cast(x, DType::kInt32);
}

// y = x[indices];  dx[r] = sum of dy over all places where indices = r
Output GatherRows(const GradientArgs& a) {
  SizeBuilder s(a.b);
  return a.b.Op("UnsortedSegmentSum", {a.dy[0], Indices(a.b, a.x[1]), s.Scalar(s.Of(a.x[0], 0))});
}

Gradients Gather(const GradientArgs& a) { return {GatherRows(a), std::nullopt}; }

// With all axes of a kind taken as one - B batch axes, O axes before the looked-up one of size P,
// I behind it, K those of the indices:
//   y[b, o, k, i] = x[b, o, indices[b, k], i]
//   dx[b, o, p, i] = sum of dy[b, o, k, i] over all k with indices[b, k] = p
// as sums of rows (o, i) over the row numbers b * P + indices[b, k].
Gradients GatherV2(const GradientArgs& a) {
  const Output x = a.x[0];
  const Shape shape = a.b.shape(x), of_indices = a.b.shape(a.x[1]);
  const auto constant = ConstantInteger(a.x[2]);
  if (!constant) {
    a.b.Fail(Unimplemented("GatherV2 '" + a.node().name +
                           "' has no gradient: its axis is computed by the graph"));
    return Gradients(3);
  }
  auto batch_dims = static_cast<int>(a.node().AttrOr<std::int64_t>("batch_dims", 0));
  if (batch_dims < 0 && of_indices.has_rank()) batch_dims += of_indices.rank();
  int axis = static_cast<int>(*constant);
  if (axis < 0 && shape.has_rank()) axis += shape.rank();
  if (axis == 0 && batch_dims == 0) return {GatherRows(a), std::nullopt, std::nullopt};

  SizeBuilder s(a.b);
  const Size batch = s.Product(a.x[1], 0, batch_dims);
  const Size outer = batch_dims >= 0 ? s.Product(x, batch_dims, axis)
                                     : s.FloorDiv(s.Product(x, 0, axis), s.Max(batch, 1));
  const Size size = s.Of(x, axis);
  const Size inner = axis == -1 ? Size(1) : s.Product(x, axis + 1);
  const Size count = s.Product(a.x[1], batch_dims);
  const Output swap = a.b.Int32s({0, 2, 1, 3});
  Output rows = a.dy[0];
  if (!outer.Is(1)) {
    rows = a.b.Transpose(a.b.Reshape(rows, s.Target({batch, outer, count, inner})), swap);
  } else {
    rows = a.b.Reshape(rows, s.Target({batch, count, outer, inner}));
  }
  Output numbers = a.b.Reshape(Indices(a.b, a.x[1]), s.Target({batch, count}));
  if (!batch.Is(1)) {
    const Output first = a.b.Range(a.b.Scalar(DType::kInt32, 0), s.Scalar(s.Mul(batch, size)),
                                   s.Scalar(s.Max(size, 1)));
    const Output column = a.b.Reshape(first, s.Vector({batch, 1}));
    numbers = a.b.Add(numbers, a.b.Cast(column, a.b.dtype(numbers)));
  }
  Output dx = a.b.Op("UnsortedSegmentSum", {rows, numbers, s.Scalar(s.Mul(batch, size))});
  if (!outer.Is(1)) {
    dx = a.b.Transpose(a.b.Reshape(dx, s.Target({batch, size, outer, inner})), swap);
  }
  return {a.b.Reshape(dx, a.b.ShapeOf(x)), std::nullopt, std::nullopt};
}

Output GatherNd(const GradientArgs& a, Output x, Output indices) {
  return a.b.Op("GatherNd", {x, indices}, CopyAttrs(a.node(), {"bad_indices_policy"}));
}

Output ScatterNd(const GradientArgs& a, Output indices, Output updates, Output like) {
  return a.b.Op("ScatterNd", {indices, updates, a.b.ShapeOf(like, a.b.dtype(indices))},
                CopyAttrs(a.node(), {"bad_indices_policy"}));
}

// y[k] = x[indices[k]];  dx = sum of dy[k] at indices[k]
Gradients GatherNdRule(const GradientArgs& a) {
  return {ScatterNd(a, Indices(a.b, a.x[1]), a.dy[0], a.x[0]), std::nullopt};
}

// y = sum of x1[k] at indices x0[k];  dx1[k] = dy[indices[k]]
Gradients ScatterNdRule(const GradientArgs& a) {
  return {std::nullopt, GatherNd(a, a.dy[0], a.x[0]), std::nullopt};
}

// y = x0 with y[indices[k]] = x2[k];  dx0 = dy with zeros there, dx2[k] = dy[indices[k]]
Gradients TensorScatterUpdate(const GradientArgs& a) {
  const Output dx0 = a.b.Op("TensorScatterUpdate", {a.dy[0], a.x[1], a.b.ZerosLike(a.x[2])},
                            CopyAttrs(a.node(), {"bad_indices_policy"}));
  return {dx0, std::nullopt, GatherNd(a, a.dy[0], a.x[1])};
}

// y = x0 with y[indices[k]] += x2[k];  dx0 = dy, dx2[k] = dy[indices[k]]
Gradients TensorScatterAdd(const GradientArgs& a) {
  return {a.dy[0], std::nullopt, GatherNd(a, a.dy[0], a.x[1])};
}

// y = x0 with y[indices[k]] -= x2[k];  dx2[k] = -dy[indices[k]]
Gradients TensorScatterSub(const GradientArgs& a) {
  return {a.dy[0], std::nullopt, a.b.Neg(GatherNd(a, a.dy[0], a.x[1]))};
}

// y = x0 with y[indices[k]] = max (or min) of itself and x2[k]; dy goes to those that equal y, in
// equal parts
Gradients TensorScatterMinMax(const GradientArgs& a) {
  const Output x = a.x[0], indices = a.x[1], updates = a.x[2], y = a.y[0];
  const DType dtype = a.b.dtype(x);
  const Output x_wins = a.b.Cast(a.b.Equal(x, y), dtype);
  const Output update_wins = a.b.Cast(a.b.Equal(updates, GatherNd(a, y, indices)), dtype);
  const Output winners =
      a.b.Add(x_wins, ScatterNd(a, Indices(a.b, indices), update_wins, x));  // At least 1.
  const Output part = a.b.Div(a.dy[0], winners);
  return {a.b.Mul(part, x_wins), std::nullopt, a.b.Mul(GatherNd(a, part, indices), update_wins)};
}

// y[partition i] = the rows of x with partitions = i;  dx = the rows of dy put back: the same op on
// the rows' numbers tells where each came from
Gradients DynamicPartition(const GradientArgs& a) {
  const Output zero = a.b.Scalar(DType::kInt32, 0), one = a.b.Scalar(DType::kInt32, 1);
  const Output numbers = a.b.ReshapeLike(a.b.Range(zero, a.b.Op("Size", {a.x[1]}), one), a.x[1]);
  const auto count = static_cast<int>(a.y.size());
  Node* parts = a.b.OpNode("DynamicPartition", {numbers, a.x[1]},
                           {{"num_partitions", static_cast<std::int64_t>(count)}});
  std::vector<Output> inputs;
  for (int i = 0; i < count; ++i) inputs.push_back({parts, i});
  inputs.insert(inputs.end(), a.dy.begin(), a.dy.end());
  const Output rows = a.b.Op("ParallelDynamicStitch", inputs);
  return {a.b.Reshape(rows, a.b.ShapeOf(a.x[0])), std::nullopt};
}

// y[indices_i] = data_i for each pair, all at once;  ddata_i = dy[indices_i]
Gradients ParallelDynamicStitch(const GradientArgs& a) {
  const std::size_t pairs = a.x.size() / 2;
  Gradients dx(a.x.size());
  for (std::size_t i = 0; i < pairs; ++i) dx[pairs + i] = a.b.Gather(a.dy[0], a.x[i]);
  return dx;
}

// The same, in order: of two rows with one index the later stays. The same op on the rows' own
// numbers tells which row stayed; the others get 0.
Gradients DynamicStitch(const GradientArgs& a) {
  Gradients dx = ParallelDynamicStitch(a);
  const std::size_t pairs = a.x.size() / 2;
  const Output one = a.b.Scalar(DType::kInt32, 1);
  std::vector<Output> inputs(a.x.begin(), a.x.begin() + static_cast<std::ptrdiff_t>(pairs));
  Output first = a.b.Scalar(DType::kInt32, 0);
  for (std::size_t i = 0; i < pairs; ++i) {
    const Output next = a.b.Add(first, a.b.Op("Size", {a.x[i]}));
    inputs.push_back(a.b.Reshape(a.b.Range(first, next, one), a.b.ShapeOf(a.x[i])));
    first = next;
  }
  const Output owners = a.b.Op("DynamicStitch", inputs);
  for (std::size_t i = 0; i < pairs; ++i) {
    const Output data = a.x[pairs + i];
    const Output stayed = a.b.Equal(a.b.Gather(owners, a.x[i]), inputs[pairs + i]);
    const Output inner_rank = a.b.Sub(a.b.Rank(data), a.b.Rank(a.x[i]));
    const Output ones = a.b.Fill(a.b.Reshape(inner_rank, a.b.Int32s({1})), one);
    const Output shape = a.b.Concat({a.b.ShapeOf(a.x[i]), ones}, a.b.Scalar(DType::kInt32, 0));
    const Output mask = a.b.Reshape(a.b.Cast(stayed, a.b.dtype(data)), shape);
    dx[pairs + i] = a.b.Mul(*dx[pairs + i], mask);
  }
  return dx;
}

// y = default everywhere, values (one for all, or one for each) at the indices, [count, rank];
// dvalues = dy there, ddefault = the sum of the rest
Gradients SparseToDense(const GradientArgs& a) {
  const Output rank = a.b.Size(a.x[1]);
  const Output minus_one = a.b.Scalar(DType::kInt32, -1);
  const Output indices = a.b.Reshape(a.x[0], a.b.Op("Pack", {minus_one, rank}));
  const Output at_indices = a.b.Op("GatherNd", {a.dy[0], indices});
  const Output rest = a.b.Sub(SumAll(a.b, a.dy[0]), SumAll(a.b, at_indices));
  return {std::nullopt, std::nullopt, a.b.SumTo(at_indices, a.x[2]), rest};
}

constexpr GradientRule kRules[] = {
    {"DynamicPartition", DynamicPartition},
    {"DynamicStitch", DynamicStitch},
    {"Gather", Gather},
    {"GatherNd", GatherNdRule},
    {"GatherV2", GatherV2},
    {"ParallelDynamicStitch", ParallelDynamicStitch},
    // Lookups in variables, which are constants here, by integers, which have no gradient.
    {"ResourceGather", ZeroGradient, true},
    {"ResourceGatherNd", ZeroGradient, true},
    {"ScatterNd", ScatterNdRule},
    {"ScatterNdNonAliasingAdd", TensorScatterAdd},
    {"SparseToDense", SparseToDense},
    {"TensorScatterAdd", TensorScatterAdd},
    {"TensorScatterMax", TensorScatterMinMax},
    {"TensorScatterMin", TensorScatterMinMax},
    {"TensorScatterSub", TensorScatterSub},
    {"TensorScatterUpdate", TensorScatterUpdate},
};

}  // namespace

std::span<const GradientRule> GatherGradientRules() { return kRules; }

}  // namespace whylight
