#include "explain/trial_run.h"

#include <algorithm>

#include "explain/engine.h"
#include "model/program.h"
#include "util/strings.h"

namespace whylight {
namespace {

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

struct Symptom {
  const char* text;  // In TensorFlow's message.
  const char* rule;
  const char* fix;
};
constexpr Symptom kSymptoms[] = {
    {"not registered", "unknown-op",
     "use a TensorFlow that has the op (--tensorflow DIR), or save a model without it"},
    {"No OpKernel", "missing-kernel",
     "use a TensorFlow that still has the kernel (--tensorflow DIR), or save the model again"},
    {"Could not find variable", "missing-variable", "save the model again"},
    {"uninitialized", "missing-variable", "save the model again"},
    {"not initialized", "missing-variable", "save the model again, assets/ included"},
    {"pyfunc", "python-function", "write that part with TensorFlow ops and save again"},
    {"Python", "python-function", "write that part with TensorFlow ops and save again"},
};

// A row of zeros and empty strings, unknown axes of one element.
Row MadeUpRow(const Program& program) {
  Row row;
  for (const Port& port : program.request) {
    const bool batched = program.request_layout.kind != RowLayout::Kind::kNone;
    std::vector<std::int64_t> dims;
    for (int axis = 0; port.shape.has_rank() && axis < port.shape.rank(); ++axis) {
      if (axis == 0 && batched) continue;
      dims.push_back(port.shape.dim(axis) < 0 ? 1 : port.shape.dim(axis));
    }
    row.emplace_back(port.dtype, Shape(std::move(dims)));
  }
  return row;
}

bool IsFeedable(const Program& program) {
  return std::ranges::all_of(program.request, [](const Port& port) {
    return port.dtype == DType::kString || DTypeSize(port.dtype) > 0;
  });
}

Problem ProblemOf(const Status& status, const std::string& place) {
  for (const Symptom& symptom : kSymptoms) {
    if (!Contains(status.message(), symptom.text)) continue;
    return {.rule = symptom.rule, .place = place, .message = status.message(), .fix = symptom.fix};
  }
  return {.rule = status.code() == StatusCode::kUnimplemented ? "unknown-op" : "run-failed",
          .place = place,
          .message = status.message(),
          .fix = "try the same request with TensorFlow itself; save the model again"};
}

}  // namespace

bool IsContentError(const Status& status) {
  const std::string& message = status.message();
  for (const Symptom& symptom : kSymptoms) {
    if (Contains(message, symptom.text)) return false;
  }
  // Kernels that look into the values: image and example parsers, number parsers, id checks.
  static constexpr const char* kContent[] = {"DecodeJpeg",
                                             "DecodeImage",
                                             "DecodePng",
                                             "DecodeBmp",
                                             "DecodeGif",
                                             "DecodeRaw",
                                             "DecodeBase64",
                                             "ParseExample",
                                             "parse serialized",
                                             "ParseSingleExample",
                                             "StringToNumber",
                                             "DecodeCSV",
                                             "out of range",
                                             "out of bound",
                                             "is not in [0",
                                             "Invalid input image",
                                             "Unknown image file format",
                                             "Feature:",
                                             "indices[",
                                             "JSON",
                                             "DecodeWav",
                                             "slice index",
                                             "DecodeCompressed"};
  if (std::ranges::any_of(kContent, [&](const char* text) { return Contains(message, text); })) {
    return true;
  }
  // A made-up row has axes of one element where the signature leaves them open.
  return status.code() == StatusCode::kInvalidArgument || status.code() == StatusCode::kOutOfRange;
}

void TrialRun(const Model& model, const Runtime& runtime, const SessionOptions& session,
              CheckReport& report) {
  if (report.verdict == CheckReport::Verdict::kLoadError) return;
  const Choice choice = ChooseSignature(model.meta(), {.signature = report.signature});
  const SignatureDef* signature = choice.signature;
  if (signature == nullptr) {
    const Result<const SignatureDef*> predict = ChoosePredictSignature(model.meta(), "");
    if (!predict.ok()) return;
    signature = *predict;
  }
  const std::string place = "signature '" + signature->key + "'";
  const auto fail = [&](const Status& status) {
    report.verdict = CheckReport::Verdict::kLoadError;
    report.methods.clear();
    report.problems.insert(report.problems.begin(), ProblemOf(status, place));
  };
  const bool without_rows = std::ranges::any_of(
      choice.problems, [](const Problem& problem) { return problem.rule == "no-common-batch"; });
  Result<Program> program = BuildProgram(
      model,
      {.signature = signature, .preprocess = choice.preprocess, .without_rows = without_rows});
  if (!program.ok() || !IsFeedable(*program)) return;
  const Row row = MadeUpRow(*program);
  const Result<std::unique_ptr<Engine>> engine =
      Engine::Load(model, *std::move(program), {}, runtime, {.session = session});
  if (!engine.ok()) return fail(engine.status());
  const std::vector<Result<Row>> prepared = (*engine)->Prepare({&row, 1});
  Status status = prepared[0].status();
  if (prepared[0].ok()) status = (*engine)->Outputs({&*prepared[0], 1})[0].status();
  if (!status.ok() && !IsContentError(status)) fail(status);
}

}  // namespace whylight
