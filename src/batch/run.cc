#include "batch/run.h"

#include <chrono>
#include <variant>

#include "batch/windows.h"
#include "util/lanes.h"

namespace whylight {
namespace {

using Seconds = std::chrono::duration<double>;

struct Window {
  std::vector<Instance> instances;
  std::vector<Row> rows;  // Values of the good ones.
};

// A window's answers, one for each of its rows.
template <typename T>
struct Answers {
  std::vector<Result<T>> results;
  Seconds took{};
};

// `work` turns the good rows of a window into as many results, `lanes` windows at once; T is what
// a row's answer is.
template <typename T>
Result<BatchCounts> RunAll(InstanceReader& reader, int lanes,
                           const std::function<std::vector<Result<T>>(std::span<const Row>)>& work,
                           const std::function<Status(const Instance&, const Result<T>&)>& sink,
                           const ProgressFn& progress) {
  BatchCounts counts;
  WindowReader windows(reader);
  Status ended;  // Why no more windows are begun.
  const auto next = [&]() -> std::optional<Window> {
    if (!ended.ok()) return std::nullopt;
    Result<std::vector<Instance>> read = windows.Next();
    ended = read.status();
    if (!read.ok() || read->empty()) return std::nullopt;
    Window window{.instances = *std::move(read), .rows = {}};
    for (Instance& instance : window.instances) {
      if (instance.status.ok()) window.rows.push_back(std::move(instance.values));
    }
    return window;
  };
  const auto answer = [&](const Window& window) -> Result<Answers<T>> {
    const auto start = std::chrono::steady_clock::now();
    Answers<T> answers;
    if (!window.rows.empty()) answers.results = work(window.rows);
    answers.took = std::chrono::steady_clock::now() - start;
    return answers;
  };
  const auto give = [&](const Window& window, const Answers<T>& answers) -> Status {
    const auto start = std::chrono::steady_clock::now();
    std::size_t good = 0;
    for (const Instance& instance : window.instances) {
      const Result<T> unread(instance.status.ok() ? Internal("no result") : instance.status);
      const Result<T>& result = instance.status.ok() ? answers.results[good++] : unread;
      if (!result.ok() && result.status().code() == StatusCode::kCancelled) return result.status();
      WHYLIGHT_RETURN_IF_ERROR(sink(instance, result));
      ++(result.ok() ? counts.done : counts.failed);
    }
    windows.Took((answers.took + Seconds(std::chrono::steady_clock::now() - start)).count());
    if (progress) progress(counts);
    return OkStatus();
  };
  Status given;
  WHYLIGHT_RETURN_IF_ERROR((RunInLanes<Window, Answers<T>>(
      lanes, next, answer, [&](const Window& window, const Answers<T>& answers) {
        if (given.ok()) given = give(window, answers);
        if (!given.ok()) ended = given;
      })));
  WHYLIGHT_RETURN_IF_ERROR(given);
  WHYLIGHT_RETURN_IF_ERROR(ended);
  return counts;
}

}  // namespace

Result<BatchCounts> ExplainAll(InstanceReader& reader, Explainer& explainer,
                               const ExplanationSink& sink, const ProgressFn& progress) {
  // Who waits for a writer has nothing to overlap: answers go out as rows come in.
  const int lanes = reader.may_wait() ? 1 : explainer.concurrency();
  return RunAll<Explanation>(
      reader, lanes, [&](std::span<const Row> rows) { return explainer.Explain(rows); }, sink,
      progress);
}

Result<BatchCounts> CompareAll(InstanceReader& reader, Comparison& comparison,
                               const FailureSink& failed, const ProgressFn& progress) {
  return RunAll<std::monostate>(
      reader, 1,
      [&](std::span<const Row> rows) {
        std::vector<Result<std::monostate>> results;
        for (const Status& status : comparison.Add(rows)) {
          results.push_back(status.ok() ? Result<std::monostate>(std::monostate()) : status);
        }
        return results;
      },
      [&](const Instance& instance, const Result<std::monostate>& result) {
        return result.ok() ? OkStatus() : failed(instance, result.status());
      },
      progress);
}

Result<BatchCounts> PredictAll(InstanceReader& reader, Predictor& predictor,
                               const PredictionSink& sink, const ProgressFn& progress) {
  return RunAll<std::vector<NamedValue>>(
      reader, 1, [&](std::span<const Row> rows) { return predictor.Predict(rows); }, sink,
      progress);
}

}  // namespace whylight
