#include "autodiff/paths.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "autodiff/edges.h"

namespace whylight {
namespace {

// They read the shape of a tensor, not its values: a path that enters them is none.
bool ReadsShapeOnly(const Node& node) {
  static constexpr std::array<std::string_view, 8> kOps = {
      "OnesLike",         "Rank",     "Shape", "ShapeN", "Size", "TensorListElementShape",
      "TensorListLength", "ZerosLike"};
  return std::find(kOps.begin(), kOps.end(), node.op) != kOps.end();
}

void SortUnique(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

// args[i] or results[i] for each i that is set.
std::vector<Output> Chosen(const std::vector<Output>& all, const std::vector<bool>& which) {
  std::vector<Output> chosen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (which[i]) chosen.push_back(all[i]);
  }
  return chosen;
}

std::vector<Output> ArgsOf(const FunctionBody& body) {
  std::vector<Output> args;
  for (Node* const arg : body.args) args.push_back({arg, 0});
  return args;
}

}  // namespace

std::vector<bool> LoopPath(const Dependence& dependence, const std::vector<bool>& wanted,
                           const std::vector<bool>& given) {
  const std::size_t n = dependence.size();
  std::vector<bool> path(n);
  for (std::size_t v = 0; v < n; ++v) {
    bool from = false, to = false;
    for (std::size_t other = 0; other < n; ++other) {
      from = from || (wanted[other] && dependence[v][other]);
      to = to || (given[other] && dependence[other][v]);
    }
    path[v] = from && to;
  }
  return path;
}

Status PathFinder::Run() {
  WHYLIGHT_RETURN_IF_ERROR(WalkBack());
  FindProducers();
  for (const Output& x : xs_) WHYLIGHT_RETURN_IF_ERROR(WalkForward(x, walks_.emplace_back()));
  for (std::size_t i = 0; i < xs_.size(); ++i) {
    if (analysis_.reaches[i]) {
      analysis_.cut_at.emplace_back();
      continue;
    }
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<std::string> cuts, Cuts(walks_[i]));
    analysis_.cut_at.push_back(std::move(cuts));
  }
  for (const auto& node : graph_.nodes()) {
    if (!IsOnPath(*node)) continue;
    path_.insert(node.get());
    WHYLIGHT_RETURN_IF_ERROR(AddMissing(*node));
  }
  return {};
}

// Which outputs of the node carry a gradient.
Result<const std::vector<bool>*> PathFinder::Carries(const Node& node) {
  const auto found = carries_.find(&node);
  if (found != carries_.end()) return &found->second;
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<DType> types, graph_.OutputTypes(node));
  std::vector<bool> carries;
  for (const DType type : types) carries.push_back(CarriesGradient(type));
  return &carries_.emplace(&node, std::move(carries)).first->second;
}

Result<bool> PathFinder::Carries(Output output) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<bool>* const carries, Carries(*output.node));
  const auto index = static_cast<std::size_t>(output.index);
  if (output.index < 0 || index >= carries->size()) {
    return Internal(DescribeNode(*output.node) + " has " + std::to_string(carries->size()) +
                    " outputs, asked for '" + output.name() + "'");
  }
  return (*carries)[index];
}

Result<const Dependence*> PathFinder::Dependences(const Node& node) {
  if (const auto known = dependence_.find(&node); known != dependence_.end()) {
    return &known->second;
  }
  WHYLIGHT_ASSIGN_OR_RETURN(Dependence dependence, functions_.Of(node));
  return &dependence_.emplace(&node, std::move(dependence)).first->second;
}

// to_y_: tensors on which some y depends through edges that carry a gradient.
Status PathFinder::WalkBack() {
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
    const Node& node = *output.node;
    if (EndsPath(node)) continue;
    const std::vector<bool>* depends = nullptr;
    if (IsFunctionalControlFlow(node)) {
      WHYLIGHT_ASSIGN_OR_RETURN(const Dependence* const dependence, Dependences(node));
      depends = &(*dependence)[static_cast<std::size_t>(output.index)];
    }
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const bool passes = depends != nullptr
                              ? (*depends)[i]
                              : PassesGradient(node, static_cast<std::size_t>(output.index), i);
      if (passes) WHYLIGHT_RETURN_IF_ERROR(visit(node.inputs[i]));
    }
  }
  return {};
}

// producers_: nodes on which some y depends through any data edge.
void PathFinder::FindProducers() {
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
bool PathFinder::Leads(Output output) const {
  if (std::find(ys_.begin(), ys_.end(), output) != ys_.end()) return true;
  const std::vector<UseMap::Use>& uses = uses_.Of(output);
  return std::any_of(uses.begin(), uses.end(),
                     [&](const UseMap::Use& use) { return producers_.contains(use.node); });
}

// from_x_: tensors that depend on x through edges that carry a gradient.
Status PathFinder::WalkForward(Output x, Walk& walk) {
  std::set<Output> seen;
  std::vector<Output> stack;
  std::unordered_set<const Node*> entered;
  std::set<std::pair<const Node*, int>> entered_functions;
  const auto reach = [&](Output output) {
    if (seen.insert(output).second) stack.push_back(output);
  };
  WHYLIGHT_ASSIGN_OR_RETURN(const bool starts, Carries(x));
  if (starts) {
    reach(x);
  } else {
    WHYLIGHT_ASSIGN_OR_RETURN(const DType dtype, graph_.OutputType(x));
    walk.cuts.push_back(DescribeNode(*x.node) + " (" + DTypeName(dtype) + ")");
  }
  while (!stack.empty()) {
    const Output output = stack.back();
    stack.pop_back();
    for (const UseMap::Use& use : uses_.Of(output)) {
      Node& node = *use.node;
      if (!producers_.contains(&node)) continue;
      if (IsFunctionalControlFlow(node)) {
        if (!entered_functions.insert({&node, use.input}).second) continue;
        walk.functions.emplace_back(&node, use.input);
        WHYLIGHT_ASSIGN_OR_RETURN(const Dependence* const dependence, Dependences(node));
        for (std::size_t i = 0; i < dependence->size(); ++i) {
          if ((*dependence)[i][static_cast<std::size_t>(use.input)]) {
            reach({&node, static_cast<int>(i)});
          }
        }
        continue;
      }
      // From each input of an IdentityN another way goes on.
      const bool is_new = node.Is("IdentityN") ? entered_functions.insert({&node, use.input}).second
                                               : entered.insert(&node).second;
      if (!is_new) continue;
      const bool ends = EndsPath(node);
      WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<bool>* const carries, Carries(node));
      bool cut = false, goes_on = false;
      for (std::size_t i = 0; i < carries->size(); ++i) {
        const Output next{&node, static_cast<int>(i)};
        if (!PassesGradient(node, i, static_cast<std::size_t>(use.input))) continue;
        goes_on = true;
        if (ends || !(*carries)[i]) {
          cut = cut || Leads(next);
        } else {
          reach(next);
        }
      }
      // A custom gradient that is None.
      if (!goes_on && !carries->empty()) cut = true;
      if (cut && !ReadsShapeOnly(node)) walk.cuts.push_back(DescribeNode(node));
    }
  }
  analysis_.reaches.push_back(
      std::any_of(ys_.begin(), ys_.end(), [&](Output y) { return seen.contains(y); }));
  from_x_.insert(seen.begin(), seen.end());
  return {};
}

Result<std::vector<std::string>> PathFinder::Cuts(const Walk& walk) {
  std::vector<std::string> cuts = walk.cuts;
  for (const auto& [node, input] : walk.functions) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<std::string> inner, CutsWithin(*node, input));
    cuts.insert(cuts.end(), inner.begin(), inner.end());
  }
  SortUnique(cuts);
  return cuts;
}

Result<std::vector<std::string>> PathFinder::CutsWithin(const Node& node, int input) {
  std::vector<std::string> cuts;
  // From these arguments of one function to whatever it returns.
  const auto add = [&](const std::string& name, const std::vector<bool>& from) -> Status {
    WHYLIGHT_ASSIGN_OR_RETURN(const FunctionBody* const body, functions_.Body(name));
    const std::vector<Output> xs = Chosen(ArgsOf(*body), from);
    PathFinder inner(body->graph, body->results, xs, functions_);
    WHYLIGHT_RETURN_IF_ERROR(inner.Run());
    for (const Walk& walk : inner.walks_) {
      WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<std::string> found, inner.Cuts(walk));
      for (const std::string& cut : found) {
        const bool is_deeper = cut.find("' in function '") != std::string::npos;
        cuts.push_back(is_deeper ? cut : cut + " in function '" + name + "'");
      }
    }
    return {};
  };
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<std::string> names, Functions::CalledBy(node));
  const auto index = static_cast<std::size_t>(input);
  std::vector<bool> from(node.inputs.size() - (IsBranch(node) ? 1 : 0));
  if (IsBranch(node)) {
    if (index == 0) return cuts;
    from[index - 1] = true;
  } else {
    WHYLIGHT_ASSIGN_OR_RETURN(const Dependence* const dependence, Dependences(node));
    for (std::size_t v = 0; v < from.size(); ++v) from[v] = (*dependence)[v][index];
  }
  for (const std::string& name : names) WHYLIGHT_RETURN_IF_ERROR(add(name, from));
  return cuts;
}

// What has no rule: the node, or those on the paths through its functions.
Status PathFinder::AddMissing(const Node& node) {
  if (!IsFunctionalControlFlow(node)) {
    if (FindGradientRule(node.op) == nullptr) {
      analysis_.missing.push_back({.op = node.op, .node = node.name, .function = {}});
    }
    return {};
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const Dependence* const dependence, Dependences(node));
  std::vector<bool> from(node.inputs.size()), to(dependence->size());
  for (std::size_t j = 0; j < from.size(); ++j) from[j] = from_x_.contains(node.inputs[j]);
  for (std::size_t i = 0; i < to.size(); ++i) {
    to[i] = to_y_.contains({const_cast<Node*>(&node), static_cast<int>(i)});
  }
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<std::string> names, Functions::CalledBy(node));
  if (IsWhile(node)) {
    from = to = LoopPath(*dependence, from, to);
    names.resize(1);  // No gradient passes the condition.
  } else {
    from.erase(from.begin());
  }
  for (const std::string& name : names) {
    WHYLIGHT_ASSIGN_OR_RETURN(const FunctionBody* const body, functions_.Body(name));
    const std::vector<Output> ys = Chosen(body->results, to), xs = Chosen(ArgsOf(*body), from);
    PathFinder inner(body->graph, ys, xs, functions_);
    WHYLIGHT_RETURN_IF_ERROR(inner.Run());
    for (MissingGradient& missing : inner.analysis_.missing) {
      if (missing.function.empty()) missing.function = name;
      analysis_.missing.push_back(std::move(missing));
    }
  }
  return {};
}

// Whether a gradient comes in from some y and can go on to some x.
bool PathFinder::IsOnPath(const Node& node) {
  const auto is_wanted = [&](Output input) { return from_x_.contains(input); };
  if (IsFunctionalControlFlow(node)) {
    const auto known = dependence_.find(&node);
    if (known == dependence_.end()) return false;  // No walk came here.
    for (std::size_t i = 0; i < known->second.size(); ++i) {
      if (!to_y_.contains({const_cast<Node*>(&node), static_cast<int>(i)})) continue;
      for (std::size_t j = 0; j < node.inputs.size(); ++j) {
        if (known->second[i][j] && is_wanted(node.inputs[j])) return true;
      }
    }
    return false;
  }
  const auto first = to_y_.lower_bound(Output{const_cast<Node*>(&node), 0});
  return std::ranges::any_of(node.inputs, is_wanted) && first != to_y_.end() &&
         first->node == &node && !EndsPath(node);
}

}  // namespace whylight
