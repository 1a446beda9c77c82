// whylight signature: other signatures for a model, without the code that made it.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/cache_args.h"
#include "cli/commands.h"
#include "io/remote/uri.h"
#include "rewrite/signatures.h"
#include "rewrite/write_model.h"

namespace whylight {
namespace {

struct SignatureArgs {
  std::string model;
  std::string output;
  std::string tags;
  CacheArgs cache;
  bool in_place = false;
  bool copy = false;
  std::string model_inputs, model_outputs, preprocess_until;  // Lists, as they were given.
  SignatureChanges changes;
};

void PrintTensors(const char* direction, const std::map<std::string, TensorInfo>& tensors) {
  for (const auto& [name, info] : tensors) {
    std::printf("    %-4s %-24s %s %s\n", direction, name.c_str(), DTypeName(info.dtype).c_str(),
                info.shape.ToString().c_str());
  }
}

void PrintDone(const SignaturePlan& plan, const std::string& written, bool in_place) {
  std::printf("%s%s\n", written.c_str(),
              in_place ? ": saved_model.pb was replaced, fingerprint.pb removed" : "");
  for (const std::string& key : plan.edit.drop) std::printf("  dropped  %s\n", key.c_str());
  for (const auto& [key, now] : plan.edit.rename) {
    std::printf("  renamed  %s -> %s\n", key.c_str(), now.c_str());
  }
  for (const SignatureDef& signature : plan.added) {
    std::printf("  added    %s\n", signature.key.c_str());
    PrintTensors("in", signature.inputs);
    PrintTensors("out", signature.outputs);
  }
  std::printf("\nNext: whylight check %s\n", written.c_str());
}

Status CheckUse(const SignatureArgs& args) {
  if (args.in_place && !args.output.empty()) {
    return InvalidArgument("-o and --in-place: give one of them");
  }
  if (!args.in_place && args.output.empty()) {
    return InvalidArgument("expected -o OUT, a folder for the new model, or --in-place");
  }
  if (args.in_place && IsRemote(args.model)) {
    return InvalidArgument("--in-place: " + args.model +
                           " is in a bucket; give -o OUT, and move it");
  }
  return OkStatus();
}

int Run(SignatureArgs args) {
  if (const Status use = CheckUse(args); !use.ok()) return Fail(use);
  args.changes.model_inputs = SplitList(args.model_inputs);
  args.changes.model_outputs = SplitList(args.model_outputs);
  args.changes.preprocess_until = SplitList(args.preprocess_until);
  const Result<std::unique_ptr<Model>> model =
      OpenModel(args.model, SplitList(args.tags), args.cache);
  if (!model.ok()) return Fail(model.status());
  const SavedModel& files = (*model)->files();
  const Result<SignaturePlan> plan = PlanSignatures(**model, args.changes);
  if (!plan.ok()) return Fail(plan.status());
  const Result<std::string> edited = EditMetaGraph(files, (*model)->meta(), plan->edit);
  if (!edited.ok()) return Fail(edited.status());
  const Status written = args.in_place
                             ? WriteModelInPlace(files, *edited)
                             : WriteModel(files, *edited, args.output,
                                          {.copy_files = args.copy || IsRemote(args.model)});
  if (!written.ok()) return Fail(written);
  PrintDone(*plan, args.in_place ? files.directory : args.output, args.in_place);
  return 0;
}

}  // namespace

std::function<int()> DeclareSignature(Args& args, const OpenRuntime&) {
  auto options = std::make_shared<SignatureArgs>();
  SignatureChanges& changes = options->changes;
  args.Text("MODEL", options->model, kModelHelp);
  args.Require("MODEL");
  args.Text("-o,--output", options->output,
            "OUT: Folder of the new model, also gs:// and s3://; must not be there yet");
  args.Flag("--in-place", options->in_place, "Change MODEL itself");
  args.Flag("--copy", options->copy, "Copy variables and assets instead of hard links to MODEL's");
  args.Text("--tags", options->tags, "A,B: Tag set, separated by commas (default serve)");
  options->cache.Declare(args);
  args.Group("A signature under another key");
  args.Text("--xai-model", changes.xai_model, "KEY: Let xai_model mean this signature too");
  args.List("--rename", changes.rename,
            "OLD=NEW: Rename a signature, or with KEY:OLD=NEW its input or output");
  args.List("--drop", changes.drop, "KEY: Leave out this signature");
  args.Group(
      "A signature that was never saved. TENSOR: [NAME=]TENSOR, by names of inspect --split");
  args.Text("--xai-preprocess-until", options->preprocess_until,
            "TENSOR,...: Split here: xai_preprocess computes these, xai_model takes them");
  args.Text("--xai-model-inputs", options->model_inputs,
            "TENSOR,...: Let xai_model begin here (default: inputs of the signature)");
  args.Text(
      "--xai-model-outputs", options->model_outputs,
      "TENSOR,...: Let xai_model end here (default: floating-point outputs of the signature)");
  args.Text("--signature", changes.signature,
            "KEY: The signature that is cut (default: the one that predict runs)");
  args.Examples(
      "  whylight signature model -o model_xai --xai-model probabilities\n"
      "  whylight inspect model --split         # where it can be split, with the whole command\n"
      "  whylight signature model -o model_xai --xai-preprocess-until images=decode/resize:0\n"
      "  whylight signature model --in-place --rename xai-model=xai_model\n"
      "Everything else of the model stays as it is, byte for byte.");
  return [options] { return Run(*options); };
}

}  // namespace whylight
