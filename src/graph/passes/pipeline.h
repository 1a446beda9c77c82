// Runs passes in order, and checks each.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "graph/passes/fold_constants.h"
#include "graph/passes/freeze_variables.h"
#include "graph/passes/pass.h"

namespace whylight {

struct PipelineOptions {
  std::set<std::string, std::less<>> disable;  // Names of passes that are skipped.
  std::set<std::string, std::less<>> dump;     // Names of passes whose graphs go to `sink`.
  // Gets "before freeze_variables" or "after freeze_variables", and the graph's text with the
  // functions that it calls; a model's library holds many more.
  std::function<void(std::string_view title, std::string_view text)> sink;
  // Compares the graph's text around each pass. Costs about as much as the passes do: for tests.
  bool check_claims = false;
};

// What one pass did, for `whylight inspect`.
struct PassReport {
  std::string name;
  double seconds = 0;
  bool changed = false;
  bool disabled = false;
  std::size_t nodes = 0;  // Of the graph, afterwards.
};

class Pipeline {
 public:
  void Add(std::unique_ptr<Pass> pass) { passes_.push_back(std::move(pass)); }
  std::vector<std::string> names() const;  // In order; one that runs twice is there twice.

  // The graph is verified at first and after each pass that changed it.
  // Errors: kInvalidArgument for a name in the options that no pass has. kInternal, naming the
  // pass, for a graph that the verifier refuses after it, or one changed by a pass that denies it
  // (with check_claims). A pass's own status, with its name in front.
  Result<std::vector<PassReport>> Run(Graph& graph, PassContext& context,
                                      const PipelineOptions& options = {});

 private:
  std::vector<std::unique_ptr<Pass>> passes_;
};

// What passes need from whoever holds the model; a pass whose function is empty is left out.
struct PassServices {
  VariableValueFn value_of;
  FreezeOptions freeze;
  EvaluateFn evaluate;
  FoldConstantsOptions fold;
};

// All passes, in their order.
Pipeline StandardPipeline(const PassServices& services);

}  // namespace whylight
