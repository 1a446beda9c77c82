#include "graph/passes/variables.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/import.h"
#include "graph/passes/context_sets.h"
#include "graph/passes/effects.h"

namespace whylight {
namespace {

constexpr std::string_view kReaders[] = {
    "DisableCopyOnRead", "IsVariableInitialized", "ReadVariableOp", "ResourceGather",
    "ResourceGatherNd",  "VarIsInitializedOp",    "VariableShape"};

bool IsVariable(const Node& node) {
  return node.Is("VarHandleOp") || node.Is("VariableV2") || node.Is("Variable");
}

// Nodes with equal keys are one variable.
std::string VariableKey(const Node& node) {
  // What TensorFlow calls a handle that shares nothing.
  constexpr std::string_view kAnonymous = "cd2c89b7-88b7-44c8-ad83-06c2a9158347";
  const std::string shared = node.AttrOr<std::string>("shared_name", "");
  const bool own = shared == kAnonymous || (shared.empty() && !node.Is("VarHandleOp"));
  const std::string kind = node.Is("VarHandleOp") ? "resource" : "reference";
  return kind + '\0' + node.AttrOr<std::string>("container", "") + '\0' +
         (own ? "node " + node.name : "shared " + shared);
}

// The functions that a call hands its inputs to, and how many inputs it keeps for itself.
struct Callees {
  std::vector<std::string_view> functions;
  int skipped_inputs = 0;
};

std::optional<Callees> CalleesOf(const Node& node) {
  struct Kind {
    std::string_view op;
    std::vector<std::string_view> attrs;
    int skipped_inputs;
  };
  static const std::array kKinds = {
      Kind{"PartitionedCall", {"f"}, 0},
      Kind{"StatefulPartitionedCall", {"f"}, 0},
      Kind{"While", {"cond", "body"}, 0},
      Kind{"StatelessWhile", {"cond", "body"}, 0},
      Kind{"If", {"then_branch", "else_branch"}, 1},
      Kind{"StatelessIf", {"then_branch", "else_branch"}, 1},
      Kind{"Case", {"branches"}, 1},
      Kind{"StatelessCase", {"branches"}, 1},
  };
  const auto kind = std::ranges::find(kKinds, node.op, &Kind::op);
  if (kind == kKinds.end()) return std::nullopt;
  Callees callees{.functions = {}, .skipped_inputs = kind->skipped_inputs};
  for (const std::string_view attr : kind->attrs) {
    if (const auto* function = node.Attr<FunctionRef>(attr)) {
      callees.functions.push_back(function->name);
    } else if (const auto* branches = node.Attr<std::vector<FunctionRef>>(attr)) {
      for (const FunctionRef& branch : *branches) callees.functions.push_back(branch.name);
    } else {
      return std::nullopt;
    }
  }
  return callees;
}

// Follows handles to all who take them.
class HandleTrace {
 public:
  HandleTrace(const FunctionLibrary& library, const OpRegistry& registry)
      : library_(library), registry_(registry) {}

  // Who takes what; those outside `among` do not run. Null: all do.
  struct Scope {
    UseMap uses;
    const std::set<const Node*>* among = nullptr;
  };

  // Whether somebody that takes `handle`, or a copy of it, may write. `copies` gets the handle and
  // its copies.
  bool MayBeWritten(const Scope& scope, Output handle, std::set<Output>& copies) {
    std::vector<Output> open = {handle};
    copies.insert(handle);
    while (!open.empty()) {
      const Output at = open.back();
      open.pop_back();
      for (const UseMap::Use& use : scope.uses.Of(at)) {
        if (scope.among != nullptr && !scope.among->contains(use.node)) continue;
        std::vector<int> passed_on;
        if (!OnlyReads(*use.node, use.input, passed_on)) return true;
        for (const int index : passed_on) {
          const Output copy{.node = use.node, .index = index};
          if (copies.insert(copy).second) open.push_back(copy);
        }
      }
    }
    return false;
  }

 private:
  struct ArgUse {
    bool only_read = true;
    std::vector<int> results;  // That the argument is returned as.
  };
  struct Body {
    FunctionBody function;
    Scope scope;
  };

  bool OnlyReads(const Node& node, int input, std::vector<int>& passed_on) {
    if (std::ranges::find(kReaders, node.op) != std::end(kReaders)) return true;
    if (TakesValueOfReference(node, input)) return true;
    if (node.Is("Identity") || node.Is("RefIdentity")) {
      passed_on = {0};
      return true;
    }
    if (node.Is("IdentityN")) {
      passed_on = {input};
      return true;
    }
    if (IsControlFlow(node.op)) {
      passed_on = {0};
      if (node.Is("Switch") || node.Is("RefSwitch")) passed_on.push_back(1);
      return !node.Is("_SwitchN");
    }
    if (const std::optional<Callees> callees = CalleesOf(node)) {
      if (input < callees->skipped_inputs) return true;
      for (const std::string_view function : callees->functions) {
        const ArgUse& use = UseOfArg(function, input - callees->skipped_inputs);
        if (!use.only_read) return false;
        passed_on.insert(passed_on.end(), use.results.begin(), use.results.end());
      }
      return true;
    }
    return false;
  }

  // A TF1 variable given to an op that asks for a plain tensor: it reads. A resource is never a
  // plain tensor.
  bool TakesValueOfReference(const Node& node, int input) const {
    const OpDef* op = registry_.Find(node.op);
    const Node& producer = *node.inputs[static_cast<std::size_t>(input)].node;
    if (op == nullptr || !HasReferenceOutput(registry_, producer)) return false;
    return std::ranges::none_of(op->inputs, [](const ArgDef& arg) { return arg.is_ref; });
  }

  const ArgUse& UseOfArg(std::string_view function, int arg) {
    const auto [place, is_new] = arg_uses_.try_emplace({std::string(function), arg});
    // One that calls itself is being looked at already: what it does shows there.
    if (!is_new) return place->second;
    ArgUse found{.only_read = false, .results = {}};
    if (Body* body = BodyOf(function);
        body != nullptr && arg < static_cast<int>(body->function.args.size())) {
      std::set<Output> copies;
      const Output handle{.node = body->function.args[static_cast<std::size_t>(arg)], .index = 0};
      found.only_read = !MayBeWritten(body->scope, handle, copies);
      for (std::size_t i = 0; i < body->function.results.size(); ++i) {
        if (copies.contains(body->function.results[i]))
          found.results.push_back(static_cast<int>(i));
      }
    }
    return arg_uses_[{std::string(function), arg}] = std::move(found);
  }

  Body* BodyOf(std::string_view name) {
    if (const auto known = bodies_.find(name); known != bodies_.end()) return known->second.get();
    std::unique_ptr<Body>& body = bodies_[std::string(name)];
    const FunctionDef* definition = library_.Find(name);
    if (definition == nullptr) return nullptr;
    Result<FunctionBody> imported = ImportFunction(*definition, registry_);
    if (!imported.ok()) return nullptr;
    Scope scope{.uses = UseMap(imported->graph)};
    body = std::make_unique<Body>(Body{*std::move(imported), std::move(scope)});
    return body.get();
  }

  const FunctionLibrary& library_;
  const OpRegistry& registry_;
  std::map<std::pair<std::string, int>, ArgUse> arg_uses_;
  std::map<std::string, std::unique_ptr<Body>, std::less<>> bodies_;
};

}  // namespace

std::set<const Node*> UnwrittenVariables(const Graph& graph, const PassContext& context) {
  const std::set<const Node*> needed = NeededNodes(graph, context);
  const HandleTrace::Scope scope{.uses = UseMap(graph), .among = &needed};
  HandleTrace trace(graph.library, graph.registry());
  std::map<std::string, bool> written;
  std::vector<std::pair<const Node*, std::string>> variables;
  for (const auto& node : graph.nodes()) {
    if (!needed.contains(node.get()) || !IsVariable(*node)) continue;
    std::string key = VariableKey(*node);
    std::set<Output> copies;
    const bool here = trace.MayBeWritten(scope, {.node = node.get(), .index = 0}, copies);
    written[key] = written[key] || here;
    variables.emplace_back(node.get(), std::move(key));
  }
  std::set<const Node*> unwritten;
  for (const auto& [node, key] : variables) {
    if (!written[key]) unwritten.insert(node);
  }
  return unwritten;
}

const Node* HandleOfRead(const Node& read) {
  if (!read.Is("ReadVariableOp") || read.inputs.size() != 1) return nullptr;
  const Node* at = read.inputs[0].node;
  while (at->Is("Identity") && at->inputs.size() == 1) at = at->inputs[0].node;
  return at->Is("VarHandleOp") ? at : nullptr;
}

Shape VariableShape(const Node& variable) {
  return variable.AttrOr<Shape>("shape", Shape::UnknownRank());
}

DType VariableType(const Node& variable) {
  return variable.AttrOr<DType>("dtype", DType::kInvalid);
}

}  // namespace whylight
