#include "model/restore.h"

#include <algorithm>
#include <set>

#include "graph/builder.h"

namespace whylight {
namespace {

std::string SharedName(const Node& node) { return node.AttrOr<std::string>("shared_name", ""); }

DType VariableType(const Node& node) { return node.AttrOr("dtype", DType::kInvalid); }
Shape VariableShape(const Node& node) { return node.AttrOr("shape", Shape::UnknownRank()); }

bool IsMutableTable(const Node& node) { return node.op.starts_with("Mutable"); }

bool Writes(const Node& node) {
  return node.op.starts_with("Assign") || node.op.starts_with("Scatter") ||
         node.op.starts_with("ResourceScatter");
}

// Shared names of the variables that the init ops write themselves.
std::set<std::string> WrittenVariables(const Graph& graph) {
  std::set<std::string> written;
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    // A handle passed into a function may be written there: the init ops know what they do.
    if (!Writes(*node) && CalledFunction(*node) == nullptr) continue;
    for (const Output& input : node->inputs) {
      if (IsVariable(*input.node)) written.insert(SharedName(*input.node));
    }
  }
  return written;
}

void PruneTo(Graph& graph, const std::vector<std::string>& roots) {
  std::vector<Output> outputs;
  for (const std::string& name : roots) {
    if (Node* node = graph.Find(name)) outputs.push_back({node, 0});
  }
  const std::set<const Node*> needed = graph.Ancestors(outputs);
  graph.RemoveIf([&](const Node& node) { return !needed.contains(&node); });
}

void PrefixNames(Graph& graph, const std::string& scope) {
  std::vector<Node*> nodes;
  for (const std::unique_ptr<Node>& node : graph.nodes()) nodes.push_back(node.get());
  for (Node* node : nodes) graph.Rename(node, scope + "/" + node->name);
}

Problem CheckpointProblem(const Node& variable, std::string rule, std::string message) {
  return {.rule = std::move(rule),
          .place = "variable '" + variable.name + "'",
          .message = std::move(message),
          .fix = "copy the whole SavedModel again, variables/ included, or save it again"};
}

std::optional<Problem> Compare(const Model& model, const Node& variable,
                               const VariableSource& source) {
  const Result<Checkpoint>& checkpoint = model.checkpoint();
  const Checkpoint::Entry* entry = checkpoint->Find(source.key);
  if (entry == nullptr) {
    return CheckpointProblem(variable, "missing-variable",
                             "the checkpoint has no entry '" + source.key + "'");
  }
  const DType dtype = VariableType(variable);
  if (dtype != entry->dtype) {
    return CheckpointProblem(variable, "variable-mismatch",
                             "the graph expects " + DTypeName(dtype) + ", the checkpoint holds " +
                                 DTypeName(entry->dtype) + " under '" + source.key + "'");
  }
  const Shape shape = VariableShape(variable);
  if (source.slice.empty() && !Compatible(shape, entry->shape)) {
    return CheckpointProblem(variable, "variable-mismatch",
                             "the graph expects shape " + shape.ToString() +
                                 ", the checkpoint holds " + entry->shape.ToString() + " under '" +
                                 source.key + "'");
  }
  return std::nullopt;
}

struct BoundVariable {
  const Node* node;
  VariableSource source;
};

// One RestoreV2 for all variables and one Assign for each.
void AddRestore(const Model& model, const std::vector<BoundVariable>& variables,
                const std::string& scope, RestorePlan& plan) {
  if (variables.empty()) return;
  GraphBuilder b(plan.graph, scope);
  std::vector<std::string> keys, slices;
  std::vector<DType> dtypes;
  for (const BoundVariable& variable : variables) {
    keys.push_back(variable.source.key);
    slices.push_back(variable.source.slice);
    dtypes.push_back(VariableType(*variable.node));
  }
  const Shape shape{static_cast<std::int64_t>(keys.size())};
  const Output prefix = b.Const(Tensor::ScalarString(model.files().variables_prefix()));
  const Output names = b.Const(Tensor::Strings(shape, keys));
  const Output parts = b.Const(Tensor::Strings(shape, slices));
  Node* restore = b.OpNode("RestoreV2", {prefix, names, parts}, {{"dtypes", dtypes}});
  if (restore == nullptr) {
    plan.problems.push_back({.rule = "internal", .message = b.status().message()});
    return;
  }
  std::vector<std::string> targets;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const Node& variable = *variables[i].node;
    Node* handle = plan.graph.Add(plan.graph.UniqueName(scope + "/" + variable.name), variable.op);
    handle->attrs = variable.attrs;
    Node* assign = plan.graph.Add(plan.graph.UniqueName(scope + "/Assign"),
                                  variable.Is("VarHandleOp") ? "AssignVariableOp" : "Assign");
    assign->inputs = {{handle, 0}, {restore, static_cast<int>(i)}};
    if (variable.Is("VarHandleOp")) {
      assign->attrs["dtype"] = dtypes[i];
    } else {
      assign->attrs["T"] = dtypes[i];
      assign->attrs["validate_shape"] = true;
    }
    targets.push_back(assign->name);
  }
  plan.steps.push_back(std::move(targets));
}

}  // namespace

std::vector<Problem> CompareWithCheckpoint(const Model& model, const Graph& graph) {
  std::vector<Problem> problems;
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    if (!IsVariable(*node)) continue;
    const auto source = model.variables().find(node->name);
    if (source == model.variables().end()) continue;
    if (!model.checkpoint().ok()) {
      problems.push_back({.rule = "missing-variables",
                          .place = model.files().directory,
                          .message = model.checkpoint().status().message(),
                          .fix = "copy the whole SavedModel again, variables/ included"});
      break;
    }
    if (std::optional<Problem> problem = Compare(model, *node, source->second)) {
      problems.push_back(*std::move(problem));
    }
  }
  return problems;
}

Result<RestorePlan> PlanRestore(const Model& model, const Graph& graph, const std::string& scope) {
  WHYLIGHT_ASSIGN_OR_RETURN(Graph init, model.ImportWholeGraph());
  std::vector<std::string> init_nodes = model.InitNodes();
  std::vector<std::string> restore_nodes;
  std::vector<BoundVariable> variables;
  std::vector<const Node*> unbound;
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    if (IsMutableTable(*node) && restore_nodes.empty() && model.meta().saver) {
      // Contents of mutable tables are in the checkpoint; the saver's own function imports them.
      const std::string& op = model.meta().saver->restore_op;
      restore_nodes.push_back(op.substr(0, op.rfind(':')));
    }
    if (!IsVariable(*node)) continue;
    if (SharedName(*node).starts_with(scope.substr(0, scope.find('/') + 1))) continue;  // Ours.
    const auto source = model.variables().find(node->name);
    if (source == model.variables().end()) {
      unbound.push_back(node.get());
    } else {
      variables.push_back({node.get(), source->second});
    }
  }
  std::vector<std::string> roots = init_nodes;
  roots.insert(roots.end(), restore_nodes.begin(), restore_nodes.end());
  PruneTo(init, roots);

  RestorePlan plan{.graph = std::move(init), .steps = {}, .problems = {}};
  plan.problems = CompareWithCheckpoint(model, graph);
  const std::set<std::string> written = WrittenVariables(plan.graph);
  // Variables that the init ops read, and nobody else, need their values too.
  for (const std::unique_ptr<Node>& node : plan.graph.nodes()) {
    if (!IsVariable(*node) || written.contains(SharedName(*node))) continue;
    const auto same = [&](const BoundVariable& other) {
      return SharedName(*other.node) == SharedName(*node);
    };
    if (std::ranges::any_of(variables, same)) continue;
    const auto source = model.variables().find(node->name);
    if (source != model.variables().end()) variables.push_back({node.get(), source->second});
  }
  PrefixNames(plan.graph, scope);
  if (!restore_nodes.empty()) {
    for (std::string& name : restore_nodes) name = scope + "/" + name;
    plan.steps.push_back(restore_nodes);
  }
  if (plan.problems.empty()) AddRestore(model, variables, scope + "/restore", plan);
  if (!init_nodes.empty() && plan.graph.Find(scope + "/" + init_nodes[0]) != nullptr) {
    for (std::string& name : init_nodes) name = scope + "/" + name;
    plan.steps.push_back(init_nodes);
  }
  for (const Node* variable : unbound) {
    if (written.contains(SharedName(*variable))) continue;
    plan.problems.push_back(CheckpointProblem(
        *variable, "missing-variable",
        model.checkpoint().ok() ? "nothing in the SavedModel says which value it has"
                                : model.checkpoint().status().message()));
  }
  return plan;
}

}  // namespace whylight
