#include "graph/passes/take_known_branches.h"

#include <optional>

#include "graph/passes/context_sets.h"
#include "graph/passes/inline_calls.h"

namespace whylight {
namespace {

// What a constant predicate says; nullopt for anything else.
std::optional<bool> KnownPredicate(const ContextSets& sets, Output predicate) {
  const auto* const value = predicate.node->Attr<TensorBytes>("value");
  if (!predicate.node->Is("Const") || value == nullptr || sets.IsFed(predicate.node)) {
    return std::nullopt;
  }
  const Result<Tensor> tensor = DecodeTensor(*value);
  if (!tensor.ok()) return std::nullopt;
  if (tensor->shape().rank() > 0) return tensor->elements() > 0;
  if (tensor->is_string()) return !tensor->strings()[0].empty();
  if (tensor->dtype() == DType::kBool) return tensor->data<bool>()[0];
  return IsNumeric(tensor->dtype()) ? std::optional(tensor->Number(0) != 0) : std::nullopt;
}

// True if it made a call of it.
bool BecomeCall(const ContextSets& sets, Node& node) {
  if (!(node.Is("If") || node.Is("StatelessIf")) || node.inputs.empty()) return false;
  const std::optional<bool> predicate = KnownPredicate(sets, node.inputs[0]);
  if (!predicate) return false;
  const auto* const branch = node.Attr<FunctionRef>(*predicate ? "then_branch" : "else_branch");
  const auto in = node.attrs.find("Tin"), out = node.attrs.find("Tout");
  if (branch == nullptr || in == node.attrs.end() || out == node.attrs.end()) return false;
  Attrs attrs = {{"f", *branch}, *in, *out};
  node.op = node.Is("If") ? "StatefulPartitionedCall" : "PartitionedCall";
  node.inputs.erase(node.inputs.begin());
  node.attrs = std::move(attrs);
  return true;
}

}  // namespace

Result<bool> TakeKnownBranches::Run(Graph& graph, PassContext& context) {
  bool changed = false;
  while (true) {
    const ContextSets sets(context);
    bool found = false;
    for (const auto& node : graph.nodes()) {
      if (!sets.IsFed(node.get())) found = BecomeCall(sets, *node) || found;
    }
    if (!found) return changed;
    changed = true;
    WHYLIGHT_RETURN_IF_ERROR(InlineCalls().Run(graph, context).status());
  }
}

}  // namespace whylight
