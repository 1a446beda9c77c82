// whylight predict: runs a model on instances.
#include <cstdio>
#include <memory>
#include <span>
#include <string>

#include "batch/run.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/request_args.h"
#include "explain/answer_rows.h"
#include "explain/explanation_json.h"
#include "tensor/rows.h"

namespace whylight {
namespace {

struct PredictArgs {
  MachineArgs machine;
  RequestArgs request;
  std::string format;
  bool example = false;
};

// How many rows all outputs share as their first axis; 0 if they do not.
std::int64_t SharedRows(const std::vector<NamedValue>& prediction) {
  std::int64_t rows = 0;
  for (const NamedValue& output : prediction) {
    const Shape& shape = output.value.shape();
    if (shape.rank() == 0 || (rows != 0 && shape.dim(0) != rows)) return 0;
    rows = shape.dim(0);
  }
  return rows;
}

Status Write(const AnsweredInstance& instance, std::span<const std::string> element_names,
             const std::vector<NamedValue>& prediction, AnswerWriter& out) {
  if (out.form() == AnswerForm::kRows) return out.Row(PredictionRow(instance, prediction));
  if (out.form() == AnswerForm::kCells) {
    return out.Row(PredictionCells(instance, element_names, prediction));
  }
  return out.Line(PredictionLine(instance.json, prediction));
}

// A request whose inputs share no rows was run as a whole. No instance can be cut out of it, but
// its answers can: one for each, {"instance": {"request": 0, "row": 2}, "prediction": 6.5}.
Status WriteParts(const AnsweredInstance& instance, const std::vector<NamedValue>& prediction,
                  AnswerWriter& out) {
  const std::int64_t rows = SharedRows(prediction);
  if (rows == 0) return Write(instance, {}, prediction, out);
  for (std::int64_t row = 0; row < rows; ++row) {
    std::vector<NamedValue> of_row;
    of_row.reserve(prediction.size());
    for (const NamedValue& output : prediction) {
      of_row.push_back({.name = output.name, .value = RowOf(output.value, row)});
    }
    const std::string place =
        "{\"request\":" + std::to_string(instance.number) + ",\"row\":" + std::to_string(row) + "}";
    WHYLIGHT_RETURN_IF_ERROR(Write({.number = instance.number, .json = place}, {}, of_row, out));
  }
  return OkStatus();
}

int Run(const PredictArgs& args, const OpenRuntime& open) {
  const Result<std::unique_ptr<Model>> model = args.request.OpenModel();
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
  // As TensorFlow Serving does: the request may name the signature that it is for.
  std::string signature = args.request.signature;
  if (signature.empty()) {
    const Result<RequestHead> head = PeekRequest(args.request.inputs);
    if (!head.ok()) return Fail(head.status());
    signature = head->signature_name;
  }
  const Result<std::unique_ptr<Runtime>> runtime = open(args.machine.runtime);
  if (!runtime.ok()) return Fail(runtime.status());
  const Result<std::unique_ptr<Predictor>> predictor =
      Predictor::Open(**model, **runtime,
                      {.signature = signature,
                       .batch_size = args.request.batch_size,
                       .memory_limit = *memory,
                       .session = *session,
                       .cancelled = Interrupted});
  if (!predictor.ok()) return Fail(predictor.status());
  Result<std::unique_ptr<InstanceReader>> reader =
      args.request.Open((*predictor)->request_fields(), {.has_rows = (*predictor)->has_rows()});
  if (!reader.ok()) return Fail(reader.status());
  // Known only now where the input cannot be read twice.
  const std::string& named = (*reader)->signature_name();
  if (!named.empty() && named != (*predictor)->signature()) {
    const std::string differs =
        "signature_name: the request is for '" + named + "', " +
        (args.request.signature.empty() ? "the model's own choice is '" : "--signature is '") +
        (*predictor)->signature() + "'";
    return Fail(InvalidArgument(differs + "; give --signature " + named + ", or leave it out"));
  }
  Result<std::unique_ptr<AnswerWriter>> out =
      AnswerWriter::Open({.path = args.request.output, .format = args.format});
  if (!out.ok()) return Fail(out.status());
  FailureLog failures(ErrorPathFor(args.request.output));
  Progress progress(CountInstances(args.request.inputs));
  const Result<BatchCounts> counts = PredictAll(
      **reader, **predictor,
      [&](const Instance& instance, const Result<std::vector<NamedValue>>& prediction) {
        if (!prediction.ok()) return failures.Add(instance, prediction.status());
        const AnsweredInstance answered{.number = static_cast<std::int64_t>(instance.number),
                                        .json = instance.source_json};
        const Status written = (*predictor)->has_rows()
                                   ? Write(answered, (*reader)->feature_names(), *prediction, **out)
                                   : WriteParts(answered, *prediction, **out);
        return written.In(instance.place);
      },
      [&](const BatchCounts& so_far) { progress.Show(so_far); });
  progress.Clear();
  return Finish(counts, **out, failures);
}

}  // namespace

std::function<int()> DeclarePredict(Args& args, const OpenRuntime& open) {
  auto options = std::make_shared<PredictArgs>();
  options->request.Declare(args);
  args.Choice("--format", options->format, {"jsonl", "tfrecord", "parquet", "csv"},
              "Default: what the extension of -o says, else jsonl");
  args.Flag("--example", options->example, "Print one valid request and stop");
  options->machine.Declare(args);
  args.Examples(
      "  whylight predict model --example > request.jsonl\n"
      "  whylight predict model -i request.jsonl\n"
      "  whylight predict model -i table.csv -o predictions.jsonl\n"
      "Inputs that share no rows (parts of ragged and sparse tensors) are sent as one\n"
      "{\"inputs\": {...}}; the answer has a line for each output row, {\"request\": 0, \"row\": "
      "2} as its\n"
      "instance.");
  return [options, open] { return Run(*options, open); };
}

}  // namespace whylight
