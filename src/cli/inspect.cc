// whylight inspect: what is in a model, which function would be explained, and why.
#include <cstdio>
#include <memory>
#include <string>

#include "cli/cache_args.h"
#include "cli/commands.h"
#include "model/contents.h"
#include "util/strings.h"

namespace whylight {
namespace {

struct InspectArgs {
  std::string model;
  std::string tags;
  CacheArgs cache;
  bool json = false;
};

std::string SpecText(const TensorInfo& info) {
  switch (info.kind) {
    case TensorInfo::Kind::kSparse:
      return "sparse " + DTypeName(info.dtype) + " " + info.shape.ToString();
    case TensorInfo::Kind::kComposite:
      return "composite of " + std::to_string(info.components.size()) + " tensors";
    case TensorInfo::Kind::kDense:
      break;
  }
  return DTypeName(info.dtype) + " " + info.shape.ToString();
}

void PrintText(const ModelContents& contents) {
  const Model& model = contents.model;
  const Choice& choice = contents.choice;
  const MetaGraph& meta = model.meta();
  std::printf("%s\n", model.files().directory.c_str());
  if (!model.files().origin.empty()) std::printf("  a copy of %s\n", model.files().origin.c_str());
  if (!model.files().chosen_from.empty()) {
    std::printf("  the newest version below %s\n", model.files().chosen_from.c_str());
  }
  std::printf("  %s, written by TensorFlow %s, tags {%s}", meta.is_tf2() ? "TF2" : "TF1",
              meta.tensorflow_version.empty() ? "(not said)" : meta.tensorflow_version.c_str(),
              Join(meta.tags, ",").c_str());
  if (model.files().meta_graphs.size() > 1) {
    std::printf(" (of %zu meta graphs; --tags chooses)", model.files().meta_graphs.size());
  }
  std::printf("\n");
  if (model.checkpoint().ok()) {
    std::printf("  variables: %zu bound, checkpoint of %.1f MB\n", model.variables().size(),
                static_cast<double>(CheckpointBytes(model)) / 1e6);
  } else {
    std::printf("  variables: %s\n", model.checkpoint().status().message().c_str());
  }
  for (const AssetFile& asset : meta.assets) std::printf("  asset: %s\n", asset.filename.c_str());
  std::printf("\nSignatures\n");
  for (const std::string& key : ServingKeys(meta)) {
    const SignatureDef& signature = meta.signatures.at(key);
    const bool explained = choice.signature != nullptr && choice.signature->key == key;
    const bool first = choice.preprocess != nullptr && choice.preprocess->key == key;
    std::printf("  %s%s\n", key.c_str(),
                explained ? "   <- explained" : (first ? "   <- runs first" : ""));
    for (const auto& [name, info] : signature.inputs) {
      std::printf("    in   %-24s %s\n", name.c_str(), SpecText(info).c_str());
    }
    for (const auto& [name, info] : signature.outputs) {
      std::printf("    out  %-24s %s\n", name.c_str(), SpecText(info).c_str());
    }
  }
  if (choice.signature != nullptr) {
    std::printf("\nExplained: %s: %s\n", choice.signature->key.c_str(), choice.reason.c_str());
  } else {
    std::printf("\nExplained: none\n");
  }
  for (const Problem& problem : choice.problems) {
    std::printf("  %s: %s [%s]\n", problem.place.c_str(), problem.message.c_str(),
                problem.rule.c_str());
  }
  std::printf("\nOps: %s\n", Join(contents.ops, " ").c_str());
}

int Run(const InspectArgs& args) {
  const Result<std::unique_ptr<Model>> model =
      OpenModel(args.model, SplitList(args.tags), args.cache);
  if (!model.ok()) return Fail(model.status());
  const ModelContents contents = ContentsOf(**model);
  if (args.json) {
    std::printf("%s\n", ContentsJson(contents).c_str());
  } else {
    PrintText(contents);
  }
  return 0;
}

}  // namespace

std::function<int()> DeclareInspect(Args& args, const OpenRuntime&) {
  auto options = std::make_shared<InspectArgs>();
  args.Text("MODEL", options->model, kModelHelp);
  args.Require("MODEL");
  args.Text("--tags", options->tags, "A,B: Tag set, separated by commas (default serve)");
  options->cache.Declare(args);
  args.Flag("--json", options->json, "Print JSON");
  args.Examples(
      "  whylight inspect exports/        # the newest of the versions below it\n"
      "  whylight inspect model --json | jq .signatures");
  return [options] { return Run(*options); };
}

}  // namespace whylight
