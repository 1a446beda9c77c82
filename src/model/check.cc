#include "model/check.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "autodiff/gradients.h"
#include "graph/import.h"
#include "model/custom_gradients.h"
#include "model/restore.h"
#include "util/strings.h"

namespace whylight {
namespace {

bool IsPythonFunction(const std::string& op) {
  return op == "PyFunc" || op == "PyFuncStateless" || op == "EagerPyFunc";
}

void AddFunctionsOf(const Node& node, std::vector<std::string>& names) {
  for (const auto& [key, value] : node.attrs) {
    if (const auto* one = std::get_if<FunctionRef>(&value)) names.push_back(one->name);
    if (const auto* list = std::get_if<std::vector<FunctionRef>>(&value)) {
      for (const FunctionRef& function : *list) names.push_back(function.name);
    }
  }
}

// Ops of the graph and of the functions that it reaches, with a node that has each.
Status VisitOps(const Model& model, const Graph& graph,
                const std::function<void(const Node&)>& visit) {
  std::vector<std::string> waiting;
  for (const std::unique_ptr<Node>& node : graph.nodes()) {
    visit(*node);
    AddFunctionsOf(*node, waiting);
  }
  std::set<std::string> seen;
  while (!waiting.empty()) {
    const std::string name = std::move(waiting.back());
    waiting.pop_back();
    const FunctionDef* function = graph.library.Find(name);
    if (function == nullptr || !seen.insert(name).second) continue;
    WHYLIGHT_ASSIGN_OR_RETURN(const FunctionBody body, ImportFunction(*function, model.registry()));
    for (const std::unique_ptr<Node>& node : body.graph.nodes()) {
      visit(*node);
      AddFunctionsOf(*node, waiting);
    }
  }
  return OkStatus();
}

void CheckOps(const Model& model, const Graph& graph, std::vector<Problem>& problems) {
  std::set<std::string> told;
  const Status status = VisitOps(model, graph, [&](const Node& node) {
    const bool python = IsPythonFunction(node.op);
    const bool unknown = OpRegistry::Builtin().Find(node.op) == nullptr && node.op != "_Arg" &&
                         graph.library.Find(node.op) == nullptr;
    if ((!python && !unknown) || !told.insert(node.op).second) return;
    if (python) {
      problems.push_back(
          {.rule = "python-function",
           .place = "node '" + node.name + "'",
           .message = "op " + node.op + " calls a Python function of the program that saved it",
           .fix = "write that part with TensorFlow ops (no tf.py_function) and save again"});
    } else {
      problems.push_back({.rule = "unknown-op",
                          .place = "node '" + node.name + "'",
                          .message = "op " + node.op + " is not one of TensorFlow's",
                          .fix = "save a model without custom ops, or with the part that needs "
                                 "them left out of the explained signature"});
    }
  });
  if (!status.ok()) {
    problems.push_back({.rule = "unreadable-model",
                        .place = "functions",
                        .message = status.message(),
                        .fix = "save the model again"});
  }
}

// A custom gradient whose function the model does not hold: told once for all that lack it for the
// same reason, since a network may have one in every layer.
void CheckCustomGradients(const Model& model, const Program& program,
                          std::vector<Problem>& problems) {
  constexpr std::size_t kShown = 3;
  const std::string kUnsaved = "the model was saved without it";
  std::map<std::string, std::vector<std::string>> nodes;  // By reason.
  const Status status = VisitOps(model, program.graph, [&](const Node& node) {
    const std::optional<LostGradient> lost = LostGradientOf(node);
    if (!lost) return;
    const auto why = program.lost_gradients.find(lost->op_type);
    nodes[why == program.lost_gradients.end() ? kUnsaved : why->second].push_back(lost->op + " '" +
                                                                                  lost->node + "'");
  });
  if (!status.ok()) return;  // CheckOps says so.
  for (auto& [why, names] : nodes) {
    const std::size_t count = names.size();
    names.resize(std::min(count, kShown));
    std::string place = Join(names, ", ");
    if (count > kShown) place += " and " + std::to_string(count - kShown) + " more";
    problems.push_back(
        {.severity = Problem::Severity::kWarning,
         .rule = "custom-gradient",
         .place = std::move(place),
         .message = "the custom gradient cannot be used (" + why +
                    "), so Integrated Gradients takes the derivative of what the node computes",
         .fix = why == kUnsaved
                    ? "save again with "
                      "tf.saved_model.SaveOptions(experimental_custom_gradients=True)"
                    : "use --method sampled-shapley if that is not what you want to explain"});
  }
}

// TensorFlow 1 as a whole writes no object graph; its tf.saved_model.save does.
void CheckWriter(const Model& model, std::vector<Problem>& problems) {
  const std::string& version = model.meta().tensorflow_version;
  if (!model.meta().is_tf2() || !version.starts_with("1.")) return;
  problems.push_back(
      {.severity = Problem::Severity::kNote,
       .rule = "tf1-saved-model-save",
       .place = "saved_model.pb",
       .message = "written by tf.saved_model.save of TensorFlow " + version +
                  ", which Google's service did not support; here it is explained by the same "
                  "rules as a model of TensorFlow 2",
       .fix = "for the service export it with an Estimator: docs/saving.md, TensorFlow 1"});
}

void CheckAssets(const Model& model, std::vector<Problem>& problems) {
  for (const AssetFile& asset : model.meta().assets) {
    const std::string path = model.files().asset_path(asset);
    std::error_code error;
    if (std::filesystem::exists(path, error)) continue;
    problems.push_back({.rule = "missing-asset",
                        .place = path,
                        .message = "the model reads this file, and it is not there",
                        .fix = "copy the whole SavedModel again, assets/ included"});
  }
}

// The output that the report looks at: the named one does not matter for most models, since all
// outputs hang on the same path; the first floating one stands for them.
const Port* FirstNumericOutput(const Program& program) {
  for (const Port& port : program.outputs) {
    if (IsFloating(port.dtype)) return &port;
  }
  return nullptr;
}

bool IsPictures(const Shape& shape) {
  return shape.has_rank() && shape.rank() == 4 && (shape.dim(3) == 1 || shape.dim(3) == 3);
}

void CheckGradients(const Program& program, CheckReport& report) {
  const Port* output = FirstNumericOutput(program);
  if (output == nullptr) {
    report.methods = {"sampled-shapley"};
    return;
  }
  const Result<GradientReport> gradients = AnalyseGradients(program, output->tensor);
  if (!gradients.ok()) {
    report.problems.push_back({.severity = Problem::Severity::kNote,
                               .rule = "no-gradient-rule",
                               .place = "output '" + output->name + "'",
                               .message = gradients.status().message(),
                               .fix = "use --method sampled-shapley"});
    report.methods = {"sampled-shapley"};
    return;
  }
  bool any = false;
  for (std::size_t i = 0; i < gradients->inputs.size(); ++i) {
    const GradientReport::Input& input = gradients->inputs[i];
    if (input.differentiable && !input.unused) {
      any = true;
      report.takes_pictures = report.takes_pictures || IsPictures(program.inputs[i].port.shape);
      continue;
    }
    if (input.unused) {
      report.problems.push_back({.severity = Problem::Severity::kNote,
                                 .rule = "unused-input",
                                 .place = "input '" + input.name + "'",
                                 .message = "output '" + output->name + "' does not depend on it",
                                 .fix = ""});
      continue;
    }
    report.problems.push_back(
        {.severity = Problem::Severity::kNote,
         .rule = "cut-gradient",
         .place = "input '" + input.name + "'",
         .message = "no gradient reaches it (" + input.why_not +
                    "), so Integrated Gradients holds it at the instance's value",
         .fix = "use --method sampled-shapley, or save xai_preprocess + xai_model with a float "
                "tensor behind it as xai_model's input"});
  }
  if (!gradients->missing.empty()) {
    report.problems.push_back(
        {.severity = Problem::Severity::kNote,
         .rule = "no-gradient-rule",
         .place = "output '" + output->name + "'",
         .message = "no gradient is known for " + Join(gradients->missing, ", "),
         .fix = "use --method sampled-shapley"});
  }
  if (any && gradients->missing.empty()) report.methods.push_back("integrated-gradients");
  report.methods.push_back("sampled-shapley");
}

bool HasError(const std::vector<Problem>& problems) {
  return std::ranges::any_of(problems, [](const Problem& problem) {
    return problem.severity == Problem::Severity::kError;
  });
}

}  // namespace

std::string_view VerdictName(CheckReport::Verdict verdict) {
  switch (verdict) {
    case CheckReport::Verdict::kExplain:
      return "explain";
    case CheckReport::Verdict::kRefuse:
      return "refuse";
    case CheckReport::Verdict::kPredictOnly:
      return "predict_only";
    case CheckReport::Verdict::kLoadError:
      return "load_error";
  }
  return "";
}

Result<GradientReport> AnalyseGradients(const Program& program, Output output) {
  GradientReport report;
  std::vector<Output> floats;
  std::vector<std::size_t> index_of;
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    const Port& port = program.inputs[i].port;
    report.inputs.push_back({.name = port.name});
    if (IsFloating(port.dtype)) {
      floats.push_back(port.tensor);
      index_of.push_back(i);
    } else {
      report.inputs.back().why_not = "its dtype is " + DTypeName(port.dtype);
    }
  }
  if (floats.empty()) return report;
  const std::vector<Output> ys = {output};
  WHYLIGHT_ASSIGN_OR_RETURN(const PathAnalysis path, AnalysePath(program.graph, ys, floats));
  for (const MissingGradient& missing : path.missing) {
    report.missing.push_back(Describe(missing));
  }
  for (std::size_t i = 0; i < floats.size(); ++i) {
    GradientReport::Input& input = report.inputs[index_of[i]];
    input.unused = !path.reaches[i] && path.cut_at[i].empty();
    input.differentiable = path.reaches[i] || input.unused;
    if (!input.differentiable) input.why_not = "it ends at " + Join(path.cut_at[i], ", ");
  }
  return report;
}

CheckReport CheckModel(const Model& model, const CheckOptions& options) {
  CheckReport report;
  Choice choice = ChooseSignature(model.meta(), {.signature = options.signature});
  report.reason = choice.reason;
  report.problems = std::move(choice.problems);
  if (choice.signature != nullptr) report.signature = choice.signature->key;
  if (choice.preprocess != nullptr) report.preprocess = choice.preprocess->key;
  switch (choice.verdict) {
    case Verdict::kExplain:
      break;
    case Verdict::kRefuse:
      report.verdict = CheckReport::Verdict::kRefuse;
      break;
    case Verdict::kPredictOnly:
      report.verdict = CheckReport::Verdict::kPredictOnly;
      break;
  }
  CheckWriter(model, report.problems);
  std::vector<Problem> load;
  CheckAssets(model, load);
  const SignatureDef* signature = choice.signature;
  if (signature == nullptr) {
    const Result<const SignatureDef*> predict = ChoosePredictSignature(model.meta(), "");
    if (predict.ok()) signature = *predict;
  }
  if (signature != nullptr) {
    Result<Program> program =
        BuildProgram(model, {.signature = signature,
                             .preprocess = choice.preprocess,
                             .search_float_features = !model.meta().is_tf2()});
    if (program.ok()) {
      CheckOps(model, program->graph, load);
      Result<RestorePlan> plan = PlanRestore(model, program->graph, "check/state");
      if (plan.ok()) {
        for (Problem& problem : plan->problems) load.push_back(std::move(problem));
      }
      if (report.verdict == CheckReport::Verdict::kExplain) {
        CheckGradients(*program, report);
        CheckCustomGradients(model, *program, report.problems);
      }
    } else if (report.verdict == CheckReport::Verdict::kExplain) {
      load.push_back({.rule = "unreadable-model",
                      .place = "signature '" + signature->key + "'",
                      .message = program.status().message(),
                      .fix = "save the model again"});
    }
  }
  if (HasError(load)) {
    report.verdict = CheckReport::Verdict::kLoadError;
    report.methods.clear();
  }
  report.problems.insert(report.problems.begin(), load.begin(), load.end());
  return report;
}

CheckReport CheckPath(const std::string& path, const CheckOptions& options) {
  const Result<std::unique_ptr<Model>> model = Model::Open(path, options.tags);
  if (model.ok()) return CheckModel(**model, options);
  CheckReport report;
  report.verdict = CheckReport::Verdict::kLoadError;
  report.problems.push_back({.rule = "unreadable-model",
                             .place = path,
                             .message = model.status().message(),
                             .fix = "copy or save the model again"});
  return report;
}

}  // namespace whylight
