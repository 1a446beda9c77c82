#include "autodiff/control_flow/functions.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "autodiff/edges.h"
#include "graph/passes/effects.h"
#include "graph/passes/inline_calls.h"

namespace whylight {
namespace {

// Functions within functions that are looked into: each costs some of our own stack.
constexpr std::size_t kMaxDepth = 200;

constexpr std::array<std::string_view, 6> kOps = {
    "Case", "If", "StatelessCase", "StatelessIf", "StatelessWhile", "While"};

std::string Quote(std::string_view name) { return "'" + std::string(name) + "'"; }

Result<std::string> FunctionIn(const Node& node, std::string_view attr) {
  const auto* function = node.Attr<FunctionRef>(attr);
  if (function == nullptr) {
    return InvalidArgument(DescribeNode(node) + " does not name its " + std::string(attr));
  }
  return function->name;
}

Status CheckCounts(const Node& node, const FunctionBody& body, std::size_t inputs,
                   std::size_t outputs) {
  if (body.args.size() == inputs && body.results.size() == outputs) return OkStatus();
  return InvalidArgument(DescribeNode(node) + ": expected a function of " + std::to_string(inputs) +
                         " arguments and " + std::to_string(outputs) + " results, but " +
                         Quote(body.name) + " takes " + std::to_string(body.args.size()) +
                         " and returns " + std::to_string(body.results.size()));
}

void Merge(const std::vector<bool>& from, std::vector<bool>& into) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i]) into[i] = true;
  }
}

}  // namespace

bool IsWhile(const Node& node) { return node.Is("While") || node.Is("StatelessWhile"); }

bool IsBranch(const Node& node) {
  return node.Is("If") || node.Is("StatelessIf") || node.Is("Case") || node.Is("StatelessCase");
}

std::span<const std::string_view> FunctionalControlFlowOps() { return kOps; }

Result<FunctionBody> Functions::ImportUninlined(const FunctionDef& function) {
  Result<FunctionBody> body = ImportFunction(function, registry_);
  if (body.ok() || body.status().code() != StatusCode::kUnimplemented) return body;
  // Perhaps the unknown op is a function, whose outputs go by the names in its signature.
  if (with_signatures_ == nullptr) {
    with_signatures_ = std::make_unique<OpRegistry>(registry_);
    for (const auto& [name, callee] : library_.functions()) {
      if (registry_.Find(name) != nullptr) continue;
      Result<OpDef> signature = FunctionSignature(callee);
      if (signature.ok()) with_signatures_->Add(*std::move(signature));
    }
  }
  return ImportFunction(function, *with_signatures_);
}

Result<FunctionBody> Functions::Import(const std::string& name) {
  const FunctionDef* const function = library_.Find(name);
  if (function == nullptr) {
    return InvalidArgument("the function " + Quote(name) + " is not in the graph's library");
  }
  WHYLIGHT_ASSIGN_OR_RETURN(FunctionBody body, ImportUninlined(*function));
  const bool calls = std::ranges::any_of(body.graph.nodes(), [&](const auto& node) {
    return node->Is("PartitionedCall") || node->Is("StatefulPartitionedCall") ||
           registry_.Find(node->op) == nullptr;
  });
  if (!calls) return body;
  body.graph.library = library_;
  PassContext context{
      .outputs = &body.results, .inputs = nullptr, .targets = &body.control_results};
  InlineCalls inline_calls;
  const Status inlined = inline_calls.Run(body.graph, context).status();
  if (!inlined.ok()) return inlined.In("function " + Quote(name));
  body.graph.library = {};
  return body;
}

Result<const FunctionBody*> Functions::Body(const std::string& name) {
  if (const auto known = bodies_.find(name); known != bodies_.end()) return known->second.get();
  WHYLIGHT_ASSIGN_OR_RETURN(FunctionBody body, Import(name));
  return (bodies_[name] = std::make_unique<FunctionBody>(std::move(body))).get();
}

Result<std::vector<std::string>> Functions::CalledBy(const Node& node) {
  if (node.Is("Case") || node.Is("StatelessCase")) {
    const auto* branches = node.Attr<std::vector<FunctionRef>>("branches");
    if (branches == nullptr || branches->empty()) {
      return InvalidArgument(DescribeNode(node) + " does not name its branches");
    }
    std::vector<std::string> names;
    for (const FunctionRef& branch : *branches) names.push_back(branch.name);
    return names;
  }
  const bool is_while = IsWhile(node);
  WHYLIGHT_ASSIGN_OR_RETURN(std::string first, FunctionIn(node, is_while ? "body" : "then_branch"));
  WHYLIGHT_ASSIGN_OR_RETURN(std::string second,
                            FunctionIn(node, is_while ? "cond" : "else_branch"));
  return std::vector<std::string>{std::move(first), std::move(second)};
}

Result<const Dependence*> Functions::Of(const std::string& name) {
  if (const auto known = dependence_.find(name); known != dependence_.end()) return &known->second;
  if (const auto outer = std::ranges::find(open_, name); outer != open_.end()) {
    std::string chain;
    for (auto link = outer; link != open_.end(); ++link) chain += Quote(*link) + " -> ";
    return Unimplemented("the function " + Quote(name) + " calls itself: " + chain + Quote(name));
  }
  if (open_.size() == kMaxDepth) {
    return Unimplemented("the function " + Quote(name) + " is more than " +
                         std::to_string(kMaxDepth) + " functions deep");
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const FunctionBody* const body, Body(name));
  open_.push_back(name);
  Result<Dependence> dependence = Compute(*body);
  open_.pop_back();
  if (!dependence.ok()) return dependence.status();
  return &(dependence_[name] = *std::move(dependence));
}

Result<Dependence> Functions::Compute(const FunctionBody& body) {
  const std::vector<bool> none(body.args.size());
  std::unordered_map<const Node*, std::vector<std::vector<bool>>> by_node;  // By output.
  for (std::size_t i = 0; i < body.args.size(); ++i) {
    WHYLIGHT_ASSIGN_OR_RETURN(const DType type, body.graph.OutputType({body.args[i], 0}));
    std::vector<bool> own = none;
    own[i] = CarriesGradient(type);
    by_node[body.args[i]] = {std::move(own)};
  }
  const auto of = [&](Output output) -> const std::vector<bool>& {
    const auto found = by_node.find(output.node);
    const auto index = static_cast<std::size_t>(output.index);
    return found == by_node.end() || index >= found->second.size() ? none : found->second[index];
  };
  for (const Node* const node : body.graph.TopologicalOrder()) {
    if (by_node.contains(node) || EndsPath(*node)) continue;
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<DType> types, body.graph.OutputTypes(*node));
    std::vector<std::vector<bool>> outputs(types.size(), none);
    const bool is_reached = std::ranges::any_of(
        node->inputs, [&](const Output& input) { return std::ranges::count(of(input), true) > 0; });
    if (!is_reached) continue;
    if (IsFunctionalControlFlow(*node)) {
      WHYLIGHT_ASSIGN_OR_RETURN(const Dependence inner, Of(*node));
      for (std::size_t i = 0; i < inner.size(); ++i) {
        for (std::size_t j = 0; j < inner[i].size(); ++j) {
          if (inner[i][j]) Merge(of(node->inputs[j]), outputs[i]);
        }
      }
    } else if (node->Is("IdentityN")) {
      for (std::size_t i = 0; i < types.size(); ++i) {
        if (!CarriesGradient(types[i])) continue;
        for (std::size_t j = 0; j < node->inputs.size(); ++j) {
          if (PassesGradient(*node, i, j)) Merge(of(node->inputs[j]), outputs[i]);
        }
      }
    } else {
      std::vector<bool> all = none;
      for (const Output& input : node->inputs) Merge(of(input), all);
      for (std::size_t i = 0; i < types.size(); ++i) {
        if (CarriesGradient(types[i])) outputs[i] = all;
      }
    }
    by_node[node] = std::move(outputs);
  }
  Dependence dependence;
  for (const Output& result : body.results) dependence.push_back(of(result));
  return dependence;
}

Result<Dependence> Functions::Of(const Node& node) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<std::string> names, CalledBy(node));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<DType> types, registry_.OutputTypes(node));
  const std::size_t n = node.inputs.size();
  Dependence dependence(types.size(), std::vector<bool>(n));
  if (IsBranch(node)) {
    if (n == 0) return InvalidArgument(DescribeNode(node) + " has no inputs");
    for (const std::string& name : names) {
      WHYLIGHT_ASSIGN_OR_RETURN(const FunctionBody* const body, Body(name));
      WHYLIGHT_RETURN_IF_ERROR(CheckCounts(node, *body, n - 1, types.size()));
      WHYLIGHT_ASSIGN_OR_RETURN(const Dependence* const branch, Of(name));
      for (std::size_t i = 0; i < types.size(); ++i) {
        for (std::size_t j = 1; j < n; ++j) {
          if ((*branch)[i][j - 1]) dependence[i][j] = true;
        }
      }
    }
    return dependence;
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const FunctionBody* const body, Body(names[0]));
  WHYLIGHT_RETURN_IF_ERROR(CheckCounts(node, *body, n, types.size()));
  if (types.size() != n) {
    return InvalidArgument(DescribeNode(node) + ": expected as many outputs as inputs");
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const FunctionBody* const condition, Body(names[1]));
  WHYLIGHT_RETURN_IF_ERROR(CheckCounts(node, *condition, n, 1));
  WHYLIGHT_ASSIGN_OR_RETURN(const Dependence* const step, Of(names[0]));
  for (std::size_t i = 0; i < n; ++i) dependence[i][i] = CarriesGradient(types[i]);
  // After k steps, k = 0, 1, ... until nothing is added.
  for (bool grows = true; grows;) {
    grows = false;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t via = 0; via < n; ++via) {
        if (!(*step)[i][via]) continue;
        for (std::size_t j = 0; j < n; ++j) {
          if (!dependence[via][j] || dependence[i][j]) continue;
          dependence[i][j] = true;
          grows = true;
        }
      }
    }
  }
  return dependence;
}

bool Functions::MayWriteState(const Graph& graph, const Node& node) {
  if (!CallsFunctions(node)) return whylight::MayWriteState(graph, node);
  if (graph.registry().Find(node.op) == nullptr) return true;
  std::vector<std::string> names;
  for (const auto& [attr, value] : node.attrs) {
    if (const auto* one = std::get_if<FunctionRef>(&value)) names.push_back(one->name);
    if (const auto* many = std::get_if<std::vector<FunctionRef>>(&value)) {
      for (const FunctionRef& function : *many) names.push_back(function.name);
    }
  }
  return std::ranges::any_of(names, [&](const std::string& name) {
    const auto [place, is_new] = writes_.try_emplace(name, false);
    if (!is_new) return place->second;
    const Result<const FunctionBody*> body = Body(name);
    if (!body.ok() || open_.size() == kMaxDepth) return writes_[name] = true;
    open_.push_back(name);
    const bool writes = std::ranges::any_of((*body)->graph.nodes(), [&](const auto& inner) {
      return MayWriteState((*body)->graph, *inner);
    });
    open_.pop_back();
    return writes_[name] = writes;
  });
}

}  // namespace whylight
