// Gradients of lists of tensors. The gradient of a list is a list as long, of the elements'
// gradients; an element that was never set stands for zeros. Each comment is the rule; the code
// transcribes it.
#include "autodiff/ops/tensor_list.h"

#include "autodiff/ops/sizes.h"
#include "autodiff/ops/zero.h"

namespace whylight {
namespace {

DType ElementType(const GradientArgs& a) {
  return a.node().AttrOr("element_dtype", DType::kInvalid);
}

Attrs OfType(DType type) { return {{"element_dtype", type}}; }

// The shape of x without its first axis, if it is known before the run.
std::optional<Output> KnownRowShape(GraphBuilder& b, Output x) {
  const Shape shape = b.shape(x);
  if (!shape.has_rank() || shape.rank() == 0 || !shape.WithoutFirst().IsKnown()) {
    return std::nullopt;
  }
  const Shape row = shape.WithoutFirst();
  return b.Int32s({row.dims().begin(), row.dims().end()});
}

Output RowShape(GraphBuilder& b, Output x) {
  if (const std::optional<Output> known = KnownRowShape(b, x)) return *known;
  return b.Slice(b.ShapeOf(x), b.Int32s({1}), b.Int32s({-1}));
}

Output Length(GraphBuilder& b, Output list) { return b.Op("TensorListLength", {list}); }

Output AnyShape(GraphBuilder& b) { return b.Scalar(DType::kInt32, -1); }

// A list that nothing was set in.
Output Unset(GraphBuilder& b, Output length, DType type) {
  return b.Op("TensorListReserve", {AnyShape(b), length},
              {{"element_dtype", type}, {"shape_type", DType::kInt32}});
}

Output FromRows(GraphBuilder& b, Output rows, DType type) {
  const Output shape = KnownRowShape(b, rows).value_or(AnyShape(b));
  return b.Op("TensorListFromTensor", {rows, shape}, OfType(type));
}

// y[k] = x0[k];  dx0[k] = dy[k]
Gradients FromTensor(const GradientArgs& a) {
  const Shape shape = a.b.shape(a.x[0]);
  Attrs attrs = OfType(ElementType(a));
  if (shape.has_rank() && shape.rank() > 0 && shape.dim(0) >= 0) {
    attrs["num_elements"] = shape.dim(0);
  }
  return {a.b.Op("TensorListStack", {a.dy[0], RowShape(a.b, a.x[0])}, std::move(attrs)),
          std::nullopt};
}

// y[k] = x0[k];  dx0[k] = dy[k]
Gradients Stack(const GradientArgs& a) {
  return {FromRows(a.b, a.dy[0], ElementType(a)), std::nullopt};
}

// y = x0[x1];  dx0[x1] = dy, the others are 0
Gradients GetItem(const GradientArgs& a) {
  const Output list = Unset(a.b, Length(a.b, a.x[0]), ElementType(a));
  return {a.b.Op("TensorListSetItem", {list, a.x[1], a.dy[0]}), std::nullopt, std::nullopt};
}

// The list without what was added behind its end.
Output CutToInput(const GradientArgs& a, Output list) {
  return a.b.Op("TensorListResize", {list, Length(a.b, a.x[0])});
}

// y = x0 but for y[x1] = x2;  dx0 = dy but for dx0[x1] = 0, dx2 = dy[x1]
Gradients SetItem(const GradientArgs& a) {
  const DType type = ElementType(a);
  Output list = a.b.Op("TensorListSetItem", {a.dy[0], a.x[1], a.b.ZerosLike(a.x[2])});
  if (a.node().AttrOr("resize_if_index_out_of_bounds", false)) list = CutToInput(a, list);
  const Output item =
      a.b.Op("TensorListGetItem", {a.dy[0], a.x[1], a.b.ShapeOf(a.x[2])}, OfType(type));
  return {list, std::nullopt, item};
}

// y = x0 and x1 behind it;  dx0 = dy without its last element, which is dx1
Gradients PushBack(const GradientArgs& a) {
  Node* const pop =
      a.b.OpNode("TensorListPopBack", {a.dy[0], a.b.ShapeOf(a.x[1])}, OfType(ElementType(a)));
  return {Output{pop, 0}, Output{pop, 1}};
}

// y0 = x0 without its last element, which is y1;  dx0 = dy0 and dy1 behind it
Gradients PopBack(const GradientArgs& a) {
  const DType type = ElementType(a);
  const Output list = a.dy[0].node != nullptr ? a.dy[0] : a.b.ZerosLike(a.y[0]);
  return {a.b.Op("TensorListPushBack", {list, a.dy[1]}, OfType(type)), std::nullopt};
}

// y = the first x1 elements of x0, with unset ones behind it;  dx0 likewise, of x0's length
Gradients Resize(const GradientArgs& a) { return {CutToInput(a, a.dy[0]), std::nullopt}; }

// y[k] = x0[x1[k]];  dx0[i] = sum of dy[k] over k with x1[k] = i
Gradients Gather(const GradientArgs& a) {
  const Output rows = a.b.Op("UnsortedSegmentSum", {a.dy[0], a.x[1], Length(a.b, a.x[0])});
  return {FromRows(a.b, rows, ElementType(a)), std::nullopt, std::nullopt};
}

Output Rows(const GradientArgs& a, Output tensor, Output indices) {
  return a.b.Op("TensorListGather", {a.dy[0], indices, RowShape(a.b, tensor)},
                OfType(ElementType(a)));
}

// y[x1[k]] = x0[k];  dx0[k] = dy[x1[k]]
Gradients Scatter(const GradientArgs& a) {
  Gradients dx(a.x.size());
  dx[0] = Rows(a, a.x[0], a.x[1]);
  return dx;
}

// y = x0 but for y[x2[k]] = x1[k];  dx0 = dy but for dx0[x2[k]] = 0, dx1[k] = dy[x2[k]]
Gradients ScatterInto(const GradientArgs& a) {
  const Output list =
      a.b.Op("TensorListScatterIntoExistingList", {a.dy[0], a.b.ZerosLike(a.x[1]), a.x[2]});
  return {list, Rows(a, a.x[1], a.x[2]), std::nullopt};
}

// y0 = all x0[k] joined along the first axis, of lengths y1;  dx0[k] = the k-th part of dy0
Gradients Concat(const GradientArgs& a) {
  Gradients dx(a.x.size());
  dx[0] = a.b.Op("TensorListSplit", {a.dy[0], AnyShape(a.b), a.y[1]}, OfType(ElementType(a)));
  return dx;
}

// y[k] = the k-th part of x0 along the first axis, of length x2[k];  dx0 = all dy[k] joined
Gradients Split(const GradientArgs& a) {
  const Output row = RowShape(a.b, a.x[0]);
  const Output shape = a.b.Concat({a.b.Int32s({-1}), row}, a.b.Scalar(DType::kInt32, 0));
  return {a.b.Op("TensorListConcatV2", {a.dy[0], shape, a.x[2]}, OfType(ElementType(a))),
          std::nullopt, std::nullopt};
}

// y = x0 and x1 behind it;  dx0 = the first elements of dy, dx1 = the others
Gradients ConcatLists(const GradientArgs& a) {
  const DType type = ElementType(a);
  const Output first = Length(a.b, a.x[0]), all = Length(a.b, a.dy[0]);
  const Output shape = a.b.Op("TensorListElementShape", {a.x[1]}, {{"shape_type", DType::kInt32}});
  const Output behind = a.b.Range(first, all, a.b.Scalar(DType::kInt32, 1));
  const Output rows = a.b.Op("TensorListGather", {a.dy[0], behind, shape}, OfType(type));
  return {CutToInput(a, a.dy[0]), FromRows(a.b, rows, type)};
}

constexpr GradientRule kRules[] = {
    {"EmptyTensorList", ZeroGradient, true},
    {"TensorListConcat", Concat},
    {"TensorListConcatLists", ConcatLists},
    {"TensorListConcatV2", Concat},
    {"TensorListElementShape", ZeroGradient, true},
    {"TensorListFromTensor", FromTensor},
    {"TensorListGather", Gather},
    {"TensorListGetItem", GetItem},
    {"TensorListLength", ZeroGradient, true},
    {"TensorListPopBack", PopBack},
    {"TensorListPushBack", PushBack},
    {"TensorListReserve", ZeroGradient, true},
    {"TensorListResize", Resize},
    {"TensorListScatter", Scatter},
    {"TensorListScatterIntoExistingList", ScatterInto},
    {"TensorListScatterV2", Scatter},
    {"TensorListSetItem", SetItem},
    {"TensorListSplit", Split},
    {"TensorListStack", Stack},
};

}  // namespace

std::span<const GradientRule> TensorListGradientRules() { return kRules; }

}  // namespace whylight
