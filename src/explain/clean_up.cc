#include "explain/clean_up.h"

#include <ostream>

#include "graph/export.h"
#include "graph/passes/pipeline.h"
#include "model/restore.h"

namespace whylight {
namespace {

// The values of variables that are whole in the checkpoint.
VariableValueFn ValuesOf(const Model& model) {
  return [&model](const Node& variable) -> Result<std::optional<Tensor>> {
    const auto source = model.variables().find(variable.name);
    if (source == model.variables().end() || !model.checkpoint().ok())
      return std::optional<Tensor>();
    const Checkpoint::Entry* entry = model.checkpoint()->Find(source->second.key);
    if (entry == nullptr || entry->sliced || !source->second.slice.empty())
      return std::optional<Tensor>();
    WHYLIGHT_ASSIGN_OR_RETURN(Tensor value, model.checkpoint()->Read(source->second.key));
    return std::optional<Tensor>(std::move(value));
  };
}

EvaluateFn EvaluateOn(const Runtime& runtime, const SessionOptions& options) {
  return [&runtime, options](const Graph& graph,
                             std::span<const Output> outputs) -> Result<std::vector<Tensor>> {
    const std::vector<Output> roots(outputs.begin(), outputs.end());
    const std::set<const Node*> needed = graph.Ancestors(roots);
    WHYLIGHT_ASSIGN_OR_RETURN(const std::string op_list, runtime.OpList());
    WHYLIGHT_ASSIGN_OR_RETURN(const OpRegistry known, OpRegistry::Parse(op_list));
    WHYLIGHT_ASSIGN_OR_RETURN(const ExportedGraph exported,
                              ExportGraph(graph, {.target = &known, .only = &needed}));
    WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, runtime.NewSession(options));
    WHYLIGHT_RETURN_IF_ERROR(session->Extend(exported.graph_def));
    return session->Run({}, NamesOf(outputs), {});
  };
}

Status RunPipeline(Pipeline& pipeline, Program& program, const CleanUpOptions& options) {
  PipelineOptions run{.disable = {options.disable.begin(), options.disable.end()},
                      .dump = {options.dump_passes.begin(), options.dump_passes.end()}};
  if (options.dump != nullptr) {
    run.sink = [&](std::string_view title, std::string_view text) {
      *options.dump << "# " << title << "\n" << text << "\n";
    };
  }
  return RunOnProgram(program, [&](Graph& graph, PassContext& context) {
    return pipeline.Run(graph, context, run).status();
  });
}

}  // namespace

Status CleanUpProgram(const Model& model, Program& program, const CleanUpOptions& options) {
  Pipeline pipeline = StandardPipeline({.value_of = ValuesOf(model),
                                        .freeze = {},
                                        .evaluate = EvaluateOn(*options.runtime, options.session),
                                        .fold = {}});
  return RunPipeline(pipeline, program, options);
}

Status FoldNewConstants(Program& program, const CleanUpOptions& options) {
  Pipeline pipeline;
  pipeline.Add(std::make_unique<FoldConstants>(EvaluateOn(*options.runtime, options.session)));
  CleanUpOptions own = options;  // Names of other passes were right when those ran.
  const auto other = [](const std::string& name) { return name != "fold_constants"; };
  std::erase_if(own.disable, other);
  std::erase_if(own.dump_passes, other);
  return RunPipeline(pipeline, program, own);
}

}  // namespace whylight
