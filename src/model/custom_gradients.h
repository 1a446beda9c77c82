// The gradient functions that a model was saved with (tf.custom_gradient).
#pragma once

#include <map>
#include <optional>
#include <string>

#include "model/model.h"

namespace whylight {

// Attaches them to their nodes in `graph`, the model's whole graph (see
// graph/passes/custom_gradients.h). Returns why not, by `_gradient_op_type`, for those that cannot
// be; an op type that the model says nothing of is not among them.
// Errors: none but those of importing and exporting functions.
Result<std::map<std::string, std::string>> AttachSavedGradients(const Model& model, Graph& graph);

// A node that stands for an op with a custom gradient and was not given it: its gradient is that of
// what the node computes.
struct LostGradient {
  std::string op;
  std::string node;
  std::string op_type;  // "CustomGradient-8"
};
// nullopt for nodes without a custom gradient, and for those that were given theirs.
std::optional<LostGradient> LostGradientOf(const Node& node);

}  // namespace whylight
