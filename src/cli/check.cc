// whylight check: every rule of saving for explanations; each failure says its fix.
#include "model/check.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "attribution/list.h"
#include "cli/commands.h"
#include "explain/examples.h"
#include "explain/metadata_file.h"
#include "explain/trial_run.h"
#include "io/json.h"
#include "model/check_metadata.h"
#include "util/strings.h"

namespace whylight {
namespace {

struct CheckArgs {
  MachineArgs machine;
  std::string model;
  std::string tags;
  std::string signature;
  std::string metadata;
  bool beyond_service_limits = false;
  bool run = false;
  bool json = false;
};

int ExitCodeOf(CheckReport::Verdict verdict) {
  switch (verdict) {
    case CheckReport::Verdict::kExplain:
      return 0;
    case CheckReport::Verdict::kRefuse:
    case CheckReport::Verdict::kPredictOnly:
      return 3;
    case CheckReport::Verdict::kLoadError:
      return 2;
  }
  return 70;
}

const char* SeverityName(Problem::Severity severity) {
  switch (severity) {
    case Problem::Severity::kError:
      return "error";
    case Problem::Severity::kWarning:
      return "warning";
    case Problem::Severity::kNote:
      return "note";
  }
  return "";
}

// All methods that can explain what the report tells of; `finds_examples`: the one that does too.
std::vector<std::string> MethodsFor(const CheckReport& report, bool finds_examples) {
  std::vector<std::string> names;
  for (const MethodInfo& method : AllMethods()) {
    const char* const kind = method.needs_gradients ? "integrated-gradients" : "sampled-shapley";
    if (std::ranges::count(report.methods, kind) == 0) continue;
    if (method.needs_picture && !report.takes_pictures) continue;
    if (method.gives_neighbors && !finds_examples) continue;
    names.emplace_back(method.name);
  }
  return names;
}

void PrintJson(const CheckReport& report, const std::vector<std::string>& methods,
               const std::string& metadata) {
  std::string text;
  JsonWriter w(&text, {.indent = 2});
  const auto name_or_null = [&](const std::string& name) {
    name.empty() ? w.Null() : w.String(name);
  };
  w.BeginObject();
  w.String("verdict", VerdictName(report.verdict));
  w.Key("signature");
  name_or_null(report.signature);
  w.Key("preprocess");
  name_or_null(report.preprocess);
  w.String("reason", report.reason);
  w.Key("metadata");
  name_or_null(metadata);
  w.Strings("methods", methods);
  w.BeginArray("problems");
  for (const Problem& problem : report.problems) {
    w.BeginObject();
    w.String("severity", SeverityName(problem.severity));
    w.String("rule", problem.rule);
    w.String("place", problem.place);
    w.String("message", problem.message);
    w.String("fix", problem.fix);
    w.EndObject();
  }
  w.EndArray();
  w.EndObject();
  std::printf("%s\n", text.c_str());
}

void PrintText(const CheckReport& report, const std::vector<std::string>& methods,
               const std::string& metadata) {
  std::printf("verdict    %s\n", std::string(VerdictName(report.verdict)).c_str());
  if (!report.signature.empty()) {
    std::printf("explained  %s%s%s: %s\n", report.preprocess.c_str(),
                report.preprocess.empty() ? "" : " -> ", report.signature.c_str(),
                report.reason.c_str());
  }
  if (!metadata.empty()) std::printf("metadata   %s\n", metadata.c_str());
  if (!methods.empty()) std::printf("methods    %s\n", Join(methods, ", ").c_str());
  for (const Problem& problem : report.problems) {
    std::printf("\n%s [%s] %s\n  %s\n", SeverityName(problem.severity), problem.rule.c_str(),
                problem.place.c_str(), problem.message.c_str());
    if (!problem.fix.empty()) std::printf("  fix: %s\n", problem.fix.c_str());
  }
}

int Run(const CheckArgs& args, const OpenRuntime& open) {
  const CheckOptions options{.tags = SplitList(args.tags), .signature = args.signature};
  CheckReport report;
  std::vector<std::string> methods;
  std::string metadata;
  const Result<std::unique_ptr<Model>> model = Model::Open(args.model, options.tags);
  if (model.ok()) {
    report = CheckModel(**model, options);
    metadata = MetadataPathFor(**model, args.metadata);
    if (!metadata.empty()) {
      const Result<ParsedMetadata> parsed = ReadMetadataFile(
          metadata, args.beyond_service_limits ? ServiceLimits::kNoted : ServiceLimits::kKept);
      if (!parsed.ok()) return Fail(parsed.status());
      CheckMetadata(**model, *parsed, report);
    }
    if (args.run) {
      const Result<SessionOptions> session = args.machine.Session();
      if (!session.ok()) return Fail(session.status());
      const Result<std::unique_ptr<Runtime>> runtime = open(args.machine.runtime);
      if (!runtime.ok()) return Fail(runtime.status());
      TrialRun(**model, **runtime, *session, report);
    }
    const bool finds_examples =
        CanFindExamples(**model, {.method = "examples", .signature = args.signature});
    methods = MethodsFor(report, finds_examples);
  } else {
    report = CheckPath(args.model, options);
  }
  (args.json ? PrintJson : PrintText)(report, methods, metadata);
  return ExitCodeOf(report.verdict);
}

}  // namespace

std::function<int()> DeclareCheck(Args& args, const OpenRuntime& open) {
  auto options = std::make_shared<CheckArgs>();
  args.Text("MODEL", options->model, "SavedModel directory or export base");
  args.Require("MODEL");
  args.Text("--metadata", options->metadata,
            "FILE: Judge this metadata too (default: explanation_metadata.json beside the model)");
  args.Flag("--beyond-service-limits", options->beyond_service_limits,
            "Warn of more baselines than the services take, as explain does with this option");
  args.Flag("--run", options->run, "Also load the model and run a made-up row");
  args.Text("--signature", options->signature, "KEY: Judge this signature (default: by the rules)");
  args.Text("--tags", options->tags, "A,B: Tag set, separated by commas (default serve)");
  args.Flag("--json", options->json, "Print JSON");
  options->machine.Declare(args);
  args.Examples(
      "  whylight check model             # from the files alone, in milliseconds\n"
      "  whylight check model --run       # also loads it and runs a made-up row\n"
      "  whylight check model --metadata m.json    # every name, shape and rule of the file\n"
      "Exit codes: 0 can be explained; 3 cannot (refuse, predict_only); 2 cannot be loaded");
  return [options, open] { return Run(*options, open); };
}

}  // namespace whylight
