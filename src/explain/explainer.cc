#include "whylight/explainer.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <mutex>
#include <optional>
#include <utility>

#include "attribution/list.h"
#include "explain/baselines.h"
#include "explain/engine.h"
#include "explain/examples.h"
#include "explain/explained.h"
#include "explain/groups.h"
#include "explain/independent_outputs.h"
#include "explain/joined_output.h"
#include "explain/layer.h"
#include "explain/measured_explainer.h"
#include "explain/methods/games.h"
#include "explain/methods/method.h"
#include "explain/model_probe.h"
#include "explain/names.h"
#include "explain/noise.h"
#include "explain/options.h"
#include "explain/request_fields.h"
#include "explain/select.h"
#include "explain/sparse_rows.h"
#include "explain/warnings.h"
#include "model/program.h"

namespace whylight {
namespace {

// The flat element of a row of `shape` that IndexOf gave.
std::int64_t FlatIndex(const std::vector<std::int64_t>& index, const Shape& shape) {
  std::int64_t flat = 0;
  for (std::size_t axis = 0; axis < index.size(); ++axis) {
    flat = flat * shape.dim(static_cast<int>(axis)) + index[axis];
  }
  return flat;
}

class ExplainerImpl : public MeasuredExplainer {
 public:
  ExplainerImpl(const Model& model, const Runtime& runtime, ExplainOptions options)
      : model_(model), runtime_(runtime), options_(std::move(options)) {}

  Status Load();

  const ExplainPlan& plan() const override { return plan_; }
  std::vector<Warning> warnings() const override;
  int concurrency() const override { return engine_->lanes(); }
  const std::vector<RequestField>& request_fields() const override { return fields_; }
  void NameFeatures(const std::vector<std::string>& names) override;
  std::vector<Result<Explanation>> Explain(std::span<const Row> requests) override;
  Result<std::unique_ptr<Probe>> OpenProbe(std::span<const ProbeTarget> targets,
                                           const std::vector<std::string>& features) override;
  std::vector<BaselineNote> ReferenceNotes(const std::vector<std::string>& features) const override;
  RowCounts rows_run() const override { return engine_->rows_run(); }

 private:
  Result<Explained> ExplainedOf(const std::vector<std::string>& features) const;
  ExplainOptions ReferenceOptions() const;
  // Where a target stands in the outputs and in the scores; else empty.
  Result<ProbedTarget> TargetOf(const ProbeTarget& target) const;

  // An output element of an instance that has come through preparation.
  struct Task {
    std::size_t instance = 0;
    std::size_t output = 0;  // Into outputs_.
    std::int64_t target = 0;
  };
  struct Batch {
    std::span<const Row> requests;
    std::vector<Result<Row>> rows;     // Prepared.
    std::vector<Result<Row>> outputs;  // All of the signature's.
    // Of each instance, of each of outputs_.
    std::vector<std::vector<std::vector<std::string>>> labels;
  };

  Status LoadBaselineData();
  // Of all rows: said once, whichever call finds it.
  void AddPlanWarning(Warning warning);
  OutputAttribution Describe(const Batch& batch, const Task& task) const;
  Result<std::vector<OutputAttribution>> Attribute(const Batch& batch, std::span<const Task> tasks);

  const Model& model_;
  const Runtime& runtime_;
  ExplainOptions options_;
  ExplainPlan plan_;
  std::vector<RequestField> fields_;
  struct ExplainedOutput {
    ChosenOutput chosen;
    bool saturates = false;  // A Softmax or Sigmoid is the last thing explained.
  };
  // The outputs' tensors, or their logits, joined to one.
  Result<Output> ChooseScores(Program& program);
  // Of a method that looks inside the model: its layer, and what explained_ leaves for it.
  Result<Output> ChooseLayer(Program& program, Output scored);
  // Where an output's elements begin among those of all that are explained.
  std::int64_t OffsetOf(const Row& outputs, std::size_t output) const;

  std::vector<ExplainedOutput> outputs_;
  Explained explained_;
  std::unique_ptr<Engine> engine_;
  mutable std::mutex mutex_;  // Of what follows.
  std::vector<Warning> late_warnings_;
};

Status ExplainerImpl::Load() {
  WHYLIGHT_ASSIGN_OR_RETURN(const Choice choice, ChooseToExplain(model_, options_));
  plan_ = BeginPlan(choice, options_);
  plan_.feature_names = options_.feature_names;

  WHYLIGHT_ASSIGN_OR_RETURN(Program program, BuildExplainedProgram(model_, choice, options_));
  fields_ = RequestFieldsOf(program, model_.meta(), choice);
  WHYLIGHT_ASSIGN_OR_RETURN(const Output scored, ChooseScores(program));
  WHYLIGHT_ASSIGN_OR_RETURN(explained_, ChooseExplained(program, scored, choice, options_));
  EngineTarget target{.output = scored};
  if (TakesGradientsAtLayer(options_)) {
    WHYLIGHT_ASSIGN_OR_RETURN(target.layer, ChooseLayer(program, scored));
  } else if (NeedsGradients(options_)) {
    target.gradients = explained_.inputs;
  }
  WHYLIGHT_RETURN_IF_ERROR(ChooseBaselines(options_, explained_));
  WHYLIGHT_RETURN_IF_ERROR(CheckNoise(options_, explained_));
  WHYLIGHT_RETURN_IF_ERROR(CheckFeatureNames(program, explained_, options_));
  WHYLIGHT_RETURN_IF_ERROR(CheckGroups(explained_.names, options_));
  plan_.explained = explained_.names;
  plan_.held = explained_.held;
  if (options_.gather) target.mixed = MixedInputs(program, explained_, options_);
  WHYLIGHT_ASSIGN_OR_RETURN(engine_, Engine::Load(model_, std::move(program), target, runtime_,
                                                  EngineOptionsOf(options_)));
  plan_.warnings = DroppedAttributeWarnings(engine_->warnings());
  WHYLIGHT_RETURN_IF_ERROR(LoadBaselineData());
  plan_.baselines = DescribeBaselines(engine_->program(), explained_, options_);
  if (TableStartsAtZero(engine_->program(), explained_, options_)) {
    plan_.warnings.push_back(ZeroBaselineWarning(plan_.explained));
  }
  return OkStatus();
}

std::vector<Warning> ExplainerImpl::warnings() const {
  std::vector<Warning> all = plan_.warnings;
  const std::scoped_lock lock(mutex_);
  all.insert(all.end(), late_warnings_.begin(), late_warnings_.end());
  return all;
}

void ExplainerImpl::AddPlanWarning(Warning warning) {
  const std::scoped_lock lock(mutex_);
  const bool is_known = std::ranges::count(late_warnings_, warning.rule, &Warning::rule) > 0;
  if (!is_known) late_warnings_.push_back(std::move(warning));
}

Result<Output> ExplainerImpl::ChooseLayer(Program& program, Output scored) {
  std::int64_t row_bytes = 0;
  WHYLIGHT_RETURN_IF_ERROR(InferProgramShapes(program, runtime_, row_bytes));
  WHYLIGHT_ASSIGN_OR_RETURN(ChosenLayer layer, ChooseMaps(program, scored, options_, explained_));
  std::ranges::move(DescribeLayer(layer.is), std::back_inserter(plan_.settings));
  explained_.layer = std::move(layer.is);
  return layer.tensor;
}

Status ExplainerImpl::LoadBaselineData() {
  if (!options_.baseline_data || ExplainsPieces(options_)) return OkStatus();
  const std::string& source = options_.baseline_data->source;
  const Result<std::vector<Row>> requests = options_.baseline_data->read(fields_);
  if (!requests.ok()) return requests.status().In(source);
  const std::vector<Result<Row>> prepared = engine_->Prepare(*requests);
  std::vector<Row> rows;
  for (std::size_t r = 0; r < prepared.size(); ++r) {
    if (!prepared[r].ok()) return prepared[r].status().In(source + ": row " + std::to_string(r));
    rows.push_back(*prepared[r]);
    FitSparseInputs(engine_->program(), options_, rows.back());
  }
  return TakeBaselineData(rows, options_, explained_);
}

Result<Output> ExplainerImpl::ChooseScores(Program& program) {
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<ChosenOutput> chosen, ChooseOutputs(program, options_));
  std::vector<Output> scores;
  for (ChosenOutput& one : chosen) {
    WHYLIGHT_RETURN_IF_ERROR(CheckTargets(program, one, options_));
    ExplainedOutput& output = outputs_.emplace_back();
    output.chosen = std::move(one);
    const std::string& name = output.chosen.name;
    plan_.output += (plan_.output.empty() ? "" : ", ") + name;
    Output score = program.outputs[output.chosen.index].tensor;
    if (const std::optional<Output> logits = LogitsBehind(program.graph, score)) {
      output.saturates = !options_.logits;
      if (options_.logits) {
        score = *logits;
        plan_.output += " (logits)";
      }
    } else if (options_.logits) {
      return InvalidArgument("--logits: output '" + name +
                             "' does not end in a Softmax or Sigmoid");
    }
    scores.push_back(score);
  }
  return JoinOutputs(program, scores);
}

std::int64_t ExplainerImpl::OffsetOf(const Row& outputs, std::size_t output) const {
  std::int64_t offset = 0;
  for (std::size_t o = 0; o < output; ++o) {
    offset += static_cast<std::int64_t>(outputs[outputs_[o].chosen.index].elements());
  }
  return offset;
}

void ExplainerImpl::NameFeatures(const std::vector<std::string>& names) {
  if (!options_.feature_names.empty() ||
      !AreElementNames(names, engine_->program(), explained_, options_)) {
    return;
  }
  options_.feature_names = plan_.feature_names = names;
}

OutputAttribution ExplainerImpl::Describe(const Batch& batch, const Task& task) const {
  OutputAttribution attribution;
  const ChosenOutput& chosen = outputs_[task.output].chosen;
  attribution.output_name = chosen.name;
  const Tensor& output = (*batch.outputs[task.instance])[chosen.index];
  attribution.output_index = IndexOf(task.target, output.shape());
  const std::vector<std::string>& labels = batch.labels[task.instance][task.output];
  if (static_cast<std::size_t>(task.target) < labels.size()) {
    attribution.display_name = labels[static_cast<std::size_t>(task.target)];
  }
  return attribution;
}

Result<std::vector<OutputAttribution>> ExplainerImpl::Attribute(const Batch& batch,
                                                                std::span<const Task> tasks) {
  std::vector<AttributionTask> borrowed;
  for (const Task& task : tasks) {
    borrowed.push_back(
        {.request = &batch.requests[task.instance],
         .row = &*batch.rows[task.instance],
         .target = OffsetOf(*batch.outputs[task.instance], task.output) + task.target});
  }
  const ApplyMethod apply = FindMethodApplication(options_.method).apply;
  WHYLIGHT_ASSIGN_OR_RETURN(
      AttributionResult result,
      apply({.engine = *engine_, .explained = explained_, .options = options_, .tasks = borrowed}));
  if (!result.dependence.empty()) {
    AddPlanWarning(RowsNotIndependentWarning(result.dependence));
  }
  std::vector<OutputAttribution> attributions;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    OutputAttribution attribution = Describe(batch, tasks[i]);
    Shares& shares = result.shares[i];
    attribution.instance_output = shares.instance_output;
    attribution.has_baseline = HasBaseline(options_);
    attribution.baseline_output = shares.baseline_output;
    attribution.approximation_error = shares.approximation_error;
    attribution.effort = shares.effort;
    attribution.sampling = shares.sampling;
    attribution.features = NamedFeatures(explained_, shares, options_);
    for (std::size_t k = 0; k < shares.regions.size(); ++k) {
      attribution.features[k].regions = std::move(shares.regions[k]);
    }
    AddWarnings({.saturates = outputs_[tasks[i].output].saturates,
                 .method = FindMethod(options_.method),
                 .has_noise = HasPathNoise(options_),
                 .metadata = options_.metadata ? &*options_.metadata : nullptr},
                attribution);
    // Behind the warnings, which look at what the members of a group hold.
    attribution.features = JoinGroups(std::move(attribution.features), options_);
    attributions.push_back(std::move(attribution));
  }
  return attributions;
}

std::vector<Result<Explanation>> ExplainerImpl::Explain(std::span<const Row> requests) {
  Batch batch{
      .requests = requests, .rows = engine_->Prepare(requests), .outputs = {}, .labels = {}};
  std::vector<Row> ready;
  for (Result<Row>& row : batch.rows) {
    if (!row.ok()) continue;
    FitSparseInputs(engine_->program(), options_, *row);
    ready.push_back(*row);
  }
  std::vector<Warning> warnings;
  std::vector<Result<Row>> outputs = IndependentOutputs(*engine_, ready, warnings);
  for (Warning& warning : warnings) AddPlanWarning(std::move(warning));
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
      const Tensor& x = (*batch.rows[i])[explained_.inputs[0]];
      const Status named = CheckFeatureCount(x.shape(), explained_, options_);
      if (!named.ok()) {
        explanations.emplace_back(named);
        continue;
      }
    }
    Status chosen;
    const std::size_t first = tasks.size();
    for (std::size_t o = 0; o < outputs_.size() && chosen.ok(); ++o) {
      const ChosenOutput& output = outputs_[o].chosen;
      batch.labels[i].push_back(
          ClassLabels(engine_->program(), output, *batch.outputs[i], options_));
      const Result<std::vector<std::int64_t>> targets =
          ChooseTargets((*batch.outputs[i])[output.index], options_, batch.labels[i][o]);
      chosen = targets.status();
      if (!targets.ok()) continue;
      for (const std::int64_t target : *targets) {
        tasks.push_back({.instance = i, .output = o, .target = target});
      }
    }
    if (!chosen.ok()) {
      tasks.resize(first);
      explanations.emplace_back(chosen);
      continue;
    }
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

Result<Explained> ExplainerImpl::ExplainedOf(const std::vector<std::string>& features) const {
  Explained some;
  for (const std::string& feature : features) {
    const auto found = std::ranges::find(explained_.names, feature);
    const auto at = static_cast<std::size_t>(found - explained_.names.begin());
    if (at >= explained_.inputs.size()) return NotFound("'" + feature + "' is not explained");
    some.names.push_back(feature);
    some.inputs.push_back(explained_.inputs[at]);
    some.ids.push_back(at < explained_.ids.size() ? explained_.ids[at] : 0);
    some.baselines.push_back(explained_.baselines[at]);
    if (!explained_.data) continue;
    if (!some.data) some.data.emplace();
    some.data->statistics.push_back(explained_.data->statistics[at]);
  }
  return some;
}

// Picture methods have baselines of their own; all are to be measured by the same.
ExplainOptions ExplainerImpl::ReferenceOptions() const {
  ExplainOptions options = options_;
  if (NeedsPicture(options)) options.method = "integrated-gradients";
  return options;
}

std::vector<BaselineNote> ExplainerImpl::ReferenceNotes(
    const std::vector<std::string>& features) const {
  const Result<Explained> some = ExplainedOf(features);
  if (!some.ok()) return {};
  return DescribeBaselines(engine_->program(), *some, ReferenceOptions());
}

Result<ProbedTarget> ExplainerImpl::TargetOf(const ProbeTarget& target) const {
  const Explanation& explanation = *target.explanation;
  const OutputAttribution& attribution = explanation.attributions[target.attribution];
  std::int64_t offset = 0;
  for (const ExplainedOutput& output : outputs_) {
    const Tensor& value = explanation.prediction[output.chosen.index].value;
    if (output.chosen.name == attribution.output_name) {
      const std::int64_t element = FlatIndex(attribution.output_index, value.shape());
      return ProbedTarget{.score = offset + element,
                          .output = output.chosen.index,
                          .element = static_cast<std::size_t>(element)};
    }
    offset += static_cast<std::int64_t>(value.elements());
  }
  return NotFound("output '" + attribution.output_name + "' is not explained");
}

Result<std::unique_ptr<Probe>> ExplainerImpl::OpenProbe(std::span<const ProbeTarget> targets,
                                                        const std::vector<std::string>& features) {
  WHYLIGHT_ASSIGN_OR_RETURN(const Explained some, ExplainedOf(features));
  std::vector<Row> requests;
  for (const ProbeTarget& target : targets) requests.push_back(*target.request);
  std::vector<Result<Row>> rows = engine_->Prepare(requests);
  std::vector<ProbedTarget> probed;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    WHYLIGHT_RETURN_IF_ERROR(rows[i].status());
    WHYLIGHT_ASSIGN_OR_RETURN(ProbedTarget target, TargetOf(targets[i]));
    FitSparseInputs(engine_->program(), options_, *rows[i]);
    target.x = ExplainedValues(*rows[i], some);
    WHYLIGHT_ASSIGN_OR_RETURN(target.baselines, BaselineRows(target.x, some, ReferenceOptions()));
    target.row = *std::move(rows[i]);
    probed.push_back(std::move(target));
  }
  return std::unique_ptr<Probe>(
      std::make_unique<ModelProbe>(*engine_, std::move(probed), some.inputs));
}

}  // namespace

Result<std::unique_ptr<MeasuredExplainer>> MeasuredExplainer::Open(const Model& model,
                                                                   const Runtime& runtime,
                                                                   ExplainOptions options) {
  WHYLIGHT_RETURN_IF_ERROR(CheckExplainOptions(options));
  if (FindsExamples(options)) {
    return InvalidArgument(options.method + " gives no attributions that could be measured");
  }
  auto explainer = std::make_unique<ExplainerImpl>(model, runtime, std::move(options));
  WHYLIGHT_RETURN_IF_ERROR(explainer->Load());
  return std::unique_ptr<MeasuredExplainer>(std::move(explainer));
}

Result<std::unique_ptr<Explainer>> Explainer::Open(const Model& model, const Runtime& runtime,
                                                   ExplainOptions options) {
  WHYLIGHT_RETURN_IF_ERROR(CheckExplainOptions(options));
  if (FindsExamples(options)) return OpenExamples(model, runtime, std::move(options));
  WHYLIGHT_ASSIGN_OR_RETURN(std::unique_ptr<MeasuredExplainer> explainer,
                            MeasuredExplainer::Open(model, runtime, std::move(options)));
  return std::unique_ptr<Explainer>(std::move(explainer));
}

}  // namespace whylight
