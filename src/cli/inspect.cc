// whylight inspect: what is in a model, which function would be explained, and why.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>
#include <string>

#include "cli/commands.h"
#include "io/json.h"
#include "model/check.h"
#include "model/choose.h"
#include "model/model.h"
#include "util/strings.h"

namespace whylight {
namespace {

struct InspectArgs {
  std::string model;
  std::string tags;
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

void WriteTensors(JsonWriter& w, const std::map<std::string, TensorInfo>& tensors) {
  w.BeginObject();
  for (const auto& [name, info] : tensors) {
    w.BeginObject(name);
    w.String("dtype", DTypeName(info.dtype));
    w.Key("shape");
    if (info.shape.has_rank()) {
      w.BeginArray();
      for (const std::int64_t size : info.shape.dims()) w.Int(size < 0 ? -1 : size);
      w.EndArray();
    } else {
      w.Null();
    }
    w.String("tensor", info.tensor);
    w.EndObject();
  }
  w.EndObject();
}

int64_t WeightBytes(const Model& model) {
  if (!model.checkpoint().ok()) return 0;
  std::int64_t bytes = 0;
  for (const auto& [key, entry] : model.checkpoint()->entries()) bytes += entry.size;
  return bytes;
}

void PrintJson(const Model& model, const Choice& choice, const std::vector<std::string>& ops) {
  std::string text;
  JsonWriter w(&text, {.indent = 2});
  w.BeginObject();
  w.String("directory", model.files().directory);
  w.String("format", model.meta().is_tf2() ? "tf2" : "tf1");
  w.String("tensorflowVersion", model.meta().tensorflow_version);
  w.BeginArray("tagSets");
  for (const MetaGraph& graph : model.files().meta_graphs) {
    w.BeginArray();
    for (const std::string& tag : graph.tags) w.String(tag);
    w.EndArray();
  }
  w.EndArray();
  w.BeginObject("signatures");
  for (const auto& [key, signature] : model.meta().signatures) {
    w.BeginObject(key);
    w.String("method", signature.method_name);
    w.Key("inputs");
    WriteTensors(w, signature.inputs);
    w.Key("outputs");
    WriteTensors(w, signature.outputs);
    w.EndObject();
  }
  w.EndObject();
  w.BeginObject("explained");
  w.Key("signature");
  choice.signature != nullptr ? w.String(choice.signature->key) : w.Null();
  w.Key("preprocess");
  choice.preprocess != nullptr ? w.String(choice.preprocess->key) : w.Null();
  w.String("reason", choice.reason);
  w.EndObject();
  w.BeginArray("assets");
  for (const AssetFile& asset : model.meta().assets) w.String(asset.filename);
  w.EndArray();
  w.Int("checkpointBytes", WeightBytes(model));
  w.Strings("ops", ops);
  w.EndObject();
  std::printf("%s\n", text.c_str());
}

void PrintText(const Model& model, const Choice& choice, const std::vector<std::string>& ops) {
  const MetaGraph& meta = model.meta();
  std::printf("%s\n", model.files().directory.c_str());
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
                static_cast<double>(WeightBytes(model)) / 1e6);
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
  std::printf("\nOps: %s\n", Join(ops, " ").c_str());
}

int Run(const InspectArgs& args) {
  const Result<std::unique_ptr<Model>> model = Model::Open(args.model, SplitList(args.tags));
  if (!model.ok()) return Fail(model.status());
  const Choice choice = ChooseSignature((*model)->meta());
  std::set<std::string> ops;
  const SignatureDef* signature = choice.signature;
  if (signature == nullptr) {
    const Result<const SignatureDef*> predict = ChoosePredictSignature((*model)->meta(), "");
    if (predict.ok()) signature = *predict;
  }
  if (signature != nullptr) {
    const Result<Program> program =
        BuildProgram(**model, {.signature = signature, .preprocess = choice.preprocess});
    if (program.ok()) {
      for (const std::unique_ptr<Node>& node : program->graph.nodes()) ops.insert(node->op);
    }
  }
  const std::vector<std::string> op_list(ops.begin(), ops.end());
  (args.json ? PrintJson : PrintText)(**model, choice, op_list);
  return 0;
}

}  // namespace

std::function<int()> DeclareInspect(Args& args, const OpenRuntime&) {
  auto options = std::make_shared<InspectArgs>();
  args.Text("MODEL", options->model, "SavedModel directory or export base");
  args.Require("MODEL");
  args.Text("--tags", options->tags, "A,B: Tag set, separated by commas (default serve)");
  args.Flag("--json", options->json, "Print JSON");
  args.Examples(
      "  whylight inspect exports/        # the newest of the versions below it\n"
      "  whylight inspect model --json | jq .signatures");
  return [options] { return Run(*options); };
}

}  // namespace whylight
