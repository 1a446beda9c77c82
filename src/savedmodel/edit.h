// A SavedModel with other signatures, and otherwise as it was: fields that nothing here knows, the
// order of fields and all other messages are kept byte for byte.
//
// What TensorFlow's two loaders read must agree: the C++ one takes the SignatureDef and the call
// node that it points at, tf.saved_model.load the object graph's map of signatures and the concrete
// functions there. New objects come behind the old ones, whose ids the checkpoint knows.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "savedmodel/saved_model.h"

namespace whylight {

// A signature under a key that was free, or was made free.
struct NewSignature {
  std::string key;
  // Of the model before the edit: the new key means the same signature. Empty: what follows.
  std::string same_as;
  SignatureDef signature;
  std::string function;           // TF2: the concrete function, one of the library.
  std::vector<int> bound_inputs;  // TF2: ids of the objects bound to its captured inputs.
};

struct MetaGraphEdit {
  std::vector<std::string> drop;              // Keys.
  std::map<std::string, std::string> rename;  // Key -> key.
  std::vector<NewSignature> add;
  std::vector<std::string> graphs;     // Serialized GraphDefs: their nodes come behind the graph's.
  std::vector<std::string> functions;  // Serialized FunctionDefs, behind those of the library.
};

// The serialized SavedModel of which `graph`, one of the model's, was edited.
// Errors  kUnimplemented: TF2 without a map of signatures in its object graph.
//         kResourceExhausted: the result is larger than a protocol buffer can be.
Result<std::string> EditMetaGraph(const SavedModel& model, const MetaGraph& graph,
                                  const MetaGraphEdit& edit);

}  // namespace whylight
