// A pass rewrites a graph and says whether it did. A pass that does not recognise a pattern
// leaves it alone; it never guesses.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace whylight {

// What a pass must keep: tensors that somebody fetches or feeds by node and index.
struct PassContext {
  std::vector<Output>* outputs = nullptr;  // Fetched; a pass that replaces one updates it here.
  std::vector<Output>* inputs = nullptr;   // Fed.
  std::vector<Node*>* targets = nullptr;   // Run for their effects.
};

class Pass {
 public:
  virtual ~Pass() = default;
  virtual std::string_view name() const = 0;
  virtual Result<bool> Run(Graph& graph, PassContext& context) = 0;  // True if it changed it.
};

}  // namespace whylight
