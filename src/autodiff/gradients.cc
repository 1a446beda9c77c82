#include "autodiff/gradients.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace whylight {
namespace {

// Variants hold lists of tensors (TensorListFromTensor ... TensorListStack), which derivatives
// pass.
bool CarriesGradient(DType dtype) {
  return IsFloating(dtype) || IsComplex(dtype) || dtype == DType::kVariant;
}

// They read the shape of a tensor, not its values: a path that enters them is none.
bool ReadsShapeOnly(const Node& node) {
  static constexpr std::array<std::string_view, 6> kOps = {"OnesLike", "Rank", "Shape",
                                                           "ShapeN",   "Size", "ZerosLike"};
  return std::find(kOps.begin(), kOps.end(), node.op) != kOps.end();
}

std::string Describe(const Node& node) { return node.op + " '" + node.name + "'"; }

bool EndsPath(const Node& node) {
  const GradientRule* rule = FindGradientRule(node.op);
  return rule != nullptr && rule->zero;
}

// Finds the nodes between xs and ys. The outputs of visited nodes are typed once.
class PathFinder {
 public:
  PathFinder(const Graph& graph, std::span<const Output> ys, std::span<const Output> xs)
      : graph_(graph), ys_(ys), xs_(xs), uses_(graph) {}

  Status Run() {
    WHYLIGHT_RETURN_IF_ERROR(WalkBack());
    FindProducers();
    for (const Output& x : xs_) WHYLIGHT_RETURN_IF_ERROR(WalkForward(x));
    for (const auto& node : graph_.nodes()) {
      if (!IsOnPath(node.get())) continue;
      path_.insert(node.get());
      if (FindGradientRule(node->op) == nullptr) {
        analysis_.missing.push_back({node->op, node->name});
      }
    }
    return {};
  }

  PathAnalysis TakeAnalysis() { return std::move(analysis_); }
  const PathAnalysis& analysis() const { return analysis_; }
  // Nodes whose rules must be called.
  bool OnPath(const Node* node) const { return path_.contains(node); }
  // Whether the gradient with respect to this tensor is needed.
  bool Needed(Output tensor) const { return from_x_.contains(tensor) && to_y_.contains(tensor); }

 private:
  // Which outputs of the node carry a gradient.
  Result<const std::vector<bool>*> Carries(const Node& node) {
    const auto found = carries_.find(&node);
    if (found != carries_.end()) return &found->second;
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<DType> types, graph_.OutputTypes(node));
    std::vector<bool> carries;
    for (const DType type : types) carries.push_back(CarriesGradient(type));
    return &carries_.emplace(&node, std::move(carries)).first->second;
  }

  Result<bool> Carries(Output output) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<bool>* const carries, Carries(*output.node));
    const auto index = static_cast<std::size_t>(output.index);
    if (output.index < 0 || index >= carries->size()) {
      return Internal(Describe(*output.node) + " has " + std::to_string(carries->size()) +
                      " outputs, asked for '" + output.name() + "'");
    }
    return (*carries)[index];
  }

  // to_y_: tensors on which some y depends through edges that carry a gradient.
  Status WalkBack() {
    std::vector<Output> stack;
    const auto visit = [&](Output output) -> Status {
      WHYLIGHT_ASSIGN_OR_RETURN(const bool carries, Carries(output));
      if (carries && to_y_.insert(output).second) stack.push_back(output);
      return {};
    };
    for (const Output& y : ys_) WHYLIGHT_RETURN_IF_ERROR(visit(y));
    while (!stack.empty()) {
      const Output output = stack.back();
      stack.pop_back();
      if (EndsPath(*output.node)) continue;
      for (const Output& input : output.node->inputs) WHYLIGHT_RETURN_IF_ERROR(visit(input));
    }
    return {};
  }

  // producers_: nodes on which some y depends through any data edge.
  void FindProducers() {
    std::vector<const Node*> stack;
    const auto visit = [&](const Node* node) {
      if (producers_.insert(node).second) stack.push_back(node);
    };
    for (const Output& y : ys_) visit(y.node);
    while (!stack.empty()) {
      const Node* node = stack.back();
      stack.pop_back();
      for (const Output& input : node->inputs) visit(input.node);
    }
  }

  // Whether some y depends on this tensor at all.
  bool Leads(Output output) const {
    if (std::find(ys_.begin(), ys_.end(), output) != ys_.end()) return true;
    const std::vector<UseMap::Use>& uses = uses_.Of(output);
    return std::any_of(uses.begin(), uses.end(),
                       [&](const UseMap::Use& use) { return producers_.contains(use.node); });
  }

  // from_x_: tensors that depend on x through edges that carry a gradient.
  Status WalkForward(Output x) {
    std::set<Output> seen;
    std::vector<Output> stack;
    std::vector<std::string> cuts;
    std::unordered_set<const Node*> entered;
    WHYLIGHT_ASSIGN_OR_RETURN(const bool starts, Carries(x));
    if (starts) {
      seen.insert(x);
      stack.push_back(x);
    } else {
      WHYLIGHT_ASSIGN_OR_RETURN(const DType dtype, graph_.OutputType(x));
      cuts.push_back(Describe(*x.node) + " (" + DTypeName(dtype) + ")");
    }
    while (!stack.empty()) {
      const Output output = stack.back();
      stack.pop_back();
      for (const UseMap::Use& use : uses_.Of(output)) {
        const Node& node = *use.node;
        if (!producers_.contains(&node) || !entered.insert(&node).second) continue;
        const bool ends = EndsPath(node);
        WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<bool>* const carries, Carries(node));
        bool cut = false;
        for (std::size_t i = 0; i < carries->size(); ++i) {
          const Output next{use.node, static_cast<int>(i)};
          if (ends || !(*carries)[i]) {
            cut = cut || Leads(next);
          } else if (seen.insert(next).second) {
            stack.push_back(next);
          }
        }
        if (cut && !ReadsShapeOnly(node)) cuts.push_back(Describe(node));
      }
    }
    const bool reaches =
        std::any_of(ys_.begin(), ys_.end(), [&](Output y) { return seen.contains(y); });
    analysis_.reaches.push_back(reaches);
    if (reaches) cuts.clear();
    std::sort(cuts.begin(), cuts.end());
    analysis_.cut_at.push_back(std::move(cuts));
    from_x_.insert(seen.begin(), seen.end());
    return {};
  }

  // Whether a gradient comes in from some y and can go on to some x.
  bool IsOnPath(Node* node) const {
    const bool enters = std::any_of(node->inputs.begin(), node->inputs.end(),
                                    [&](Output input) { return from_x_.contains(input); });
    const auto first = to_y_.lower_bound(Output{node, 0});
    return enters && first != to_y_.end() && first->node == node && !EndsPath(*node);
  }

  const Graph& graph_;
  const std::span<const Output> ys_, xs_;
  const UseMap uses_;
  std::unordered_map<const Node*, std::vector<bool>> carries_;
  std::set<Output> to_y_, from_x_;
  std::unordered_set<const Node*> producers_, path_;
  PathAnalysis analysis_;
};

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
    for (const MissingGradient& m : analysis.missing) ops.push_back(m.op + " '" + m.node + "'");
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
    if (parts.size() == 2) parts = {b_.Add(parts[0], parts[1])};
    if (parts.size() > 2) parts = {b_.Op("AddN", parts)};
    return parts[0];
  }

 private:
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

// Calls the rule of one node on the path and hands its gradients to the node's inputs.
Status Differentiate(Node& node, const PathFinder& paths, GraphBuilder& b, Accumulator& sums) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<DType> types, b.graph().OutputTypes(node));
  std::vector<Output> y, dy;
  bool arrives = false;
  for (std::size_t i = 0; i < types.size(); ++i) {
    y.push_back({&node, static_cast<int>(i)});
    const std::optional<Output> sum = sums.Sum(y.back());
    arrives = arrives || sum;
    if (sum) {
      dy.push_back(*sum);
    } else {
      const bool has_gradient = IsFloating(types[i]) || IsComplex(types[i]);
      dy.push_back(has_gradient ? b.ZerosLike(y.back()) : Output{});
    }
  }
  if (!arrives) return {};
  const std::vector<Output> x = node.inputs;
  const Gradients dx = FindGradientRule(node.op)->fn({.b = b, .x = x, .y = y, .dy = dy});
  WHYLIGHT_RETURN_IF_ERROR(b.status().In("gradient of " + Describe(node)));
  if (dx.size() != x.size()) {
    return Internal("gradient of " + Describe(node) + ": " + std::to_string(x.size()) +
                    " gradients expected, got " + std::to_string(dx.size()));
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!paths.Needed(x[i])) continue;
    if (!dx[i]) {
      return Unimplemented("no gradient of " + Describe(node) + " is known with respect to input " +
                           std::to_string(i) + ", '" + x[i].name() + "'");
    }
    const DType expected = b.dtype(x[i]), found = b.dtype(*dx[i]);
    if (expected != found) {
      return Internal("gradient of " + Describe(node) + ": input " + std::to_string(i) + " is " +
                      DTypeName(expected) + ", its gradient " + DTypeName(found));
    }
    InheritShape(b, *dx[i], x[i]);
    sums.Add(x[i], *dx[i]);
  }
  return {};
}

}  // namespace

Result<PathAnalysis> AnalysePath(const Graph& graph, std::span<const Output> ys,
                                 std::span<const Output> xs) {
  PathFinder paths(graph, ys, xs);
  WHYLIGHT_RETURN_IF_ERROR(paths.Run());
  return paths.TakeAnalysis();
}

Result<std::vector<Output>> AddGradients(Graph& graph, std::span<const Output> ys,
                                         std::span<const Output> dys, std::span<const Output> xs) {
  if (ys.size() != dys.size()) {
    return InvalidArgument("one cotangent for each of " + std::to_string(ys.size()) +
                           " outputs expected, got " + std::to_string(dys.size()));
  }
  PathFinder paths(graph, ys, xs);
  WHYLIGHT_RETURN_IF_ERROR(paths.Run());
  WHYLIGHT_RETURN_IF_ERROR(CheckPaths(paths.analysis(), xs));

  GraphBuilder b(graph, "gradients");
  Accumulator sums(b);
  for (std::size_t i = 0; i < ys.size(); ++i) {
    const DType expected = b.dtype(ys[i]), found = b.dtype(dys[i]);
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
    WHYLIGHT_RETURN_IF_ERROR(Differentiate(**node, paths, b, sums));
  }

  std::vector<Output> dxs;
  for (const Output& x : xs) {
    const std::optional<Output> dx = sums.Sum(x);
    if (!dx) return Internal("no gradient arrived at '" + x.name() + "'");
    dxs.push_back(*dx);
  }
  WHYLIGHT_RETURN_IF_ERROR(b.status());
  return dxs;
}

}  // namespace whylight
