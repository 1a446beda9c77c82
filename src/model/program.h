// The part of a model's graph that answers and explains requests.
//
//   request placeholders -> [xai_preprocess, parsing, decoding] -> inputs -> outputs
//
// `inputs` are the tensors that rows are fed to when the model is evaluated along a path or over
// coalitions. They are the request's own placeholders where nothing lies between.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/passes/pass.h"
#include "model/choose.h"
#include "model/model.h"

namespace whylight {

// A named tensor of the graph; the shape has the row axis, where there is one.
struct Port {
  std::string name;
  Output tensor;
  DType dtype = DType::kInvalid;
  Shape shape = Shape::UnknownRank();
};

struct ProgramInput {
  Port port;
  // What computes its value from the request; empty if the port is a request placeholder.
  std::optional<Output> source;
  std::string tensor = {};  // Of a feature inside the graph: its name there as it was saved.
};

// How rows lie in the model's tensors.
struct RowLayout {
  enum class Kind { kBatched, kFixed, kNone };
  Kind kind = Kind::kBatched;  // Any number of rows; exactly `size`; no row axis at all.
  int size = 0;
};

struct Program {
  Graph graph;
  std::vector<Port> request;
  std::vector<ProgramInput> inputs;
  std::vector<Port> outputs;
  RowLayout layout;          // Of inputs and outputs.
  RowLayout request_layout;  // Of the request; another where a preprocessing function has its own.
  // Why saved custom gradients are not used, by `_gradient_op_type`: see AttachSavedGradients.
  std::map<std::string, std::string> lost_gradients;
};

// A feature that metadata (or the search below) places inside the graph: "age" is "parse:6".
//
// With `indices` and `dense_shape` it is a sparse one, of which `tensor` is the values. It is fed
// as a dense one, where a value that is absent is "", -1 or 0 by its dtype (AbsentValue): rows can
// be cut from it, and a row without some of its values can be made. The three `weight_` tensors go
// with the values: the weight of an absent value is absent too. They are fed as one more input,
// "<name> weights".
struct NamedTensor {
  std::string name;
  std::string tensor;
  std::string indices, dense_shape;
  std::string weight_values, weight_indices, weight_dense_shape;
};

// What marks an absent value of a sparse tensor that is fed as a dense one; also an ordinary zero
// of floats, whose absence changes nothing that sums.
Tensor AbsentValue(DType dtype);

struct ProgramSpec {
  const SignatureDef* signature = nullptr;
  const SignatureDef* preprocess = nullptr;
  std::vector<NamedTensor> features;  // TF1: tensors inside the graph; empty: the signature's.
  std::vector<NamedTensor> outputs;   // TF1: further outputs, by their tensors.
  // The inputs are fed as they are, without a common axis of rows (parts of ragged and sparse
  // tensors): one request is one run.
  bool without_rows = false;
  // For gradients: replace serialized and string inputs by the first float tensors behind their
  // parsing, lookup or embedding, if the signature has no float input of its own.
  bool search_float_features = false;
};

// Imports, cuts at the features, inlines calls, prunes.
// Errors  kNotFound: a tensor or output that is not there, with near names.
//         kUnimplemented: recursive functions. kInvalidArgument: a feature that no output needs.
Result<Program> BuildProgram(const Model& model, const ProgramSpec& spec);

// Calls `run` with a context that keeps all of the program's tensors, and follows those that it
// replaced. What the program feeds is never replaced.
Status RunOnProgram(Program& program,
                    const std::function<Status(Graph& graph, PassContext& context)>& run);

// The first float tensors behind the string inputs: named by the tf.Example key where a parsing
// op gives one, else by the input, else by their node.
std::vector<NamedTensor> FindFloatFeatures(const Graph& graph, const std::vector<Output>& inputs,
                                           const std::vector<Output>& outputs);

// A sparse column that a parsing op makes of one key of a tf.Example.
struct ParsedColumn {
  Output indices, values, dense_shape;
  DType dtype = DType::kInvalid;  // Of the values.
};
std::optional<ParsedColumn> FindParsedColumn(const Graph& graph, std::string_view key);

// The tensor in front of a final Softmax or Sigmoid (through Identity), or nullopt.
std::optional<Output> LogitsBehind(const Graph& graph, Output output);

}  // namespace whylight
