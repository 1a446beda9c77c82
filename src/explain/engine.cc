#include "explain/engine.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <numeric>
#include <set>

#include "graph/export.h"
#include "graph/passes/effects.h"
#include "graph/verify.h"
#include "tensor/rows.h"
#include "util/system.h"

namespace whylight {
namespace {

constexpr char kStateScope[] = "whylight/state";
constexpr int kMaxRows = 1 << 16;
constexpr int kPrepareRows = 64;
constexpr int kMaxLanes = 4;
// What has run for so long is likely to run for as long again.
constexpr double kLongSeconds = 5;

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// One of the lanes, for as long as this lives.
class LaneTaken {
 public:
  explicit LaneTaken(std::counting_semaphore<>& lanes) : lanes_(lanes) { lanes_.acquire(); }
  ~LaneTaken() { lanes_.release(); }
  LaneTaken(const LaneTaken&) = delete;
  LaneTaken& operator=(const LaneTaken&) = delete;

 private:
  std::counting_semaphore<>& lanes_;
};

std::string Megabytes(std::int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

// Batch norms, which TensorFlow's oneDNN kernels compute with sizes that they keep in the kernel:
// two runs at once overwrite each other's, and memory behind them (2.21, where rows are normalised
// by themselves and their number is such a size).
bool HoldsBatchNorm(const Graph& graph) {
  constexpr std::string_view kOp = "FusedBatchNorm";
  return std::ranges::any_of(
             graph.nodes(),
             [&](const std::unique_ptr<Node>& node) { return node->op.starts_with(kOp); }) ||
         std::ranges::any_of(graph.library.functions(), [&](const auto& function) {
           return function.second.bytes.find(kOp) != std::string::npos;
         });
}

std::string FirstError(const std::vector<Problem>& problems) {
  for (const Problem& problem : problems) {
    if (problem.severity == Problem::Severity::kError) {
      return problem.place + ": " + problem.message + " [" + problem.rule + "]";
    }
  }
  return "";
}

// The values of tensor `fetched` for `rows` rows; without a row axis it is the row's value itself.
Status AppendRows(const RowLayout& layout, const std::string& name, Tensor fetched,
                  std::size_t rows, std::vector<Row>& to) {
  if (layout.kind == RowLayout::Kind::kNone) {
    to[0].push_back(std::move(fetched));
    return OkStatus();
  }
  const Shape& shape = fetched.shape();
  const auto expected = static_cast<std::int64_t>(
      layout.kind == RowLayout::Kind::kFixed ? static_cast<std::size_t>(layout.size) : rows);
  if (shape.rank() == 0 || shape.dim(0) != expected) {
    return FailedPrecondition("'" + name + "' has shape " + shape.ToString() + " for " +
                              std::to_string(expected) +
                              " instances: its first dimension is not the number of instances");
  }
  for (std::size_t r = 0; r < rows; ++r) {
    to[r].push_back(RowOf(fetched, static_cast<std::int64_t>(r)));
  }
  return OkStatus();
}

// Runs `run` on the whole batch; where that fails, on each row alone, so that one bad row does
// not fail its neighbours.
std::vector<Result<Row>> RunApart(
    std::span<const RowView> rows,
    const std::function<Result<std::vector<Row>>(std::span<const RowView>)>& run) {
  std::vector<Result<Row>> results;
  Result<std::vector<Row>> all = run(rows);
  if (all.ok()) {
    for (Row& row : *all) results.emplace_back(std::move(row));
    return results;
  }
  if (rows.size() == 1 || all.status().code() == StatusCode::kCancelled) {
    results.assign(rows.size(), Result<Row>(all.status()));
    return results;
  }
  for (const RowView& row : rows) {
    Result<std::vector<Row>> one = run({&row, 1});
    if (one.ok()) {
      results.emplace_back(std::move((*one)[0]));
    } else {
      results.emplace_back(one.status());
    }
  }
  return results;
}

bool SameShapes(const RowView& a, const RowView& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i]->shape() != b[i]->shape()) return false;
  }
  return true;
}

// Splits rows into runs of at most `limit` whose shapes agree, in order.
std::vector<std::vector<RowView>> Batches(std::span<const Row> rows, int limit) {
  std::vector<std::vector<RowView>> batches;
  for (const Row& row : rows) {
    RowView view = ViewOf(row);
    if (batches.empty() || static_cast<int>(batches.back().size()) >= limit ||
        !SameShapes(batches.back()[0], view)) {
      batches.emplace_back();
    }
    batches.back().push_back(std::move(view));
  }
  return batches;
}

std::vector<std::size_t> AllOf(std::size_t count) {
  std::vector<std::size_t> indices(count);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  return indices;
}

// What each of `count` instances has in tensors of all of them.
std::vector<Row> RowsOf(std::span<const Tensor> tensors, std::size_t count) {
  std::vector<Row> rows(count);
  for (const Tensor& tensor : tensors) {
    for (std::size_t i = 0; i < count; ++i) {
      rows[i].push_back(RowOf(tensor, static_cast<std::int64_t>(i)));
    }
  }
  return rows;
}

// x - baseline of an input, float64 [owners, ...].
Result<Tensor> ChangeOf(std::span<const Engine::PathOwner> owners, std::size_t input) {
  Row changes;
  for (const Engine::PathOwner& owner : owners) {
    const Tensor &x = *owner.x[input], &baseline = *owner.baseline[input];
    Tensor& change = changes.emplace_back(DType::kFloat64, x.shape());
    const std::span<double> to = change.data<double>();
    for (std::size_t k = 0; k < to.size(); ++k) to[k] = x.Number(k) - baseline.Number(k);
  }
  return StackRows(ViewOf(changes));
}

}  // namespace

RowView ViewOf(const Row& row) {
  RowView view;
  for (const Tensor& value : row) view.push_back(&value);
  return view;
}

Result<std::unique_ptr<Engine>> Engine::Load(const Model& model, Program program,
                                             const EngineTarget& target, const Runtime& runtime,
                                             EngineOptions options) {
  std::unique_ptr<Engine> engine(new Engine(std::move(program), runtime, std::move(options)));
  Program& p = engine->program_;
  // What is looked at travels through the clean-up as further outputs of the program.
  std::optional<Output> explained = target.output, layer = target.layer;
  std::vector<Output*> travellers;
  if (explained) travellers.push_back(&*explained);
  if (layer) travellers.push_back(&*layer);
  for (const Output* one : travellers) p.outputs.push_back({.name = "", .tensor = *one});
  WHYLIGHT_RETURN_IF_ERROR(CleanUpProgram(model, p, engine->PassOptions()));
  for (; !travellers.empty(); travellers.pop_back(), p.outputs.pop_back()) {
    *travellers.back() = p.outputs.back().tensor;
  }
  engine->writes_state_ = std::ranges::any_of(
      p.graph.nodes(),
      [&](const std::unique_ptr<Node>& node) { return MayWriteState(p.graph, *node); });
  WHYLIGHT_RETURN_IF_ERROR(engine->InferShapes());
  WHYLIGHT_ASSIGN_OR_RETURN(engine->folded_, KeepFoldedWeights(p));
  WHYLIGHT_RETURN_IF_ERROR(engine->FitMemory());
  if (explained) {
    WHYLIGHT_ASSIGN_OR_RETURN(engine->path_, AddPathGraph(p, {.output = *explained,
                                                              .gradients = target.gradients,
                                                              .hoist = engine->options_.hoist,
                                                              .layer = layer}));
    if (!target.mixed.empty() && p.layout.kind == RowLayout::Kind::kBatched) {
      WHYLIGHT_ASSIGN_OR_RETURN(engine->coalitions_,
                                AddCoalitionGraph(p, *explained, target.mixed));
    }
    WHYLIGHT_RETURN_IF_ERROR(FoldNewConstants(p, engine->PassOptions()));
  }
  WHYLIGHT_RETURN_IF_ERROR(engine->Start(model));
  const int fixed = engine->options_.batch_size;
  engine->score_sizer_.Start(64, engine->max_rows_, fixed);
  engine->gradient_sizer_.Start(8, engine->max_rows_, fixed);
  return engine;
}

CleanUpOptions Engine::PassOptions() const {
  return {.runtime = &runtime_,
          .session = options_.session,
          .disable = options_.disable_passes,
          .dump_passes = options_.dump_passes,
          .dump = options_.dump};
}

Status Engine::InferShapes() { return InferProgramShapes(program_, runtime_, row_bytes_); }

Status Engine::FitMemory() {
  std::int64_t& weights = weight_bytes_;
  for (const std::unique_ptr<Node>& node : program_.graph.nodes()) {
    if (!IsVariable(*node)) continue;
    const Shape shape = node->AttrOr("shape", Shape::UnknownRank());
    const DType dtype = node->AttrOr("dtype", DType::kInvalid);
    if (shape.IsKnown()) weights += shape.elements() * static_cast<std::int64_t>(DTypeSize(dtype));
  }
  const std::int64_t limit = options_.memory_limit > 0 ? options_.memory_limit : AllowedMemory();
  const std::int64_t used = ResidentMemory();
  const std::int64_t row = std::max<std::int64_t>(row_bytes_, 1);
  const std::int64_t left = limit - used - weights;
  if (left < row) {
    return ResourceExhausted("the model needs about " + Megabytes(used + weights + row) + " (" +
                             Megabytes(used) + " TensorFlow, " + Megabytes(weights) + " weights, " +
                             Megabytes(row) + " for one row), the limit is " + Megabytes(limit) +
                             "; raise it with --memory");
  }
  const int threads = options_.session.threads > 0 ? options_.session.threads : AllowedCores();
  lanes_ =
      static_cast<int>(std::clamp<std::int64_t>(left / 2 / row, 1, std::min(threads, kMaxLanes)));
  if (writes_state_ || HoldsBatchNorm(program_.graph)) lanes_ = 1;
  switch (program_.layout.kind) {
    case RowLayout::Kind::kBatched:
      // Half of what is left: the estimate counts activations, not the kernels' scratch memory.
      max_rows_ = static_cast<int>(std::clamp<std::int64_t>(left / 2 / lanes_ / row, 1, kMaxRows));
      break;
    case RowLayout::Kind::kFixed:
      max_rows_ = program_.layout.size;
      break;
    case RowLayout::Kind::kNone:
      max_rows_ = 1;
      break;
  }
  if (options_.batch_size > 0) max_rows_ = std::min(max_rows(), options_.batch_size);
  free_lanes_.release(lanes_);
  return OkStatus();
}

Status Engine::Start(const Model& model) {
  WHYLIGHT_RETURN_IF_ERROR(VerifyGraph(program_.graph));
  WHYLIGHT_ASSIGN_OR_RETURN(RestorePlan plan, PlanRestore(model, program_.graph, kStateScope));
  const std::string error = FirstError(plan.problems);
  if (!error.empty()) return Status(StatusCode::kDataLoss, error);

  WHYLIGHT_ASSIGN_OR_RETURN(const std::string op_list, runtime_.OpList());
  WHYLIGHT_ASSIGN_OR_RETURN(const OpRegistry known, OpRegistry::Parse(op_list));
  WHYLIGHT_ASSIGN_OR_RETURN(const ExportedGraph main,
                            ExportGraph(program_.graph, {.target = &known}));
  WHYLIGHT_ASSIGN_OR_RETURN(const ExportedGraph state, ExportGraph(plan.graph, {.target = &known}));
  for (const ExportedGraph* graph : {&main, &state}) {
    warnings_.insert(warnings_.end(), graph->warnings.begin(), graph->warnings.end());
  }
  main_graph_ = main.graph_def;
  state_steps_ = std::move(plan.steps);
  if (!state_steps_.empty()) state_graph_ = state.graph_def;
  if (!state_steps_.empty() && !folded_.assign.empty()) state_steps_.push_back(folded_.assign);
  if (!state_steps_.empty() && !folded_.release.empty()) state_steps_.push_back(folded_.release);
  WHYLIGHT_ASSIGN_OR_RETURN(session_, NewSession(/*optimize=*/false));
  return OkStatus();
}

Result<std::unique_ptr<Session>> Engine::NewSession(bool optimize) const {
  SessionOptions options = options_.session;
  options.optimize = options.optimize || optimize;
  WHYLIGHT_ASSIGN_OR_RETURN(std::unique_ptr<Session> session, runtime_.NewSession(options));
  WHYLIGHT_RETURN_IF_ERROR(session->Extend(main_graph_));
  if (!state_graph_.empty()) WHYLIGHT_RETURN_IF_ERROR(session->Extend(state_graph_));
  for (const std::vector<std::string>& targets : state_steps_) {
    WHYLIGHT_RETURN_IF_ERROR(
        session->Run({}, {}, targets).status().In("restoring the model's state"));
  }
  return session;
}

void Engine::OptimizeIfLong() {
  {
    const std::scoped_lock lock(mutex_);
    if (tried_to_optimize_ || writes_state_ || run_seconds_ < kLongSeconds) return;
    tried_to_optimize_ = true;
  }
  const std::int64_t limit = options_.memory_limit > 0 ? options_.memory_limit : AllowedMemory();
  if (limit - ResidentMemory() < 2 * weight_bytes_) return;
  Result<std::unique_ptr<Session>> optimized = NewSession(/*optimize=*/true);
  if (!optimized.ok()) return;
  const std::scoped_lock lock(mutex_);  // Runs that have begun keep the old one alive.
  session_ = *std::move(optimized);
}

int Engine::ScoreRows() const {
  const std::scoped_lock lock(mutex_);
  return std::min(max_rows(), score_sizer_.Next());
}

int Engine::GradientRows() const {
  const std::scoped_lock lock(mutex_);
  return std::min(max_rows(), gradient_sizer_.Next());
}

void Engine::StartGradientRows(int first) {
  const std::scoped_lock lock(mutex_);
  gradient_sizer_.Start(first, max_rows_, options_.batch_size);
}

void Engine::Observe(ChunkSizer& sizer, int rows, double seconds) {
  const std::scoped_lock lock(mutex_);
  sizer.Observe(rows, seconds);
  run_seconds_ += seconds;
  (&sizer == &gradient_sizer_ ? rows_run_.gradients : rows_run_.forward) += rows;
}

RowCounts Engine::rows_run() const {
  const std::scoped_lock lock(mutex_);
  return rows_run_;
}

Result<std::vector<Tensor>> Engine::Run(std::span<const Feed> feeds,
                                        std::span<const std::string> fetches, ChunkSizer* sizer,
                                        std::size_t rows) {
  const LaneTaken taken(free_lanes_);
  WHYLIGHT_RETURN_IF_ERROR(CheckCancelled());
  std::shared_ptr<Session> session;
  {
    const std::scoped_lock lock(mutex_);
    session = session_;
  }
  const auto start = std::chrono::steady_clock::now();
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Tensor> fetched, session->Run(feeds, fetches, {}));
  if (sizer != nullptr) Observe(*sizer, static_cast<int>(rows), SecondsSince(start));
  return fetched;
}

Status Engine::CheckCancelled() const {
  if (options_.cancelled && options_.cancelled()) {
    return Status(StatusCode::kCancelled, "stopped on request");
  }
  return OkStatus();
}

// The values at `indices` of all rows, as one tensor each: padded to a fixed batch by repeating
// the last row, or the only row's own values where there is no row axis.
Result<std::vector<Tensor>> Engine::Stack(const RowLayout& layout, std::span<const RowView> rows,
                                          std::span<const std::size_t> indices) {
  std::vector<Tensor> stacked;
  stacked.reserve(indices.size());
  for (const std::size_t index : indices) {
    RowView values;
    for (const RowView& row : rows) values.push_back(row[index]);
    if (layout.kind == RowLayout::Kind::kNone) {
      stacked.push_back(*values[0]);
      continue;
    }
    if (layout.kind == RowLayout::Kind::kFixed) {
      values.resize(static_cast<std::size_t>(layout.size), values.back());
    }
    WHYLIGHT_ASSIGN_OR_RETURN(Tensor tensor, StackRows(values));
    stacked.push_back(std::move(tensor));
  }
  return stacked;
}

Result<std::vector<Tensor>> Engine::RunRows(std::span<const RowView> rows,
                                            std::span<const std::size_t> inputs,
                                            std::vector<Feed> feeds,
                                            std::span<const std::string> fetches, ChunkSizer* sizer,
                                            std::size_t counted) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Tensor> stacked,
                            Stack(program_.layout, rows, inputs));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    feeds.push_back({program_.inputs[inputs[i]].port.tensor.name(), &stacked[i]});
  }
  return Run(feeds, fetches, sizer, counted);
}

std::vector<Result<Row>> Engine::Prepare(std::span<const Row> requests) {
  std::vector<std::string> fetches;
  for (const ProgramInput& input : program_.inputs) {
    if (input.source) fetches.push_back(input.source->name());
  }
  const auto request_index = [&](const Port& port) {
    for (std::size_t i = 0; i < program_.request.size(); ++i) {
      if (program_.request[i].tensor == port.tensor) return i;
    }
    WHYLIGHT_CHECK(false && "an input without a source is a request placeholder");
  };
  const RowLayout& layout = program_.request_layout;
  const std::vector<std::size_t> all = AllOf(program_.request.size());
  const auto run = [&](std::span<const RowView> batch) -> Result<std::vector<Row>> {
    std::vector<Row> computed(batch.size());
    if (!fetches.empty()) {
      WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Tensor> stacked, Stack(layout, batch, all));
      std::vector<Feed> feeds;
      feeds.reserve(stacked.size());
      for (std::size_t i = 0; i < stacked.size(); ++i) {
        feeds.push_back({program_.request[i].tensor.name(), &stacked[i]});
      }
      WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Tensor> fetched, Run(feeds, fetches, nullptr, 0));
      std::size_t next = 0;
      for (const ProgramInput& input : program_.inputs) {
        if (!input.source) continue;
        WHYLIGHT_RETURN_IF_ERROR(AppendRows(layout, input.port.name, std::move(fetched[next++]),
                                            batch.size(), computed));
      }
    }
    std::vector<Row> rows(batch.size());
    for (std::size_t r = 0; r < batch.size(); ++r) {
      std::size_t next = 0;
      for (const ProgramInput& input : program_.inputs) {
        rows[r].push_back(input.source ? std::move(computed[r][next++])
                                       : *batch[r][request_index(input.port)]);
      }
    }
    return rows;
  };
  int limit = std::min(kPrepareRows, max_rows());
  if (layout.kind == RowLayout::Kind::kFixed) limit = layout.size;
  if (layout.kind == RowLayout::Kind::kNone) limit = 1;
  std::vector<Result<Row>> prepared;
  for (const std::vector<RowView>& batch : Batches(requests, limit)) {
    for (Result<Row>& row : RunApart(batch, run)) prepared.push_back(std::move(row));
  }
  return prepared;
}

std::vector<Result<Row>> Engine::Outputs(std::span<const Row> rows) {
  const std::vector<std::size_t> inputs = AllOf(program_.inputs.size());
  std::vector<std::string> fetches;
  for (const Port& output : program_.outputs) fetches.push_back(output.tensor.name());
  const auto run = [&](std::span<const RowView> batch) -> Result<std::vector<Row>> {
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Tensor> fetched,
                              RunRows(batch, inputs, {}, fetches, &score_sizer_, batch.size()));
    std::vector<Row> outputs(batch.size());
    for (std::size_t i = 0; i < fetched.size(); ++i) {
      WHYLIGHT_RETURN_IF_ERROR(AppendRows(program_.layout, program_.outputs[i].name,
                                          std::move(fetched[i]), batch.size(), outputs));
    }
    return outputs;
  };
  std::vector<Result<Row>> results;
  for (const std::vector<RowView>& batch : Batches(rows, ScoreRows())) {
    for (Result<Row>& row : RunApart(batch, run)) results.push_back(std::move(row));
  }
  return results;
}

Result<std::vector<Tensor>> Engine::RunScored(std::span<const RowView> rows,
                                              std::span<const std::int64_t> targets,
                                              std::span<const std::string> fetches,
                                              ChunkSizer& sizer) {
  WHYLIGHT_CHECK(rows.size() == targets.size() && !rows.empty());
  const std::vector<std::size_t> inputs = AllOf(program_.inputs.size());
  std::vector<std::int64_t> flat(targets.begin(), targets.end());
  if (program_.layout.kind == RowLayout::Kind::kFixed) {
    flat.resize(static_cast<std::size_t>(program_.layout.size), flat.back());
  }
  const Tensor target =
      Tensor::Of<std::int64_t>(Shape{static_cast<std::int64_t>(flat.size())}, flat);
  return RunRows(rows, inputs, {{path_->targets, &target}}, fetches, &sizer, rows.size());
}

Result<std::vector<double>> Engine::Scores(std::span<const RowView> rows,
                                           std::span<const std::int64_t> targets) {
  WHYLIGHT_CHECK(path_);
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Tensor> fetched,
                            RunScored(rows, targets, {&path_->scores, 1}, score_sizer_));
  const std::span<const double> scores = fetched[0].data<double>();
  return std::vector<double>(scores.begin(),
                             scores.begin() + static_cast<std::ptrdiff_t>(rows.size()));
}

Result<std::vector<Engine::LayerRow>> Engine::AtLayer(std::span<const RowView> rows,
                                                      std::span<const std::int64_t> targets) {
  WHYLIGHT_CHECK(path_ && path_->layer);
  const std::string fetches[] = {path_->scores, path_->layer->values, path_->layer->gradient};
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Tensor> fetched,
                            RunScored(rows, targets, fetches, gradient_sizer_));
  std::vector<Row> layers(rows.size());
  for (std::size_t i = 1; i < fetched.size(); ++i) {
    WHYLIGHT_RETURN_IF_ERROR(
        AppendRows(program_.layout, "the layer", std::move(fetched[i]), rows.size(), layers));
  }
  std::vector<LayerRow> at_layer;
  at_layer.reserve(rows.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    at_layer.push_back({.score = fetched[0].data<double>()[r],
                        .values = std::move(layers[r][0]),
                        .gradient = std::move(layers[r][1])});
  }
  return at_layer;
}

Result<std::vector<double>> Engine::MixedScores(std::span<const MixedOwner> owners,
                                                std::span<const std::int32_t> owner,
                                                std::span<const MixedPoint> points) {
  WHYLIGHT_CHECK(coalitions_ && !points.empty() && owner.size() == points.size());
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<NamedValue> fed,
                            CoalitionFeeds(*coalitions_, owners, owner, points));
  std::vector<Feed> feeds;
  feeds.reserve(fed.size());
  for (const NamedValue& one : fed) feeds.push_back({one.name, &one.value});
  const std::vector<std::string> fetches = {coalitions_->scores};
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Tensor> fetched,
                            Run(feeds, fetches, &score_sizer_, points.size()));
  const std::span<const double> scores = fetched[0].data<double>();
  return std::vector<double>(scores.begin(), scores.end());
}

Result<std::vector<Row>> Engine::PathSums(std::span<const PathOwner> owners,
                                          const PathPoints& points) {
  std::vector<std::string> fetches;
  for (const PathGraph::Input& input : path_->inputs) fetches.push_back(input.sum);
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Tensor> fetched, RunPath(owners, points, fetches));
  return RowsOf(fetched, owners.size());
}

Result<PathGradients> Engine::GradientsAlong(std::span<const PathOwner> owners,
                                             const PathPoints& points) {
  const std::size_t count = points.owner.size();
  std::vector<std::string> fetches;
  for (const PathGraph::Variable& variable : path_->variables) fetches.push_back(variable.gradient);
  for (const PathGraph::Variable& variable : path_->variables) fetches.push_back(variable.change);
  if (!hoists()) {
    for (const PathGraph::Input& input : path_->inputs) fetches.push_back(input.gradient);
  }
  fetches.push_back(path_->path_scores);
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Tensor> fetched, RunPath(owners, points, fetches));
  PathGradients all;
  const std::span<const double> scores = fetched.back().data<double>();
  all.scores.assign(scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(count));
  fetched.pop_back();
  if (!hoists()) {
    all.gradients = std::move(fetched);
    for (const PathGraph::Input& input : path_->inputs) {
      WHYLIGHT_ASSIGN_OR_RETURN(Tensor change, ChangeOf(owners, input.index));
      all.change.push_back(std::move(change));
    }
    return all;
  }
  const auto variables = static_cast<std::ptrdiff_t>(path_->variables.size());
  all.gradients.assign(std::make_move_iterator(fetched.begin()),
                       std::make_move_iterator(fetched.begin() + variables));
  all.change.assign(std::make_move_iterator(fetched.begin() + variables),
                    std::make_move_iterator(fetched.end()));
  return all;
}

Result<std::vector<Row>> Engine::PullBack(std::span<const PathOwner> owners,
                                          std::span<const Row> sums) {
  WHYLIGHT_CHECK(hoists() && owners.size() == sums.size());
  std::vector<Feed> feeds;
  std::vector<Tensor> fed;
  fed.reserve(2 * path_->inputs.size() + path_->variables.size());
  WHYLIGHT_RETURN_IF_ERROR(FeedEnds(owners, fed, feeds));
  for (std::size_t v = 0; v < path_->variables.size(); ++v) {
    RowView values;
    for (const Row& sum : sums) values.push_back(&sum[v]);
    WHYLIGHT_ASSIGN_OR_RETURN(Tensor stacked, StackRows(values));
    fed.push_back(std::move(stacked));
    feeds.push_back({path_->variables[v].pull_from, &fed.back()});
  }
  std::vector<std::string> fetches;
  for (const PathGraph::Input& input : path_->inputs) fetches.push_back(input.sum);
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Tensor> fetched, Run(feeds, fetches, nullptr, 0));
  return RowsOf(fetched, owners.size());
}

Status Engine::FeedEnds(std::span<const PathOwner> owners, std::vector<Tensor>& ends,
                        std::vector<Feed>& feeds) const {
  for (const PathGraph::Input& input : path_->inputs) {
    RowView x, baseline;
    for (const PathOwner& one : owners) {
      x.push_back(one.x[input.index]);
      baseline.push_back(one.baseline[input.index]);
    }
    WHYLIGHT_ASSIGN_OR_RETURN(Tensor to, StackRows(x));
    WHYLIGHT_ASSIGN_OR_RETURN(Tensor from, StackRows(baseline));
    ends.push_back(std::move(to));
    feeds.push_back({input.x, &ends.back()});
    ends.push_back(std::move(from));
    feeds.push_back({input.baseline, &ends.back()});
  }
  return OkStatus();
}

Result<std::vector<Tensor>> Engine::RunPath(std::span<const PathOwner> owners, PathPoints points,
                                            std::span<const std::string> fetches) {
  WHYLIGHT_CHECK(path_ && !path_->inputs.empty() && !owners.empty() && !points.owner.empty());
  const std::size_t count = points.owner.size();
  if (program_.layout.kind == RowLayout::Kind::kFixed) {
    const auto size = static_cast<std::size_t>(program_.layout.size);
    points.owner.resize(size, points.owner.back());
    points.position.resize(size, points.position.back());
    points.weight.resize(size, 0);
  }
  const Shape m{static_cast<std::int64_t>(points.owner.size())};
  const Tensor owner = Tensor::Of<std::int32_t>(m, points.owner);
  const Tensor owner_count = Tensor::Scalar<std::int32_t>(static_cast<std::int32_t>(owners.size()));
  const Tensor position = Tensor::Of<double>(m, points.position);
  const Tensor weight = Tensor::Of<double>(m, points.weight);
  std::vector<std::int64_t> target_of;
  target_of.reserve(points.owner.size());
  for (const std::int32_t index : points.owner) {
    target_of.push_back(owners[static_cast<std::size_t>(index)].target);
  }
  const Tensor target = Tensor::Of<std::int64_t>(m, target_of);
  std::vector<Feed> feeds = {{path_->owner, &owner},
                             {path_->owners, &owner_count},
                             {path_->positions, &position},
                             {path_->weights, &weight},
                             {path_->targets, &target}};
  std::vector<Tensor> ends;
  ends.reserve(2 * path_->inputs.size());
  WHYLIGHT_RETURN_IF_ERROR(FeedEnds(owners, ends, feeds));
  std::vector<std::size_t> held;
  for (std::size_t i = 0; i < program_.inputs.size(); ++i) {
    if (std::ranges::find(path_->inputs, i, &PathGraph::Input::index) == path_->inputs.end()) {
      held.push_back(i);
    }
  }
  std::vector<RowView> row_of;  // Only what is held is fed a row for each point.
  for (std::size_t r = 0; !held.empty() && r < points.owner.size(); ++r) {
    row_of.push_back(owners[static_cast<std::size_t>(points.owner[r])].x);
  }
  return RunRows(row_of, held, std::move(feeds), fetches, &gradient_sizer_, count);
}

}  // namespace whylight
