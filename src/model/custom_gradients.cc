#include "model/custom_gradients.h"

#include <utility>

#include "graph/passes/custom_gradients.h"

namespace whylight {
namespace {

// The node that holds a variable in `graph`: the model's own handle, or one that is made here, if
// only gradient functions use it.
Result<GradientCapture> VariableCapture(const Model& model, int id, Graph& graph) {
  const SavedObject& object = model.meta().objects.nodes[static_cast<std::size_t>(id)];
  const auto handle = model.variable_handles().find(id);
  if (handle == model.variable_handles().end()) {
    return NotFound("nothing says which value the variable '" + object.variable_name + "' has");
  }
  const std::string& name = handle->second;
  if (graph.Find(name) == nullptr) {
    Node* const node = graph.Add(name, "VarHandleOp");
    node->attrs = {{"dtype", object.dtype}, {"shape", object.shape}, {"shared_name", name}};
  }
  return GradientCapture{.function = "", .tensor = name + ":0"};
}

Result<GradientCapture> CaptureOf(const Model& model, int id, Graph& graph) {
  const SavedObject& object = model.meta().objects.nodes[static_cast<std::size_t>(id)];
  switch (object.kind) {
    case SavedObject::Kind::kCapturedTensor:
      return GradientCapture{.function = object.concrete_functions[0],
                             .tensor = object.captured_tensor};
    case SavedObject::Kind::kConstant:
      return GradientCapture{.function = "", .tensor = object.constant_operation + ":0"};
    case SavedObject::Kind::kVariable:
      return VariableCapture(model, id, graph);
    default:
      return Unimplemented("it reads something that is neither a tensor nor a variable");
  }
}

Result<CustomGradient> ReadGradient(const Model& model, const std::string& function, Graph& graph) {
  const ObjectGraph& objects = model.meta().objects;
  const auto returned = objects.returns_tensor.find(function);
  const auto bound = objects.bound_inputs.find(function);
  if (returned == objects.returns_tensor.end() || bound == objects.bound_inputs.end()) {
    return Unimplemented("what it returns is not a list of tensors");
  }
  CustomGradient gradient{.function = function, .returned = returned->second};
  for (const int id : bound->second) {
    WHYLIGHT_ASSIGN_OR_RETURN(GradientCapture capture, CaptureOf(model, id, graph));
    gradient.captures.push_back(std::move(capture));
  }
  return gradient;
}

}  // namespace

Result<std::map<std::string, std::string>> AttachSavedGradients(const Model& model, Graph& graph) {
  std::map<std::string, CustomGradient> gradients;
  std::map<std::string, std::string> lost;
  for (const auto& [op_type, function] : graph.library.registered_gradients) {
    Result<CustomGradient> gradient = ReadGradient(model, function, graph);
    if (gradient.ok()) {
      gradients[op_type] = *std::move(gradient);
    } else {
      lost[op_type] = "its gradient function '" + function + "': " + gradient.status().message();
    }
  }
  WHYLIGHT_ASSIGN_OR_RETURN(auto more, AttachCustomGradients(graph, std::move(gradients)));
  lost.merge(more);
  return lost;
}

std::optional<LostGradient> LostGradientOf(const Node& node) {
  // Calls of functions have the gradients that TensorFlow makes for them, under names of their own.
  if (CalledFunction(node) != nullptr || AttachedGradientOf(node)) return std::nullopt;
  const auto* const op_type = node.Attr<std::string>("_gradient_op_type");
  if (op_type == nullptr) return std::nullopt;
  return LostGradient{.op = node.op, .node = node.name, .op_type = *op_type};
}

}  // namespace whylight
