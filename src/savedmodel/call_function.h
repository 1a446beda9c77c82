// Which function a TF2 signature calls, seen through the wrappers that TensorFlow puts around it.
//
// A signature's outputs come from a call node; its function ("__inference_signature_wrapper_12")
// does nothing but call the traced function, which is what the user wrote. Two signatures are one
// function when the same traced function gives the same outputs from the same inputs.
//
// Threads const access from many. Views point into the GraphDef.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "savedmodel/saved_model.h"

namespace whylight {

// The calls of a GraphDef: read once, asked often.
class CallGraph {
 public:
  // The part of a node that matters here.
  struct Node {
    std::string_view op;
    std::string_view function;             // Attribute `f` of a call.
    std::vector<std::string_view> inputs;  // Without control inputs.
  };
  struct Function {
    std::vector<std::string_view> arguments;
    std::vector<std::string_view> outputs;
    std::map<std::string_view, Node> nodes;
    std::map<std::string_view, std::string_view> returns;  // Output -> "node:output:0".
  };

  // A GraphDef that cannot be read has no nodes.
  explicit CallGraph(std::string_view graph_def);

  const std::map<std::string_view, Node>& nodes() const { return nodes_; }
  // nullptr if there is none.
  const Function* FindFunction(std::string_view name) const;

 private:
  std::map<std::string_view, Node> nodes_;
  std::map<std::string_view, Function> functions_;
};

// Whether `a` and `b` have the same keys and the same function behind every output. False where
// it cannot be told.
bool SameCalledFunction(const CallGraph& calls, const SignatureDef& a, const SignatureDef& b);

// A ragged or sparse argument of a signature's function, and the inputs that are its parts.
struct CompositeInput {
  std::string type;               // "RaggedTensorSpec"
  std::vector<std::string> keys;  // Of the signature's inputs.
};

// Nothing in a SignatureDef says which inputs are parts of one argument; the object graph does,
// at the function that the signature calls.
std::vector<CompositeInput> CompositeInputs(const CallGraph& calls, const MetaGraph& graph,
                                            const SignatureDef& signature);

}  // namespace whylight
