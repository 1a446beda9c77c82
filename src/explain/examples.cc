#include "explain/examples.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attribution/neighbors.h"
#include "explain/clean_up.h"
#include "explain/engine.h"
#include "explain/explained.h"
#include "explain/independent_outputs.h"
#include "explain/layer.h"
#include "explain/methods/method.h"
#include "explain/names.h"
#include "explain/options.h"
#include "explain/request_fields.h"
#include "explain/select.h"
#include "explain/warnings.h"
#include "tensor/rows.h"

namespace whylight {
namespace {

// A row of so few values is kept, to be shown.
constexpr std::size_t kSmallRow = 16;

bool IsSmall(const Row& row) {
  std::size_t elements = 0;
  for (const Tensor& value : row) elements += value.elements();
  return elements <= kSmallRow;
}

class ExamplesExplainer : public Explainer {
 public:
  ExamplesExplainer(const Model& model, const Runtime& runtime, ExplainOptions options)
      : model_(model), runtime_(runtime), options_(std::move(options)) {}

  Status Load();

  const ExplainPlan& plan() const override { return plan_; }
  std::vector<Warning> warnings() const override { return plan_.warnings; }
  int concurrency() const override { return 1; }
  const std::vector<RequestField>& request_fields() const override { return fields_; }
  void NameFeatures(const std::vector<std::string>&) override {}
  std::vector<Result<Explanation>> Explain(std::span<const Row> requests) override;

 private:
  // What the model makes of a row.
  struct Placed {
    Row outputs;    // In order of Program::outputs, without the layer.
    Tensor vector;  // float32 or float64 [d].
  };
  struct Known {
    std::string id;
    std::optional<TopElement> prediction;
    Row values;  // Where it is small.
  };

  std::vector<Result<Placed>> Place(std::span<const Row> requests);
  Result<Tensor> VectorOf(const Tensor& values);
  Status ReadExamples();
  Status Take(std::vector<Example> examples);
  void AddTag(const std::string& tag);
  std::optional<TopElement> TopOf(const Row& outputs) const;
  Status Find(std::vector<Result<Explanation>>& explanations, std::span<Placed> placed) const;

  const Model& model_;
  const Runtime& runtime_;
  ExplainOptions options_;
  ExplainPlan plan_;
  std::vector<RequestField> fields_;
  std::unique_ptr<Engine> engine_;
  std::optional<ChosenOutput> scores_;  // What a row is said to be, if there is such an output.
  std::string layer_;
  std::optional<std::int64_t> dimensions_;
  std::vector<Known> known_;
  std::vector<Tensor> vectors_;     // Of each, until all are there;
  Tensor examples_;                 // then [n, d].
  std::vector<std::int64_t> tags_;  // Crowding tags, numbered; -1: none.
  std::map<std::string, std::int64_t> tag_numbers_;
  std::vector<std::size_t> allowed_;  // By the restrictions.
};

Status ExamplesExplainer::Load() {
  WHYLIGHT_ASSIGN_OR_RETURN(const Choice choice, ChooseToExplain(model_, options_));
  plan_ = BeginPlan(choice, options_);
  WHYLIGHT_ASSIGN_OR_RETURN(Program program, BuildWholeProgram(model_, choice, options_));
  fields_ = RequestFieldsOf(program, model_.meta(), choice);
  std::int64_t row_bytes = 0;
  WHYLIGHT_RETURN_IF_ERROR(InferProgramShapes(program, runtime_, row_bytes));
  WHYLIGHT_ASSIGN_OR_RETURN(const ChosenLayer layer, ChooseEmbedding(program, options_));
  layer_ = layer.is.name;
  std::ranges::move(DescribeLayer(layer.is), std::back_inserter(plan_.settings));
  const Result<ChosenOutput> scores = ChooseOutput(program, options_);
  if (scores.ok() && program.outputs[scores->index].tensor != layer.tensor) {
    scores_ = *scores;
    plan_.output = scores->name;
  }
  // One run gives the prediction and the vector. What is fed cannot be fetched.
  Node* vector = program.graph.Add(program.graph.UniqueName("whylight/layer"), "Identity");
  WHYLIGHT_ASSIGN_OR_RETURN(const DType dtype, program.graph.OutputType(layer.tensor));
  vector->inputs = {layer.tensor};
  vector->attrs = {{"T", dtype}};
  program.outputs.push_back({.name = layer_, .tensor = {vector, 0}});
  WHYLIGHT_ASSIGN_OR_RETURN(
      engine_, Engine::Load(model_, std::move(program), {}, runtime_, EngineOptionsOf(options_)));
  plan_.warnings = DroppedAttributeWarnings(engine_->warnings());
  const Status read = ReadExamples();
  if (!read.ok()) return read.In(options_.examples->source);
  plan_.settings.push_back(
      CountSetting("examples", std::ssize(known_), known_.size() == 1 ? "example" : "examples"));
  return OkStatus();
}

std::vector<Result<ExamplesExplainer::Placed>> ExamplesExplainer::Place(
    std::span<const Row> requests) {
  std::vector<Result<Row>> rows = engine_->Prepare(requests);
  std::vector<Row> ready;
  for (const Result<Row>& row : rows) {
    if (row.ok()) ready.push_back(*row);
  }
  std::vector<Result<Row>> outputs = IndependentOutputs(*engine_, ready, plan_.warnings);
  std::vector<Result<Placed>> placed;
  std::size_t next = 0;
  for (const Result<Row>& row : rows) {
    Result<Row> of_row = row.ok() ? std::move(outputs[next++]) : Result<Row>(row.status());
    if (!of_row.ok()) {
      placed.emplace_back(of_row.status());
      continue;
    }
    Result<Tensor> vector = VectorOf(of_row->back());
    if (!vector.ok()) {
      placed.emplace_back(vector.status());
      continue;
    }
    of_row->pop_back();
    placed.emplace_back(Placed{.outputs = *std::move(of_row), .vector = *std::move(vector)});
  }
  return placed;
}

Result<Tensor> ExamplesExplainer::VectorOf(const Tensor& values) {
  const auto size = static_cast<std::int64_t>(values.elements());
  if (options_.dimensions > 0 && size != options_.dimensions) {
    return InvalidArgument("dimensions: expected " + std::to_string(options_.dimensions) +
                           ", layer '" + layer_ + "' has " + std::to_string(size));
  }
  if (dimensions_.value_or(size) != size) {
    return InvalidArgument("layer '" + layer_ + "' has " + std::to_string(size) +
                           " values, of the examples before it " + std::to_string(*dimensions_));
  }
  if (!IsFinite(values)) {
    return FailedPrecondition("layer '" + layer_ + "' holds a value that is not finite");
  }
  dimensions_ = size;
  const DType dtype = values.dtype() == DType::kFloat64 ? DType::kFloat64 : DType::kFloat32;
  WHYLIGHT_ASSIGN_OR_RETURN(Tensor vector, CastTensor(values, dtype));
  return std::move(vector).Reshaped({size});
}

Status ExamplesExplainer::ReadExamples() {
  WHYLIGHT_RETURN_IF_ERROR(options_.examples->read(
      fields_, [this](std::vector<Example> examples) { return Take(std::move(examples)); }));
  if (known_.empty()) return InvalidArgument("expected rows to compare with, found none");
  if (allowed_.empty()) {
    return InvalidArgument("the restrictions allow none of the " + std::to_string(known_.size()) +
                           " examples");
  }
  std::vector<const Tensor*> rows;
  rows.reserve(vectors_.size());
  for (const Tensor& vector : vectors_) rows.push_back(&vector);
  WHYLIGHT_ASSIGN_OR_RETURN(examples_, StackRows(rows));
  vectors_.clear();
  if (options_.normalize) NormalizeRows(examples_);
  return OkStatus();
}

Status ExamplesExplainer::Take(std::vector<Example> examples) {
  std::vector<Row> requests;
  requests.reserve(examples.size());
  for (const Example& example : examples) requests.push_back(example.values);
  std::vector<Result<Placed>> placed = Place(requests);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    Example& example = examples[i];
    if (!placed[i].ok()) return placed[i].status().In(example.place);
    if (IsAllowed(example.restricts, options_.restrictions)) allowed_.push_back(known_.size());
    AddTag(example.crowding_tag);
    Known& known = known_.emplace_back();
    known.id = std::move(example.id);
    known.prediction = TopOf(placed[i]->outputs);
    if (IsSmall(example.values)) known.values = std::move(example.values);
    vectors_.push_back(std::move(placed[i]->vector));
  }
  return OkStatus();
}

void ExamplesExplainer::AddTag(const std::string& tag) {
  const auto next = std::ssize(tag_numbers_);
  tags_.push_back(tag.empty() ? -1 : tag_numbers_.try_emplace(tag, next).first->second);
}

std::optional<TopElement> ExamplesExplainer::TopOf(const Row& outputs) const {
  if (!scores_) return std::nullopt;
  const Tensor& output = outputs[scores_->index];
  const std::vector<std::string> labels =
      ClassLabels(engine_->program(), *scores_, outputs, options_);
  const Result<std::vector<std::int64_t>> top = ChooseTargets(output, {}, labels);
  if (!top.ok()) return std::nullopt;
  const auto index = static_cast<std::size_t>((*top)[0]);
  return TopElement{.index = IndexOf((*top)[0], output.shape()),
                    .label = index < labels.size() ? labels[index] : "",
                    .score = output.Number(index)};
}

std::vector<Result<Explanation>> ExamplesExplainer::Explain(std::span<const Row> requests) {
  std::vector<Result<Explanation>> explanations;
  std::vector<Placed> ready;
  for (Result<Placed>& placed : Place(requests)) {
    if (!placed.ok()) {
      explanations.emplace_back(placed.status());
      continue;
    }
    Explanation explanation;
    for (std::size_t o = 0; o < placed->outputs.size(); ++o) {
      explanation.prediction.push_back(
          {.name = engine_->program().outputs[o].name, .value = std::move(placed->outputs[o])});
    }
    explanations.emplace_back(std::move(explanation));
    ready.push_back(*std::move(placed));
  }
  const Status found = ready.empty() ? OkStatus() : Find(explanations, ready);
  for (Result<Explanation>& explanation : explanations) {
    if (!found.ok() && explanation.ok()) explanation = found;
  }
  return explanations;
}

// `placed`: of the explanations that are none of an error, in their order.
Status ExamplesExplainer::Find(std::vector<Result<Explanation>>& explanations,
                               std::span<Placed> placed) const {
  std::vector<const Tensor*> rows;
  for (const Placed& one : placed) rows.push_back(&one.vector);
  WHYLIGHT_ASSIGN_OR_RETURN(Tensor queries, StackRows(rows));
  if (options_.normalize) NormalizeRows(queries);
  std::vector<std::vector<FoundNeighbor>> found;
  if (!options_.return_embeddings) {
    WHYLIGHT_ASSIGN_OR_RETURN(found, FindNeighbors(examples_, queries,
                                                   {.count = options_.neighbors,
                                                    .distance = options_.distance,
                                                    .crowding_count = options_.crowding_count,
                                                    .tags = tags_,
                                                    .candidates = &allowed_}));
  }
  std::int64_t next = 0;
  for (Result<Explanation>& explanation : explanations) {
    if (!explanation.ok()) continue;
    const std::int64_t row = next++;
    if (options_.return_embeddings) {
      explanation->embedding = RowOf(queries, row);
      continue;
    }
    std::vector<Neighbor>& neighbors = explanation->neighbors.emplace();
    for (const FoundNeighbor& one : found[static_cast<std::size_t>(row)]) {
      const Known& known = known_[one.example];
      neighbors.push_back({.id = known.id,
                           .distance = one.distance,
                           .prediction = known.prediction,
                           .values = known.values});
    }
  }
  return OkStatus();
}

}  // namespace

Result<std::unique_ptr<Explainer>> OpenExamples(const Model& model, const Runtime& runtime,
                                                ExplainOptions options) {
  auto explainer = std::make_unique<ExamplesExplainer>(model, runtime, std::move(options));
  WHYLIGHT_RETURN_IF_ERROR(explainer->Load());
  return std::unique_ptr<Explainer>(std::move(explainer));
}

bool CanFindExamples(const Model& model, const ExplainOptions& options) {
  const Result<Choice> choice = ChooseToExplain(model, options);
  if (!choice.ok()) return false;
  const Result<Program> program = BuildWholeProgram(model, *choice, options);
  return program.ok() && HasEmbedding(*program);
}

}  // namespace whylight
