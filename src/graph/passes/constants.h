// Which nodes give the same in every run, and how to write down what they give.
#pragma once

#include <set>

#include "graph/passes/pass.h"

namespace whylight {

enum class Variables {
  kChange,  // A read is not constant.
  kStay,    // Reads of variables that nobody writes are.
};

// Const nodes, and nodes whose inputs are all constant and whose op gives the same for the same
// inputs wherever and whenever it runs: stateless, not random, no control flow, no function call,
// no reading of files. A node that waits for one that is not constant is not constant either.
std::set<const Node*> ConstantNodes(const Graph& graph, const PassContext& context,
                                    Variables variables = Variables::kChange);

// Makes a Const of a node with one output; its name, device and readers stay, its inputs go.
void BecomeConst(Node& node, const Tensor& value);

std::size_t ByteSize(const Tensor& tensor);  // Strings by their lengths.

}  // namespace whylight
