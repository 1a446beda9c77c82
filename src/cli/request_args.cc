#include "cli/request_args.h"

#include <cstdio>
#include <optional>

#include "image/image_tensor.h"
#include "io/json.h"
#include "model/choose.h"

namespace whylight {
namespace {

// A tensor of made-up but valid values: what a person would replace.
void WriteExample(JsonWriter& w, const TensorInfo& info, int axis) {
  if (info.shape.has_rank() && axis < info.shape.rank()) {
    const std::int64_t size = info.shape.dim(axis) < 0 ? 1 : info.shape.dim(axis);
    w.BeginArray();
    for (std::int64_t i = 0; i < size; ++i) WriteExample(w, info, axis + 1);
    w.EndArray();
    return;
  }
  if (info.dtype == DType::kString) {
    w.String("text");
  } else if (info.dtype == DType::kBool) {
    w.Bool(false);
  } else if (IsInteger(info.dtype)) {
    w.Int(0);
  } else {
    w.Double(0);
  }
}

}  // namespace

void RequestArgs::Declare(Args& args) {
  args.Text("MODEL", model, "SavedModel directory or export base");
  args.Require("MODEL");
  args.List("-i,--input", inputs,
            "Instances: JSON Lines, a JSON document, CSV, text or image files, - for stdin");
  args.Text("-o,--output", output,
            "Where JSON Lines go (default: a table on a terminal, else stdout); appears whole or "
            "not at all, failed rows in *.errors.jsonl beside it");
  args.Text("--signature", signature, "Signature key (default: by the rules of saving)");
  args.Text("--tags", tags, "Tag set, separated by commas (default serve)");
  args.Integer("--batch-size", batch_size, "Rows in one run of the model (default: measured)");
  args.Text("--image-range", image_range,
            "What black and white are for image files: 0..1, 0..255 or -1..1");
  args.Flag("--allow-non-finite", allow_non_finite, "Accept NaN and Infinity in instances");
}

std::vector<std::string> RequestArgs::Tags() const { return SplitList(tags); }

Result<std::unique_ptr<InstanceReader>> RequestArgs::Open(
    const std::vector<RequestField>& fields, InstanceReaderOptions options) const {
  options.allow_non_finite = allow_non_finite;
  ImageTensorOptions image;
  if (!image_range.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(image.range, ImageRangeFromName(image_range));
  }
  options.decode_image = [image](std::string_view bytes, const FieldSpec& field) {
    return DecodeImageTensor(bytes, field.dtype, field.shape, image);
  };
  std::vector<FieldSpec> specs;
  for (const RequestField& field : fields) {
    specs.push_back({.name = field.name,
                     .dtype = field.dtype,
                     .shape = field.shape,
                     .alias = field.alias});
  }
  return OpenInstances(inputs, std::move(specs), options);
}

int PrintExample(const Model& model, const std::string& key) {
  const Result<const SignatureDef*> signature = ChoosePredictSignature(model.meta(), key);
  if (!signature.ok()) return Fail(signature.status());
  std::string text;
  JsonWriter w(&text);
  w.BeginObject();
  for (const auto& [name, info] : (*signature)->inputs) {
    w.Key(name);
    WriteExample(w, info, info.shape.has_rank() && info.shape.rank() > 0 ? 1 : 0);
  }
  w.EndObject();
  std::printf("%s\n", text.c_str());
  return 0;
}

int Finish(const Result<BatchCounts>& counts, LineWriter& out, FailureLog& failures) {
  if (!counts.ok()) return Fail(counts.status());
  if (counts->done + counts->failed == 0) {
    return Fail(InvalidArgument("the input holds no instances"));
  }
  if (const Status closed = out.Close(); !closed.ok()) return Fail(closed);
  if (const Status closed = failures.Close(); !closed.ok()) return Fail(closed);
  return counts->failed > 0 ? 1 : 0;
}

}  // namespace whylight
