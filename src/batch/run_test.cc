#include "batch/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <latch>
#include <mutex>

#include "batch/test_reader.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::Pair;

// Doubles its one number; refuses negative ones; says kCancelled for 1000.
Result<double> Doubled(const Row& row) {
  const double x = row[0].Number(0);
  if (x == 1000) return Status(StatusCode::kCancelled, "stopped");
  if (x < 0) return InvalidArgument("negative");
  return 2 * x;
}

class FakeExplainer : public Explainer {
 public:
  const ExplainPlan& plan() const override { return plan_; }
  std::vector<Warning> warnings() const override { return {}; }
  int concurrency() const override { return concurrent; }
  const std::vector<RequestField>& request_fields() const override { return fields_; }
  void NameFeatures(const std::vector<std::string>&) override {}
  std::vector<Result<Explanation>> Explain(std::span<const Row> requests) override {
    {
      const std::scoped_lock lock(mutex_);
      calls.push_back(requests.size());
    }
    if (wait) wait(requests);
    std::vector<Result<Explanation>> results;
    for (const Row& row : requests) {
      const Result<double> value = Doubled(row);
      if (value.ok()) {
        results.emplace_back(Explanation{.prediction = {{"y", Tensor::Scalar(*value)}}});
      } else {
        results.emplace_back(value.status());
      }
    }
    return results;
  }

  std::vector<std::size_t> calls;  // Rows of each.
  int concurrent = 1;
  std::function<void(std::span<const Row>)> wait;  // Before answers are given.

 private:
  std::mutex mutex_;
  ExplainPlan plan_;
  std::vector<RequestField> fields_;
};

class FakePredictor : public Predictor {
 public:
  const std::string& signature() const override { return signature_; }
  bool has_rows() const override { return true; }
  const std::vector<RequestField>& request_fields() const override { return fields_; }
  std::vector<Result<std::vector<NamedValue>>> Predict(std::span<const Row> requests) override {
    std::vector<Result<std::vector<NamedValue>>> results;
    for (Result<Explanation>& explanation : explainer_.Explain(requests)) {
      if (explanation.ok()) {
        results.emplace_back(std::move(explanation->prediction));
      } else {
        results.emplace_back(explanation.status());
      }
    }
    return results;
  }

 private:
  std::string signature_;
  std::vector<RequestField> fields_;
  FakeExplainer explainer_;
};

class RunTest : public testing::Test {
 protected:
  // Runs the explainer over the reader; what the sink got is in `seen`: place -> answer or reason.
  Result<BatchCounts> Explain() {
    const ExplanationSink sink = [this](const Instance& instance,
                                        const Result<Explanation>& result) -> Status {
      if (seen_.size() == sink_fails_at_) return ResourceExhausted("out.jsonl: no space left");
      Note(instance, result.status(), result.ok() ? &result->prediction : nullptr);
      return OkStatus();
    };
    return ExplainAll(reader_, explainer_, sink,
                      [this](const BatchCounts& c) { progress_.emplace_back(c.done, c.failed); });
  }

  void Note(const Instance& instance, const Status& status,
            const std::vector<NamedValue>* prediction) {
    seen_.emplace_back(instance.place,
                       prediction == nullptr
                           ? status.message()
                           : std::to_string(static_cast<int>(prediction->at(0).value.Number(0))));
  }

  TestReader reader_;
  FakeExplainer explainer_;
  std::vector<std::pair<std::string, std::string>> seen_;
  std::vector<std::pair<std::size_t, std::size_t>> progress_;  // Done, failed.
  std::size_t sink_fails_at_ = SIZE_MAX;
};

TEST_F(RunTest, RowsThatFailKeepTheirPlaceAmongTheOthers) {
  reader_.Add(Tensor::Scalar(1.0));
  reader_.AddBad(InvalidArgument("line 2: expected a number"));
  reader_.Add(Tensor::Scalar(-1.0));
  reader_.Add(Tensor::Scalar(4.0));
  const Result<BatchCounts> counts = Explain();
  ASSERT_TRUE(counts.ok()) << counts.status().message();
  EXPECT_EQ(counts->done, 2u);
  EXPECT_EQ(counts->failed, 2u);
  EXPECT_THAT(seen_, ElementsAre(Pair("line 1", "2"), Pair("line 2", "line 2: expected a number"),
                                 Pair("line 3", "negative"), Pair("line 4", "8")));
  EXPECT_THAT(explainer_.calls, ElementsAre(3)) << "the unreadable row is none of the model's";
}

TEST_F(RunTest, PredictsInTheSameWay) {
  reader_.Add(Tensor::Scalar(-1.0));
  reader_.Add(Tensor::Scalar(3.0));
  FakePredictor predictor;
  const PredictionSink sink = [this](const Instance& instance,
                                     const Result<std::vector<NamedValue>>& result) {
    Note(instance, result.status(), result.ok() ? &*result : nullptr);
    return OkStatus();
  };
  const Result<BatchCounts> counts = PredictAll(reader_, predictor, sink, nullptr);
  ASSERT_TRUE(counts.ok()) << counts.status().message();
  EXPECT_EQ(counts->done, 1u);
  EXPECT_EQ(counts->failed, 1u);
  EXPECT_THAT(seen_, ElementsAre(Pair("line 1", "negative"), Pair("line 2", "6")));
}

TEST_F(RunTest, AWindowOfBadRowsNeedsNoModel) {
  for (int i = 0; i < 3; ++i) reader_.AddBad(InvalidArgument("bad"));
  const Result<BatchCounts> counts = Explain();
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->failed, 3u);
  EXPECT_TRUE(explainer_.calls.empty());
}

TEST_F(RunTest, NothingIsDoneWithNothing) {
  const Result<BatchCounts> counts = Explain();
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->done + counts->failed, 0u);
  EXPECT_TRUE(progress_.empty());
}

TEST_F(RunTest, TellsProgressAfterEveryWindow) {
  for (int i = 0; i < 15; ++i) reader_.Add(Tensor::Scalar(1.0));
  reader_.AddBad(InvalidArgument("bad"));
  for (int i = 0; i < 10; ++i) reader_.Add(Tensor::Scalar(1.0));
  ASSERT_TRUE(Explain().ok());
  EXPECT_THAT(explainer_.calls, ElementsAre(15, 10));
  EXPECT_THAT(progress_, ElementsAre(Pair(15, 1), Pair(25, 1)));
}

TEST_F(RunTest, AFullDiskEndsTheRunAtThatRow) {
  for (int i = 0; i < 40; ++i) reader_.Add(Tensor::Scalar(1.0));
  sink_fails_at_ = 2;
  EXPECT_EQ(Explain().status(), ResourceExhausted("out.jsonl: no space left"));
  EXPECT_EQ(seen_.size(), 2u);
  EXPECT_EQ(explainer_.calls.size(), 1u) << "no second window for an output that cannot be written";
}

TEST_F(RunTest, ASinkThatFailsOnAFailedRowEndsTheRunToo) {
  reader_.AddBad(InvalidArgument("bad"));
  sink_fails_at_ = 0;
  EXPECT_EQ(Explain().status(), ResourceExhausted("out.jsonl: no space left"));
}

TEST_F(RunTest, CancellingEndsTheRunAndFailsNoRow) {
  for (const double x : {1.0, 1000.0, 3.0}) reader_.Add(Tensor::Scalar(x));
  EXPECT_EQ(Explain().status().code(), StatusCode::kCancelled);
  EXPECT_THAT(seen_, ElementsAre(Pair("line 1", "2"))) << "what was answered before it is kept";
}

TEST_F(RunTest, AnErrorOfTheFileEndsTheRunAfterTheWindowsBefore) {
  for (int i = 0; i < 16; ++i) reader_.Add(Tensor::Scalar(1.0));
  reader_.EndWith(DataLoss("a.jsonl: cannot be read"));
  EXPECT_EQ(Explain().status(), DataLoss("a.jsonl: cannot be read"));
  EXPECT_EQ(seen_.size(), 16u);
}

// The first window waits for the second: without two at once this would never end.
TEST_F(RunTest, ExplainsWindowsAtOnceAndKeepsTheirOrder) {
  for (int i = 0; i < 300; ++i) reader_.Add(Tensor::Scalar(1.0 * i));
  explainer_.concurrent = 2;
  std::latch second(1);
  explainer_.wait = [&](std::span<const Row> rows) {
    const double first = rows[0][0].Number(0);
    if (first == 0) second.wait();
    if (first == 16) second.count_down();
  };
  const Result<BatchCounts> counts = Explain();
  ASSERT_TRUE(counts.ok()) << counts.status().message();
  EXPECT_EQ(counts->done, 300u);
  ASSERT_EQ(seen_.size(), 300u);
  for (std::size_t i = 0; i < seen_.size(); ++i) EXPECT_EQ(seen_[i].second, std::to_string(2 * i));
}

TEST_F(RunTest, WhoWaitsForTheWriterIsAnsweredWindowByWindow) {
  for (int i = 0; i < 40; ++i) reader_.Add(Tensor::Scalar(1.0));
  reader_.MayWait();
  explainer_.concurrent = 2;
  std::vector<std::size_t> answered;  // Before each window.
  explainer_.wait = [&](std::span<const Row>) { answered.push_back(seen_.size()); };
  ASSERT_TRUE(Explain().ok());
  EXPECT_THAT(answered, ElementsAre(0, 16));
}

TEST_F(RunTest, AFullDiskEndsWindowsAtOnceToo) {
  for (int i = 0; i < 40000; ++i) reader_.Add(Tensor::Scalar(1.0));
  explainer_.concurrent = 2;
  sink_fails_at_ = 2;
  EXPECT_EQ(Explain().status(), ResourceExhausted("out.jsonl: no space left"));
  EXPECT_EQ(seen_.size(), 2u);
  EXPECT_LE(explainer_.calls.size(), 6u);
}

}  // namespace
}  // namespace whylight
