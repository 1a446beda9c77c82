#include "autodiff/gradients.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "autodiff/control_flow/branch.h"
#include "autodiff/control_flow/functions.h"
#include "autodiff/control_flow/while.h"
#include "autodiff/differentiate.h"
#include "autodiff/edges.h"
#include "autodiff/paths.h"
#include "graph/passes/inline_calls.h"

namespace whylight {
namespace {

// "a, b, c and 4 more"
std::string Join(const std::vector<std::string>& names, std::size_t at_most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), at_most); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > at_most) text += " and " + std::to_string(names.size() - at_most) + " more";
  return text;
}

Status CheckPaths(const PathAnalysis& analysis, std::span<const Output> xs) {
  if (!analysis.missing.empty()) {
    std::vector<std::string> ops;
    for (const MissingGradient& m : analysis.missing) ops.push_back(Describe(m));
    return Unimplemented("no gradient is known for " + Join(ops, ops.size()));
  }
  for (std::size_t i = 0; i < xs.size(); ++i) {
    if (analysis.reaches[i]) continue;
    const std::vector<std::string>& cuts = analysis.cut_at[i];
    const std::string x = "'" + xs[i].name() + "'";
    if (cuts.empty()) {
      return FailedPrecondition("the output does not depend on the values of " + x);
    }
    constexpr std::size_t kShown = 5;
    return FailedPrecondition("the output has no gradient with respect to " + x +
                              ": its path ends at " + Join(cuts, kShown));
  }
  return {};
}

// Sums what the consumers of each tensor send back.
class Accumulator {
 public:
  explicit Accumulator(GraphBuilder& b) : b_(b) {}

  void Add(Output tensor, Output gradient) { parts_[tensor].push_back(gradient); }

  // The sum; nullopt if nothing arrived. Asked for once all consumers have been visited.
  std::optional<Output> Sum(Output tensor) {
    const auto found = parts_.find(tensor);
    if (found == parts_.end()) return std::nullopt;
    std::vector<Output>& parts = found->second;
    if (parts.size() == 1) return parts[0];
    const bool is_list = b_.dtype(tensor) == DType::kVariant;
    parts = {is_list ? SumLists(parts) : SumTensors(parts)};
    return parts[0];
  }

 private:
  Output SumTensors(const std::vector<Output>& parts) {
    return parts.size() == 2 ? b_.Add(parts[0], parts[1]) : b_.Op("AddN", parts);
  }

  // Lists that hold one element each, as they come from TensorListGetItem, are not added as wholes:
  // in a loop that reads a list of n tensors in n steps that would take n^2 of time. Their elements
  // are added to those of the others in place.
  Output SumLists(const std::vector<Output>& parts) {
    std::vector<Output> whole;
    std::vector<Node*> items;
    for (const Output& part : parts) {
      if (IsOneItem(*part.node)) {
        items.push_back(part.node);
      } else {
        whole.push_back(part);
      }
    }
    if (whole.empty()) return b_.Op("AddN", parts);
    Output sum = whole.size() == 1 ? whole[0] : b_.Op("AddN", whole);
    for (Node* const item : items) {
      const Output index = item->inputs[1], value = item->inputs[2];
      const DType type = b_.dtype(value);
      const Output before =
          b_.Op("TensorListGetItem", {sum, index, b_.ShapeOf(value)}, {{"element_dtype", type}});
      sum = b_.Op("TensorListSetItem", {sum, index, b_.Add(before, value)});
    }
    return sum;
  }

  // SetItem(Reserve(n), index, value)
  bool IsOneItem(const Node& node) {
    return node.Is("TensorListSetItem") && node.inputs[0].node->Is("TensorListReserve") &&
           b_.dtype(node.inputs[2]) != DType::kVariant;
  }

  GraphBuilder& b_;
  std::map<Output, std::vector<Output>> parts_;
};

// A gradient has the shape of its tensor, which later rules can use.
void InheritShape(const GraphBuilder& b, Output gradient, Output tensor) {
  const Shape shape = b.shape(tensor);
  if (!shape.has_rank() || b.shape(gradient).has_rank()) return;
  std::vector<Shape>& shapes = gradient.node->shapes;
  const auto index = static_cast<std::size_t>(gradient.index);
  if (shapes.size() <= index) shapes.resize(index + 1, Shape::UnknownRank());
  shapes[index] = shape;
}

Status Take(const Node& node, const PathFinder& paths, const Gradients& dx, GraphBuilder& b,
            Accumulator& sums) {
  if (dx.size() != node.inputs.size()) {
    return Internal("gradient of " + DescribeNode(node) + ": " +
                    std::to_string(node.inputs.size()) + " gradients expected, got " +
                    std::to_string(dx.size()));
  }
  for (std::size_t i = 0; i < dx.size(); ++i) {
    const Output x = node.inputs[i];
    if (!paths.Needed(x)) continue;
    if (!dx[i]) {
      // A branch, a loop or an IdentityN may have other inputs on the path than this one.
      if (IsFunctionalControlFlow(node) || node.Is("IdentityN")) continue;
      return Unimplemented("no gradient of " + DescribeNode(node) +
                           " is known with respect to input " + std::to_string(i) + ", '" +
                           x.name() + "'");
    }
    const DType expected = b.dtype(x), found = b.dtype(*dx[i]);
    if (expected != found) {
      return Internal("gradient of " + DescribeNode(node) + ": input " + std::to_string(i) +
                      " is " + DTypeName(expected) + ", its gradient " + DTypeName(found));
    }
    InheritShape(b, *dx[i], x);
    sums.Add(x, *dx[i]);
  }
  return {};
}

// Calls the rule of one node on the path and hands its gradients to the node's inputs.
Status DifferentiateNode(Node& node, const PathFinder& paths, GraphBuilder& b, Accumulator& sums,
                         GradientContext& context) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<DType> types, b.graph().OutputTypes(node));
  std::vector<Output> y;
  std::vector<std::optional<Output>> arrived;
  for (std::size_t i = 0; i < types.size(); ++i) {
    y.push_back({&node, static_cast<int>(i)});
    arrived.push_back(sums.Sum(y.back()));
  }
  if (std::ranges::none_of(arrived, [](const auto& dy) { return dy.has_value(); })) return {};
  if (IsFunctionalControlFlow(node)) {
    const std::vector<Output> x = node.inputs;  // More are appended to the node's own.
    ControlFlowArgs args{.b = b,
                         .node = node,
                         .dy = std::move(arrived),
                         .needed = {},
                         .dependence = paths.DependenceOf(node),
                         .context = context};
    for (const Output& input : x) args.needed.push_back(paths.Needed(input));
    Result<Gradients> dx = IsWhile(node) ? WhileGradient(args) : BranchGradient(args);
    if (!dx.ok()) return dx.status().In("gradient of " + DescribeNode(node));
    WHYLIGHT_RETURN_IF_ERROR(b.status().In("gradient of " + DescribeNode(node)));
    dx->resize(node.inputs.size());
    return Take(node, paths, *dx, b, sums);
  }
  std::vector<Output> dy;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const bool is_dense = IsFloating(types[i]) || IsComplex(types[i]);
    dy.push_back(arrived[i] ? *arrived[i] : is_dense ? b.ZerosLike(y[i]) : Output{});
  }
  const std::vector<Output> x = node.inputs;
  const Gradients dx = FindGradientRule(node.op)->fn({.b = b, .x = x, .y = y, .dy = dy});
  WHYLIGHT_RETURN_IF_ERROR(b.status().In("gradient of " + DescribeNode(node)));
  return Take(node, paths, dx, b, sums);
}

bool HasCalls(const Graph& graph) {
  return std::ranges::any_of(graph.nodes(), [](const auto& node) {
    return node->Is("PartitionedCall") || node->Is("StatefulPartitionedCall");
  });
}

// The calls that the rule of IdentityN makes, so that what is behind them is seen: by loops, which
// store what their second half needs, and by whoever folds constants.
Status InlineGradientFunctions(Graph& graph, const FunctionLibrary& library,
                               std::vector<std::optional<Output>>& dxs) {
  std::vector<Output> outputs;
  for (const std::optional<Output>& dx : dxs) {
    if (dx) outputs.push_back(*dx);
  }
  const bool has_own = &graph.library == &library;  // A function's body has none.
  if (!has_own) graph.library = library;
  PassContext context{.outputs = &outputs, .inputs = nullptr, .targets = nullptr};
  InlineCalls inline_calls;
  const Status status = inline_calls.Run(graph, context).status();
  if (!has_own) graph.library = {};
  WHYLIGHT_RETURN_IF_ERROR(status.In("custom gradient"));
  auto output = outputs.begin();
  for (std::optional<Output>& dx : dxs) {
    if (dx) dx = *output++;
  }
  return {};
}

// Drops what rules added for inputs whose gradient nobody needs.
void RemoveUnused(Graph& graph, std::size_t nodes_before, const std::vector<Output>& dxs) {
  std::vector<Output> roots = dxs;
  for (std::size_t i = 0; i < nodes_before; ++i) roots.push_back({graph.nodes()[i].get(), 0});
  const std::set<const Node*> needed = graph.Ancestors(roots);
  graph.RemoveIf([&](const Node& node) { return !needed.contains(&node); });
}

// Whether something that ys need writes variables or tables.
bool StateChanges(const Graph& graph, std::span<const Output> ys, Functions& functions) {
  const std::set<const Node*> needed = graph.Ancestors({ys.begin(), ys.end()});
  return std::ranges::any_of(
      needed, [&](const Node* node) { return functions.MayWriteState(graph, *node); });
}

}  // namespace

std::string Describe(const MissingGradient& missing) {
  std::string text = missing.op + " '" + missing.node + "'";
  if (!missing.function.empty()) text += " in function '" + missing.function + "'";
  return text;
}

Result<std::vector<std::optional<Output>>> Differentiate(Graph& graph, const PathFinder& paths,
                                                         std::span<const Output> ys,
                                                         std::span<const Output> dys,
                                                         std::span<const Output> xs,
                                                         GradientContext& context) {
  const bool had_calls = HasCalls(graph);  // Somebody may hold these: they stay as they are.
  GraphBuilder b(graph, "gradients");
  Accumulator sums(b);
  for (std::size_t i = 0; i < ys.size(); ++i) {
    const DType expected = b.dtype(ys[i]), found = b.dtype(dys[i]);
    WHYLIGHT_RETURN_IF_ERROR(b.status());
    if (expected != found) {
      return InvalidArgument("cotangent of '" + ys[i].name() + "': expected " +
                             DTypeName(expected) + ", got " + DTypeName(found));
    }
    InheritShape(b, dys[i], ys[i]);
    if (paths.Needed(ys[i])) sums.Add(ys[i], dys[i]);
  }
  // Taken before rules add nodes. Consumers first, so a tensor's sum is complete when it is asked
  // for.
  const std::vector<Node*> order = graph.TopologicalOrder();
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    if (!paths.OnPath(*node)) continue;
    WHYLIGHT_RETURN_IF_ERROR(DifferentiateNode(**node, paths, b, sums, context));
  }
  std::vector<std::optional<Output>> dxs;
  for (const Output& x : xs) dxs.push_back(sums.Sum(x));
  WHYLIGHT_RETURN_IF_ERROR(b.status());
  if (!had_calls && HasCalls(graph)) {
    WHYLIGHT_RETURN_IF_ERROR(InlineGradientFunctions(graph, context.library, dxs));
  }
  return dxs;
}

Result<PathAnalysis> AnalysePath(const Graph& graph, std::span<const Output> ys,
                                 std::span<const Output> xs) {
  Functions functions(graph.library, graph.registry());
  PathFinder paths(graph, ys, xs, functions);
  WHYLIGHT_RETURN_IF_ERROR(paths.Run());
  return paths.TakeAnalysis();
}

Result<std::vector<Output>> AddGradients(Graph& graph, std::span<const Output> ys,
                                         std::span<const Output> dys, std::span<const Output> xs) {
  if (ys.size() != dys.size()) {
    return InvalidArgument("one cotangent for each of " + std::to_string(ys.size()) +
                           " outputs expected, got " + std::to_string(dys.size()));
  }
  Functions functions(graph.library, graph.registry());
  PathFinder paths(graph, ys, xs, functions);
  WHYLIGHT_RETURN_IF_ERROR(paths.Run());
  WHYLIGHT_RETURN_IF_ERROR(CheckPaths(paths.analysis(), xs));
  GradientContext context{.library = graph.library,
                          .functions = functions,
                          .state_changes = StateChanges(graph, ys, functions)};
  const std::size_t nodes_before = graph.size();
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<std::optional<Output>> found,
                            Differentiate(graph, paths, ys, dys, xs, context));
  std::vector<Output> dxs;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    if (!found[i]) return Internal("no gradient arrived at '" + xs[i].name() + "'");
    dxs.push_back(*found[i]);
  }
  RemoveUnused(graph, nodes_before, dxs);
  return dxs;
}

}  // namespace whylight
