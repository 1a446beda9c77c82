// For tests: a runtime that passes everything on to another one and keeps what was run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "whylight/runtime.h"

namespace whylight {

struct CountedRun {
  enum class Kind { kOutputs, kScores, kGradients };
  Kind kind = Kind::kOutputs;
  std::int64_t rows = 0;  // Of the model, padding included; 1 where nothing has a row axis.
};

// Threads: sessions run from many; what was counted is read when nobody runs.
class CountingRuntime : public Runtime {
 public:
  explicit CountingRuntime(const Runtime& inner) : inner_(inner) {}

  // Runs that fed something: those that restore state or evaluate constants are left out.
  const std::vector<CountedRun>& runs() const { return counted_->runs; }
  std::size_t strings_fed() const { return counted_->strings; }
  void Reset() {
    counted_->runs.clear();
    counted_->strings = 0;
  }
  std::int64_t Rows(CountedRun::Kind kind) const {
    std::int64_t rows = 0;
    for (const CountedRun& run : counted_->runs) rows += run.kind == kind ? run.rows : 0;
    return rows;
  }
  std::int64_t MostRows() const {
    std::int64_t most = 0;
    for (const CountedRun& run : counted_->runs) most = std::max(most, run.rows);
    return most;
  }

  const RuntimeInfo& info() const override { return inner_.info(); }
  std::vector<std::string> Devices() const override { return inner_.Devices(); }
  Result<std::string> OpList() const override { return inner_.OpList(); }
  Result<std::vector<Shape>> InferShapes(std::string_view graph_def,
                                         std::span<const std::string> outputs) const override {
    return inner_.InferShapes(graph_def, outputs);
  }
  Result<std::unique_ptr<Session>> NewSession(const SessionOptions& options) const override {
    WHYLIGHT_ASSIGN_OR_RETURN(std::unique_ptr<Session> session, inner_.NewSession(options));
    return std::unique_ptr<Session>(new CountingSession(std::move(session), counted_));
  }

 private:
  struct Counted {
    std::mutex mutex;
    std::vector<CountedRun> runs;
    std::size_t strings = 0;
  };

  class CountingSession : public Session {
   public:
    CountingSession(std::unique_ptr<Session> inner, std::shared_ptr<Counted> counted)
        : inner_(std::move(inner)), counted_(std::move(counted)) {}
    Status Extend(std::string_view graph_def) override { return inner_->Extend(graph_def); }
    Result<std::vector<Tensor>> Run(std::span<const Feed> feeds,
                                    std::span<const std::string> fetches,
                                    std::span<const std::string> targets) override {
      if (!feeds.empty()) {
        const std::scoped_lock lock(counted_->mutex);
        counted_->runs.push_back(Describe(feeds));
        for (const Feed& feed : feeds) {
          if (feed.value->is_string()) counted_->strings += feed.value->elements();
        }
      }
      return inner_->Run(feeds, fetches, targets);
    }

   private:
    static CountedRun Describe(std::span<const Feed> feeds) {
      const Shape& first = feeds[0].value->shape();
      CountedRun run{.rows = first.rank() == 0 ? 1 : first.dim(0)};
      for (const Feed& feed : feeds) {
        if (!feed.name.starts_with("whylight/path/")) continue;
        // The targets, one int64 a row, are fed with scores; the owners only with gradients.
        if (feed.value->dtype() == DType::kInt64 && feed.value->shape().rank() == 1) {
          run.rows = feed.value->shape().dim(0);
          if (run.kind == CountedRun::Kind::kOutputs) run.kind = CountedRun::Kind::kScores;
        }
        if (feed.value->dtype() == DType::kInt32 && feed.value->shape().rank() == 0) {
          run.kind = CountedRun::Kind::kGradients;
        }
      }
      return run;
    }

    std::unique_ptr<Session> inner_;
    std::shared_ptr<Counted> counted_;
  };

  const Runtime& inner_;
  std::shared_ptr<Counted> counted_ = std::make_shared<Counted>();
};

}  // namespace whylight
