#include "graph/builder.h"

#include <algorithm>
#include <utility>

#include "graph/deduction.h"
#include "graph/shapes.h"

namespace whylight {
namespace {

constexpr std::size_t kMaxSharedElements = 64;  // Larger constants are not compared with others.

// Which axes of a value of shape `out` were broadcast from `like`, and so are to be summed.
struct SummedAxes {
  std::vector<std::int32_t> summed;
  std::vector<std::int64_t> dropped;  // Of these, those that `like` does not have at all.
};

// nullopt where that depends on the run. `other` is what `like` was broadcast against.
std::optional<SummedAxes> AxesToSum(const Shape& like, const Shape& other) {
  if (!like.has_rank() || !other.has_rank()) return std::nullopt;
  const int rank = std::max(like.rank(), other.rank());
  SummedAxes axes;
  for (int axis = 0; axis < rank; ++axis) {
    const int in_like = axis - (rank - like.rank());
    const int in_other = axis - (rank - other.rank());
    if (in_like < 0) {
      axes.summed.push_back(axis);
      axes.dropped.push_back(axis);
      continue;
    }
    const std::int64_t mine = like.dim(in_like);
    const std::int64_t theirs = in_other < 0 ? 1 : other.dim(in_other);
    if (mine == 1) {
      if (theirs != 1) axes.summed.push_back(axis);  // Summing over an axis of one changes nothing.
    } else if (mine < 0 && theirs != 1 && (mine != theirs || mine == Shape::kUnknown)) {
      return std::nullopt;  // One in some runs, and broadcast then.
    }
  }
  return axes;
}

}  // namespace

void GraphBuilder::Fail(Status status) {
  if (status_.ok() && !status.ok()) status_ = std::move(status);
}

Node* GraphBuilder::OpNode(std::string_view op, const std::vector<Output>& inputs, Attrs attrs) {
  if (!status_.ok()) return nullptr;
  const std::string place = scope_ + ": " + std::string(op);
  const OpDef* const def = graph_.registry().Find(op);
  if (def == nullptr) {
    Fail(Internal(place + " is not a known op"));
    return nullptr;
  }
  std::vector<DType> types;
  for (const Output& input : inputs) {
    Result<DType> type = graph_.OutputType(input);
    if (!type.ok()) {
      Fail(type.status().In(place));
      return nullptr;
    }
    types.push_back(*type);
  }
  if (const Status status = DeduceAttrs(*def, types, attrs); !status.ok()) {
    Fail(Internal(place + ": " + status.message()));
    return nullptr;
  }
  const std::string wish = scope_.empty() ? std::string(op) : scope_ + "/" + std::string(op);
  Node* const node = graph_.Add(graph_.UniqueName(wish), std::string(op));
  node->inputs = inputs;
  node->attrs = std::move(attrs);
  node->shapes = InferShapes(*node);
  return node;
}

Output GraphBuilder::Op(std::string_view op, const std::vector<Output>& inputs, Attrs attrs) {
  return {OpNode(op, inputs, std::move(attrs)), 0};
}

DType GraphBuilder::dtype(Output x) {
  if (!status_.ok()) return DType::kInvalid;
  const Result<DType> type = graph_.OutputType(x);
  if (!type.ok()) {
    Fail(type.status().In(scope_));
    return DType::kInvalid;
  }
  return *type;
}

Shape GraphBuilder::shape(Output x) const { return StaticShape(x); }

Output GraphBuilder::Const(const Tensor& value) {
  if (!status_.ok()) return {};
  const bool is_shared = value.elements() <= kMaxSharedElements;
  TensorBytes bytes = EncodeTensor(value);
  if (is_shared) {
    if (const auto found = constants_.find(bytes.bytes); found != constants_.end()) {
      return found->second;
    }
  }
  const std::string key = is_shared ? bytes.bytes : std::string();
  const Output made = Op("Const", {}, {{"dtype", value.dtype()}, {"value", std::move(bytes)}});
  if (is_shared && made.node != nullptr) constants_.emplace(key, made);
  return made;
}

Output GraphBuilder::Scalar(DType dtype, double value) {
  if (!status_.ok()) return {};
  if (IsNumeric(dtype) || dtype == DType::kBool) return Const(Tensor::Filled(dtype, {}, value));
  if (IsComplex(dtype)) return Cast(Scalar(DType::kFloat64, value), dtype);
  Fail(Internal(scope_ + ": there is no constant " + std::to_string(value) + " of type " +
                DTypeName(dtype)));
  return {};
}

Output GraphBuilder::ScalarLike(Output like, double value) { return Scalar(dtype(like), value); }

Output GraphBuilder::Int32s(const std::vector<std::int32_t>& values) {
  return Const(Tensor::Of<std::int32_t>(Shape{static_cast<std::int64_t>(values.size())},
                                        std::span<const std::int32_t>(values)));
}

Output GraphBuilder::Int64s(const std::vector<std::int64_t>& values) {
  return Const(Tensor::Of<std::int64_t>(Shape{static_cast<std::int64_t>(values.size())},
                                        std::span<const std::int64_t>(values)));
}

Output GraphBuilder::Add(Output x, Output y) { return Op("AddV2", {x, y}); }
Output GraphBuilder::Sub(Output x, Output y) { return Op("Sub", {x, y}); }
Output GraphBuilder::Mul(Output x, Output y) { return Op("Mul", {x, y}); }
Output GraphBuilder::Div(Output x, Output y) {
  return Op(IsInteger(dtype(x)) ? "Div" : "RealDiv", {x, y});
}
Output GraphBuilder::Neg(Output x) { return Op("Neg", {x}); }
Output GraphBuilder::Exp(Output x) { return Op("Exp", {x}); }
Output GraphBuilder::Log(Output x) { return Op("Log", {x}); }
Output GraphBuilder::Square(Output x) { return Op("Square", {x}); }
Output GraphBuilder::Sqrt(Output x) { return Op("Sqrt", {x}); }
Output GraphBuilder::Rsqrt(Output x) { return Op("Rsqrt", {x}); }
Output GraphBuilder::Reciprocal(Output x) { return Op("Reciprocal", {x}); }
Output GraphBuilder::Pow(Output x, Output y) { return Op("Pow", {x, y}); }
Output GraphBuilder::Sigmoid(Output x) { return Op("Sigmoid", {x}); }
Output GraphBuilder::Tanh(Output x) { return Op("Tanh", {x}); }
Output GraphBuilder::Sign(Output x) { return Op("Sign", {x}); }
Output GraphBuilder::Conj(Output x) { return IsComplex(dtype(x)) ? Op("Conj", {x}) : x; }
Output GraphBuilder::Greater(Output x, Output y) { return Op("Greater", {x, y}); }
Output GraphBuilder::GreaterEqual(Output x, Output y) { return Op("GreaterEqual", {x, y}); }
Output GraphBuilder::Less(Output x, Output y) { return Op("Less", {x, y}); }
Output GraphBuilder::LessEqual(Output x, Output y) { return Op("LessEqual", {x, y}); }
Output GraphBuilder::Equal(Output x, Output y) { return Op("Equal", {x, y}); }
Output GraphBuilder::NotEqual(Output x, Output y) { return Op("NotEqual", {x, y}); }
Output GraphBuilder::And(Output x, Output y) { return Op("LogicalAnd", {x, y}); }
Output GraphBuilder::Not(Output x) { return Op("LogicalNot", {x}); }
Output GraphBuilder::Select(Output condition, Output x, Output y) {
  return Op("SelectV2", {condition, x, y});
}
Output GraphBuilder::ZerosLike(Output x) { return Op("ZerosLike", {x}); }
Output GraphBuilder::OnesLike(Output x) { return Op("OnesLike", {x}); }
Output GraphBuilder::Cast(Output x, DType to) {
  return dtype(x) == to ? x : Op("Cast", {x}, {{"DstT", to}});
}

Output GraphBuilder::ShapeOf(Output x, DType out) {
  const Shape known = shape(x);
  if (!known.IsKnown()) {
    if (!status_.ok()) return {};
    const auto [made, is_new] = shapes_.try_emplace({x, out});
    if (is_new) made->second = Op("Shape", {x}, {{"out_type", out}});
    return made->second;
  }
  if (out == DType::kInt64) return Int64s(known.ToVector());
  return Int32s({known.dims().begin(), known.dims().end()});
}

Output GraphBuilder::Rank(Output x) {
  const Shape known = shape(x);
  return known.has_rank() ? Scalar(DType::kInt32, known.rank()) : Op("Rank", {x});
}

Output GraphBuilder::Size(Output x) {
  const Shape known = shape(x);
  if (!known.IsKnown()) return Op("Size", {x}, {{"out_type", DType::kInt32}});
  return Scalar(DType::kInt32, static_cast<double>(known.elements()));
}

Output GraphBuilder::Reshape(Output x, Output sizes) { return Op("Reshape", {x, sizes}); }

Output GraphBuilder::ReshapeLike(Output x, Output like) {
  const Shape have = shape(x);
  const Shape want = shape(like);
  if (SurelyEqual(have, want)) return x;
  if (!want.has_rank()) return Reshape(x, ShapeOf(like));
  // With at most one axis unknown and no empty one, the number of elements settles that axis.
  std::vector<std::int32_t> sizes;
  int unknown = 0;
  for (const std::int64_t size : want.dims()) {
    if (size < 0) ++unknown;
    if (size == 0) unknown = 2;
    sizes.push_back(static_cast<std::int32_t>(std::max(size, Shape::kUnknown)));
  }
  if (want.IsKnown() || unknown > 1) return Reshape(x, ShapeOf(like));
  if (have.has_rank() && have.rank() == want.rank() &&
      std::equal(have.dims().begin(), have.dims().end(), want.dims().begin(),
                 [](std::int64_t a, std::int64_t b) { return b < 0 || a == b; })) {
    return x;
  }
  return Reshape(x, Int32s(sizes));
}

Output GraphBuilder::ExpandDims(Output x, Output axis) { return Op("ExpandDims", {x, axis}); }
Output GraphBuilder::Transpose(Output x, Output permutation) {
  return Op("Transpose", {x, permutation});
}
Output GraphBuilder::InvertPermutation(Output permutation) {
  return Op("InvertPermutation", {permutation});
}
Output GraphBuilder::Gather(Output params, Output indices, int axis) {
  return Op("GatherV2", {params, indices, Scalar(DType::kInt32, axis)});
}
Output GraphBuilder::Concat(const std::vector<Output>& values, Output axis) {
  std::vector<Output> inputs = values;
  inputs.push_back(axis);
  return Op("ConcatV2", inputs);
}
Output GraphBuilder::Slice(Output x, Output begin, Output size) {
  return Op("Slice", {x, begin, size});
}
Output GraphBuilder::Fill(Output sizes, Output value) { return Op("Fill", {sizes, value}); }
Output GraphBuilder::BroadcastTo(Output x, Output sizes) { return Op("BroadcastTo", {x, sizes}); }
Output GraphBuilder::Tile(Output x, Output multiples) { return Op("Tile", {x, multiples}); }
Output GraphBuilder::Range(Output start, Output limit, Output delta) {
  return Op("Range", {start, limit, delta});
}
Output GraphBuilder::Pad(Output x, Output paddings) { return Op("Pad", {x, paddings}); }

Output GraphBuilder::Sum(Output x, Output axes, bool keep_dims) {
  return Op("Sum", {x, axes}, {{"keep_dims", keep_dims}});
}
Output GraphBuilder::Max(Output x, Output axes, bool keep_dims) {
  return Op("Max", {x, axes}, {{"keep_dims", keep_dims}});
}
Output GraphBuilder::MatMul(Output a, Output b, bool transpose_a, bool transpose_b) {
  return Op("MatMul", {a, b}, {{"transpose_a", transpose_a}, {"transpose_b", transpose_b}});
}
Output GraphBuilder::BatchMatMul(Output a, Output b, bool adjoint_a, bool adjoint_b) {
  return Op("BatchMatMulV2", {a, b}, {{"adj_x", adjoint_a}, {"adj_y", adjoint_b}});
}

Output GraphBuilder::BroadcastAxes(Output like_shape, Output other_shape) {
  if (const auto found = broadcast_axes_.find({other_shape, like_shape});
      found != broadcast_axes_.end()) {
    return {found->second, 1};
  }
  const auto [made, is_new] = broadcast_axes_.try_emplace({like_shape, other_shape});
  if (is_new) made->second = OpNode("BroadcastGradientArgs", {like_shape, other_shape});
  return {made->second, 0};
}

Output GraphBuilder::SumTo(Output value, Output like, Output other) {
  if (!status_.ok()) return {};
  const Shape like_shape = shape(like);
  const auto axes = AxesToSum(like_shape, shape(other));
  if (!axes) {
    const Output to = ShapeOf(like);
    return Reshape(Sum(value, BroadcastAxes(to, ShapeOf(other))), to);
  }
  if (axes->summed.empty()) return value;
  if (axes->dropped.size() == axes->summed.size()) return Sum(value, Int32s(axes->summed));
  const Output summed = Sum(value, Int32s(axes->summed), true);
  if (axes->dropped.empty()) return summed;
  return Op("Squeeze", {summed}, {{"squeeze_dims", axes->dropped}});
}

Output GraphBuilder::SumTo(Output value, Output like) { return SumTo(value, like, value); }

}  // namespace whylight
