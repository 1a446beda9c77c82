// whylight predict: runs a model on instances.
#include <cstdio>
#include <memory>
#include <string>

#include "batch/run.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/request_args.h"
#include "explain/explanation_json.h"

namespace whylight {
namespace {

struct PredictArgs {
  MachineArgs machine;
  RequestArgs request;
  bool example = false;
};

int Run(const PredictArgs& args, const OpenRuntime& open) {
  const Result<std::unique_ptr<Model>> model = Model::Open(args.request.model, args.request.Tags());
  if (!model.ok()) return Fail(model.status());
  if (args.example) return PrintExample(**model, args.request.signature);
  const Result<SessionOptions> session = args.machine.Session();
  if (!session.ok()) return Fail(session.status());
  const Result<std::int64_t> memory = args.machine.MemoryLimit();
  if (!memory.ok()) return Fail(memory.status());
  if (args.request.inputs.empty()) {
    return Fail(
        InvalidArgument("no instances; give -i FILE (- for standard input), or --example "
                        "to see what a request looks like"));
  }
  const Result<std::unique_ptr<Runtime>> runtime = open(args.machine.runtime);
  if (!runtime.ok()) return Fail(runtime.status());
  const Result<std::unique_ptr<Predictor>> predictor =
      Predictor::Open(**model, **runtime,
                      {.signature = args.request.signature,
                       .batch_size = args.request.batch_size,
                       .memory_limit = *memory,
                       .session = *session,
                       .cancelled = Interrupted});
  if (!predictor.ok()) return Fail(predictor.status());
  Result<std::unique_ptr<InstanceReader>> reader =
      args.request.Open((*predictor)->request_fields(),
                        {.has_rows = (*predictor)->has_rows()});
  if (!reader.ok()) return Fail(reader.status());
  Result<std::unique_ptr<LineWriter>> out = LineWriter::Open(args.request.output);
  if (!out.ok()) return Fail(out.status());
  FailureLog failures(ErrorPathFor(args.request.output));
  Progress progress(CountInstances(args.request.inputs));
  const Result<BatchCounts> counts = PredictAll(
      **reader, **predictor,
      [&](const Instance& instance, const Result<std::vector<NamedValue>>& prediction) {
        if (!prediction.ok()) return failures.Add(instance, prediction.status());
        return (*out)->Write(PredictionLine(instance.source_json, *prediction));
      },
      [&](const BatchCounts& so_far) { progress.Show(so_far); });
  progress.Clear();
  return Finish(counts, **out, failures);
}

}  // namespace

std::function<int()> DeclarePredict(Args& args, const OpenRuntime& open) {
  auto options = std::make_shared<PredictArgs>();
  options->request.Declare(args);
  args.Flag("--example", options->example, "Print one valid request and stop");
  options->machine.Declare(args);
  args.Examples(
      "  whylight predict model --example > request.jsonl\n"
      "  whylight predict model -i request.jsonl\n"
      "  whylight predict model -i table.csv -o predictions.jsonl");
  return [options, open] { return Run(*options, open); };
}

}  // namespace whylight
