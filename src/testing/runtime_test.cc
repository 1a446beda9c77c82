#include "testing/runtime_test.h"

#include <utility>

#include "runtime/tensorflow/tensorflow.h"

namespace whylight {
namespace {

const Result<std::unique_ptr<Runtime>>& TheRuntime() {
  static const Result<std::unique_ptr<Runtime>> runtime = OpenTensorFlow({});
  return runtime;
}

}  // namespace

void RuntimeTest::SetUp() { ASSERT_TRUE(TheRuntime().ok()) << TheRuntime().status().message(); }

const Runtime& RuntimeTest::runtime() { return **TheRuntime(); }

Result<std::unique_ptr<Session>> RuntimeTest::NewSession(std::string_view graph_def) {
  WHYLIGHT_RETURN_IF_ERROR(TheRuntime().status());
  WHYLIGHT_ASSIGN_OR_RETURN(std::unique_ptr<Session> session, runtime().NewSession({.threads = 1}));
  WHYLIGHT_RETURN_IF_ERROR(session->Extend(graph_def));
  return session;
}

Result<std::vector<Tensor>> RuntimeTest::RunGraph(std::string_view graph_def,
                                                  std::span<const Feed> feeds,
                                                  std::span<const std::string> fetches) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, NewSession(graph_def));
  return session->Run(feeds, fetches, {});
}

}  // namespace whylight
