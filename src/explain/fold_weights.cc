#include "explain/fold_weights.h"

#include <set>

#include "graph/builder.h"

namespace whylight {
namespace {

constexpr std::string_view kFoldedName = "/folded_weights";

std::vector<Output> TensorsOf(const Program& program) {
  std::vector<Output> tensors;
  for (const Port& port : program.outputs) tensors.push_back(port.tensor);
  for (const ProgramInput& input : program.inputs) {
    if (input.source) tensors.push_back(*input.source);
  }
  return tensors;
}

}  // namespace

Result<FoldedWeights> KeepFoldedWeights(Program& program) {
  Graph& graph = program.graph;
  FoldedWeights folded;
  std::vector<Node*> weights;
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    if (node->name.ends_with(kFoldedName) && !node->Is("Const")) weights.push_back(node.get());
  }
  for (Node* node : weights) {
    const Output value{node, 0};
    const Shape shape = graph.OutputShape(value);
    WHYLIGHT_ASSIGN_OR_RETURN(const DType dtype, graph.OutputType(value));
    if (!shape.IsKnown()) continue;
    GraphBuilder b(graph, node->name);
    const Attrs handle_attrs = {{"dtype", dtype},
                                {"shape", shape},
                                {"container", std::string()},
                                {"shared_name", kOwnResources + node->name}};
    const Output handle = b.Op("VarHandleOp", {}, handle_attrs);
    const Output read = b.Op("ReadVariableOp", {handle}, {{"dtype", dtype}});
    WHYLIGHT_RETURN_IF_ERROR(b.status());
    read.node->shapes = {shape};
    graph.ReplaceUses(value, read);
    Node* assign = b.OpNode("AssignVariableOp", {handle, value}, {{"dtype", dtype}});
    WHYLIGHT_RETURN_IF_ERROR(b.status());
    folded.assign.push_back(assign->name);
  }
  if (folded.assign.empty()) return folded;

  // What only the folding read is memory for nothing from then on.
  const std::set<const Node*> still_needed = graph.Ancestors(TensorsOf(program));
  std::vector<Node*> unread;
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    if (node->Is("VarHandleOp") && !still_needed.contains(node.get())) unread.push_back(node.get());
  }
  for (Node* handle : unread) {
    GraphBuilder b(graph, "whylight/release");
    const Node* release = b.OpNode("DestroyResourceOp", {{handle, 0}});
    WHYLIGHT_RETURN_IF_ERROR(b.status());
    folded.release.push_back(release->name);
  }
  return folded;
}

}  // namespace whylight
