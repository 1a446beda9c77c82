#include "explain/judgement.h"

#include <algorithm>

#include "attribution/list.h"
#include "explain/examples.h"
#include "explain/metadata_file.h"
#include "explain/trial_run.h"
#include "io/json.h"
#include "model/check_metadata.h"

namespace whylight {
namespace {

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

}  // namespace

Result<Judgement> Judge(const std::string& path, const JudgeOptions& options) {
  const Result<std::unique_ptr<Model>> model = Model::Open(path, options.check.tags);
  if (!model.ok()) return Judgement{.report = CheckPath(path, options.check)};
  Judgement judgement{.report = CheckModel(**model, options.check)};
  judgement.metadata = MetadataPathFor(**model, options.metadata);
  if (!judgement.metadata.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(const ParsedMetadata parsed,
                              ReadMetadataFile(judgement.metadata, options.limits));
    CheckMetadata(**model, parsed, judgement.report);
  }
  if (options.open_runtime) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<Runtime> runtime, options.open_runtime());
    TrialRun(**model, *runtime, options.session, judgement.report);
  }
  const bool finds_examples =
      CanFindExamples(**model, {.method = "examples", .signature = options.check.signature});
  judgement.methods = MethodsFor(judgement.report, finds_examples);
  return judgement;
}

std::string_view SeverityName(Problem::Severity severity) {
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

std::string JudgementJson(const Judgement& judgement) {
  const CheckReport& report = judgement.report;
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
  name_or_null(judgement.metadata);
  w.Strings("methods", judgement.methods);
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
  return text;
}

}  // namespace whylight
