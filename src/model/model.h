// A SavedModel opened for work: its files read, its graph ready to be imported, and for each
// variable the place of its value in the checkpoint.
//
// Nothing is executed and TensorFlow is not needed.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "savedmodel/checkpoint.h"
#include "savedmodel/saved_model.h"

namespace whylight {

// Where the value of a variable lies in the checkpoint.
struct VariableSource {
  std::string key;    // Checkpoint key.
  std::string slice;  // RestoreV2's shape_and_slice; empty for the whole tensor.
};

class Model {
 public:
  // Errors: as ReadSavedModel and FindMetaGraph; kDataLoss for a graph that cannot be imported.
  // A missing or damaged checkpoint is no error here: see checkpoint().
  static Result<std::unique_ptr<Model>> Open(const std::string& path,
                                             const std::vector<std::string>& tags = {});

  const SavedModel& files() const { return files_; }
  const MetaGraph& meta() const { return *meta_; }
  // TensorFlow's ops and those that only this model brings along.
  const OpRegistry& registry() const { return registry_; }
  const Result<Checkpoint>& checkpoint() const { return checkpoint_; }

  // The whole graph, new at each call. Empty shared names are filled with the node's name, so
  // that the same resource is meant under any node name; assets and the checkpoint's file name
  // are constants with their paths; colocation and hints of shapes are dropped.
  Result<Graph> ImportWholeGraph() const;

  // By the name of the handle or reference variable's node. TF2: through the objects bound to
  // the captured inputs of concrete functions, since names are not unique and what the saver's
  // own function restores may be another handle. TF1: through the saver's Assign ops.
  const std::map<std::string, VariableSource, std::less<>>& variables() const { return variables_; }

  // TF2: by the id of the variable's object, the name of its handle's node. Of a variable that only
  // gradient functions use, the name that AttachSavedGradients gives it.
  const std::map<int, std::string>& variable_handles() const { return variable_handles_; }

  // Nodes to run after the variables are restored (tables, local variables); often empty.
  std::vector<std::string> InitNodes() const;

  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

 private:
  Model() : checkpoint_(Status(StatusCode::kNotFound, "not opened")) {}
  Status BindVariables();
  void BindByObjects(const Graph& graph, const Checkpoint& checkpoint,
                     const std::vector<std::map<std::string, std::string>>& keys);
  void BindGradientFunctions(const Graph& graph, const Checkpoint& checkpoint,
                             const std::vector<std::map<std::string, std::string>>& keys);
  void BindBySaver(const Graph& graph);

  SavedModel files_;
  const MetaGraph* meta_ = nullptr;
  OpRegistry registry_;
  Result<Checkpoint> checkpoint_;
  std::map<std::string, VariableSource, std::less<>> variables_;
  std::map<int, std::string> variable_handles_;
};

// VarHandleOp, VariableV2 and their kin: nodes whose output is a variable.
bool IsVariable(const Node& node);
// The function that a PartitionedCall or StatefulPartitionedCall calls, or nullptr.
const FunctionRef* CalledFunction(const Node& node);

}  // namespace whylight
