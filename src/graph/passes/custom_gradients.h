// Custom gradients (tf.custom_gradient): brought to the nodes that they are the gradients of.
//
// tf.custom_gradient leaves in a function's body
//   r_1 .. r_m, a_1 .. a_n = IdentityN[_gradient_op_type="CustomGradient-8"](results, arguments)
// of which only r_1 .. r_m are read, and in the library a function
//   g(dr_1 .. dr_m, da_1 .. da_n, captures) -> gradients of some of the IdentityN's inputs
// whose captures are tensors of functions around the node, and variables. Where they are is known
// as long as functions are what they were when the model was saved: before calls are inlined.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace whylight {

// A tensor that a gradient function reads: "mul:0" in the body of `function`; of the graph itself
// if that is empty. A variable is captured by its handle.
struct GradientCapture {
  std::string function;
  std::string tensor;
  auto operator<=>(const GradientCapture&) const = default;
};

struct CustomGradient {
  std::string function;
  std::vector<bool> returned;  // By input of the IdentityN: whether its gradient is returned.
  std::vector<GradientCapture> captures;  // In the order of g's last arguments.
};

// Gives each node of op IdentityN whose `_gradient_op_type` is a key of `gradients` the captured
// values as further inputs, so that whatever moves the node moves them along, and says so in
// attributes that AttachedGradientOf reads. Functions around the node get them as arguments where
// they are not tensors of its own. Variables are read there; gradient functions that read
// variables are replaced by ones that take the values.
//
// Goes into functions that PartitionedCall, While, If, Case and their kinds call. Returns why, for
// each key whose nodes are left as they were: a capture that no function around a node has, a
// variable that is not only read, types or counts that do not fit.
// Errors: none but those of importing and exporting functions.
Result<std::map<std::string, std::string>> AttachCustomGradients(
    Graph& graph, std::map<std::string, CustomGradient> gradients);

// What an attached node says.
struct AttachedGradient {
  std::string function;
  std::vector<std::size_t> inputs;  // For each of the function's results, the input it is of.
  std::size_t captures = 0;         // Of the node's inputs the last.
};
// nullopt for any other node, and for attributes that do not fit the node.
std::optional<AttachedGradient> AttachedGradientOf(const Node& node);

}  // namespace whylight
