#include "graph/passes/effects.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <variant>

namespace whylight {
namespace {

using Ops = std::set<std::string_view>;

// Stateful in the registry, and yet nothing happens when they run.
const Ops& Handles() {
  static const Ops ops = {
      "AnonymousHashTable", "DisableCopyOnRead", "HashTable",  "HashTableV2", "Placeholder",
      "VarHandleOp",        "Variable",          "VariableV2", "_Arg",        "_Retval"};
  return ops;
}

const Ops& Reads() {
  static const Ops ops = {"IsVariableInitialized", "LookupTableExport",  "LookupTableExportV2",
                          "LookupTableFind",       "LookupTableFindV2",  "LookupTableSize",
                          "LookupTableSizeV2",     "ReadVariableOp",     "ResourceGather",
                          "ResourceGatherNd",      "VarIsInitializedOp", "VariableShape"};
  return ops;
}

// They end the run or write to a terminal, and change no state.
const Ops& Reports() {
  static const Ops ops = {
      "Abort",         "Assert",         "CheckNumerics",    "CheckNumericsV2",
      "Print",         "PrintV2",        "PreventGradient",  "DebugNumericSummary",
      "AudioSummary",  "AudioSummaryV2", "HistogramSummary", "ImageSummary",
      "ScalarSummary", "TensorSummary",  "TensorSummaryV2"};
  return ops;
}

}  // namespace

bool IsControlFlow(std::string_view op) {
  static const Ops ops = {
      "Enter",   "Exit",     "LoopCond",         "Merge",     "NextIteration", "RefEnter",
      "RefExit", "RefMerge", "RefNextIteration", "RefSwitch", "Switch",        "_SwitchN"};
  return ops.contains(op);
}

bool HasControlFlow(const Graph& graph) {
  return std::ranges::any_of(graph.nodes(), [](const auto& n) { return IsControlFlow(n->op); });
}

bool CallsFunctions(const Node& node) {
  return std::ranges::any_of(node.attrs, [](const auto& attr) {
    return std::holds_alternative<FunctionRef>(attr.second) ||
           std::holds_alternative<std::vector<FunctionRef>>(attr.second);
  });
}

bool HasEffect(const Graph& graph, const Node& node) {
  const OpDef* op = graph.registry().Find(node.op);
  if (op == nullptr || Reports().contains(node.op)) return true;
  if (CallsFunctions(node) && !node.op.starts_with("Stateless")) return true;
  const auto is_ref = [](const ArgDef& input) { return input.is_ref; };
  if (std::ranges::any_of(op->inputs, is_ref)) {
    // Writers of TF1 variables are not marked stateful (Assign); its own control flow and
    // RefIdentity pass references on.
    return !IsControlFlow(node.op) && !node.Is("RefIdentity") && !Reads().contains(node.op);
  }
  return op->is_stateful && !Handles().contains(node.op) && !Reads().contains(node.op);
}

bool MayWriteState(const Graph& graph, const Node& node) {
  return HasEffect(graph, node) && !Reports().contains(node.op);
}

bool ReadsState(const Graph& graph, const Node& node) {
  if (Reads().contains(node.op)) return true;
  // Taking the value of a reference is reading the variable.
  return std::ranges::any_of(
      node.inputs, [&](Output input) { return HasReferenceOutput(graph.registry(), *input.node); });
}

bool HasReferenceOutput(const OpRegistry& registry, const Node& node) {
  const OpDef* op = registry.Find(node.op);
  return op != nullptr &&
         std::ranges::any_of(op->outputs, [](const ArgDef& output) { return output.is_ref; });
}

}  // namespace whylight
