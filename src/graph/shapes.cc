#include "graph/shapes.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>

#include "graph/attr_proto.h"

namespace whylight {
namespace {

constexpr std::int64_t kUnknown = Shape::kUnknown;
constexpr std::size_t kMaxConstantInts = 1024;
constexpr int kMaxRank = 254;  // TensorFlow's own limit.

Shape UnknownOfRank(std::int64_t rank) {
  if (rank < 0 || rank > kMaxRank) return Shape::UnknownRank();
  return Shape(std::vector<std::int64_t>(static_cast<std::size_t>(rank), kUnknown));
}

std::int64_t AddSizes(std::int64_t a, std::int64_t b) {
  if (a == 0) return b;
  if (b == 0) return a;
  if (a < 0 || b < 0 || a > std::numeric_limits<std::int64_t>::max() - b) return kUnknown;
  return a + b;
}

std::int64_t MulSizes(std::int64_t a, std::int64_t b) {
  if (a == 1) return b;
  if (b == 1) return a;
  if (a == 0 || b == 0) return 0;
  if (a < 0 || b < 0 || a > std::numeric_limits<std::int64_t>::max() / b) return kUnknown;
  return a * b;
}

// The axis counted from the front; nullopt if it is outside.
std::optional<int> Axis(std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) return std::nullopt;
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Shape InputShape(const Node& node, std::size_t index) {
  return index < node.inputs.size() ? StaticShape(node.inputs[index]) : Shape::UnknownRank();
}

std::optional<std::vector<std::int64_t>> InputInts(const Node& node, std::size_t index) {
  return index < node.inputs.size() ? ConstantInts(node.inputs[index]) : std::nullopt;
}

// Sizes that an input of the graph holds: from a constant, or at least their number.
Shape SizesInput(const Node& node, std::size_t index) {
  if (auto sizes = InputInts(node, index)) {
    for (std::int64_t& size : *sizes) size = std::max(size, kUnknown);
    return Shape(*std::move(sizes));
  }
  const Shape of_sizes = InputShape(node, index);
  if (of_sizes.has_rank() && of_sizes.rank() == 1) return UnknownOfRank(of_sizes.dim(0));
  return Shape::UnknownRank();
}

using Rule = Shape (*)(const Node&);  // Of every output.

Shape Constant(const Node& node) { return StaticShape({const_cast<Node*>(&node), 0}); }

Shape SameAsFirst(const Node& node) { return InputShape(node, 0); }
Shape SameAsSecond(const Node& node) { return InputShape(node, 1); }

Shape Broadcast(const Node& node) {
  Shape shape = InputShape(node, 0);
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    shape = BroadcastShape(shape, InputShape(node, i));
  }
  return shape;
}

// Equal and NotEqual may answer with one bool for shapes that do not fit.
Shape Comparison(const Node& node) {
  return node.AttrOr("incompatible_shape_error", true) ? Broadcast(node) : Shape::UnknownRank();
}

Shape Scalar(const Node&) { return {}; }

Shape ShapeRule(const Node& node) {
  const Shape x = InputShape(node, 0);
  return x.has_rank() ? Shape{x.rank()} : Shape{kUnknown};
}

Shape Reshape(const Node& node) {
  Shape shape = SizesInput(node, 1);
  const auto sizes = InputInts(node, 1);
  const Shape x = InputShape(node, 0);
  if (!sizes || std::count(sizes->begin(), sizes->end(), -1) != 1 || !x.has_rank()) return shape;
  // One -1: what is left of x. Axes that both shapes share, sizes or symbols, cancel.
  std::vector<std::int64_t> have = x.ToVector();
  std::int64_t divisor = 1;
  for (const std::int64_t size : *sizes) {
    if (size != -1) divisor = MulSizes(divisor, size);
  }
  std::int64_t known = 1;
  std::int64_t symbol = 1;
  for (const std::int64_t size : have) {
    if (size >= 0) {
      known = MulSizes(known, size);
    } else {
      symbol = MulSizes(symbol, size);  // kUnknown as soon as there are two.
    }
  }
  if (divisor <= 0 || known < 0 || known % divisor != 0) return shape;
  const std::int64_t rest = MulSizes(known / divisor, symbol);
  const auto axis = std::find(sizes->begin(), sizes->end(), -1) - sizes->begin();
  shape.set_dim(static_cast<int>(axis), rest);
  return shape;
}

Shape ExpandDims(const Node& node) {
  const Shape x = InputShape(node, 0);
  const auto axes = InputInts(node, 1);
  if (!x.has_rank()) return x;
  if (!axes || axes->size() != 1) return UnknownOfRank(x.rank() + 1);
  const auto axis = Axis(axes->front(), x.rank() + 1);
  if (!axis) return Shape::UnknownRank();
  std::vector<std::int64_t> dims = x.ToVector();
  dims.insert(dims.begin() + *axis, 1);
  return Shape(std::move(dims));
}

Shape Squeeze(const Node& node) {
  const Shape x = InputShape(node, 0);
  if (!x.has_rank()) return x;
  const auto* squeezed = node.Attr<std::vector<std::int64_t>>("squeeze_dims");
  std::vector<std::int64_t> dims;
  if (squeezed == nullptr || squeezed->empty()) {
    for (const std::int64_t size : x.dims()) {
      if (size < 0) return Shape::UnknownRank();  // Whether it goes depends on the run.
      if (size != 1) dims.push_back(size);
    }
    return Shape(std::move(dims));
  }
  std::vector<bool> drop(x.dims().size());
  for (const std::int64_t wish : *squeezed) {
    const auto axis = Axis(wish, x.rank());
    if (!axis) return Shape::UnknownRank();
    drop[static_cast<std::size_t>(*axis)] = true;
  }
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (!drop[static_cast<std::size_t>(axis)]) dims.push_back(x.dim(axis));
  }
  return Shape(std::move(dims));
}

Shape Transpose(const Node& node) {
  const Shape x = InputShape(node, 0);
  const auto permutation = InputInts(node, 1);
  if (!permutation) return x.has_rank() ? UnknownOfRank(x.rank()) : SizesInput(node, 1);
  Shape shape = UnknownOfRank(static_cast<std::int64_t>(permutation->size()));
  if (!x.has_rank()) return shape;
  if (x.rank() != shape.rank()) return Shape::UnknownRank();
  for (int i = 0; i < x.rank(); ++i) {
    const auto axis = Axis((*permutation)[static_cast<std::size_t>(i)], x.rank());
    if (!axis) return Shape::UnknownRank();
    shape.set_dim(i, x.dim(*axis));
  }
  return shape;
}

Shape Reduce(const Node& node) {
  const Shape x = InputShape(node, 0);
  const auto axes = InputInts(node, 1);
  const bool keep_dims = node.AttrOr("keep_dims", false);
  if (!x.has_rank()) return x;
  if (!axes) return keep_dims ? UnknownOfRank(x.rank()) : Shape::UnknownRank();
  std::vector<bool> reduced(x.dims().size());
  for (const std::int64_t wish : *axes) {
    const auto axis = Axis(wish, x.rank());
    if (!axis) return Shape::UnknownRank();
    reduced[static_cast<std::size_t>(*axis)] = true;
  }
  std::vector<std::int64_t> dims;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (!reduced[static_cast<std::size_t>(axis)]) {
      dims.push_back(x.dim(axis));
    } else if (keep_dims) {
      dims.push_back(1);
    }
  }
  return Shape(std::move(dims));
}

// Shape of a @ b over the last two axes, with those before them broadcast.
Shape MatrixProduct(const Node& node, std::string_view flip_a, std::string_view flip_b) {
  const Shape a = InputShape(node, 0);
  const Shape b = InputShape(node, 1);
  if (!a.has_rank() || !b.has_rank() || a.rank() < 2 || b.rank() < 2) return Shape::UnknownRank();
  const auto batch = [](const Shape& shape) {
    return Shape(std::vector<std::int64_t>(shape.dims().begin(), shape.dims().end() - 2));
  };
  const Shape outer = BroadcastShape(batch(a), batch(b));
  if (!outer.has_rank()) return outer;
  std::vector<std::int64_t> dims = outer.ToVector();
  dims.push_back(a.dim(a.rank() - (node.AttrOr(flip_a, false) ? 1 : 2)));
  dims.push_back(b.dim(b.rank() - (node.AttrOr(flip_b, false) ? 2 : 1)));
  return Shape(std::move(dims));
}
Shape MatMul(const Node& node) { return MatrixProduct(node, "transpose_a", "transpose_b"); }
Shape BatchMatMul(const Node& node) { return MatrixProduct(node, "adj_x", "adj_y"); }

Shape Fill(const Node& node) { return SizesInput(node, 0); }
Shape BroadcastTo(const Node& node) { return SizesInput(node, 1); }

Shape Tile(const Node& node) {
  Shape x = InputShape(node, 0);
  const auto multiples = InputInts(node, 1);
  if (!x.has_rank())
    return SizesInput(node, 1).has_rank() ? UnknownOfRank(SizesInput(node, 1).rank()) : x;
  if (!multiples) return UnknownOfRank(x.rank());
  if (static_cast<int>(multiples->size()) != x.rank()) return Shape::UnknownRank();
  for (int axis = 0; axis < x.rank(); ++axis) {
    const std::int64_t times = (*multiples)[static_cast<std::size_t>(axis)];
    if (times < 0) return Shape::UnknownRank();
    x.set_dim(axis, MulSizes(x.dim(axis), times));
  }
  return x;
}

Shape Range(const Node& node) {
  const auto start = InputInts(node, 0);
  const auto limit = InputInts(node, 1);
  const auto delta = InputInts(node, 2);
  if (!start || !limit || !delta || start->size() != 1 || limit->size() != 1 ||
      delta->size() != 1 || start->front() != 0 || delta->front() != 1) {
    return Shape{kUnknown};
  }
  return Shape{std::max<std::int64_t>(limit->front(), 0)};
}

Shape Pad(const Node& node) {
  Shape x = InputShape(node, 0);
  const auto paddings = InputInts(node, 1);
  if (!x.has_rank()) return x;
  if (!paddings) return UnknownOfRank(x.rank());
  if (static_cast<int>(paddings->size()) != 2 * x.rank()) return Shape::UnknownRank();
  for (int axis = 0; axis < x.rank(); ++axis) {
    const std::int64_t before = (*paddings)[static_cast<std::size_t>(2 * axis)];
    const std::int64_t after = (*paddings)[static_cast<std::size_t>(2 * axis + 1)];
    if (before < 0 || after < 0) return Shape::UnknownRank();
    x.set_dim(axis, AddSizes(x.dim(axis), AddSizes(before, after)));
  }
  return x;
}

Shape Gather(const Node& node) {
  const Shape params = InputShape(node, 0);
  const Shape indices = InputShape(node, 1);
  const auto axes = InputInts(node, 2);
  if (!params.has_rank() || !indices.has_rank() || !axes || axes->size() != 1 ||
      node.AttrOr<std::int64_t>("batch_dims", 0) != 0) {
    return Shape::UnknownRank();
  }
  const auto axis = Axis(axes->front(), params.rank());
  if (!axis) return Shape::UnknownRank();
  std::vector<std::int64_t> dims(params.dims().begin(), params.dims().begin() + *axis);
  dims.insert(dims.end(), indices.dims().begin(), indices.dims().end());
  dims.insert(dims.end(), params.dims().begin() + *axis + 1, params.dims().end());
  return Shape(std::move(dims));
}

Shape Concat(const Node& node) {
  if (node.inputs.size() < 2) return Shape::UnknownRank();
  const std::size_t count = node.inputs.size() - 1;
  const auto axes = InputInts(node, count);
  Shape shape = InputShape(node, 0);
  if (!shape.has_rank()) return shape;
  if (!axes || axes->size() != 1) return UnknownOfRank(shape.rank());
  const auto along = Axis(axes->front(), shape.rank());
  if (!along) return Shape::UnknownRank();
  for (std::size_t i = 1; i < count; ++i) {
    const Shape next = InputShape(node, i);
    if (!next.has_rank()) {
      shape.set_dim(*along, kUnknown);
      continue;
    }
    if (next.rank() != shape.rank()) return Shape::UnknownRank();
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (axis == *along) {
        shape.set_dim(axis, AddSizes(shape.dim(axis), next.dim(axis)));
      } else if (shape.dim(axis) < 0 && (next.dim(axis) >= 0 || shape.dim(axis) == kUnknown)) {
        shape.set_dim(axis, next.dim(axis));  // They are equal: take the better known.
      }
    }
  }
  return shape;
}

Shape Slice(const Node& node) {
  const Shape x = InputShape(node, 0);
  const auto begin = InputInts(node, 1);
  const auto size = InputInts(node, 2);
  Shape shape = x.has_rank() ? UnknownOfRank(x.rank()) : SizesInput(node, 2);
  if (!size || !shape.has_rank()) return shape.has_rank() ? UnknownOfRank(shape.rank()) : shape;
  if (static_cast<int>(size->size()) != shape.rank()) return Shape::UnknownRank();
  if (begin && begin->size() != size->size()) return Shape::UnknownRank();
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto i = static_cast<std::size_t>(axis);
    std::int64_t length = (*size)[i];
    if (length < 0) {  // -1: to the end.
      const std::int64_t all = x.has_rank() ? x.dim(axis) : kUnknown;
      const std::int64_t from = begin ? (*begin)[i] : kUnknown;
      length = from == 0 ? all : all >= 0 && from > 0 && from <= all ? all - from : kUnknown;
    }
    shape.set_dim(axis, length);
  }
  return shape;
}

Shape Pack(const Node& node) {
  Shape each = Shape::UnknownRank();
  for (std::size_t i = 0; i < node.inputs.size() && !each.has_rank(); ++i) {
    each = InputShape(node, i);
  }
  if (!each.has_rank()) return each;
  const auto axis = Axis(node.AttrOr<std::int64_t>("axis", 0), each.rank() + 1);
  if (!axis) return Shape::UnknownRank();
  std::vector<std::int64_t> dims = each.ToVector();
  dims.insert(dims.begin() + *axis, static_cast<std::int64_t>(node.inputs.size()));
  return Shape(std::move(dims));
}

// How many elements x[begin:end:stride] of an axis has; nullopt for an end that is left open.
std::int64_t SlicedSize(std::int64_t size, std::optional<std::int64_t> begin,
                        std::optional<std::int64_t> end, std::int64_t stride) {
  const std::int64_t first = stride > 0 ? 0 : -1;
  const std::int64_t last = stride > 0 ? size : size - 1;
  const auto place = [&](std::int64_t index) {
    return std::clamp(index < 0 ? index + size : index, first, last);
  };
  const std::int64_t from = begin ? place(*begin) : stride > 0 ? first : last;
  const std::int64_t to = end ? place(*end) : stride > 0 ? last : first;
  const std::int64_t span = stride > 0 ? to - from : from - to;
  if (span <= 0) return 0;
  if (stride == std::numeric_limits<std::int64_t>::min()) return 1;
  return (span - 1) / std::abs(stride) + 1;
}

Shape StridedSlice(const Node& node) {
  constexpr std::size_t kMaxEntries = 32;  // A mask has a bit for each.
  const Shape x = InputShape(node, 0);
  const auto begin = InputInts(node, 1), end = InputInts(node, 2), stride = InputInts(node, 3);
  if (!x.has_rank() || !stride || stride->size() > kMaxEntries) return Shape::UnknownRank();
  const std::size_t count = stride->size();
  if ((begin && begin->size() != count) || (end && end->size() != count)) {
    return Shape::UnknownRank();
  }
  const auto is_set = [&](std::string_view mask, std::size_t i) {
    return ((node.AttrOr<std::int64_t>(mask, 0) >> i) & 1) != 0;
  };
  int taken = 0;  // Axes that entries speak of; an ellipsis stands for all others.
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_set("ellipsis_mask", i) && !is_set("new_axis_mask", i)) ++taken;
  }
  if (taken > x.rank()) return Shape::UnknownRank();
  std::vector<std::int64_t> dims;
  int axis = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (is_set("ellipsis_mask", i)) {
      for (const int behind = axis + x.rank() - taken; axis < behind && axis < x.rank(); ++axis) {
        dims.push_back(x.dim(axis));
      }
      continue;
    }
    if (is_set("new_axis_mask", i)) {
      dims.push_back(1);
      continue;
    }
    if (axis == x.rank()) return Shape::UnknownRank();  // A second ellipsis.
    const std::int64_t size = x.dim(axis++);
    if (is_set("shrink_axis_mask", i)) continue;
    const bool from_begin = is_set("begin_mask", i), to_end = is_set("end_mask", i);
    const std::int64_t by = (*stride)[i];
    if (from_begin && to_end && (by == 1 || by == -1)) {
      dims.push_back(size);
    } else if (size < 0 || by == 0 || (!from_begin && !begin) || (!to_end && !end)) {
      dims.push_back(kUnknown);
    } else {
      dims.push_back(SlicedSize(size, from_begin ? std::nullopt : std::optional((*begin)[i]),
                                to_end ? std::nullopt : std::optional((*end)[i]), by));
    }
  }
  for (; axis < x.rank(); ++axis) dims.push_back(x.dim(axis));
  return Shape(std::move(dims));
}

// Each part of a split into equal ones.
Shape SplitPart(const Node& node) {
  Shape shape = InputShape(node, 1);
  const auto axes = InputInts(node, 0);
  const auto parts = node.AttrOr<std::int64_t>("num_split", 0);
  if (!shape.has_rank()) return shape;
  if (!axes || axes->size() != 1 || parts < 1) return UnknownOfRank(shape.rank());
  const auto axis = Axis(axes->front(), shape.rank());
  if (!axis) return Shape::UnknownRank();
  const std::int64_t size = shape.dim(*axis);
  if (parts > 1) shape.set_dim(*axis, size < 0 ? kUnknown : size / parts);
  return shape;
}

Shape UnpackPart(const Node& node) {
  const Shape x = InputShape(node, 0);
  if (!x.has_rank()) return x;
  const auto axis = Axis(node.AttrOr<std::int64_t>("axis", 0), x.rank());
  if (!axis) return Shape::UnknownRank();
  std::vector<std::int64_t> dims = x.ToVector();
  dims.erase(dims.begin() + *axis);
  return Shape(std::move(dims));
}

struct Row {
  std::string_view op;
  Rule rule;
};

// Sorted by op.
constexpr Row kRules[] = {
    {"Abs", SameAsFirst},
    {"Add", Broadcast},
    {"AddV2", Broadcast},
    {"All", Reduce},
    {"Any", Reduce},
    {"Atan2", Broadcast},
    {"BatchMatMul", BatchMatMul},
    {"BatchMatMulV2", BatchMatMul},
    {"BatchMatMulV3", BatchMatMul},
    {"BiasAdd", SameAsFirst},
    {"BroadcastTo", BroadcastTo},
    {"Cast", SameAsFirst},
    {"Ceil", SameAsFirst},
    {"CheckNumerics", SameAsFirst},
    {"ConcatV2", Concat},
    {"Conj", SameAsFirst},
    {"Const", Constant},
    {"Cos", SameAsFirst},
    {"Cosh", SameAsFirst},
    {"Cumprod", SameAsFirst},
    {"Cumsum", SameAsFirst},
    {"Digamma", SameAsFirst},
    {"Div", Broadcast},
    {"DivNoNan", Broadcast},
    {"Elu", SameAsFirst},
    {"EluGrad", SameAsFirst},
    {"Equal", Comparison},
    {"Erf", SameAsFirst},
    {"Erfc", SameAsFirst},
    {"Exp", SameAsFirst},
    {"ExpandDims", ExpandDims},
    {"Expm1", SameAsFirst},
    {"Fill", Fill},
    {"Floor", SameAsFirst},
    {"FloorDiv", Broadcast},
    {"FloorMod", Broadcast},
    {"GatherV2", Gather},
    {"Greater", Broadcast},
    {"GreaterEqual", Broadcast},
    {"Identity", SameAsFirst},
    {"Inv", SameAsFirst},
    {"InvertPermutation", SameAsFirst},
    {"IsFinite", SameAsFirst},
    {"IsInf", SameAsFirst},
    {"IsNan", SameAsFirst},
    {"LeakyRelu", SameAsFirst},
    {"LeakyReluGrad", SameAsFirst},
    {"Less", Broadcast},
    {"LessEqual", Broadcast},
    {"Lgamma", SameAsFirst},
    {"Log", SameAsFirst},
    {"Log1p", SameAsFirst},
    {"LogSoftmax", SameAsFirst},
    {"LogicalAnd", Broadcast},
    {"LogicalNot", SameAsFirst},
    {"LogicalOr", Broadcast},
    {"MatMul", MatMul},
    {"Max", Reduce},
    {"Maximum", Broadcast},
    {"Mean", Reduce},
    {"Min", Reduce},
    {"Minimum", Broadcast},
    {"MirrorPad", Pad},
    {"Mul", Broadcast},
    {"MulNoNan", Broadcast},
    {"Neg", SameAsFirst},
    {"NotEqual", Comparison},
    {"OnesLike", SameAsFirst},
    {"Pack", Pack},
    {"Pad", Pad},
    {"PadV2", Pad},
    {"Pow", Broadcast},
    {"Prod", Reduce},
    {"Range", Range},
    {"Rank", Scalar},
    {"RealDiv", Broadcast},
    {"Reciprocal", SameAsFirst},
    {"ReciprocalGrad", SameAsFirst},
    {"Relu", SameAsFirst},
    {"Relu6", SameAsFirst},
    {"Relu6Grad", SameAsFirst},
    {"ReluGrad", SameAsFirst},
    {"Reshape", Reshape},
    {"ReverseV2", SameAsFirst},
    {"Rint", SameAsFirst},
    {"Roll", SameAsFirst},
    {"Round", SameAsFirst},
    {"Rsqrt", SameAsFirst},
    {"RsqrtGrad", SameAsFirst},
    {"Select", SameAsSecond},
    {"SelectV2", Broadcast},
    {"Selu", SameAsFirst},
    {"SeluGrad", SameAsFirst},
    {"Shape", ShapeRule},
    {"Sigmoid", SameAsFirst},
    {"SigmoidGrad", SameAsFirst},
    {"Sign", SameAsFirst},
    {"Sin", SameAsFirst},
    {"Sinh", SameAsFirst},
    {"Size", Scalar},
    {"Slice", Slice},
    {"Softmax", SameAsFirst},
    {"Softplus", SameAsFirst},
    {"SoftplusGrad", SameAsFirst},
    {"Softsign", SameAsFirst},
    {"SoftsignGrad", SameAsFirst},
    {"Split", SplitPart},
    {"Sqrt", SameAsFirst},
    {"SqrtGrad", SameAsFirst},
    {"Square", SameAsFirst},
    {"SquaredDifference", Broadcast},
    {"Squeeze", Squeeze},
    {"StopGradient", SameAsFirst},
    {"StridedSlice", StridedSlice},
    {"Sub", Broadcast},
    {"Sum", Reduce},
    {"Tan", SameAsFirst},
    {"Tanh", SameAsFirst},
    {"TanhGrad", SameAsFirst},
    {"Tile", Tile},
    {"Transpose", Transpose},
    {"TruncateDiv", Broadcast},
    {"Unpack", UnpackPart},
    {"Xdivy", Broadcast},
    {"Xlog1py", Broadcast},
    {"Xlogy", Broadcast},
    {"ZerosLike", SameAsFirst},
};
static_assert(std::is_sorted(std::begin(kRules), std::end(kRules),
                             [](const Row& a, const Row& b) { return a.op < b.op; }));

}  // namespace

Shape StaticShape(Output output) {
  if (output.node == nullptr || output.index < 0) return Shape::UnknownRank();
  const auto index = static_cast<std::size_t>(output.index);
  if (index < output.node->shapes.size()) return output.node->shapes[index];
  if (!output.node->Is("Const")) return Shape::UnknownRank();
  const auto* value = output.node->Attr<TensorBytes>("value");
  if (value == nullptr) return Shape::UnknownRank();
  Result<TensorType> type = DecodeTensorType(*value);
  return type.ok() ? std::move(type->shape) : Shape::UnknownRank();
}

std::optional<std::vector<std::int64_t>> ConstantInts(Output output) {
  if (output.node == nullptr || !output.node->Is("Const")) return std::nullopt;
  const auto* value = output.node->Attr<TensorBytes>("value");
  if (value == nullptr) return std::nullopt;
  const Result<TensorType> type = DecodeTensorType(*value);
  if (!type.ok() || !IsInteger(type->dtype) || type->dtype == DType::kUInt64 ||
      static_cast<std::size_t>(type->shape.elements()) > kMaxConstantInts) {
    return std::nullopt;
  }
  const Result<Tensor> tensor = DecodeTensor(*value);
  if (!tensor.ok()) return std::nullopt;
  std::vector<std::int64_t> values(tensor->elements());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = tensor->dtype() == DType::kInt64 ? tensor->data<std::int64_t>()[i]
                                                 : static_cast<std::int64_t>(tensor->Number(i));
  }
  return values;
}

Shape BroadcastShape(const Shape& x, const Shape& y) {
  if (!x.has_rank() || !y.has_rank()) return Shape::UnknownRank();
  const int rank = std::max(x.rank(), y.rank());
  Shape shape = UnknownOfRank(rank);
  for (int axis = 0; axis < rank; ++axis) {
    const int in_x = axis - (rank - x.rank());
    const int in_y = axis - (rank - y.rank());
    const std::int64_t a = in_x < 0 ? 1 : x.dim(in_x);
    const std::int64_t b = in_y < 0 ? 1 : y.dim(in_y);
    if (a == b || b == 1) {
      shape.set_dim(axis, a);
    } else if (a == 1) {
      shape.set_dim(axis, b);
    } else if (a >= 0 && b >= 0) {
      return Shape::UnknownRank();  // They do not broadcast: TensorFlow will say so.
    } else {
      shape.set_dim(axis, a >= 0 ? a : b >= 0 ? b : kUnknown);  // The other is that size, or 1.
    }
  }
  return shape;
}

bool ReadsShapesOnly(const Node& node) {
  return node.Is("Shape") || node.Is("ShapeN") || node.Is("Size") || node.Is("Rank");
}

bool SurelyEqual(const Shape& x, const Shape& y) {
  if (!x.has_rank() || x != y) return false;
  return std::ranges::find(x.dims(), kUnknown) == x.dims().end();
}

std::vector<Shape> InferShapes(const Node& node) {
  const auto* row = std::lower_bound(std::begin(kRules), std::end(kRules), node.op,
                                     [](const Row& r, std::string_view op) { return r.op < op; });
  if (row == std::end(kRules) || row->op != node.op) return {};
  Shape shape = row->rule(node);
  if (!shape.has_rank()) return {};
  constexpr std::int64_t kMaxParts = 4096;
  const std::int64_t parts =
      node.AttrOr<std::int64_t>("num_split", node.AttrOr<std::int64_t>("num", 1));
  const bool has_parts = node.Is("Split") || node.Is("Unpack");
  if (has_parts && (parts < 1 || parts > kMaxParts)) return {};
  return std::vector<Shape>(has_parts ? static_cast<std::size_t>(parts) : 1, shape);
}

}  // namespace whylight
