// The graph in which the tensors of one signature are named, and parts that are cut out of it.
//
// TF1  the graph of the session: any tensor in it can be fed and fetched.
// TF2  the body of the function that the signature calls, with all calls inlined. What is cut out
//      becomes a function of its own, which captures those variables and tables that it needs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/import.h"
#include "model/model.h"
#include "model/program.h"

namespace whylight {

struct SignatureGraph {
  // An argument that is bound to an object of the model and not given by the caller.
  struct Capture {
    Node* argument = nullptr;
    Output bound;    // What the call node gives for it, in the main graph.
    int object = 0;  // Its id in the object graph.
  };

  Graph graph;
  std::vector<Port> inputs;   // By name. TF2: arguments of the function.
  std::vector<Port> outputs;  // By name.

  // TF2 only.
  Graph main;
  Node* call = nullptr;  // In `main`.
  std::vector<Capture> captures;
};

// Errors  kUnimplemented: a sparse or composite input or output; TF2: outputs that are not those of
//           one call. kDataLoss, kNotFound: the graph does not hold what the signature names.
Result<SignatureGraph> OpenSignatureGraph(const Model& model, const SignatureDef& signature);

// As `inspect` and metadata write it ("StatefulPartitionedCall/dense/Relu:0"), without the call in
// front, or the end of a name, if no other ends so ("dense/Relu").
// Errors: kNotFound with near names; kInvalidArgument for an end that several names have.
Result<Output> FindTensor(const SignatureGraph& graph, std::string_view name);

// The whole name, which FindTensor understands.
std::string TensorName(const SignatureGraph& graph, Output tensor);

// What the model says of the shape of `tensor`.
Shape RecordedShape(Output tensor);

// Errors  kInvalidArgument: an output needs an input of the signature that is not among `inputs`;
//         no output needs one of `inputs`.
Status CheckCut(const SignatureGraph& graph, const std::vector<Port>& inputs,
                const std::vector<Port>& outputs);

// Errors: kInvalidArgument: one of `tensors` comes from another.
Status CheckApart(const SignatureGraph& graph, const std::vector<Port>& tensors);

// The part of a TF2 function from `inputs`, tensors of it or its own arguments, to `outputs`. What
// only orders effects in the part that is left out (an Assert there) is left out too.
struct FunctionPart {
  FunctionBody body;  // Takes `inputs`, then `captures`; returns `outputs`.
  std::vector<Port> inputs, outputs;
  std::vector<SignatureGraph::Capture> captures;
};
// Inputs and outputs are in the order of their names, as TensorFlow flattens dictionaries.
// Needs what CheckCut checks. Uses up `opened.graph`; what captures are bound to stays in
// `opened.main`.
Result<FunctionPart> CutOut(SignatureGraph& opened, std::vector<Port> inputs,
                            std::vector<Port> outputs);

}  // namespace whylight
