#include "explain/judgement.h"

#include <algorithm>

#include "attribution/list.h"
#include "explain/examples.h"
#include "explain/metadata_file.h"
#include "explain/service_spec.h"
#include "explain/trial_run.h"
#include "io/json.h"
#include "model/check_metadata.h"
#include "rewrite/mend.h"
#include "util/strings.h"

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

Status JudgeMetadata(const Model& model, const JudgeOptions& options, Judgement& judgement) {
  ParsedMetadata parsed;
  if (options.metadata.empty() && options.spec && !options.spec->metadata.is_null()) {
    judgement.metadata = options.spec->metadata_source;
    parsed =
        ParseExplanationMetadata(options.spec->metadata, MetadataForm::kVertex, options.limits);
  } else {
    judgement.metadata = MetadataPathFor(model, options.metadata);
    if (judgement.metadata.empty()) return OkStatus();
    WHYLIGHT_ASSIGN_OR_RETURN(parsed, ReadMetadataFile(judgement.metadata, options.limits));
  }
  CheckMetadata(model, parsed, judgement.report);
  return OkStatus();
}

// Without a chosen function nothing can be said of a method.
void JudgeParameters(const ExplanationSpec& spec, ServiceLimits limits, Judgement& judgement) {
  if (spec.parameters.is_null()) return;
  CheckReport& report = judgement.report;
  const auto refuse = [&](const char* rule, std::string message, std::string fix) {
    report.problems.push_back({.rule = rule,
                               .place = spec.parameters_source,
                               .message = std::move(message),
                               .fix = std::move(fix)});
    if (report.verdict == CheckReport::Verdict::kExplain) {
      report.verdict = CheckReport::Verdict::kRefuse;
    }
  };
  const Result<ExplanationParameters> parameters =
      ParseExplanationParameters(spec.parameters, limits);
  if (!parameters.ok()) return refuse("spec-parameters", parameters.status().message(), "");
  if (!parameters->method || judgement.methods.empty()) return;
  const std::string method = NameOf(*parameters->method);
  if (std::ranges::count(judgement.methods, method) > 0) return;
  refuse("spec-method", method + " cannot explain this model",
         "give --method with one that can: " + Join(judgement.methods, ", "));
}

}  // namespace

Result<Judgement> Judge(const std::string& path, const JudgeOptions& options) {
  const Result<std::unique_ptr<Model>> model = Model::Open(path, options.check.tags);
  if (!model.ok()) return Judgement{.report = CheckPath(path, options.check)};
  Judgement judgement{.report = CheckModel(**model, options.check)};
  AddSignatureCommands(**model, path, judgement.report);
  WHYLIGHT_RETURN_IF_ERROR(JudgeMetadata(**model, options, judgement));
  if (options.open_runtime) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<Runtime> runtime, options.open_runtime());
    TrialRun(**model, *runtime, options.session, judgement.report);
  }
  const bool finds_examples =
      CanFindExamples(**model, {.method = "examples", .signature = options.check.signature});
  judgement.methods = MethodsFor(judgement.report, finds_examples);
  if (options.spec) JudgeParameters(*options.spec, options.limits, judgement);
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
