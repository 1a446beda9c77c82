#include "runtime/fake_runtime.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>

namespace whylight {
namespace {

Result<Tensor> Doubled(const FakeFeeds& feeds) {
  const auto it = feeds.find("x:0");
  if (it == feeds.end()) return InvalidArgument("x is not fed");
  return Tensor::Scalar(2 * it->second.data<float>()[0]);
}

class FakeRuntimeTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<std::unique_ptr<Session>> made = runtime_.NewSession({.threads = 3});
    ASSERT_TRUE(made.ok());
    session_ = *std::move(made);
    runtime_.Answer("y", Doubled);
  }

  FakeRuntime runtime_;
  std::unique_ptr<Session> session_;
  const Tensor x_ = Tensor::Scalar(21.0f);
  const std::vector<Feed> feeds_ = {{.name = "x", .value = &x_}};
  const std::vector<std::string> fetch_ = {"y:0"};
};

TEST_F(FakeRuntimeTest, AnswersFromTheFeedsAndRecordsTheRun) {
  const std::vector<std::string> fetches = {"y", "c", "x:0"}, targets = {"init"};
  runtime_.Answer("c:0", Tensor::Scalar(7));
  const Result<std::vector<Tensor>> results = session_->Run(feeds_, fetches, targets);
  ASSERT_TRUE(results.ok()) << results.status().message();
  EXPECT_EQ(*results, (std::vector<Tensor>{Tensor::Scalar(42.0f), Tensor::Scalar(7), x_}));
  const std::vector<FakeRun> runs = runtime_.runs();
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].feeds, (FakeFeeds{{"x:0", x_}}));
  EXPECT_EQ(runs[0].fetches, (std::vector<std::string>{"y:0", "c:0", "x:0"}));
  EXPECT_EQ(runs[0].targets, targets);
}

TEST_F(FakeRuntimeTest, FailsAsManyRunsAsOrdered) {
  runtime_.FailRuns(2, ResourceExhausted("no memory"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(session_->Run(feeds_, fetch_, {}).status(), ResourceExhausted("no memory"));
  }
  EXPECT_TRUE(session_->Run(feeds_, fetch_, {}).ok());
  EXPECT_EQ(runtime_.runs().size(), 3u);
}

TEST_F(FakeRuntimeTest, RefusesWhatItHasNoAnswerFor) {
  const std::vector<std::string> unknown = {"z"};
  EXPECT_EQ(session_->Run(feeds_, unknown, {}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(session_->Run({}, fetch_, {}).status(), InvalidArgument("x is not fed"));
  const std::vector<Feed> twice = {feeds_[0], {.name = "x:0", .value = &x_}};
  EXPECT_EQ(session_->Run(twice, fetch_, {}).status().code(), StatusCode::kInvalidArgument);
  const std::vector<Feed> none = {{.name = "x"}};
  EXPECT_EQ(session_->Run(none, fetch_, {}).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(FakeRuntimeTest, FailsOnceWhereOrdered) {
  runtime_.FailExtend(InvalidArgument("extend"));
  EXPECT_EQ(session_->Extend("a"), InvalidArgument("extend"));
  EXPECT_TRUE(session_->Extend("b").ok());
  EXPECT_EQ(runtime_.graph_defs(), std::vector<std::string>{"b"});

  runtime_.FailNewSession(Unavailable("session"));
  EXPECT_EQ(runtime_.NewSession({}).status(), Unavailable("session"));
  EXPECT_TRUE(runtime_.NewSession({}).ok());

  runtime_.FailInferShapes(InvalidArgument("shapes"));
  EXPECT_EQ(runtime_.InferShapes("", fetch_).status(), InvalidArgument("shapes"));
  runtime_.SetShape("y", Shape{-1, 3});
  const std::vector<std::string> both = {"y:0", "z:0"};
  const Result<std::vector<Shape>> shapes = runtime_.InferShapes("", both);
  ASSERT_TRUE(shapes.ok());
  EXPECT_EQ(*shapes, (std::vector<Shape>{Shape{-1, 3}, Shape::UnknownRank()}));
}

TEST_F(FakeRuntimeTest, CountsSessionsAndTheyMayOutliveIt) {
  std::unique_ptr<Session> last;
  {
    FakeRuntime runtime;
    runtime.Answer("c", Tensor::Scalar(1));
    Result<std::unique_ptr<Session>> a = runtime.NewSession({.threads = 2});
    ASSERT_TRUE(a.ok());
    EXPECT_EQ(runtime.open_sessions(), 1);
    EXPECT_EQ(runtime.sessions().at(0).threads, 2);
    last = *std::move(a);
    {
      const Result<std::unique_ptr<Session>> b = runtime.NewSession({});
    }
    EXPECT_EQ(runtime.open_sessions(), 1);
  }
  const std::vector<std::string> fetch = {"c"};
  EXPECT_TRUE(last->Run({}, fetch, {}).ok());
}

TEST_F(FakeRuntimeTest, RunsFromManyThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int run = 0; run < 100; ++run) EXPECT_TRUE(session_->Run(feeds_, fetch_, {}).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(runtime_.runs().size(), 400u);
}

TEST_F(FakeRuntimeTest, GivesOpsAndKernelsAsSet) {
  runtime_.SetOpList("ops");
  runtime_.SetKernels("Add", "kernels");
  EXPECT_EQ(*runtime_.OpList(), "ops");
  EXPECT_EQ(*runtime_.KernelsFor("Add"), "kernels");
  EXPECT_EQ(*runtime_.KernelsFor("Sub"), "");
}

}  // namespace
}  // namespace whylight
