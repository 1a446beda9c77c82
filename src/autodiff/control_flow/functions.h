// The functions that If, Case and While call: their bodies, and what depends on what in them.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "graph/import.h"

namespace whylight {

bool IsWhile(const Node& node);   // While, StatelessWhile.
bool IsBranch(const Node& node);  // If, Case and their stateless kinds.
inline bool IsFunctionalControlFlow(const Node& node) { return IsWhile(node) || IsBranch(node); }

// The ops for which these hold, sorted: what differentiation looks into instead of asking for a
// rule.
std::span<const std::string_view> FunctionalControlFlowOps();

// [i][j]: whether output i depends on input j through edges that carry a gradient.
using Dependence = std::vector<std::vector<bool>>;

// Reads the functions of one library, each once. Functions that were read must not be replaced.
class Functions {
 public:
  // Both outlive this and all bodies that it hands out.
  Functions(const FunctionLibrary& library, const OpRegistry& registry)
      : library_(library), registry_(registry) {}
  Functions(const Functions&) = delete;
  Functions& operator=(const Functions&) = delete;

  // A copy of the body to change, its calls inlined.
  // Errors: kInvalidArgument for a function that is not there; as ImportFunction and InlineCalls.
  Result<FunctionBody> Import(const std::string& name);
  // The same to look at; one for all.
  Result<const FunctionBody*> Body(const std::string& name);

  // The functions of a control flow node: the branches in order; of a While the body, then the
  // condition. Errors: kInvalidArgument if an attribute is missing.
  static Result<std::vector<std::string>> CalledBy(const Node& node);

  // Of a function: results by arguments. Errors: kUnimplemented: a function that reaches itself,
  // naming the chain, or that is hundreds of functions deep.
  Result<const Dependence*> Of(const std::string& name);
  // Of a control flow node: outputs by inputs. What a loop returns depends on what it started
  // with, since it may not run at all. Errors: kInvalidArgument if the functions do not take and
  // return what the node gives and expects.
  Result<Dependence> Of(const Node& node);

  // Whether running the node may change what a reader of state sees, in its functions too. True
  // where that cannot be told.
  bool MayWriteState(const Graph& graph, const Node& node);

 private:
  Result<FunctionBody> ImportUninlined(const FunctionDef& function);
  Result<Dependence> Compute(const FunctionBody& body);

  const FunctionLibrary& library_;
  const OpRegistry& registry_;
  std::unique_ptr<OpRegistry> with_signatures_;  // For bodies that call functions as TF1 does.
  std::map<std::string, std::unique_ptr<FunctionBody>> bodies_;
  std::map<std::string, Dependence> dependence_;
  std::map<std::string, bool> writes_;
  std::vector<std::string> open_;  // Functions being looked into, outermost first.
};

}  // namespace whylight
