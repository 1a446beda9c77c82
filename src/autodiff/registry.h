// The table of gradient rules: op name -> function that adds the gradient's nodes.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "graph/builder.h"

namespace whylight {

// dL/dx for each input of a node; nullopt: no gradient flows there (an integer) or none is known.
// If that input turns out to lie on the path, AddGradients fails and names it.
using Gradients = std::vector<std::optional<Output>>;

struct GradientArgs {
  GraphBuilder& b;
  std::span<const Output> x;  // The node's inputs.
  std::span<const Output> y;  // Its outputs.
  // dL/dy, one for each output; zeros where nothing arrives; empty Outputs for those that carry no
  // gradient by their type (integers, strings, handles).
  std::span<const Output> dy;

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

// The rules of one file of ops/.
struct GradientFamily {
  const char* title;
  std::span<const GradientRule> rules;  // Sorted by op.
};

// All of them, in the order of docs/gradients.md.
std::span<const GradientFamily> GradientFamilies();

// nullptr for an op that nobody wrote a rule for.
const GradientRule* FindGradientRule(std::string_view op);

// All rules, sorted by op.
std::vector<GradientRule> AllGradientRules();

}  // namespace whylight
