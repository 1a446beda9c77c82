#include "cli/request_args.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <set>

#include "batch/requests.h"
#include "graph/export.h"
#include "graph/import.h"
#include "image/codec.h"
#include "io/json.h"
#include "model/choose.h"
#include "model/program.h"
#include "util/strings.h"

namespace whylight {
namespace {

struct FormatName {
  const char* name;
  InstanceFormat format;
};
constexpr FormatName kInputFormats[] = {
    {"jsonl", InstanceFormat::kJsonLines}, {"json", InstanceFormat::kJson},
    {"csv", InstanceFormat::kCsv},         {"tfrecord", InstanceFormat::kTfRecord},
    {"parquet", InstanceFormat::kParquet}, {"text", InstanceFormat::kText},
    {"image", InstanceFormat::kImage},
};

std::vector<std::string> InputFormatNames() {
  std::vector<std::string> names;
  names.reserve(std::size(kInputFormats));
  for (const FormatName& row : kInputFormats) names.emplace_back(row.name);
  return names;
}

// kAuto for a name that was not given.
InstanceFormat InputFormatFromName(const std::string& name) {
  for (const FormatName& row : kInputFormats) {
    if (row.name == name) return row.format;
  }
  return InstanceFormat::kAuto;
}

// What the made-up strings must be, for the model to read them.
enum class TextKind { kText, kImage, kTfExample };

TextKind TextKindOf(const Graph& graph) {
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    static constexpr std::array kDecoders = {"DecodeJpeg", "DecodePng", "DecodeImage",
                                             "DecodeAndCropJpeg"};
    if (std::ranges::count(kDecoders, node->op) > 0) return TextKind::kImage;
    if (node->op.starts_with("ParseExample") || node->op == "ParseSingleExample") {
      return TextKind::kTfExample;
    }
  }
  return TextKind::kText;
}

TextKind TextKindOf(const Model& model, const SignatureDef& signature) {
  const Result<Program> program = BuildProgram(model, {.signature = &signature});
  if (!program.ok()) return TextKind::kText;
  const TextKind kind = TextKindOf(program->graph);
  const Result<std::set<std::string>> called = CalledFunctions(program->graph);
  if (kind != TextKind::kText || !called.ok()) return kind;
  for (const std::string& name : *called) {  // Loops over pictures decode in their bodies.
    const Result<FunctionBody> body =
        ImportFunction(*program->graph.library.Find(name), program->graph.registry());
    const TextKind of_body = body.ok() ? TextKindOf(body->graph) : TextKind::kText;
    if (of_body != TextKind::kText) return of_body;
  }
  return TextKind::kText;
}

// Made-up but valid values: what a person would replace.
class ExampleWriter {
 public:
  // Without rows a tensor is a part of a ragged or sparse one: [0, 1] are the row splits of one
  // value, and [1, 1] the shape that a single one has.
  ExampleWriter(JsonWriter& writer, TextKind text, bool has_rows)
      : w_(writer), text_(text), has_rows_(has_rows) {}

  void Write(const TensorInfo& info) {
    const Shape& shape = info.shape;
    const bool is_integers = IsInteger(info.dtype) && shape.has_rank() && shape.rank() == 1;
    if (!has_rows_ && is_integers) {
      w_.BeginArray();
      if (shape.dim(0) < 0) w_.Int(0);
      for (std::int64_t i = 0; i < std::max<std::int64_t>(shape.dim(0), 1); ++i) w_.Int(1);
      w_.EndArray();
      return;
    }
    WriteAxis(info, has_rows_ && shape.has_rank() && shape.rank() > 0 ? 1 : 0);
  }

 private:
  void WriteAxis(const TensorInfo& info, int axis) {
    if (!info.shape.has_rank() || axis == info.shape.rank()) return WriteElement(info.dtype);
    const std::int64_t size = info.shape.dim(axis) < 0 ? 1 : info.shape.dim(axis);
    w_.BeginArray();
    for (std::int64_t i = 0; i < size; ++i) WriteAxis(info, axis + 1);
    w_.EndArray();
  }

  void WriteElement(DType dtype) {
    if (dtype == DType::kString) {
      // No bytes are a tf.Example without features.
      text_ == TextKind::kText    ? w_.String("text")
      : text_ == TextKind::kImage ? w_.Base64(EncodePng(Image(8, 8, 3)))
                                  : w_.Base64("");
    } else if (dtype == DType::kBool) {
      w_.Bool(false);
    } else if (IsInteger(dtype)) {
      w_.Int(0);
    } else {
      w_.Double(0);
    }
  }

  JsonWriter& w_;
  TextKind text_;
  bool has_rows_;
};

}  // namespace

void RequestArgs::DeclareInput(Args& args) {
  args.Text("MODEL", model, kModelHelp);
  if (needs_model) args.Require("MODEL");
  args.List("-i,--input", inputs,
            "FILE: Instances: JSON Lines, a JSON document, CSV, TFRecord, text or image files, a "
            "directory of them, - for standard input; may be given again");
  args.Choice("--input-format", input_format, InputFormatNames(),
              "What the files of -i are (default: told by their names, then by their contents)");
  args.Text("--signature", signature, "KEY: Signature (default: by the rules of saving)");
  args.Text("--tags", tags, "A,B: Tag set, separated by commas (default serve)");
  args.Count("--batch-size", batch_size, "Rows in one run of the model (default: measured)");
  args.Text("--image-range", image_range,
            "RANGE: What black and white are for image files: 0..1, 0..255 or -1..1");
  args.Flag("--allow-non-finite", allow_non_finite, "Accept NaN and Infinity in instances");
  cache.Declare(args);
}

void RequestArgs::Declare(Args& args) {
  DeclareInput(args);
  args.Text(
      "-o,--output", output,
      "FILE: Where answers go (default: standard output): JSON Lines, or rows in *.tfrecord and "
      "*.parquet; appears whole or not at all, failed rows in *.errors.jsonl beside it");
}

Result<std::unique_ptr<Model>> RequestArgs::OpenModel() const {
  return whylight::OpenModel(model, Tags(), cache);
}

std::vector<std::string> RequestArgs::Tags() const { return SplitList(tags); }

Result<std::unique_ptr<InstanceReader>> RequestArgs::Open(const std::vector<RequestField>& fields,
                                                          InstanceReaderOptions options) const {
  options.format = InputFormatFromName(input_format);
  options.allow_non_finite = allow_non_finite;
  std::optional<ImageRange> range;
  if (!image_range.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(range, ImageRangeFromName(image_range));
  }
  DecodeImagesInto(range, options);
  WHYLIGHT_ASSIGN_OR_RETURN(std::unique_ptr<InstanceReader> reader,
                            OpenInstances(inputs, FieldSpecsOf(fields), options));
  for (const std::string& note : reader->notes()) {
    std::fprintf(stderr, "whylight: %s\n", note.c_str());
  }
  for (const auto& [member, value] : reader->request().object()) {
    if (heeds_override && IsSpecOverride(member)) continue;
    std::fprintf(stderr,
                 "whylight: '%s' of the request is ignored; options of the command do that\n",
                 Printable(member, 120).c_str());
  }
  return reader;
}

int PrintExample(const Model& model, const std::string& key) {
  const Result<const SignatureDef*> signature = ChoosePredictSignature(model.meta(), key);
  if (!signature.ok()) return Fail(signature.status());
  const Choice choice = ChooseSignature(model.meta(), {.signature = (*signature)->key});
  const bool has_rows = std::ranges::none_of(
      choice.problems, [](const Problem& problem) { return problem.rule == "no-common-batch"; });
  std::string text;
  JsonWriter w(&text);
  ExampleWriter example(w, TextKindOf(model, **signature), has_rows);
  w.BeginObject();
  if (!has_rows) {
    w.BeginObject("inputs");
  }
  for (const auto& [name, info] : (*signature)->inputs) {
    w.Key(name);
    example.Write(info);
  }
  if (!has_rows) w.EndObject();
  w.EndObject();
  std::printf("%s\n", text.c_str());
  return 0;
}

int Finish(const Result<BatchCounts>& counts, AnswerWriter& out, FailureLog& failures) {
  if (!counts.ok()) return Fail(counts.status());
  if (counts->done + counts->failed == 0) {
    return Fail(InvalidArgument("the input holds no instances"));
  }
  if (const Status closed = out.Close(); !closed.ok()) return Fail(closed);
  if (const Status closed = failures.Close(); !closed.ok()) return Fail(closed);
  return counts->failed > 0 ? 1 : 0;
}

}  // namespace whylight
