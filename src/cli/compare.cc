// whylight compare: measures several methods on the same rows.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "attribution/list.h"
#include "batch/requests.h"
#include "batch/run.h"
#include "cli/commands.h"
#include "cli/explain_args.h"
#include "cli/output.h"
#include "cli/table.h"
#include "explain/comparison.h"
#include "explain/options.h"
#include "explain/warnings.h"
#include "io/json.h"
#include "util/strings.h"

namespace whylight {
namespace {

struct CompareArgs {
  ExplainArgs explain;
  std::string methods;
  bool json = false;
};

std::string NamesOf(const Comparison& comparison, const std::vector<std::size_t>& methods) {
  std::vector<std::string> names;
  names.reserve(methods.size());
  for (const std::size_t m : methods) names.push_back(comparison.methods()[m].name);
  return Join(names, ", ");
}

std::string VerdictText(const Comparison& comparison) {
  const Preference verdict = comparison.Judge();
  const std::string chosen = comparison.methods()[verdict.chosen].name;
  const std::size_t attributions = comparison.scoreboard()->rows();
  if (comparison.methods().size() == 1) return chosen + ": nothing to compare it with";
  if (comparison.scoreboard()->total() == 0) {
    return "none: the rows' scores are those of the reference, so there is nothing to explain";
  }
  if (verdict.level.size() == 1) {
    return chosen + ": its insertion - deletion is the greatest, by more than the noise of " +
           std::to_string(attributions) + " attributions";
  }
  const std::string why = attributions == 1
                              ? "one attribution tells nothing of the noise"
                              : "insertion - deletion differs by no more than the noise of " +
                                    std::to_string(attributions) + " attributions";
  return chosen + ": the fastest of " + NamesOf(comparison, verdict.level) + "; " + why;
}

std::string PerRow(std::int64_t count, std::size_t rows) {
  return FormatNumber(static_cast<double>(count) / static_cast<double>(rows));
}

// Columns as wide as their widest cell.
std::string TableText(const std::vector<std::vector<std::string>>& lines) {
  std::vector<std::size_t> columns(lines[0].size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      columns[i] = std::max(columns[i], Columns(line[i]));
    }
  }
  std::string text;
  for (const auto& line : lines) {
    std::string row;
    for (std::size_t i = 0; i < line.size(); ++i) row += Padded(line[i], columns[i] + 2);
    text += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string ComparisonText(const Comparison& comparison, std::size_t rows) {
  const std::vector<ComparedMethod>& methods = comparison.methods();
  const Scoreboard& board = *comparison.scoreboard();
  std::string text = "output     " + methods[0].explainer->plan().output + "\n";
  text += "measured   " + std::to_string(board.rows()) + " attributions of " +
          std::to_string(comparison.rows()) + " rows\n";
  const char* head = "reference  ";
  for (const BaselineNote& note : comparison.reference()) {
    text += head + note.input + ": " + note.text + " (" + note.origin + ")\n";
    head = "           ";
  }
  for (const ComparedMethod& method : methods) {
    text += "method     " + method.name;
    for (const MethodSetting& setting : method.explainer->plan().settings) {
      if (!setting.text.empty()) text += ", " + setting.text;
    }
    text += "\n";
  }
  const bool pictures = board.Score(methods.size()).sic.has_value();
  std::vector<std::vector<std::string>> lines = {{"method", "insertion", "deletion", "difference"}};
  if (pictures) lines[0].insert(lines[0].end(), {"SIC", "AIC"});
  lines[0].insert(lines[0].end(), {"gap", "seconds/row", "forward/row", "gradients/row"});
  for (std::size_t m = 0; m <= methods.size(); ++m) {
    const MethodScore score = board.Score(m);
    std::vector<std::string>& line = lines.emplace_back();
    line = {m < methods.size() ? methods[m].name : "random order", FormatNumber(score.insertion),
            FormatNumber(score.deletion), FormatNumber(score.faithfulness)};
    if (pictures) {
      for (const std::optional<double>& area : {score.sic, score.aic}) {
        line.push_back(area ? FormatNumber(*area) : "-");
      }
    }
    if (m == methods.size()) continue;
    line.push_back(score.gap ? FormatNumber(100 * *score.gap) + " %" : "-");
    line.push_back(FormatNumber(comparison.SecondsPerRow(m)));
    line.push_back(PerRow(methods[m].rows_run.forward, rows));
    line.push_back(PerRow(methods[m].rows_run.gradients, rows));
  }
  text += "\n" + TableText(lines);
  const std::vector<Agreement> agreements = comparison.agreements();
  if (!agreements.empty()) {
    lines = {{"agreement", "ranks", "top", "top by chance"}};
    for (const Agreement& agreement : agreements) {
      lines.push_back({methods[agreement.a].name + ", " + methods[agreement.b].name,
                       std::isnan(agreement.rank) ? "-" : FormatNumber(agreement.rank),
                       FormatNumber(agreement.top), FormatNumber(agreement.by_chance)});
    }
    text += "\n" + TableText(lines);
  }
  return text + "\nverdict    " + VerdictText(comparison) + "\n";
}

void WriteMethod(JsonWriter& w, const Comparison& comparison, std::size_t m) {
  const ComparedMethod& method = comparison.methods()[m];
  const Preference verdict = comparison.Judge();
  const Scoreboard& board = *comparison.scoreboard();
  w.Key("completenessGap");
  const std::optional<double> gap = board.Score(m).gap;
  gap ? w.Double(*gap) : w.Null();
  w.Double("shortfall", board.Shortfall(verdict.best, m));
  w.Double("shortfallError", board.ShortfallError(verdict.best, m));
  w.Double("secondsPerRow", comparison.SecondsPerRow(m));
  w.Int("forwardRows", method.rows_run.forward);
  w.Int("gradientRows", method.rows_run.gradients);
  w.BeginObject("settings");
  for (const MethodSetting& setting : method.explainer->plan().settings) {
    w.Raw(setting.name, setting.json);
  }
  w.EndObject();
}

void WriteScores(JsonWriter& w, const MethodScore& score) {
  w.Double("insertion", score.insertion);
  w.Double("deletion", score.deletion);
  w.Double("difference", score.faithfulness);
  w.Key("sic");
  score.sic ? w.Double(*score.sic) : w.Null();
  w.Key("aic");
  score.aic ? w.Double(*score.aic) : w.Null();
}

std::string ComparisonJson(const Comparison& comparison, const BatchCounts& counts,
                           const std::vector<LeftOut>& left_out) {
  const std::vector<ComparedMethod>& methods = comparison.methods();
  std::string text;
  JsonWriter w(&text, {.indent = 2});
  w.BeginObject();
  w.UInt("rows", counts.done);
  w.UInt("failed", counts.failed);
  w.UInt("attributions", comparison.scoreboard()->rows());
  w.BeginObject("reference");
  for (const BaselineNote& note : comparison.reference()) {
    w.String(note.input, note.text + " (" + note.origin + ")");
  }
  w.EndObject();
  w.BeginArray("methods");
  for (std::size_t m = 0; m < methods.size(); ++m) {
    w.BeginObject();
    w.String("method", methods[m].name);
    WriteScores(w, comparison.scoreboard()->Score(m));
    WriteMethod(w, comparison, m);
    w.EndObject();
  }
  w.EndArray();
  w.BeginObject("randomOrder");
  WriteScores(w, comparison.scoreboard()->Score(methods.size()));
  w.EndObject();
  w.BeginArray("agreement");
  for (const Agreement& agreement : comparison.agreements()) {
    w.BeginObject();
    w.BeginArray("methods");
    w.String(methods[agreement.a].name);
    w.String(methods[agreement.b].name);
    w.EndArray();
    w.Double("ranks", agreement.rank);
    w.Double("top", agreement.top);
    w.Double("topByChance", agreement.by_chance);
    w.EndObject();
  }
  w.EndArray();
  w.BeginArray("leftOut");
  for (const LeftOut& one : left_out) {
    w.BeginObject();
    w.String("method", one.name);
    w.String("message", one.why.message());
    w.EndObject();
  }
  w.EndArray();
  const Preference verdict = comparison.Judge();
  w.BeginObject("verdict");
  w.String("method", methods[verdict.chosen].name);
  w.String("best", methods[verdict.best].name);
  w.BeginArray("level");
  for (const std::size_t m : verdict.level) w.String(methods[m].name);
  w.EndArray();
  w.String("reason", VerdictText(comparison));
  w.EndObject();
  w.EndObject();
  return text + "\n";
}

void SayLeftOut(const LeftOut& one) {
  std::fprintf(stderr, "whylight: %s is left out: %s\n", one.name.c_str(),
               one.why.message().c_str());
}

// The options as this method takes them.
ExplainOptions OptionsOf(const std::string& method, ExplainOptions options) {
  options.method = method;
  if (NeedsGradients(options)) options.players = Players::kElements;
  if (!TakesBaselines(options)) options.baselines.clear();
  return options;
}

Result<std::vector<std::string>> MethodsFrom(const std::string& text) {
  const std::vector<std::string> names = SplitList(text);
  if (names.empty()) {
    return InvalidArgument("--methods: name some of " + MethodNames() + ", separated by commas");
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (FindMethod(names[i]) == nullptr) {
      return InvalidArgument("--methods " + names[i] + ": no such method; there are " +
                             MethodNames());
    }
    if (FindMethod(names[i])->gives_neighbors) {
      return InvalidArgument("--methods " + names[i] +
                             ": it finds neighbours and gives no attributions to measure");
    }
    if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
        names.begin() + static_cast<std::ptrdiff_t>(i)) {
      return InvalidArgument("--methods: " + names[i] + " stands there twice");
    }
  }
  return names;
}

int Run(const CompareArgs& args, const Args& given, const OpenRuntime& open) {
  const RequestArgs& request = args.explain.request;
  const Result<std::vector<std::string>> names = MethodsFrom(args.methods);
  if (!names.ok()) return Fail(names.status());
  const Result<std::unique_ptr<Model>> model = request.OpenModel();
  if (!model.ok()) return Fail(model.status());
  const Result<ExplainOptions> options = OptionsFrom(args.explain, given, **model, {});
  if (!options.ok()) return Fail(options.status());
  const Status heeded = CheckOptionsAreHeeded(GivenIn(given), *options, *names);
  if (!heeded.ok()) return Fail(heeded);
  for (const std::string& name : *names) {
    const Status checked = CheckExplainOptions(OptionsOf(name, *options));
    if (!checked.ok()) return Fail(checked);
  }
  if (request.inputs.empty()) {
    return Fail(InvalidArgument("no instances; give -i FILE (- for standard input)"));
  }
  const Result<std::unique_ptr<Runtime>> runtime = open(args.explain.machine.runtime);
  if (!runtime.ok()) return Fail(runtime.status());
  std::vector<ComparedMethod> methods;
  std::vector<LeftOut> left_out;
  for (const std::string& name : *names) {
    Result<std::unique_ptr<MeasuredExplainer>> explainer =
        MeasuredExplainer::Open(**model, **runtime, OptionsOf(name, *options));
    if (explainer.ok()) {
      methods.push_back({.name = name, .explainer = *std::move(explainer)});
      continue;
    }
    left_out.push_back({name, explainer.status()});
    SayLeftOut(left_out.back());
  }
  if (methods.empty()) return Fail(FailedPrecondition("no method can explain this model as asked"));
  const Explainer& first = *methods[0].explainer;
  InstanceReaderOptions read = ReaderOptionsFor(*options);
  read.other_keys = KeysOfServing(**model, first);
  Result<std::unique_ptr<InstanceReader>> reader = request.Open(first.request_fields(), read);
  if (!reader.ok()) return Fail(reader.status());
  const Status requested = CheckRequestedSignature((*reader)->signature_name(), first.plan());
  if (!requested.ok()) return Fail(requested);
  Comparison comparison(std::move(methods), options->seed, options->max_sigma);
  FailureLog failures("");
  Progress progress(CountInstances(request.inputs));
  const Result<BatchCounts> counts = CompareAll(
      **reader, comparison,
      [&](const Instance& instance, const Status& why) {
        progress.Clear();
        return failures.Add(instance, why);
      },
      [&](const BatchCounts& so_far) { progress.Show(so_far); });
  progress.Clear();
  if (!counts.ok()) return Fail(counts.status());
  for (const LeftOut& one : comparison.left_out()) {
    SayLeftOut(one);
    left_out.push_back(one);
  }
  if (counts->done + counts->failed == 0) {
    return Fail(InvalidArgument("the input holds no instances"));
  }
  if (const Status closed = failures.Close(); !closed.ok()) return Fail(closed);
  if (counts->done == 0) return Fail(FailedPrecondition("no row was explained by all methods"));
  const std::string text = args.json ? ComparisonJson(comparison, *counts, left_out)
                                     : ComparisonText(comparison, counts->done + counts->failed);
  std::fputs(text.c_str(), stdout);
  return counts->failed > 0 || !left_out.empty() ? 1 : 0;
}

}  // namespace

std::function<int()> DeclareCompare(Args& args, const OpenRuntime& open) {
  auto options = std::make_shared<CompareArgs>();
  options->explain.request.DeclareInput(args);
  options->explain.request.heeds_override = true;
  args.Group("Method");
  args.Text("--methods", options->methods, "A,B: Methods to compare: " + MethodNames());
  args.Require("--methods");
  DeclareMethodOptions(args, options->explain);
  DeclareTargetOptions(args, options->explain);
  args.Group("Output");
  args.Flag("--json", options->json, "JSON instead of a table");
  options->explain.machine.Declare(args);
  args.Examples(
      "  whylight compare model -i table.csv --methods integrated-gradients,sampled-shapley\n"
      "  whylight compare model -i photos/ --image-range 0..1 --methods "
      "integrated-gradients,xrai,blur-ig --json");
  return [options, open, &args] { return Run(*options, args, open); };
}

}  // namespace whylight
