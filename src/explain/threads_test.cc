// What the headers allow from many threads, used from many threads: for ThreadSanitizer, which
// says nothing of TensorFlow (it is not instrumented), so the runtime is the fake one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <functional>
#include <thread>

#include "explain/path_graph.h"
#include "graph/op_list.h"
#include "model/check.h"
#include "model/program.h"
#include "model/restore.h"
#include "model/test_model.h"
#include "runtime/fake_runtime.h"
#include "tensor/rows.h"
#include "whylight/explainer.h"

namespace whylight {
namespace {

constexpr int kThreads = 4;

// Calls `work` in as many threads at the same moment, with their number.
void InThreads(const std::function<void(int)>& work) {
  std::barrier start(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      work(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

class ThreadsTest : public testing::Test {
 protected:
  void SetUp() override {
    runtime_.SetOpList(std::string(kOpListBytes, kOpListSize));
    runtime_.Answer("y", Tripled);
  }

  // y = 3 x, of whatever rows are fed.
  static Result<Tensor> Tripled(const FakeFeeds& feeds) {
    const auto x = feeds.find("x:0");
    if (x == feeds.end()) return InvalidArgument("x is not fed");
    Tensor y = x->second;
    for (float& value : y.data<float>()) value *= 3;
    return y;
  }

  TemporaryFolder folder_;
  FakeRuntime runtime_;
  const TestModelSpec spec_ = {.graph = R"(
    x = Placeholder[dtype=float32, shape=[?]]()
    three = Const[dtype=float32, value=3]()
    y = Mul[T=float32](x, three) -> [?]
  )"};
};

TEST_F(ThreadsTest, OneSessionRunsFromAllOfThem) {
  Result<std::unique_ptr<Session>> session = runtime_.NewSession({});
  ASSERT_TRUE(session.ok());
  const std::vector<std::string> fetches = {"y", "x"};
  InThreads([&](int thread) {
    const Tensor x = Tensor::Scalar(static_cast<float>(thread));
    const std::vector<Feed> feeds = {{.name = "x", .value = &x}};
    for (int run = 0; run < 50; ++run) {
      const Result<std::vector<Tensor>> results = (*session)->Run(feeds, fetches, {});
      ASSERT_TRUE(results.ok()) << results.status().message();
      EXPECT_EQ((*results)[0], Tensor::Scalar(3 * static_cast<float>(thread)));
      EXPECT_EQ((*results)[1], x) << "each gets its own answer";
    }
  });
  EXPECT_EQ(runtime_.runs().size(), 50u * kThreads);
}

TEST_F(ThreadsTest, SessionsComeAndGoWhileOthersRun) {
  InThreads([&](int thread) {
    const Tensor x = Tensor::Scalar(static_cast<float>(thread));
    const std::vector<Feed> feeds = {{.name = "x", .value = &x}};
    const std::vector<std::string> fetches = {"y"};
    for (int round = 0; round < 20; ++round) {
      const Result<std::unique_ptr<Session>> session = runtime_.NewSession({.threads = thread});
      ASSERT_TRUE(session.ok());
      ASSERT_EQ((*session)->Extend("graph"), OkStatus());
      EXPECT_TRUE((*session)->Run(feeds, fetches, {}).ok());
    }
  });
  EXPECT_EQ(runtime_.open_sessions(), 0);
  EXPECT_EQ(runtime_.graph_defs().size(), 20u * kThreads);
}

// A server builds programs and reports of one loaded model for several requests.
TEST_F(ThreadsTest, OneModelIsReadByAllOfThem) {
  for (const char* name : {"tf2_linear_with_bias", "tf1_table_asset"}) {
    const std::unique_ptr<Model> model = OpenModelOfTree(name);
    ASSERT_NE(model, nullptr);
    const CheckReport expected = CheckModel(*model);
    InThreads([&](int) {
      const Result<Program> program =
          BuildProgram(*model, {.signature = &model->meta().signatures.at("serving_default")});
      ASSERT_TRUE(program.ok()) << program.status().message();
      const Result<RestorePlan> plan = PlanRestore(*model, program->graph, "own/state");
      ASSERT_TRUE(plan.ok()) << plan.status().message();
      EXPECT_TRUE(plan->problems.empty());
      for (const auto& [variable, source] : model->variables()) {
        EXPECT_TRUE(model->checkpoint()->Read(source.key).ok()) << variable;
      }
      const CheckReport report = CheckModel(*model);
      EXPECT_EQ(report.signature, expected.signature);
      EXPECT_EQ(report.methods, expected.methods);
    });
  }
}

// A model whose one score is 3 x.
class ThreadsTestOfExplainers : public ThreadsTest {
 protected:
  void SetUp() override {
    ThreadsTest::SetUp();
    model_ = OpenTestModel(folder_, spec_);
    ASSERT_NE(model_, nullptr);
    Result<Program> program =
        BuildProgram(*model_, {.signature = &model_->meta().signatures.begin()->second});
    ASSERT_TRUE(program.ok()) << program.status().message();
    const Result<PathGraph> path =
        AddPathGraph(*program, {.output = program->outputs[0].tensor, .gradients = {}});
    ASSERT_TRUE(path.ok()) << path.status().message();
    // A row has one element, so its score is that, whatever the target.
    runtime_.Answer(path->scores, [this](const FakeFeeds& feeds) -> Result<Tensor> {
      const int now = ++running_;
      int most = most_running_;
      while (now > most && !most_running_.compare_exchange_weak(most, now)) {
      }
      std::this_thread::sleep_for(std::chrono::microseconds(100));
      WHYLIGHT_ASSIGN_OR_RETURN(const Tensor y, Tripled(feeds));
      --running_;
      return CastTensor(y, DType::kFloat64);
    });
  }

  Result<std::unique_ptr<Explainer>> OpenExplainer(int threads) {
    return Explainer::Open(*model_, runtime_,
                           {.method = "sampled-shapley",
                            .paths = 2,
                            .session = {.threads = threads},
                            .gather = false});
  }

  static void ExpectExplained(Explainer& explainer, float value) {
    const Row row = {Tensor::Scalar(value)};
    const std::vector<Result<Explanation>> explanations = explainer.Explain({&row, 1});
    ASSERT_TRUE(explanations[0].ok()) << explanations[0].status().message();
    const FeatureAttribution& x = explanations[0]->attributions.at(0).features.at(0);
    EXPECT_EQ(x.values.Number(0), 3 * value);
  }

  std::unique_ptr<Model> model_;
  std::atomic<int> running_ = 0, most_running_ = 0;  // Scores.
};

// The graphs of explainers are their own; the model, the runtime and the tables of ops are shared.
TEST_F(ThreadsTestOfExplainers, EachHasAnExplainerOfOneModel) {
  InThreads([&](int thread) {
    Result<std::unique_ptr<Predictor>> predictor =
        Predictor::Open(*model_, runtime_, {.session = {.threads = 1}});
    ASSERT_TRUE(predictor.ok()) << predictor.status().message();
    Result<std::unique_ptr<Explainer>> explainer = OpenExplainer(1);
    ASSERT_TRUE(explainer.ok()) << explainer.status().message();
    const auto value = static_cast<float>(thread + 1);
    const Row row = {Tensor::Scalar(value)};
    for (int run = 0; run < 5; ++run) {
      const auto predictions = (*predictor)->Predict({&row, 1});
      ASSERT_TRUE(predictions[0].ok()) << predictions[0].status().message();
      EXPECT_EQ((*predictions[0])[0].value, Tensor::Scalar(3 * value));
      ExpectExplained(**explainer, value);
    }
  });
}

// Windows of a file are explained at once by one explainer, which makes no more runs at once than
// it was given threads.
TEST_F(ThreadsTestOfExplainers, OneExplainerServesAllOfThem) {
  Result<std::unique_ptr<Explainer>> explainer = OpenExplainer(2);
  ASSERT_TRUE(explainer.ok()) << explainer.status().message();
  EXPECT_EQ((*explainer)->concurrency(), 2);
  InThreads([&](int thread) {
    for (int run = 0; run < 20; ++run) {
      ExpectExplained(**explainer, static_cast<float>(kThreads * run + thread + 1));
      EXPECT_EQ((*explainer)->warnings().size(), (*explainer)->plan().warnings.size());
    }
  });
  EXPECT_EQ(most_running_, 2);
}

}  // namespace
}  // namespace whylight
