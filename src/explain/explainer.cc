#include "whylight/explainer.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>

#include "attribution/integrated_gradients.h"
#include "attribution/list.h"
#include "attribution/pieces.h"
#include "attribution/sampled_shapley.h"
#include "explain/engine.h"
#include "explain/score_function.h"
#include "explain/select.h"
#include "explain/warnings.h"
#include "model/check.h"
#include "model/program.h"
#include "tensor/rows.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

// A game of more players than this takes more model runs than anybody waits for.
constexpr std::size_t kMaxPlayers = 4096;

std::string RefusalOf(const std::vector<Problem>& problems) {
  for (const Problem& problem : problems) {
    if (problem.severity != Problem::Severity::kError) continue;
    std::string text = problem.place.empty() ? "" : problem.place + ": ";
    text += problem.message + " [" + problem.rule + "]";
    if (!problem.fix.empty()) text += "\n  fix: " + problem.fix;
    return text;
  }
  return "the model cannot be explained";
}

bool HasRule(const std::vector<Problem>& problems, std::string_view rule) {
  return std::ranges::any_of(problems, [&](const Problem& p) { return p.rule == rule; });
}

std::vector<RequestField> FieldsOf(const Program& program) {
  std::vector<RequestField> fields;
  for (const Port& port : program.request) {
    const bool rows = program.request_layout.kind != RowLayout::Kind::kNone;
    const bool strip = rows && port.shape.has_rank() && port.shape.rank() > 0;
    fields.push_back({.name = port.name,
                      .dtype = port.dtype,
                      .shape = strip ? port.shape.WithoutFirst() : port.shape});
  }
  return fields;
}

// A shape without the program's axis of rows; unknown if it is not certain that it has one.
Shape OfOneRow(const Program& program, const Shape& shape) {
  if (program.layout.kind == RowLayout::Kind::kNone || !shape.has_rank()) return shape;
  const std::int64_t rows =
      program.layout.kind == RowLayout::Kind::kFixed ? program.layout.size : -1;
  const bool has_rows = shape.rank() > 0 && std::max<std::int64_t>(shape.dim(0), -1) == rows;
  return has_rows ? shape.WithoutFirst() : Shape::UnknownRank();
}

// Production clients write requests for serving_default. Where its inputs match those of the
// preprocessing function one to one in dtype and shape, their names are accepted too.
void AddServingNames(const MetaGraph& meta, const SignatureDef& preprocess,
                     std::vector<RequestField>& fields) {
  const auto serving = meta.signatures.find("serving_default");
  if (serving == meta.signatures.end() || serving->second.inputs.size() != fields.size()) return;
  std::vector<std::string> aliases;
  for (const RequestField& field : fields) {
    const TensorInfo& wanted = preprocess.inputs.at(field.name);
    std::string match;
    for (const auto& [name, info] : serving->second.inputs) {
      if (info.dtype != wanted.dtype || !Compatible(info.shape, wanted.shape)) continue;
      if (!match.empty()) return;  // Two could be meant.
      match = name;
    }
    if (match.empty() || std::ranges::find(aliases, match) != aliases.end()) return;
    aliases.push_back(std::move(match));
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (aliases[i] != fields[i].name) fields[i].alias = aliases[i];
  }
}

// A serialized tf.Example as the only input: a player that cannot be left out.
bool ParsesItsOnlyInput(const Program& program) {
  if (program.inputs.size() != 1 || program.inputs[0].port.dtype != DType::kString) return false;
  return std::ranges::any_of(program.graph.nodes(), [&](const std::unique_ptr<Node>& node) {
    return node->op.starts_with("Parse") && !node->inputs.empty() &&
           node->inputs[0] == program.inputs[0].port.tensor;
  });
}

std::string DescribeBaseline(const std::vector<Json>& baselines) {
  if (baselines.empty()) return "zeros";
  if (baselines.size() > 1) return std::to_string(baselines.size()) + " baselines";
  const Json& one = baselines[0];
  if (one.is_number() || one.is_string()) {
    return one.is_string() ? "\"" + one.string() + "\"" : "all " + FormatNumber(one.number());
  }
  if (!one.is_array()) return "given";
  std::string text;
  std::size_t shown = 0;
  for (const Json& value : one.array()) {
    if (shown == 4) return text + ", ...";
    if (!value.is_number()) return "given, " + Describe(one);
    text += (shown++ == 0 ? "" : ", ") + FormatNumber(value.number());
  }
  return text;
}

// Whether two runs of one row differ by more than another order of float sums explains.
bool Differ(const Row& a, const Row& b) {
  constexpr double kTolerance = 1e-3;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].shape() != b[i].shape()) return true;
    if (!IsFloating(a[i].dtype())) continue;
    double largest = 1e-6, difference = 0;
    for (std::size_t k = 0; k < a[i].elements(); ++k) {
      largest = std::max(largest, std::abs(a[i].Number(k)));
      difference = std::max(difference, std::abs(a[i].Number(k) - b[i].Number(k)));
    }
    if (difference > kTolerance * largest) return true;
  }
  return false;
}

bool IsPieces(Players players) { return players == Players::kLines || players == Players::kWords; }

class ExplainerImpl : public Explainer {
 public:
  ExplainerImpl(const Model& model, const Runtime& runtime, ExplainOptions options)
      : model_(model), runtime_(runtime), options_(std::move(options)) {}

  Status Load();

  const ExplainPlan& plan() const override { return plan_; }
  const std::vector<RequestField>& request_fields() const override { return fields_; }
  void NameFeatures(const std::vector<std::string>& names) override;
  std::vector<Result<Explanation>> Explain(std::span<const Row> requests) override;

 private:
  // An output element of an instance that has come through preparation.
  struct Task {
    std::size_t instance = 0;
    std::int64_t target = 0;
  };
  struct Batch {
    std::span<const Row> requests;
    std::vector<Result<Row>> rows;                 // Prepared.
    std::vector<Result<Row>> outputs;              // All of the signature's.
    std::vector<std::vector<std::string>> labels;  // Of each instance.
  };

  Status CheckOptions() const;
  ProgramSpec SpecFor(const Choice& choice) const;
  Status ChooseExplained(const Program& program, Output output);
  Status CheckBaselineNames() const;
  Status CheckTargets(const Program& program) const;
  Status CheckFeatureNames(const Shape& shape) const;
  const std::vector<Json>* BaselinesOf(const std::string& input, std::string* origin) const;
  void NoteBaselines();
  std::vector<std::string> GivenLabels() const;
  std::vector<std::string> LabelsFor(const Row& outputs) const;
  Result<std::vector<Row>> BaselineRows(const Row& x) const;
  Row ExplainedOf(const Row& row) const;

  std::vector<Result<Row>> Outputs(std::span<const Row> rows);
  Result<std::vector<OutputAttribution>> Attribute(const Batch& batch, std::span<const Task> tasks);
  Result<std::vector<OutputAttribution>> AttributeByGradients(const Batch& batch,
                                                              std::span<const Task> tasks);
  Result<std::vector<OutputAttribution>> AttributeByShapley(const Batch& batch,
                                                            std::span<const Task> tasks);
  OutputAttribution Describe(const Batch& batch, const Task& task) const;
  std::vector<FeatureAttribution> Features(const Row& x, const Row& values) const;
  const InputMetadata* MetadataOf(const std::string& feature) const {
    return options_.metadata ? options_.metadata->FindInput(feature) : nullptr;
  }
  const std::string& ExplainedName(std::size_t i) const {
    return engine_->program().inputs[explained_[i]].port.name;
  }

  const Model& model_;
  const Runtime& runtime_;
  ExplainOptions options_;
  ExplainPlan plan_;
  std::vector<RequestField> fields_;
  ChosenOutput output_;
  bool saturates_ = false;              // A Softmax or Sigmoid is the last thing explained.
  std::vector<std::size_t> explained_;  // Into Program::inputs.
  std::size_t text_field_ = 0;          // Of the request, when its pieces are the players.
  std::unique_ptr<Engine> engine_;
  bool outputs_checked_ = false;
};

Status ExplainerImpl::CheckOptions() const {
  const MethodInfo* method = FindMethod(options_.method);
  if (method == nullptr) {
    return InvalidArgument("--method " + options_.method + ": no such method; there are " +
                           MethodNames());
  }
  if (options_.steps < 1 || options_.steps > kMaxSteps) {
    return InvalidArgument("--steps " + std::to_string(options_.steps) + ": expected 1 to " +
                           std::to_string(kMaxSteps));
  }
  if (options_.paths < 1 || options_.paths > kMaxPaths) {
    return InvalidArgument("--paths " + std::to_string(options_.paths) + ": expected 1 to " +
                           std::to_string(kMaxPaths));
  }
  if (options_.top_k == 0 || options_.top_k < -1) {
    return InvalidArgument("--top-k " + std::to_string(options_.top_k) +
                           ": expected 1 or more, or -1 for all");
  }
  if (!options_.feature_names.empty() && options_.players != Players::kElements) {
    return InvalidArgument(
        "--feature-names names elements of the input, which --players inputs and "
        "--pieces do not share the score among");
  }
  if (IsPieces(options_.players) && method->needs_gradients) {
    return InvalidArgument(
        "--pieces goes with --method sampled-shapley: leaving out a piece has no gradient");
  }
  return OkStatus();
}

ProgramSpec ExplainerImpl::SpecFor(const Choice& choice) const {
  ProgramSpec spec{.signature = choice.signature, .preprocess = choice.preprocess};
  const bool gradients = FindMethod(options_.method)->needs_gradients;
  spec.search_float_features = gradients && !model_.meta().is_tf2();
  if (!options_.metadata || IsPieces(options_.players)) return spec;
  for (const InputMetadata& input : options_.metadata->inputs) {
    std::string tensor = input.input_tensor_name.empty() ? input.name : input.input_tensor_name;
    if (gradients && !input.encoded_tensor_name.empty()) tensor = input.encoded_tensor_name;
    spec.features.push_back({.name = input.name, .tensor = std::move(tensor)});
  }
  if (model_.meta().is_tf2() || options_.metadata->outputs.empty()) return spec;
  const OutputMetadata& output = options_.metadata->outputs[0];
  const bool is_key = choice.signature->outputs.contains(output.output_tensor_name) ||
                      std::ranges::any_of(choice.signature->outputs, [&](const auto& entry) {
                        return entry.second.tensor == output.output_tensor_name;
                      });
  if (!is_key && !output.output_tensor_name.empty()) {
    spec.outputs.push_back({.name = output.name, .tensor = output.output_tensor_name});
  }
  return spec;
}

// Sets explained_, and says in the plan what is explained, what is held, and why.
Status ExplainerImpl::ChooseExplained(const Program& program, Output output) {
  if (IsPieces(options_.players)) {
    const auto text = std::ranges::find(program.request, DType::kString, &Port::dtype);
    if (text == program.request.end() ||
        std::ranges::count(program.request, DType::kString, &Port::dtype) != 1) {
      return InvalidArgument(
          "--pieces needs a request with one string input; it has " +
          std::to_string(std::ranges::count(program.request, DType::kString, &Port::dtype)));
    }
    text_field_ = static_cast<std::size_t>(text - program.request.begin());
    plan_.explained.push_back(text->name);
    for (const Port& port : program.request) {
      if (port.name != text->name) plan_.held.push_back(port.name);
    }
    return OkStatus();
  }
  std::vector<std::string> why_not(program.inputs.size());
  if (FindMethod(options_.method)->needs_gradients) {
    WHYLIGHT_ASSIGN_OR_RETURN(const GradientReport report, AnalyseGradients(program, output));
    bool any = false;
    for (std::size_t i = 0; i < report.inputs.size(); ++i) {
      const GradientReport::Input& input = report.inputs[i];
      if (input.unused) why_not[i] = "the output does not depend on it";
      if (!input.differentiable) why_not[i] = input.why_not;
      any = any || why_not[i].empty();
    }
    if (!any) {
      std::string text;
      for (std::size_t i = 0; i < report.inputs.size(); ++i) {
        text += (text.empty() ? "" : "; ") + ("'" + report.inputs[i].name + "': " + why_not[i]);
      }
      return FailedPrecondition(
          "no gradient reaches the inputs (" + text +
          ") [no-gradient-input]\n  fix: --method sampled-shapley explains it as it is; for "
          "Integrated Gradients save xai_preprocess and xai_model, with a float tensor behind "
          "the conversion as xai_model's input");
    }
    if (!report.missing.empty()) {
      return Unimplemented(
          "no gradient is known for " + Join(report.missing, ", ") +
          " [no-gradient-rule]\n  fix: --method sampled-shapley needs no gradient");
    }
  }
  // Features found inside the graph stand for the request's inputs.
  const bool inside = plan_.preprocess.empty() && !options_.metadata &&
                      std::ranges::any_of(program.inputs, [](const ProgramInput& input) {
                        return input.source.has_value();
                      });
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    const std::string& name = program.inputs[i].port.name;
    std::string reason = why_not[i];
    if (reason.empty() && inside && !program.inputs[i].source) reason = "explained behind it";
    if (options_.metadata && !options_.metadata->inputs.empty() && MetadataOf(name) == nullptr) {
      reason = "not in the metadata";
    }
    if (reason.empty()) {
      explained_.push_back(i);
      plan_.explained.push_back(name);
    } else {
      plan_.held.push_back(name + " (" + reason + ")");
    }
  }
  if (explained_.empty()) {
    return InvalidArgument("none of the metadata's inputs can be explained by " + options_.method +
                           ": " + Join(plan_.held, ", "));
  }
  return OkStatus();
}

const std::vector<Json>* ExplainerImpl::BaselinesOf(const std::string& input,
                                                    std::string* origin) const {
  const auto given = options_.baselines.find(input);
  if (given != options_.baselines.end()) {
    if (origin != nullptr) *origin = "--baseline";
    return &given->second;
  }
  if (const InputMetadata* metadata = MetadataOf(input)) {
    const bool encoded =
        !metadata->encoded_tensor_name.empty() && FindMethod(options_.method)->needs_gradients;
    const std::vector<Json>& baselines =
        encoded ? metadata->encoded_baselines : metadata->input_baselines;
    if (!baselines.empty()) {
      if (origin != nullptr) *origin = options_.metadata_source;
      return &baselines;
    }
  }
  if (origin != nullptr) *origin = "default";
  return nullptr;
}

Status ExplainerImpl::CheckBaselineNames() const {
  for (const auto& [name, baselines] : options_.baselines) {
    if (std::ranges::find(plan_.explained, name) != plan_.explained.end()) continue;
    const auto held = std::ranges::find_if(
        plan_.held, [&](const std::string& text) { return text.starts_with(name + " ("); });
    if (held != plan_.held.end()) {
      return FailedPrecondition("--baseline " + name + ": " + options_.method +
                                " holds it at the instance's value: " + *held +
                                "; --method sampled-shapley can explain it");
    }
    return InvalidArgument("--baseline " + name + ": no explained input of that name" +
                           DidYouMean(name, plan_.explained) + "; explained are " +
                           Join(plan_.explained, ", "));
  }
  std::size_t count = 0;
  for (const std::string& name : plan_.explained) {
    const std::vector<Json>* baselines = BaselinesOf(name, nullptr);
    if (baselines == nullptr || baselines->size() == 1) continue;
    if (count != 0 && count != baselines->size()) {
      return InvalidArgument("inputs have " + std::to_string(count) + " and " +
                             std::to_string(baselines->size()) +
                             " baselines; each needs one, or all the same number");
    }
    count = baselines->size();
  }
  return OkStatus();
}

void ExplainerImpl::NoteBaselines() {
  if (IsPieces(options_.players)) {
    plan_.baselines.push_back(
        {.input = plan_.explained[0], .text = "absent pieces are removed", .origin = "--pieces"});
    return;
  }
  bool zero_table = false;
  for (const std::size_t index : explained_) {
    const Port& port = engine_->program().inputs[index].port;
    BaselineNote note{.input = port.name};
    const std::vector<Json>* baselines = BaselinesOf(port.name, &note.origin);
    note.text = baselines != nullptr           ? DescribeBaseline(*baselines)
                : port.dtype == DType::kString ? "\"\""
                                               : "zeros";
    // Scalars and vectors are a table's; pictures and sequences have a meaningful zero more often.
    const bool table = port.shape.has_rank() && port.shape.rank() <= 2;
    zero_table = zero_table || (baselines == nullptr && table && IsFloating(port.dtype));
    plan_.baselines.push_back(std::move(note));
  }
  if (zero_table) plan_.warnings.push_back(ZeroBaselineWarning(plan_.explained));
}

Status ExplainerImpl::Load() {
  WHYLIGHT_RETURN_IF_ERROR(CheckOptions());
  const Choice choice = ChooseSignature(model_.meta(), {.signature = options_.signature});
  const bool text_pieces =
      IsPieces(options_.players) && HasRule(choice.problems, "serialized-input");
  if (HasRule(choice.problems, "unknown-signature")) return NotFound(RefusalOf(choice.problems));
  if (choice.signature == nullptr || (choice.refused() && !text_pieces)) {
    return FailedPrecondition(RefusalOf(choice.problems));
  }
  plan_.signature = choice.signature->key;
  plan_.preprocess = choice.preprocess != nullptr ? choice.preprocess->key : "";
  plan_.reason = choice.reason;
  plan_.method = options_.method;
  plan_.feature_names = options_.feature_names;

  ProgramSpec spec = SpecFor(choice);
  WHYLIGHT_ASSIGN_OR_RETURN(Program program, BuildProgram(model_, spec));
  if (!spec.search_float_features && spec.features.empty() && ParsesItsOnlyInput(program)) {
    // Without the whole example there is nothing to parse: the players are what is parsed.
    spec.search_float_features = true;
    WHYLIGHT_ASSIGN_OR_RETURN(program, BuildProgram(model_, spec));
  }
  fields_ = FieldsOf(program);
  if (choice.preprocess != nullptr) AddServingNames(model_.meta(), *choice.preprocess, fields_);
  WHYLIGHT_ASSIGN_OR_RETURN(output_, ChooseOutput(program, options_));
  WHYLIGHT_RETURN_IF_ERROR(CheckTargets(program));
  plan_.output = output_.name;
  Output explained = program.outputs[output_.index].tensor;
  if (const std::optional<Output> logits = LogitsBehind(program.graph, explained)) {
    saturates_ = !options_.logits;
    if (options_.logits) {
      explained = *logits;
      plan_.output += " (logits)";
    }
  } else if (options_.logits) {
    return InvalidArgument("--logits: output '" + output_.name +
                           "' does not end in a Softmax or Sigmoid");
  }
  WHYLIGHT_RETURN_IF_ERROR(ChooseExplained(program, explained));
  WHYLIGHT_RETURN_IF_ERROR(CheckBaselineNames());
  if (!options_.feature_names.empty()) {
    if (explained_.size() != 1) {
      return InvalidArgument("--feature-names names the elements of one input; explained are " +
                             Join(plan_.explained, ", "));
    }
    WHYLIGHT_RETURN_IF_ERROR(
        CheckFeatureNames(OfOneRow(program, program.inputs[explained_[0]].port.shape)));
  }
  EngineTarget target{.output = explained};
  if (FindMethod(options_.method)->needs_gradients) target.gradients = explained_;
  EngineOptions engine{.session = options_.session,
                       .memory_limit = options_.memory_limit,
                       .batch_size = options_.batch_size,
                       .disable_passes = options_.disable_passes,
                       .dump_passes = options_.dump_passes,
                       .dump = options_.dump_passes.empty() ? nullptr : &std::cerr,
                       .cancelled = options_.cancelled};
  WHYLIGHT_ASSIGN_OR_RETURN(
      engine_, Engine::Load(model_, std::move(program), target, runtime_, std::move(engine)));
  for (const std::string& warning : engine_->warnings()) {
    plan_.warnings.push_back({.rule = "dropped-attribute", .message = warning, .fix = ""});
  }
  NoteBaselines();
  return OkStatus();
}

// What the options ask of the output, as far as its shape and the labels are known without a row.
Status ExplainerImpl::CheckTargets(const Program& program) const {
  const Shape shape = OfOneRow(program, program.outputs[output_.index].shape);
  if (!shape.IsKnown() || shape.elements() == 0) return OkStatus();
  const std::vector<std::string> labels = GivenLabels();
  const bool rows_name_classes =
      labels.empty() && std::ranges::any_of(program.outputs, [](const Port& port) {
        return port.dtype == DType::kString;
      });
  if (rows_name_classes && !options_.class_name.empty()) return OkStatus();
  return ChooseTargets(Tensor(DType::kFloat32, shape), options_, labels).status();
}

// `shape`: of one instance of the explained input; what it leaves open is not judged.
Status ExplainerImpl::CheckFeatureNames(const Shape& shape) const {
  const auto names = static_cast<std::int64_t>(options_.feature_names.size());
  if (names == 0 || !shape.IsKnown() || shape.elements() == names) return OkStatus();
  return {StatusCode::kOutOfRange, "--feature-names: " + std::to_string(names) +
                                       (names == 1 ? " name" : " names") + " for input '" +
                                       plan_.explained[0] + "' of " +
                                       std::to_string(shape.elements()) + " elements"};
}

void ExplainerImpl::NameFeatures(const std::vector<std::string>& names) {
  if (!options_.feature_names.empty() || IsPieces(options_.players) || explained_.size() != 1 ||
      !plan_.preprocess.empty() || engine_->program().inputs[explained_[0]].source) {
    return;
  }
  const Program& program = engine_->program();
  const Shape shape = OfOneRow(program, program.inputs[explained_[0]].port.shape);
  const InputMetadata* metadata = MetadataOf(plan_.explained[0]);
  const bool are_named = metadata != nullptr && !metadata->index_feature_mapping.empty();
  if (are_named || !shape.IsKnown() || shape.elements() != std::ssize(names)) return;
  options_.feature_names = plan_.feature_names = names;
}

std::vector<std::string> ExplainerImpl::GivenLabels() const {
  if (!options_.labels.empty() || !options_.metadata) return options_.labels;
  std::vector<std::string> labels;
  for (const OutputMetadata& output : options_.metadata->outputs) {
    if (output.name != output_.name || !output.index_name_mapping.is_array()) continue;
    for (const Json& label : output.index_name_mapping.array()) {
      labels.push_back(label.is_string() ? label.string() : "");
    }
  }
  return labels;
}

// Labels: given; from the metadata; or a string output with as many elements as the scores.
std::vector<std::string> ExplainerImpl::LabelsFor(const Row& outputs) const {
  if (std::vector<std::string> given = GivenLabels(); !given.empty()) return given;
  const auto strings_of = [](const Tensor& tensor) {
    return std::vector<std::string>(tensor.strings().begin(), tensor.strings().end());
  };
  if (options_.metadata) {
    for (const OutputMetadata& output : options_.metadata->outputs) {
      if (output.name != output_.name) continue;
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        const Port& port = engine_->program().outputs[i];
        if (port.name == output.index_name_mapping_key && outputs[i].is_string()) {
          return strings_of(outputs[i]);
        }
      }
    }
  }
  const std::size_t classes = outputs[output_.index].elements();
  for (const Tensor& output : outputs) {
    if (classes > 1 && output.is_string() && output.elements() == classes) {
      return strings_of(output);
    }
  }
  return {};
}

Row ExplainerImpl::ExplainedOf(const Row& row) const {
  Row x;
  for (const std::size_t index : explained_) x.push_back(row[index]);
  return x;
}

Result<std::vector<Row>> ExplainerImpl::BaselineRows(const Row& x) const {
  std::size_t count = 1;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (const std::vector<Json>* given = BaselinesOf(ExplainedName(i), nullptr)) {
      count = std::max(count, given->size());
    }
  }
  std::vector<Row> rows(count);
  for (std::size_t b = 0; b < count; ++b) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::vector<Json>* given = BaselinesOf(ExplainedName(i), nullptr);
      if (given == nullptr) {
        rows[b].emplace_back(x[i].dtype(), x[i].shape());
        continue;
      }
      const Json& json = (*given)[given->size() == 1 ? 0 : b];
      WHYLIGHT_ASSIGN_OR_RETURN(Tensor baseline,
                                BaselineFromJson(json, x[i].dtype(), x[i].shape(),
                                                 "baseline of '" + ExplainedName(i) + "'"));
      rows[b].push_back(std::move(baseline));
    }
  }
  return rows;
}

OutputAttribution ExplainerImpl::Describe(const Batch& batch, const Task& task) const {
  OutputAttribution attribution;
  attribution.output_name = output_.name;
  const Tensor& output = (*batch.outputs[task.instance])[output_.index];
  attribution.output_index = IndexOf(task.target, output.shape());
  const std::vector<std::string>& labels = batch.labels[task.instance];
  if (static_cast<std::size_t>(task.target) < labels.size()) {
    attribution.display_name = labels[static_cast<std::size_t>(task.target)];
  }
  return attribution;
}

std::vector<FeatureAttribution> ExplainerImpl::Features(const Row& x, const Row& values) const {
  std::vector<FeatureAttribution> features;
  for (std::size_t i = 0; i < x.size(); ++i) {
    FeatureAttribution feature{.name = ExplainedName(i), .values = values[i], .input = x[i]};
    const InputMetadata* metadata = MetadataOf(feature.name);
    feature.element_names = options_.feature_names;  // Of the one input, or none.
    if (metadata != nullptr && !metadata->index_feature_mapping.empty()) {
      if (feature.element_names.empty()) feature.element_names = metadata->index_feature_mapping;
      feature.named_by_elements = metadata->encoding != Encoding::kIdentity;
    }
    if (feature.element_names.size() != values[i].elements()) {
      feature.element_names.clear();
      feature.named_by_elements = false;
    }
    features.push_back(std::move(feature));
  }
  return features;
}

Result<std::vector<OutputAttribution>> ExplainerImpl::AttributeByGradients(
    const Batch& batch, std::span<const Task> tasks) {
  std::vector<ScoreTask> scores;
  std::vector<Row> xs;
  std::vector<std::vector<Row>> baselines;
  for (const Task& task : tasks) {
    const Row& row = *batch.rows[task.instance];
    scores.push_back({.row = &row, .target = task.target});
    xs.push_back(ExplainedOf(row));
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Row> of_row, BaselineRows(xs.back()));
    baselines.push_back(std::move(of_row));
  }
  std::vector<IgTask> paths;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    IgTask path{.instance = i, .x = &xs[i], .baselines = {}};
    for (const Row& baseline : baselines[i]) path.baselines.push_back(&baseline);
    paths.push_back(std::move(path));
  }
  ScoreFunction f(*engine_, std::move(scores), explained_);
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Attribution> attributions,
                            IntegratedGradients(f, paths, {.steps = options_.steps}));
  if (!f.dependence().empty()) {
    plan_.warnings.push_back(RowsNotIndependentWarning(f.dependence()));
  }
  std::vector<OutputAttribution> results;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    OutputAttribution result = Describe(batch, tasks[i]);
    result.instance_output = attributions[i].input_score;
    result.baseline_output = attributions[i].baseline_score;
    result.approximation_error = attributions[i].approximation_error;
    result.features = Features(xs[i], attributions[i].values);
    results.push_back(std::move(result));
  }
  return results;
}

Result<std::vector<OutputAttribution>> ExplainerImpl::AttributeByShapley(
    const Batch& batch, std::span<const Task> tasks) {
  const bool pieces = IsPieces(options_.players);
  std::vector<ShapleyTask> games;
  std::vector<ScoreTask> scores;
  std::vector<std::int64_t> targets;
  std::vector<Row> xs;
  std::vector<std::vector<std::string_view>> texts;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const Task& task = tasks[i];
    targets.push_back(task.target);
    if (pieces) {
      const Row& request = batch.requests[task.instance];
      const Tensor& text = request[text_field_];
      if (text.elements() != 1) {
        return InvalidArgument("'" + fields_[text_field_].name + "' holds " +
                               std::to_string(text.elements()) + " texts; pieces need one");
      }
      const PieceKind kind =
          options_.players == Players::kLines ? PieceKind::kLines : PieceKind::kWords;
      texts.push_back(SplitIntoPieces(text.strings()[0], kind));
      if (texts.back().size() > kMaxPlayers) {
        return InvalidArgument("the text has " + std::to_string(texts.back().size()) +
                               " pieces, more than " + std::to_string(kMaxPlayers) +
                               "; try --pieces lines, or a shorter text");
      }
      const auto make = [this, &request, split = texts.back()](const Coalition& present,
                                                               std::size_t) -> Result<Row> {
        Row row = request;
        row[text_field_].strings()[0] = JoinPieces(split, present);
        return row;
      };
      games.push_back({.instance = i,
                       .players = texts.back().size(),
                       .baselines = 1,
                       .make = make,
                       .idle = {}});
      continue;
    }
    const Row& row = *batch.rows[task.instance];
    scores.push_back({.row = &row, .target = task.target});
    xs.push_back(ExplainedOf(row));
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Row> baselines, BaselineRows(xs.back()));
    std::vector<Player> players =
        options_.players == Players::kInputs ? InputPlayers(xs.back()) : ElementPlayers(xs.back());
    if (players.size() > kMaxPlayers) {
      return InvalidArgument(
          "the inputs have " + std::to_string(players.size()) + " elements, more than " +
          std::to_string(kMaxPlayers) + " players; try --players inputs" +
          (IsFloating(xs.back()[0].dtype()) ? std::string(", or --method integrated-gradients")
                                            : std::string()));
    }
    WHYLIGHT_ASSIGN_OR_RETURN(ShapleyTask game,
                              TensorGame(i, xs.back(), baselines, std::move(players)));
    games.push_back(std::move(game));
  }
  ScoreFunction by_row(*engine_, std::move(scores), explained_);
  RequestScoreFunction by_request(*engine_, std::move(targets));
  Function& f = pieces ? static_cast<Function&>(by_request) : by_row;
  WHYLIGHT_ASSIGN_OR_RETURN(
      const std::vector<ShapleyValues> values,
      SampledShapley(f, games, {.paths = options_.paths, .seed = options_.seed}));
  if (!by_row.dependence().empty()) {
    plan_.warnings.push_back(RowsNotIndependentWarning(by_row.dependence()));
  }

  std::vector<OutputAttribution> results;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    OutputAttribution result = Describe(batch, tasks[i]);
    result.instance_output = values[i].input_score;
    result.baseline_output = values[i].baseline_score;
    result.approximation_error = values[i].approximation_error;
    if (pieces) {
      const auto count = static_cast<std::int64_t>(texts[i].size());
      result.features.push_back(
          {.name = fields_[text_field_].name,
           .values = Tensor::Of<double>(Shape{count}, values[i].values),
           .input = Tensor::Strings(Shape{count}, {texts[i].begin(), texts[i].end()})});
    } else {
      Row shares;
      std::size_t next = 0;
      for (const Tensor& x : xs[i]) {
        const Shape shape = options_.players == Players::kInputs ? Shape{} : x.shape();
        Tensor share(DType::kFloat64, shape);
        for (double& value : share.data<double>()) value = values[i].values[next++];
        shares.push_back(std::move(share));
      }
      result.features = Features(xs[i], shares);
    }
    results.push_back(std::move(result));
  }
  return results;
}

Result<std::vector<OutputAttribution>> ExplainerImpl::Attribute(const Batch& batch,
                                                                std::span<const Task> tasks) {
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<OutputAttribution> results,
                            FindMethod(options_.method)->needs_gradients
                                ? AttributeByGradients(batch, tasks)
                                : AttributeByShapley(batch, tasks));
  for (OutputAttribution& result : results) {
    AddWarnings({.saturates = saturates_,
                 .completeness = FindMethod(options_.method)->needs_gradients,
                 .metadata = options_.metadata ? &*options_.metadata : nullptr},
                result);
  }
  return results;
}

// Predictions, and with them the choice of what is explained, must not hang on the neighbours.
std::vector<Result<Row>> ExplainerImpl::Outputs(std::span<const Row> rows) {
  std::vector<Result<Row>> outputs = engine_->Outputs(rows);
  const bool share = engine_->program().layout.kind == RowLayout::Kind::kBatched &&
                     engine_->max_rows() > 1 && rows.size() > 1;
  if (!share || outputs_checked_ || !outputs[0].ok()) return outputs;
  outputs_checked_ = true;
  const Result<Row> alone = engine_->Outputs(rows.first(1))[0];
  if (!alone.ok() || !Differ(*alone, *outputs[0])) return outputs;
  plan_.warnings.push_back(RowsNotIndependentWarning("beside others its prediction is another"));
  engine_->RunRowsOneByOne();
  return engine_->Outputs(rows);
}

std::vector<Result<Explanation>> ExplainerImpl::Explain(std::span<const Row> requests) {
  Batch batch{
      .requests = requests, .rows = engine_->Prepare(requests), .outputs = {}, .labels = {}};
  std::vector<Row> ready;
  for (const Result<Row>& row : batch.rows) {
    if (row.ok()) ready.push_back(*row);
  }
  std::vector<Result<Row>> outputs = Outputs(ready);
  std::size_t next = 0;
  for (const Result<Row>& row : batch.rows) {
    batch.outputs.push_back(row.ok() ? std::move(outputs[next++]) : Result<Row>(row.status()));
  }

  std::vector<Result<Explanation>> explanations;
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    batch.labels.emplace_back();
    if (!batch.outputs[i].ok()) {
      explanations.emplace_back(batch.outputs[i].status());
      continue;
    }
    if (!options_.feature_names.empty()) {
      const Status named = CheckFeatureNames((*batch.rows[i])[explained_[0]].shape());
      if (!named.ok()) {
        explanations.emplace_back(named);
        continue;
      }
    }
    batch.labels[i] = LabelsFor(*batch.outputs[i]);
    const Result<std::vector<std::int64_t>> targets =
        ChooseTargets((*batch.outputs[i])[output_.index], options_, batch.labels[i]);
    if (!targets.ok()) {
      explanations.emplace_back(targets.status());
      continue;
    }
    for (const std::int64_t target : *targets) tasks.push_back({.instance = i, .target = target});
    Explanation explanation;
    for (std::size_t o = 0; o < batch.outputs[i]->size(); ++o) {
      explanation.prediction.push_back(
          {.name = engine_->program().outputs[o].name, .value = (*batch.outputs[i])[o]});
    }
    explanations.emplace_back(std::move(explanation));
  }
  if (tasks.empty()) return explanations;

  const auto deliver = [&](std::span<const Task> of, Result<std::vector<OutputAttribution>> got) {
    for (std::size_t t = 0; t < of.size(); ++t) {
      Result<Explanation>& to = explanations[of[t].instance];
      if (!to.ok()) continue;
      if (got.ok()) {
        to->attributions.push_back(std::move((*got)[t]));
      } else {
        to = got.status();
      }
    }
  };
  Result<std::vector<OutputAttribution>> all = Attribute(batch, tasks);
  const bool alone = tasks.front().instance == tasks.back().instance;
  if (all.ok() || alone || all.status().code() == StatusCode::kCancelled) {
    deliver(tasks, std::move(all));
    return explanations;
  }
  // One bad row must not take its neighbours with it: each instance by itself.
  for (std::size_t first = 0; first < tasks.size();) {
    std::size_t last = first;
    while (last < tasks.size() && tasks[last].instance == tasks[first].instance) ++last;
    const std::span<const Task> one(tasks.data() + first, last - first);
    deliver(one, Attribute(batch, one));
    first = last;
  }
  return explanations;
}

class PredictorImpl : public Predictor {
 public:
  PredictorImpl(std::string signature, bool rows, std::vector<RequestField> fields,
                std::unique_ptr<Engine> engine)
      : signature_(std::move(signature)),
        has_rows_(rows),
        fields_(std::move(fields)),
        engine_(std::move(engine)) {}

  const std::string& signature() const override { return signature_; }
  bool has_rows() const override { return has_rows_; }
  const std::vector<RequestField>& request_fields() const override { return fields_; }

  std::vector<Result<std::vector<NamedValue>>> Predict(std::span<const Row> requests) override {
    // Without a preprocessing function a request is a row of the program in the same order.
    std::vector<Result<std::vector<NamedValue>>> predictions;
    for (Result<Row>& outputs : engine_->Outputs(requests)) {
      if (!outputs.ok()) {
        predictions.emplace_back(outputs.status());
        continue;
      }
      std::vector<NamedValue> values;
      for (std::size_t i = 0; i < outputs->size(); ++i) {
        values.push_back(
            {.name = engine_->program().outputs[i].name, .value = std::move((*outputs)[i])});
      }
      predictions.emplace_back(std::move(values));
    }
    return predictions;
  }

 private:
  std::string signature_;
  bool has_rows_;
  std::vector<RequestField> fields_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

Result<std::unique_ptr<Explainer>> Explainer::Open(const Model& model, const Runtime& runtime,
                                                   ExplainOptions options) {
  auto explainer = std::make_unique<ExplainerImpl>(model, runtime, std::move(options));
  WHYLIGHT_RETURN_IF_ERROR(explainer->Load());
  return std::unique_ptr<Explainer>(std::move(explainer));
}

Result<std::unique_ptr<Predictor>> Predictor::Open(const Model& model, const Runtime& runtime,
                                                   const Options& options) {
  WHYLIGHT_ASSIGN_OR_RETURN(const SignatureDef* signature,
                            ChoosePredictSignature(model.meta(), options.signature));
  // Parts of ragged and sparse tensors share no rows: such a request is run as a whole.
  const Choice choice = ChooseSignature(model.meta(), {.signature = signature->key});
  WHYLIGHT_ASSIGN_OR_RETURN(
      Program program,
      BuildProgram(model, {.signature = signature,
                           .without_rows = HasRule(choice.problems, "no-common-batch")}));
  const bool rows = program.layout.kind != RowLayout::Kind::kNone;
  std::vector<RequestField> fields = FieldsOf(program);
  EngineOptions engine{.session = options.session,
                       .memory_limit = options.memory_limit,
                       .batch_size = options.batch_size,
                       .cancelled = options.cancelled};
  WHYLIGHT_ASSIGN_OR_RETURN(
      std::unique_ptr<Engine> loaded,
      Engine::Load(model, std::move(program), {}, runtime, std::move(engine)));
  return std::unique_ptr<Predictor>(
      std::make_unique<PredictorImpl>(signature->key, rows, std::move(fields), std::move(loaded)));
}

}  // namespace whylight
