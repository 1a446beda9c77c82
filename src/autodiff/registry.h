// The table of gradient rules: op name -> function that adds the gradient's nodes.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "graph/builder.h"

namespace whylight {

// dL/dx for each input of a node; nullopt: no gradient flows there (integer, constant by nature).
using Gradients = std::vector<std::optional<Output>>;

struct GradientArgs {
  GraphBuilder& b;
  std::span<const Output> x;   // The node's inputs.
  std::span<const Output> y;   // Its outputs.
  std::span<const Output> dy;  // dL/dy, one for each output; zeros where nothing arrives.

  const Node& node() const { return *y[0].node; }
};

using GradientFn = Gradients (*)(const GradientArgs&);

struct GradientRule {
  const char* op;
  GradientFn fn;
  // Whether the derivative is zero wherever it exists (Floor, Sign, ArgMax): the path ends here,
  // by definition and not because nobody wrote a rule.
  bool zero = false;
};

// nullptr for an op that nobody wrote a rule for.
const GradientRule* FindGradientRule(std::string_view op);

// All rules, sorted by op.
std::vector<GradientRule> AllGradientRules();

}  // namespace whylight
