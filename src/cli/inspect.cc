// whylight inspect: what is in a model, which function would be explained, and why.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "cli/cache_args.h"
#include "cli/commands.h"
#include "model/contents.h"
#include "rewrite/mend.h"
#include "rewrite/split_points.h"
#include "util/strings.h"

namespace whylight {
namespace {

struct InspectArgs {
  std::string model;
  std::string tags;
  std::string signature;
  bool split = false;
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

// Where a signature can be split.
struct SplitReport {
  std::string signature;
  SplitProposal split;
  std::string command;  // That does it; empty if there is nowhere to split,
  std::string refusal;  // or if it would be refused.
};

Result<SplitReport> ReportSplit(const Model& model, const InspectArgs& args) {
  WHYLIGHT_ASSIGN_OR_RETURN(const SignatureDef* signature,
                            ChoosePredictSignature(model.meta(), args.signature));
  SplitReport report{.signature = signature->key, .split = {}, .command = {}, .refusal = {}};
  WHYLIGHT_ASSIGN_OR_RETURN(const SignatureGraph graph, OpenSignatureGraph(model, *signature));
  WHYLIGHT_ASSIGN_OR_RETURN(report.split, FindSplit(graph));
  if (report.split.points.empty()) return report;
  const SignatureChanges changes = ChangesFor(model, signature->key, report.split);
  const Result<SignaturePlan> plan = PlanSignatures(model, changes);
  if (plan.ok()) {
    report.command = SignatureCommand(args.model, changes);
  } else {
    report.refusal = plan.status().message();
  }
  return report;
}

void WriteSplit(JsonWriter& w, const SplitReport& report) {
  w.BeginObject("split");
  w.String("signature", report.signature);
  w.BeginArray("points");
  for (const SplitPoint& point : report.split.points) {
    w.BeginObject();
    w.String("name", point.name);
    w.String("tensor", point.tensor);
    w.String("dtype", DTypeName(point.dtype));
    WriteShape(w, point.shape);
    w.Key("op");
    point.is_input() ? w.Null() : w.String(point.op);
    w.Strings("from", point.behind);
    w.Strings("gradientsFrom", point.outputs);
    w.EndObject();
  }
  w.EndArray();
  w.Key("command");
  report.command.empty() ? w.Null() : w.String(report.command);
  w.EndObject();
}

void PrintSplit(const SplitReport& report) {
  std::printf("\nSplit of %s\n", report.signature.c_str());
  if (report.split.points.empty()) {
    std::printf("  %s\n", report.split.needed
                              ? "no floating-point tensor with a gradient lies behind its inputs"
                              : "not needed: gradients reach all of its inputs");
    return;
  }
  for (const SplitPoint& point : report.split.points) {
    std::printf("  %-24s %s %s\n", point.name.c_str(), DTypeName(point.dtype).c_str(),
                point.shape.ToString().c_str());
    if (point.is_input()) {
      std::printf("    an input, passed on as it is");
    } else {
      std::printf("    %s\n    behind %s, from %s", point.tensor.c_str(), point.op.c_str(),
                  Join(point.behind, ", ").c_str());
    }
    std::printf("; %s\n", point.outputs.empty()
                              ? "no gradient"
                              : ("gradients from " + Join(point.outputs, ", ")).c_str());
  }
  std::printf("  %s\n", (report.command.empty() ? report.refusal : report.command).c_str());
}

int Run(const InspectArgs& args) {
  const Result<std::unique_ptr<Model>> model =
      OpenModel(args.model, SplitList(args.tags), args.cache);
  if (!model.ok()) return Fail(model.status());
  std::optional<SplitReport> split;
  if (args.split) {
    Result<SplitReport> report = ReportSplit(**model, args);
    if (!report.ok()) return Fail(report.status());
    split = *std::move(report);
  }
  const ModelContents contents = ContentsOf(**model);
  if (args.json) {
    const auto write_split = [&](JsonWriter& w) {
      if (split) WriteSplit(w, *split);
    };
    std::printf("%s\n", ContentsJson(contents, write_split).c_str());
  } else {
    PrintText(contents);
    if (split) PrintSplit(*split);
  }
  return 0;
}

}  // namespace

std::function<int()> DeclareInspect(Args& args, const OpenRuntime&) {
  auto options = std::make_shared<InspectArgs>();
  args.Text("MODEL", options->model, kModelHelp);
  args.Require("MODEL");
  args.Text("--tags", options->tags, "A,B: Tag set, separated by commas (default serve)");
  args.Flag("--split", options->split,
            "Propose where to split preprocessing off, for whylight signature");
  args.Text("--signature", options->signature,
            "KEY: The signature that --split looks at (default: the one that predict runs)");
  options->cache.Declare(args);
  args.Flag("--json", options->json, "Print JSON");
  args.Examples(
      "  whylight inspect exports/        # the newest of the versions below it\n"
      "  whylight inspect model --json | jq .signatures");
  return [options] { return Run(*options); };
}

}  // namespace whylight
