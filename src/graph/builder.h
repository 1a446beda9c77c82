// Adds nodes to a graph so that code reads as algebra.
//
// The first error is kept and every later call becomes a no-op that returns an empty Output, so
// a rule needs no checks; the caller asks status() once.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace whylight {

class GraphBuilder {
 public:
  // New nodes are named `scope`/Op, made unique.
  GraphBuilder(Graph& graph, std::string scope) : graph_(graph), scope_(std::move(scope)) {}

  Graph& graph() { return graph_; }
  const Status& status() const { return status_; }
  void Fail(Status status);  // Keeps the first.

  // A node of `op`. Type and number attributes follow from the inputs; `attrs` wins over both;
  // what is left out and has a default is left to the default.
  // Errors (kept; kInternal: a rule is wrong): an unknown op, inputs of the wrong count or type, a
  // missing attribute. nullptr then.
  Node* OpNode(std::string_view op, const std::vector<Output>& inputs, Attrs attrs = {});
  Output Op(std::string_view op, const std::vector<Output>& inputs, Attrs attrs = {});  // Output 0.

  DType dtype(Output x);        // kInvalid after an error.
  Shape shape(Output x) const;  // As inferred; of new nodes where it is plain (elementwise, Const).

  // Constants. Equal small constants are made once.
  Output Const(const Tensor& value);
  Output Scalar(DType dtype, double value);
  Output ScalarLike(Output like, double value);            // In the dtype of `like`.
  Output Int32s(const std::vector<std::int32_t>& values);  // A vector.
  Output Int64s(const std::vector<std::int64_t>& values);

  // Elementwise; broadcasting as TensorFlow's.
  Output Add(Output x, Output y);
  Output Sub(Output x, Output y);
  Output Mul(Output x, Output y);
  Output Div(Output x, Output y);  // Of integers: rounded towards zero.
  Output Neg(Output x);
  Output Exp(Output x);
  Output Log(Output x);
  Output Square(Output x);
  Output Sqrt(Output x);
  Output Rsqrt(Output x);
  Output Reciprocal(Output x);
  Output Pow(Output x, Output y);
  Output Sigmoid(Output x);
  Output Tanh(Output x);
  Output Sign(Output x);
  Output Conj(Output x);  // x itself unless complex.
  Output Greater(Output x, Output y);
  Output GreaterEqual(Output x, Output y);
  Output Less(Output x, Output y);
  Output LessEqual(Output x, Output y);
  Output Equal(Output x, Output y);
  Output NotEqual(Output x, Output y);
  Output And(Output x, Output y);
  Output Not(Output x);
  Output Select(Output condition, Output x, Output y);  // SelectV2: broadcasts.
  Output ZerosLike(Output x);
  Output OnesLike(Output x);
  Output Cast(Output x, DType to);

  // Shapes and layout. `axes`, `sizes`, ... are int32 or int64 tensors of the graph.
  // A constant where the shape is known; else made once for each x.
  Output ShapeOf(Output x, DType out = DType::kInt32);
  Output Rank(Output x);
  Output Size(Output x);
  Output Reshape(Output x, Output shape);
  // In the shape of `like`, which has as many elements. Nothing where the static shapes agree.
  Output ReshapeLike(Output x, Output like);
  Output ExpandDims(Output x, Output axis);
  Output Transpose(Output x, Output permutation);
  Output InvertPermutation(Output permutation);
  Output Gather(Output params, Output indices, int axis = 0);
  Output Concat(const std::vector<Output>& values, Output axis);
  Output Slice(Output x, Output begin, Output size);
  Output Fill(Output sizes, Output value);
  Output BroadcastTo(Output x, Output sizes);
  Output Tile(Output x, Output multiples);
  Output Range(Output start, Output limit, Output delta);
  Output Pad(Output x, Output paddings);

  Output Sum(Output x, Output axes, bool keep_dims = false);
  Output Max(Output x, Output axes, bool keep_dims = false);
  Output MatMul(Output a, Output b, bool transpose_a = false, bool transpose_b = false);
  Output BatchMatMul(Output a, Output b, bool adjoint_a = false, bool adjoint_b = false);

  // `value` (of the broadcast shape of like and other) summed over the axes along which `like`
  // was broadcast, in the shape of `like`. The gradient of broadcasting. Nothing is added where
  // the static shapes prove that nothing was broadcast.
  Output SumTo(Output value, Output like, Output other);
  Output SumTo(Output value, Output like);  // The same, with value's own shape for the broadcast.

 private:
  // The axes to sum a gradient over that has the shape of both broadcast together.
  Output BroadcastAxes(Output like_shape, Output other_shape);

  Graph& graph_;
  std::string scope_;
  Status status_;
  std::map<std::string, Output> constants_;
  std::map<std::pair<Output, DType>, Output> shapes_;
  std::map<std::pair<Output, Output>, Node*> broadcast_axes_;  // BroadcastGradientArgs, by shapes.
};

}  // namespace whylight
