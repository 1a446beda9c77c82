// Gradients of ops that move, join, cut and repeat elements. Each comment is the rule; a gradient
// of a permutation is the inverse permutation of dy.
#include "autodiff/ops/array.h"

#include "autodiff/ops/sizes.h"
#include "autodiff/ops/terms.h"
#include "autodiff/ops/zero.h"

namespace whylight {
namespace {

// First input's gradient, none to the others: axes, sizes, indices.
Gradients Only(const GradientArgs& a, Output dx) {
  Gradients gradients(a.x.size());
  gradients[0] = dx;
  return gradients;
}

// y = x in another shape;  dx = dy in the shape of x
Gradients Reshape(const GradientArgs& a) { return Only(a, a.b.ReshapeLike(a.dy[0], a.x[0])); }

// y = x with its axes permuted;  dx = dy with the inverse permutation
Gradients Transpose(const GradientArgs& a) {
  Output inverse;
  if (const auto permutation = ConstantInts(a.x[1])) {
    const auto rank = static_cast<std::int64_t>(permutation->size());
    std::vector<std::int32_t> values(permutation->size());
    for (std::int64_t i = 0; i < rank; ++i) {
      const std::int64_t from = (*permutation)[static_cast<std::size_t>(i)];
      const std::int64_t axis = from < 0 ? from + rank : from;
      if (axis < 0 || axis >= rank) {
        a.b.Fail(InvalidArgument(a.node().name + ": expected a permutation of " +
                                 std::to_string(rank) + " axes, got axis " + std::to_string(from)));
        return Gradients(a.x.size());
      }
      values[static_cast<std::size_t>(axis)] = static_cast<std::int32_t>(i);
    }
    inverse = a.b.Int32s(values);
  } else {
    inverse = a.b.InvertPermutation(a.x[1]);
  }
  return Only(a, a.b.Op(a.node().op, {a.dy[0], inverse}));
}

// Cuts dy along `axis` into pieces of the sizes of `values`.
Gradients SplitLike(const GradientArgs& a, std::span<const Output> values, Output axis) {
  if (values.size() == 1) return {a.dy[0]};
  SizeBuilder s(a.b);
  const Output split_axis = a.b.Cast(axis, DType::kInt32);
  const auto constant = ConstantInteger(axis);
  std::vector<Size> sizes;
  for (const Output value : values) {
    sizes.push_back(constant ? s.Of(value, static_cast<int>(*constant)) : s.Of(value, split_axis));
  }
  Node* split = a.b.OpNode("SplitV", {a.dy[0], s.Parts(sizes), split_axis},
                           {{"num_split", static_cast<std::int64_t>(values.size())}});
  Gradients dx;
  for (std::size_t i = 0; i < values.size(); ++i) dx.push_back(Output{split, static_cast<int>(i)});
  return dx;
}

// y = x0, x1, ... joined along an axis;  dx_i = its part of dy
Gradients ConcatV2(const GradientArgs& a) {
  Gradients dx = SplitLike(a, a.x.first(a.x.size() - 1), a.x.back());
  dx.push_back(std::nullopt);
  return dx;
}

// The same with the axis first.
Gradients Concat(const GradientArgs& a) {
  Gradients dx = SplitLike(a, a.x.subspan(1), a.x.front());
  dx.insert(dx.begin(), std::nullopt);
  return dx;
}

Output Join(const GradientArgs& a, Output axis) {
  if (a.dy.size() == 1) return a.dy[0];
  return a.b.Concat({a.dy.begin(), a.dy.end()}, axis);
}

// y0, y1, ... = pieces of x along an axis;  dx = their gradients joined
Gradients Split(const GradientArgs& a) { return {std::nullopt, Join(a, a.x[0])}; }
Gradients SplitV(const GradientArgs& a) { return Only(a, Join(a, a.x[2])); }

// y = x0, x1, ... along a new axis;  dx_i = slice i of dy
Gradients Pack(const GradientArgs& a) {
  Attrs attrs = CopyAttrs(a.node(), {"axis"});
  attrs["num"] = static_cast<std::int64_t>(a.x.size());
  Node* slices = a.b.OpNode("Unpack", {a.dy[0]}, std::move(attrs));
  Gradients dx;
  for (std::size_t i = 0; i < a.x.size(); ++i) dx.push_back(Output{slices, static_cast<int>(i)});
  return dx;
}

// y0, y1, ... = slices of x along an axis;  dx = their gradients along it
Gradients Unpack(const GradientArgs& a) {
  return {a.b.Op("Pack", {a.dy.begin(), a.dy.end()}, CopyAttrs(a.node(), {"axis"}))};
}

// y = x[begin : begin + size];  dx = dy with zeros around
Gradients Slice(const GradientArgs& a) {
  const Output x = a.x[0], y = a.y[0];
  const auto begin = ConstantInts(a.x[1]), size = ConstantInts(a.x[2]);
  const Shape from = a.b.shape(x), to = a.b.shape(y);
  if (!begin) {
    const DType dtype = a.b.dtype(a.x[1]);
    const Output after = a.b.Sub(a.b.Sub(a.b.ShapeOf(x, dtype), a.b.ShapeOf(y, dtype)), a.x[1]);
    return Only(a, a.b.Pad(a.dy[0], a.b.Op("Pack", {a.x[1], after}, {{"axis", std::int64_t{1}}})));
  }
  SizeBuilder s(a.b);
  const int rank = static_cast<int>(begin->size());
  std::vector<Size> paddings;  // Before and after, axis by axis.
  bool whole = true;
  for (int axis = 0; axis < rank; ++axis) {
    const auto i = static_cast<std::size_t>(axis);
    const bool to_the_end = size && i < size->size() && (*size)[i] == -1;
    const bool same_symbol = from.has_rank() && to.has_rank() && axis < from.rank() &&
                             axis < to.rank() && (*begin)[i] == 0 &&
                             from.dim(axis) < Shape::kUnknown && from.dim(axis) == to.dim(axis);
    Size after = 0;
    if (!to_the_end && !same_symbol) {
      const Size taken = size && i < size->size() ? Size((*size)[i]) : s.Of(y, axis);
      after = s.Sub(s.Sub(s.Of(x, axis), taken), (*begin)[i]);
    }
    whole = whole && (*begin)[i] == 0 && after.Is(0);
    paddings.insert(paddings.end(), {Size((*begin)[i]), after});
  }
  if (whole) return Only(a, a.dy[0]);
  return Only(a, a.b.Pad(a.dy[0], a.b.Reshape(s.Vector(paddings), a.b.Int32s({rank, 2}))));
}

Attrs Masks(const Node& node) {
  return CopyAttrs(
      node, {"begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"});
}

// y = x[begin : end : strides] with masks;  dx = dy at those places of zeros
Gradients StridedSlice(const GradientArgs& a) {
  // The gradient op takes no int16 indices.
  const DType dtype = a.b.dtype(a.x[1]) == DType::kInt64 ? DType::kInt64 : DType::kInt32;
  return Only(a, a.b.Op("StridedSliceGrad",
                        {a.b.ShapeOf(a.x[0], dtype), a.b.Cast(a.x[1], dtype),
                         a.b.Cast(a.x[2], dtype), a.b.Cast(a.x[3], dtype), a.dy[0]},
                        Masks(a.node())));
}

// y = x4 at those places of zeros;  dx4 = dy[begin : end : strides]
Gradients StridedSliceGrad(const GradientArgs& a) {
  Gradients dx(5);
  dx[4] = a.b.Op("StridedSlice", {a.dy[0], a.x[1], a.x[2], a.x[3]}, Masks(a.node()));
  return dx;
}

// y = x0 with y[begin : end : strides] = x4, broadcast;
// dx0 = dy with zeros there, dx4 = dy[begin : end : strides] summed to the shape of x4
Gradients TensorStridedSliceUpdate(const GradientArgs& a) {
  const Output part = a.b.Op("StridedSlice", {a.dy[0], a.x[1], a.x[2], a.x[3]}, Masks(a.node()));
  Gradients dx(5);
  dx[0] = a.b.Op("TensorStridedSliceUpdate", {a.dy[0], a.x[1], a.x[2], a.x[3], a.b.ZerosLike(part)},
                 Masks(a.node()));
  dx[4] = a.b.SumTo(part, a.x[4]);
  return dx;
}

// y = x with a border;  dx = dy without it. In PadV2 the border's value gets the sum of the rest.
Gradients Pad(const GradientArgs& a) {
  Output begin;
  const auto paddings = ConstantInts(a.x[1]);
  const DType dtype = paddings ? DType::kInt32 : a.b.dtype(a.x[1]);
  if (paddings) {
    std::vector<std::int32_t> before;
    for (std::size_t i = 0; i < paddings->size(); i += 2) {
      before.push_back(static_cast<std::int32_t>((*paddings)[i]));
    }
    begin = a.b.Int32s(before);
  } else {
    Node* columns =
        a.b.OpNode("Unpack", {a.x[1]}, {{"num", std::int64_t{2}}, {"axis", std::int64_t{1}}});
    begin = {columns, 0};
  }
  Gradients dx = Only(a, a.b.Slice(a.dy[0], begin, a.b.ShapeOf(a.x[0], dtype)));
  if (a.x.size() == 3) dx[2] = a.b.Sub(SumAll(a.b, a.dy[0]), SumAll(a.b, *dx[0]));
  return dx;
}

// y = x with a border that mirrors it;  dx = dy with its border folded back onto x
Gradients MirrorPad(const GradientArgs& a) {
  return Only(a, a.b.Op("MirrorPadGrad", {a.dy[0], a.x[1]}, CopyAttrs(a.node(), {"mode"})));
}
Gradients MirrorPadGrad(const GradientArgs& a) {
  return Only(a, a.b.Op("MirrorPad", {a.dy[0], a.x[1]}, CopyAttrs(a.node(), {"mode"})));
}

// y = x repeated multiples[i] times along each axis;  dx = the sum of the repetitions: axis i of
// dy is [multiples[i], size[i]], summed over the former
Gradients Tile(const GradientArgs& a) {
  const Output x = a.x[0], multiples = a.x[1];
  const auto times = ConstantInts(multiples);
  if (!times) {
    const DType dtype = a.b.dtype(multiples);
    const Output pairs =
        a.b.Op("Pack", {multiples, a.b.ShapeOf(x, dtype)}, {{"axis", std::int64_t{1}}});
    const Output split = a.b.Reshape(pairs, a.b.Int32s({-1}));
    const Output axes = a.b.Range(a.b.Scalar(DType::kInt32, 0), a.b.Op("Size", {split}),
                                  a.b.Scalar(DType::kInt32, 2));
    return Only(a, a.b.ReshapeLike(a.b.Sum(a.b.Reshape(a.dy[0], split), axes), x));
  }
  SizeBuilder s(a.b);
  std::vector<Size> split;
  std::vector<std::int32_t> axes;
  for (std::size_t i = 0; i < times->size(); ++i) {
    if ((*times)[i] != 1) {
      axes.push_back(static_cast<std::int32_t>(split.size()));
      split.push_back((*times)[i]);
    }
    split.push_back(s.Of(x, static_cast<int>(i)));
  }
  if (axes.empty()) return Only(a, a.dy[0]);
  return Only(a, a.b.Sum(a.b.Reshape(a.dy[0], s.Target(split)), a.b.Int32s(axes)));
}

// y = x broadcast to a shape;  dx = dy summed over the new and the stretched axes
Gradients BroadcastTo(const GradientArgs& a) { return Only(a, a.b.SumTo(a.dy[0], a.x[0])); }

// y = value everywhere;  dvalue = sum(dy)
Gradients Fill(const GradientArgs& a) { return {std::nullopt, SumAll(a.b, a.dy[0])}; }

// The op is its own inverse: y and x swap elements.
Gradients SelfInverse(const GradientArgs& a) {
  std::vector<Output> inputs(a.x.begin(), a.x.end());
  inputs[0] = a.dy[0];
  return Only(a, a.b.Op(a.node().op, inputs, CopyAttrs(a.node(), {"seq_dim", "batch_dim"})));
}

// y[i + shift] = x[i], wrapped around;  dx = dy rolled back
Gradients Roll(const GradientArgs& a) {
  return Only(a, a.b.Op("Roll", {a.dy[0], a.b.Neg(a.x[1]), a.x[2]}));
}

// Blocks moved to the batch or to the channels and back; each op undoes the other, with the crops
// of the one as the paddings of the other.
Gradients Inverse(const GradientArgs& a, const char* op) {
  std::vector<Output> inputs(a.x.begin(), a.x.end());
  inputs[0] = a.dy[0];
  return Only(a, a.b.Op(op, inputs, CopyAttrs(a.node(), {"block_size", "data_format"})));
}
Gradients SpaceToBatch(const GradientArgs& a) { return Inverse(a, "BatchToSpace"); }
Gradients BatchToSpace(const GradientArgs& a) { return Inverse(a, "SpaceToBatch"); }
Gradients SpaceToBatchND(const GradientArgs& a) { return Inverse(a, "BatchToSpaceND"); }
Gradients BatchToSpaceND(const GradientArgs& a) { return Inverse(a, "SpaceToBatchND"); }
Gradients SpaceToDepth(const GradientArgs& a) { return Inverse(a, "DepthToSpace"); }
Gradients DepthToSpace(const GradientArgs& a) { return Inverse(a, "SpaceToDepth"); }

// y = on where an index says so, off elsewhere;  don = sum of dy there, doff = the rest
Gradients OneHot(const GradientArgs& a) {
  const DType dtype = a.b.dtype(a.x[2]);
  const Output is_on =
      a.b.Op("OneHot", {a.x[0], a.x[1], a.b.Scalar(dtype, 1), a.b.Scalar(dtype, 0)},
             CopyAttrs(a.node(), {"axis"}));
  const Output on = SumAll(a.b, a.b.Mul(a.dy[0], is_on));
  return {std::nullopt, std::nullopt, on, a.b.Sub(SumAll(a.b, a.dy[0]), on)};
}

// y = the bits of x as another type: the identity for the same type, and no function of real
// numbers for another.
Gradients Bitcast(const GradientArgs& a) {
  if (a.b.dtype(a.x[0]) == a.b.dtype(a.y[0])) return {a.dy[0]};
  a.b.Fail(Unimplemented("Bitcast '" + a.node().name + "' from " + DTypeName(a.b.dtype(a.x[0])) +
                         " to " + DTypeName(a.b.dtype(a.y[0])) + " has no gradient"));
  return Gradients(1);
}

constexpr GradientRule kRules[] = {
    {"BatchToSpace", BatchToSpace},
    {"BatchToSpaceND", BatchToSpaceND},
    {"Bitcast", Bitcast},
    {"BroadcastArgs", ZeroGradient, true},
    {"BroadcastGradientArgs", ZeroGradient, true},
    {"BroadcastTo", BroadcastTo},
    {"Concat", Concat},
    {"ConcatOffset", ZeroGradient, true},
    {"ConcatV2", ConcatV2},
    {"ConjugateTranspose", Transpose},
    {"DepthToSpace", DepthToSpace},
    {"ExpandDims", Reshape},
    {"Fill", Fill},
    {"InvertPermutation", ZeroGradient, true},
    {"MirrorPad", MirrorPad},
    {"MirrorPadGrad", MirrorPadGrad},
    {"OneHot", OneHot},
    {"OnesLike", ZeroGradient, true},
    {"Pack", Pack},
    {"Pad", Pad},
    {"PadV2", Pad},
    {"Rank", ZeroGradient, true},
    {"Reshape", Reshape},
    {"Reverse", SelfInverse},
    {"ReverseSequence", SelfInverse},
    {"ReverseV2", SelfInverse},
    {"Roll", Roll},
    {"Shape", ZeroGradient, true},
    {"ShapeN", ZeroGradient, true},
    {"Size", ZeroGradient, true},
    {"Slice", Slice},
    {"SpaceToBatch", SpaceToBatch},
    {"SpaceToBatchND", SpaceToBatchND},
    {"SpaceToDepth", SpaceToDepth},
    {"Split", Split},
    {"SplitV", SplitV},
    {"Squeeze", Reshape},
    {"StridedSlice", StridedSlice},
    {"StridedSliceGrad", StridedSliceGrad},
    {"TensorStridedSliceUpdate", TensorStridedSliceUpdate},
    {"Tile", Tile},
    {"Transpose", Transpose},
    {"Unpack", Unpack},
    {"Where", ZeroGradient, true},
    {"ZerosLike", ZeroGradient, true},
};

}  // namespace

std::span<const GradientRule> ArrayGradientRules() { return kRules; }

}  // namespace whylight
