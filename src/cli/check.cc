// whylight check: every rule of saving for explanations; each failure says its fix.

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/cache_args.h"
#include "cli/commands.h"
#include "cli/spec_args.h"
#include "explain/judgement.h"
#include "util/strings.h"

namespace whylight {
namespace {

struct CheckArgs {
  MachineArgs machine;
  std::string model;
  std::string tags;
  std::string signature;
  std::string metadata;
  SpecArgs spec;
  CacheArgs cache;
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

// The lines of `text` but the first begin under it.
std::string Indented(const std::string& text, std::size_t columns) {
  std::string indented;
  for (const char c : text) {
    indented += c;
    if (c == '\n') indented.append(columns, ' ');
  }
  return indented;
}

void PrintText(const Judgement& judgement) {
  const CheckReport& report = judgement.report;
  std::printf("verdict    %s\n", std::string(VerdictName(report.verdict)).c_str());
  if (!report.signature.empty()) {
    std::printf("explained  %s%s%s: %s\n", report.preprocess.c_str(),
                report.preprocess.empty() ? "" : " -> ", report.signature.c_str(),
                report.reason.c_str());
  }
  if (!judgement.metadata.empty()) std::printf("metadata   %s\n", judgement.metadata.c_str());
  if (!judgement.methods.empty()) {
    std::printf("methods    %s\n", Join(judgement.methods, ", ").c_str());
  }
  for (const Problem& problem : report.problems) {
    std::printf("\n%s [%s] %s\n  %s\n", SeverityName(problem.severity).data(), problem.rule.c_str(),
                problem.place.c_str(), problem.message.c_str());
    if (!problem.fix.empty()) std::printf("  fix: %s\n", Indented(problem.fix, 7).c_str());
  }
}

int Run(const CheckArgs& args, const OpenRuntime& open) {
  const Result<std::optional<ExplanationSpec>> spec = args.spec.Read();
  if (!spec.ok()) return Fail(spec.status());
  if (*spec) {
    PrintNotes(NotesOf(**spec, [&](std::string_view name) {
      return (name == "MODEL" && !args.model.empty()) ||
             (name == "metadata" && !args.metadata.empty());
    }));
  }
  const Result<std::string> model = ModelPathOf(args.model, *spec);
  if (!model.ok()) return Fail(model.status());
  JudgeOptions options{
      .check = {.tags = SplitList(args.tags), .signature = args.signature},
      .metadata = args.metadata,
      .spec = *spec,
      .limits = args.beyond_service_limits ? ServiceLimits::kNoted : ServiceLimits::kKept};
  if (args.run) {
    const Result<SessionOptions> session = args.machine.Session();
    if (!session.ok()) return Fail(session.status());
    options.session = *session;
    options.open_runtime = [&] { return open(args.machine.runtime); };
  }
  if (const Status applied = args.cache.Apply(); !applied.ok()) return Fail(applied);
  const Result<Judgement> judgement = Judge(*model, options);
  if (!judgement.ok()) return Fail(judgement.status());
  if (args.json) {
    std::printf("%s\n", JudgementJson(*judgement).c_str());
  } else {
    PrintText(*judgement);
  }
  return ExitCodeOf(judgement->report.verdict);
}

}  // namespace

std::function<int()> DeclareCheck(Args& args, const OpenRuntime& open) {
  auto options = std::make_shared<CheckArgs>();
  args.Text("MODEL", options->model, kModelHelp);
  args.Text("--metadata", options->metadata,
            "FILE: Judge this metadata too (default: explanation_metadata.json beside the model)");
  options->spec.Declare(args);
  args.Flag("--beyond-service-limits", options->beyond_service_limits,
            "Warn of what is beyond the services' ranges, as explain does with this option");
  args.Flag("--run", options->run, "Also load the model and run a made-up row");
  args.Text("--signature", options->signature, "KEY: Judge this signature (default: by the rules)");
  args.Text("--tags", options->tags, "A,B: Tag set, separated by commas (default serve)");
  options->cache.Declare(args);
  args.Flag("--json", options->json, "Print JSON");
  options->machine.Declare(args);
  args.Examples(
      "  whylight check model             # from the files alone, in milliseconds\n"
      "  whylight check model --run       # also loads it and runs a made-up row\n"
      "  whylight check model --metadata m.json    # every name, shape and rule of the file\n"
      "  whylight check --spec described.json      # the model, metadata and method of a service\n"
      "Exit codes: 0 can be explained; 3 cannot (refuse, predict_only); 2 cannot be loaded");
  return [options, open] { return Run(*options, open); };
}

}  // namespace whylight
