#include "model/model.h"

#include <algorithm>
#include <array>
#include <set>

#include "graph/import.h"

namespace whylight {
namespace {

std::string NodeOf(std::string_view tensor) {
  return std::string(tensor.substr(0, tensor.rfind(':')));
}

// Ops whose resource is found by container and shared name, and by the node's name if the shared
// name is empty.
bool IsSharedByName(const Node& node) {
  static const std::set<std::string_view> kOps = {
      "VarHandleOp",
      "VariableV2",
      "Variable",
      "HashTable",
      "HashTableV2",
      "MutableHashTable",
      "MutableHashTableV2",
      "MutableHashTableOfTensors",
      "MutableHashTableOfTensorsV2",
      "MutableDenseHashTable",
      "MutableDenseHashTableV2",
  };
  return kOps.contains(node.op);
}

void ReplaceWithPath(Graph& graph, const std::string& tensor, const std::string& path) {
  Node* node = graph.Find(NodeOf(tensor));
  if (node == nullptr) return;
  node->op = "Const";
  node->inputs.clear();
  node->attrs.clear();
  node->attrs["dtype"] = DType::kString;
  node->attrs["value"] = EncodeTensor(Tensor::ScalarString(path));
  node->shapes.clear();
}

// The RestoreV2 output behind a value that the saver assigns, through Identity and Reshape.
std::optional<Output> RestoredOutput(Output value) {
  for (int hops = 0; hops < 8; ++hops) {
    const Node& node = *value.node;
    if (node.Is("RestoreV2")) return value;
    if ((!node.Is("Identity") && !node.Is("Reshape") && !node.Is("Cast")) || node.inputs.empty()) {
      return std::nullopt;
    }
    value = node.inputs[0];
  }
  return std::nullopt;
}

std::vector<std::string> ConstStrings(const Output& output) {
  const auto* value = output.node->Attr<TensorBytes>("value");
  if (value == nullptr) return {};
  Result<Tensor> tensor = DecodeTensor(*value);
  if (!tensor.ok() || !tensor->is_string()) return {};
  return {tensor->strings().begin(), tensor->strings().end()};
}

// Where the checkpoint has the value of a variable object.
std::optional<VariableSource> SourceOf(
    int id, const Checkpoint& checkpoint,
    const std::vector<std::map<std::string, std::string>>& keys) {
  const auto index = static_cast<std::size_t>(id);
  if (index >= keys.size()) return std::nullopt;
  const auto key = keys[index].find("VARIABLE_VALUE");
  if (key == keys[index].end() || checkpoint.Find(key->second) == nullptr) return std::nullopt;
  return VariableSource{.key = key->second, .slice = ""};
}

}  // namespace

bool IsVariable(const Node& node) {
  return node.Is("VarHandleOp") || node.Is("VariableV2") || node.Is("Variable") ||
         node.Is("AutoReloadVariable");
}

const FunctionRef* CalledFunction(const Node& node) {
  if (!node.Is("StatefulPartitionedCall") && !node.Is("PartitionedCall")) return nullptr;
  return node.Attr<FunctionRef>("f");
}

Result<std::unique_ptr<Model>> Model::Open(const std::string& path,
                                           const std::vector<std::string>& tags) {
  std::unique_ptr<Model> model(new Model);
  WHYLIGHT_ASSIGN_OR_RETURN(model->files_, ReadSavedModel(path));
  WHYLIGHT_ASSIGN_OR_RETURN(model->meta_, FindMetaGraph(model->files_, tags));
  model->registry_.Merge(OpRegistry::Builtin());
  if (!model->meta_->stripped_op_list.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(const OpRegistry used,
                              OpRegistry::Parse(model->meta_->stripped_op_list));
    model->registry_.Merge(used);
  }
  model->checkpoint_ = Checkpoint::Open(model->files_.variables_prefix());
  WHYLIGHT_RETURN_IF_ERROR(model->BindVariables().In(model->files_.directory));
  return model;
}

Result<Graph> Model::ImportWholeGraph() const {
  WHYLIGHT_ASSIGN_OR_RETURN(Graph graph, ImportGraph(meta_->graph_def, registry_));
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    node->attrs.erase("_class");
    node->attrs.erase("_output_shapes");  // A hint, and wrong once a feed has another shape.
    if (!IsSharedByName(*node)) continue;
    if (node->AttrOr<std::string>("shared_name", "").empty()) {
      node->attrs["shared_name"] = node->name;
    }
  }
  for (const AssetFile& asset : meta_->assets) {
    ReplaceWithPath(graph, asset.tensor, files_.asset_path(asset));
  }
  if (meta_->saver && !meta_->saver->filename_tensor.empty()) {
    ReplaceWithPath(graph, meta_->saver->filename_tensor, files_.variables_prefix());
  }
  return graph;
}

std::vector<std::string> Model::InitNodes() const {
  const auto signature = meta_->signatures.find("__saved_model_init_op");
  if (signature != meta_->signatures.end() && !signature->second.outputs.empty()) {
    return {NodeOf(signature->second.outputs.begin()->second.tensor)};
  }
  // table_initializer is what an old exporter leaves when it writes no init op of its own.
  for (const char* key : {"saved_model_main_op", "legacy_init_op", "table_initializer"}) {
    const auto collection = meta_->collections.find(key);
    if (collection == meta_->collections.end() || collection->second.nodes.empty()) continue;
    std::vector<std::string> nodes;
    for (const std::string& tensor : collection->second.nodes) nodes.push_back(NodeOf(tensor));
    return nodes;
  }
  return {};
}

Status Model::BindVariables() {
  WHYLIGHT_ASSIGN_OR_RETURN(const Graph graph, ImportWholeGraph());
  if (meta_->is_tf2() && checkpoint_.ok()) {
    WHYLIGHT_ASSIGN_OR_RETURN(const auto keys, checkpoint_->ObjectKeys());
    BindByObjects(graph, *checkpoint_, keys);
    BindGradientFunctions(graph, *checkpoint_, keys);
  }
  BindBySaver(graph);
  return OkStatus();
}

void Model::BindByObjects(const Graph& graph, const Checkpoint& checkpoint,
                          const std::vector<std::map<std::string, std::string>>& keys) {
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    const FunctionRef* function = CalledFunction(*node);
    if (function == nullptr) continue;
    const auto bound = meta_->objects.bound_inputs.find(function->name);
    if (bound == meta_->objects.bound_inputs.end()) continue;
    const std::vector<int>& ids = bound->second;
    if (ids.size() > node->inputs.size()) continue;
    // Captures come after the signature's own arguments.
    const std::size_t first = node->inputs.size() - ids.size();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const Node& handle = *node->inputs[first + i].node;
      if (!IsVariable(handle) || ids[i] < 0) continue;
      const std::optional<VariableSource> source = SourceOf(ids[i], checkpoint, keys);
      if (!source) continue;
      variables_.try_emplace(handle.name, *source);
      variable_handles_.try_emplace(ids[i], handle.name);
    }
  }
}

void Model::BindGradientFunctions(const Graph& graph, const Checkpoint& checkpoint,
                                  const std::vector<std::map<std::string, std::string>>& keys) {
  for (const auto& [op_type, function] : graph.library.registered_gradients) {
    const auto bound = meta_->objects.bound_inputs.find(function);
    if (bound == meta_->objects.bound_inputs.end()) continue;
    for (const int id : bound->second) {
      const SavedObject& object = meta_->objects.nodes[static_cast<std::size_t>(id)];
      if (object.kind != SavedObject::Kind::kVariable || variable_handles_.contains(id)) continue;
      const std::optional<VariableSource> source = SourceOf(id, checkpoint, keys);
      if (!source) continue;
      // Names of variables are not unique, ids are.
      const std::string name = graph.UniqueName("custom_gradient/" + std::to_string(id));
      variables_.try_emplace(name, *source);
      variable_handles_[id] = name;
    }
  }
}

void Model::BindBySaver(const Graph& graph) {
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    const bool assigns = node->Is("Assign") || node->Is("AssignVariableOp");
    if (!assigns || node->inputs.size() < 2 || !IsVariable(*node->inputs[0].node)) continue;
    const std::optional<Output> restored = RestoredOutput(node->inputs[1]);
    if (!restored || restored->node->inputs.size() < 3) continue;
    const auto index = static_cast<std::size_t>(restored->index);
    const std::vector<std::string> names = ConstStrings(restored->node->inputs[1]);
    const std::vector<std::string> slices = ConstStrings(restored->node->inputs[2]);
    if (index >= names.size() || index >= slices.size()) continue;
    variables_.try_emplace(node->inputs[0].node->name,
                           VariableSource{.key = names[index], .slice = slices[index]});
  }
}

}  // namespace whylight
