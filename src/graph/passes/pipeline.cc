#include "graph/passes/pipeline.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "graph/passes/fold_batch_norm.h"
#include "graph/passes/functionalize_control_flow.h"
#include "graph/passes/hoist_reads.h"
#include "graph/passes/inline_calls.h"
#include "graph/passes/prune.h"
#include "graph/passes/remove_noops.h"
#include "graph/passes/take_known_branches.h"
#include "graph/passes/tensor_arrays_to_lists.h"
#include "graph/text.h"
#include "graph/verify.h"

namespace whylight {
namespace {

Status CheckNames(const std::set<std::string, std::less<>>& wanted, std::string_view option,
                  const std::vector<std::string>& names) {
  for (const std::string& name : wanted) {
    if (std::ranges::find(names, name) != names.end()) continue;
    std::string known;
    for (std::size_t i = 0; i < names.size(); ++i) {
      // Each once, at its first place.
      if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
          names.begin() + static_cast<std::ptrdiff_t>(i)) {
        continue;
      }
      known += (known.empty() ? "" : ", ") + names[i];
    }
    return InvalidArgument(std::string(option) + ": expected one of " + known + ", got '" + name +
                           "'");
  }
  return OkStatus();
}

}  // namespace

std::vector<std::string> Pipeline::names() const {
  std::vector<std::string> names;
  for (const auto& pass : passes_) names.emplace_back(pass->name());
  return names;
}

Result<std::vector<PassReport>> Pipeline::Run(Graph& graph, PassContext& context,
                                              const PipelineOptions& options) {
  WHYLIGHT_RETURN_IF_ERROR(CheckNames(options.disable, "disable-pass", names()));
  WHYLIGHT_RETURN_IF_ERROR(CheckNames(options.dump, "dump-pass", names()));
  if (const Status status = VerifyGraph(graph); !status.ok()) {
    return InvalidArgument(status.message());  // Not a pass's doing.
  }
  std::vector<PassReport> reports;
  for (const auto& pass : passes_) {
    PassReport& report = reports.emplace_back();
    report.name = pass->name();
    report.disabled = options.disable.contains(report.name);
    report.nodes = graph.size();
    if (report.disabled) continue;
    const bool dump = options.sink && options.dump.contains(report.name);
    const std::string before = options.check_claims ? GraphToText(graph) : "";
    if (dump) options.sink("before " + report.name, GraphToText(graph, {.only_called = true}));

    const auto start = std::chrono::steady_clock::now();
    const Result<bool> changed = pass->Run(graph, context);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (!changed.ok()) return changed.status().In(report.name);
    report.seconds = took.count();
    report.changed = *changed;
    report.nodes = graph.size();

    if (dump) options.sink("after " + report.name, GraphToText(graph, {.only_called = true}));
    if (report.changed) {
      WHYLIGHT_RETURN_IF_ERROR(VerifyGraph(graph).In("after " + report.name));
    } else if (options.check_claims && GraphToText(graph) != before) {
      return Internal(report.name + ": changed the graph and said that it did not");
    }
  }
  return reports;
}

Pipeline StandardPipeline(const PassServices& services) {
  Pipeline pipeline;
  const auto fold_constants = [&] {
    if (!services.evaluate) return;
    pipeline.Add(std::make_unique<FoldConstants>(services.evaluate, services.fold));
  };
  pipeline.Add(std::make_unique<InlineCalls>());
  pipeline.Add(std::make_unique<Prune>());       // Savers write variables: they go before freezing.
  pipeline.Add(std::make_unique<HoistReads>());  // What is read outside of loops can be frozen.
  if (services.value_of) {
    pipeline.Add(std::make_unique<FreezeVariables>(services.value_of, services.freeze));
  }
  // Arrays first: as values they go through loops and branches like any other. Then both, before
  // the Identities go that tell the parts of one tf.cond.
  pipeline.Add(std::make_unique<TensorArraysToLists>());
  pipeline.Add(std::make_unique<FunctionalizeControlFlow>());
  pipeline.Add(std::make_unique<RemoveNoops>());
  fold_constants();  // Makes plain vectors of what batch norms compute from their variables.
  pipeline.Add(std::make_unique<TakeKnownBranches>());
  pipeline.Add(std::make_unique<FoldBatchNorm>());
  fold_constants();  // Computes the weights that the batch norms went into.
  pipeline.Add(std::make_unique<Prune>());
  return pipeline;
}

}  // namespace whylight
