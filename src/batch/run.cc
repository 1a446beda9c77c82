#include "batch/run.h"

#include <chrono>
#include <variant>

#include "batch/windows.h"

namespace whylight {
namespace {

// `work` turns the good rows of a window into as many results; T is what a row's answer is.
template <typename T>
Result<BatchCounts> RunAll(InstanceReader& reader,
                           const std::function<std::vector<Result<T>>(std::span<const Row>)>& work,
                           const std::function<Status(const Instance&, const Result<T>&)>& sink,
                           const ProgressFn& progress) {
  BatchCounts counts;
  WindowReader windows(reader);
  while (true) {
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Instance> window, windows.Next());
    if (window.empty()) return counts;
    const auto start = std::chrono::steady_clock::now();
    std::vector<Row> rows;
    for (Instance& instance : window) {
      if (instance.status.ok()) rows.push_back(std::move(instance.values));
    }
    std::vector<Result<T>> results;
    if (!rows.empty()) results = work(rows);
    std::size_t next = 0;
    for (const Instance& instance : window) {
      const Result<T> unread(instance.status.ok() ? Internal("no result") : instance.status);
      const Result<T>& result = instance.status.ok() ? results[next++] : unread;
      if (!result.ok() && result.status().code() == StatusCode::kCancelled) return result.status();
      WHYLIGHT_RETURN_IF_ERROR(sink(instance, result));
      ++(result.ok() ? counts.done : counts.failed);
    }
    windows.Took(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    if (progress) progress(counts);
  }
}

}  // namespace

Result<BatchCounts> ExplainAll(InstanceReader& reader, Explainer& explainer,
                               const ExplanationSink& sink, const ProgressFn& progress) {
  return RunAll<Explanation>(
      reader, [&](std::span<const Row> rows) { return explainer.Explain(rows); }, sink, progress);
}

Result<BatchCounts> CompareAll(InstanceReader& reader, Comparison& comparison,
                               const FailureSink& failed, const ProgressFn& progress) {
  return RunAll<std::monostate>(
      reader,
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
      reader, [&](std::span<const Row> rows) { return predictor.Predict(rows); }, sink, progress);
}

}  // namespace whylight
