// A program loaded into a runtime session: it prepares requests, runs rows and sums gradients.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <span>
#include <string>
#include <vector>

#include "explain/chunk_sizer.h"
#include "explain/clean_up.h"
#include "explain/coalition_feeds.h"
#include "explain/coalition_graph.h"
#include "explain/fold_weights.h"
#include "explain/path_graph.h"
#include "model/program.h"
#include "model/restore.h"
#include "whylight/function.h"
#include "whylight/runtime.h"

namespace whylight {

// The values of one instance, in order of Program::inputs or ::request, borrowed.
using RowView = std::vector<const Tensor*>;
RowView ViewOf(const Row& row);

struct EngineOptions {
  SessionOptions session;
  std::int64_t memory_limit = 0;  // Bytes the process may take; 0: what the cgroup allows.
  int batch_size = 0;             // Rows a run; 0: found by measuring.
  std::vector<std::string> disable_passes;
  std::vector<std::string> dump_passes;  // Graph text before and after, to `dump`.
  std::ostream* dump = nullptr;
  bool hoist = true;  // Evaluate what is affine in the inputs at the ends of paths alone.
  std::function<bool()> cancelled;  // Asked between runs, from any thread.
};

// What Load prepares beside the outputs.
struct EngineTarget {
  std::optional<Output> output;        // Scores of its elements; nullopt: outputs only.
  std::vector<std::size_t> gradients;  // Program inputs to differentiate by.
  std::optional<Output> layer = {};    // A tensor inside to differentiate by.
  // Program inputs that coalitions are made of, for MixedScores; without rows it is not there.
  std::vector<MixedInput> mixed;
};

// Rows that went through the model: forward alone, and with gradients.
struct RowCounts {
  std::int64_t forward = 0;
  std::int64_t gradients = 0;
};

// Threads: Load from one; all else from many at once. However many they are, no more than lanes()
// runs of the model are made at a time.
class Engine {
 public:
  // Cleans the graph up, exports it, restores its state.
  // Errors  kUnimplemented: an op this TensorFlow does not know, or without a gradient.
  //         kDataLoss, kFailedPrecondition: variables missing or not as the graph wants them.
  //         kResourceExhausted: weights and one row would not fit the limit; with the figures.
  static Result<std::unique_ptr<Engine>> Load(const Model& model, Program program,
                                              const EngineTarget& target, const Runtime& runtime,
                                              EngineOptions options);

  const Program& program() const { return program_; }
  const std::vector<std::string>& warnings() const { return warnings_; }
  const EngineOptions& options() const { return options_; }

  // Requests (values in order of program().request, no row axis) as rows for program().inputs.
  // One status for each: a request whose preprocessing fails does not fail its neighbours.
  std::vector<Result<Row>> Prepare(std::span<const Row> requests);

  // All outputs of rows, in order of program().outputs, without the row axis.
  std::vector<Result<Row>> Outputs(std::span<const Row> rows);

  // Scores: output element targets[i] of rows[i]. Needs a target output.
  Result<std::vector<double>> Scores(std::span<const RowView> rows,
                                     std::span<const std::int64_t> targets);

  // Whether MixedScores is there.
  bool mixes() const { return coalitions_.has_value(); }
  // Scores of rows that are mixed in the graph, in one run, as CoalitionFeeds takes them.
  Result<std::vector<double>> MixedScores(std::span<const MixedOwner> owners,
                                          std::span<const std::int32_t> owner,
                                          std::span<const MixedPoint> points);

  // Weighted gradient sums along paths, in one run: point r belongs to owners[r].
  struct PathOwner {
    RowView x;         // All of program().inputs.
    RowView baseline;  // Likewise; only the differentiated inputs are read.
    std::int64_t target = 0;
  };
  struct PathPoints {
    std::vector<std::int32_t> owner;
    std::vector<double> position;
    std::vector<double> weight;
  };
  // For each owner one float64 tensor per differentiated input.
  Result<std::vector<Row>> PathSums(std::span<const PathOwner> owners, const PathPoints& points);

  // Scores and gradients of every point by themselves; weights are not read. In order of points:
  // the scores, and for each variable (PathGraph::variables, or the inputs) the gradient
  // [points or more, ...];
  // its change along the path is float64 [owners, ...].
  Result<PathGradients> GradientsAlong(std::span<const PathOwner> owners, const PathPoints& points);
  // sums[i] of the variables' gradients, of owners[i], as the same of the differentiated inputs.
  Result<std::vector<Row>> PullBack(std::span<const PathOwner> owners, std::span<const Row> sums);
  // Whether the variables are not the inputs themselves.
  bool hoists() const { return path_ && !path_->variables.empty(); }

  // A layer at one row: what it holds, and d score / d values, both without the row axis.
  struct LayerRow {
    double score = 0;
    Tensor values;
    Tensor gradient;
  };
  // At EngineTarget::layer. Rows and targets as Scores takes them.
  Result<std::vector<LayerRow>> AtLayer(std::span<const RowView> rows,
                                        std::span<const std::int64_t> targets);

  // The most rows that may share a run: memory, layout, options; 1 if rows are not independent.
  int max_rows() const { return max_rows_; }
  void RunRowsOneByOne() { max_rows_ = 1; }
  // What was compared of a row alone and beside another; the first rows tell it of all. Kept for
  // those who run rows: what differed has made them call RunRowsOneByOne.
  struct Independence {
    std::atomic<bool> outputs = false, scores = false, gradients = false, layer = false;
  };
  Independence& independence() { return independence_; }
  // How many runs should be made at once: kernels of small layers leave cores idle. 1 where runs
  // must follow each other.
  int lanes() const { return lanes_; }

  RowCounts rows_run() const;  // So far; without those of what lies before the inputs.

  // Rows that the next run should have, as far as runs so far tell.
  int ScoreRows() const;
  int GradientRows() const;
  // Where the search for the best size of gradient runs begins.
  void StartGradientRows(int first);

  // After some seconds of running, moves to a session whose graph TensorFlow has optimised: that
  // takes most of a second once and saves some of every run after it. Never where the weights would
  // not fit twice, or where runs write the model's state. A failure leaves all as it was.
  void OptimizeIfLong();

 private:
  Engine(Program program, const Runtime& runtime, EngineOptions options)
      : program_(std::move(program)), runtime_(runtime), options_(std::move(options)) {}

  CleanUpOptions PassOptions() const;
  Status InferShapes();
  Status FitMemory();
  Status Start(const Model& model);
  Result<std::unique_ptr<Session>> NewSession(bool optimize) const;
  // One run of the model, when a lane is free for it. Its time counts for `sizer`, if there is one.
  Result<std::vector<Tensor>> Run(std::span<const Feed> feeds, std::span<const std::string> fetches,
                                  ChunkSizer* sizer, std::size_t rows);
  void Observe(ChunkSizer& sizer, int rows, double seconds);
  static Result<std::vector<Tensor>> Stack(const RowLayout& layout, std::span<const RowView> rows,
                                           std::span<const std::size_t> indices);
  // Fetches what hangs on the targets of rows: path_->scores, the layer's.
  Result<std::vector<Tensor>> RunScored(std::span<const RowView> rows,
                                        std::span<const std::int64_t> targets,
                                        std::span<const std::string> fetches, ChunkSizer& sizer);
  Result<std::vector<Tensor>> RunPath(std::span<const PathOwner> owners, PathPoints points,
                                      std::span<const std::string> fetches);
  // Feeds the ends of the paths; `ends` holds what is fed.
  Status FeedEnds(std::span<const PathOwner> owners, std::vector<Tensor>& ends,
                  std::vector<Feed>& feeds) const;
  Result<std::vector<Tensor>> RunRows(std::span<const RowView> rows,
                                      std::span<const std::size_t> inputs, std::vector<Feed> feeds,
                                      std::span<const std::string> fetches, ChunkSizer* sizer,
                                      std::size_t counted);
  Status CheckCancelled() const;

  Program program_;
  const Runtime& runtime_;
  EngineOptions options_;
  std::optional<PathGraph> path_;
  std::optional<CoalitionGraph> coalitions_;
  FoldedWeights folded_;
  std::string main_graph_, state_graph_;               // Serialized GraphDefs.
  std::vector<std::vector<std::string>> state_steps_;  // Targets that restore the state.
  std::vector<std::string> warnings_;
  std::int64_t row_bytes_ = 0;     // Estimate of what one more row in a run takes.
  std::int64_t weight_bytes_ = 0;  // Of the variables.
  std::atomic<int> max_rows_ = 1;
  int lanes_ = 1;
  std::counting_semaphore<> free_lanes_{0};
  Independence independence_;
  bool writes_state_ = false;  // Runs depend on those before them: one at a time, one session.
  mutable std::mutex mutex_;   // Of what follows.
  std::shared_ptr<Session> session_;
  bool tried_to_optimize_ = false;
  double run_seconds_ = 0;
  RowCounts rows_run_;
  ChunkSizer score_sizer_;
  ChunkSizer gradient_sizer_;
};

}  // namespace whylight
