// A runtime for the tests above the runtime: it answers from functions and keeps what it was asked.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "whylight/runtime.h"

namespace whylight {

// Example:
//   FakeRuntime runtime;
//   runtime.Answer("y:0", [](const FakeFeeds& feeds) -> Result<Tensor> {
//     return Tensor::Scalar(2 * feeds.at("x:0").data<float>()[0]);
//   });
//
// Names are as in a graph: "y" and "y:0" are one tensor, in answers, feeds and fetches alike, and
// the form with the number is what is recorded. A fetch of a fed tensor is the fed value. All
// sessions of a runtime share its answers, and may outlive it.
// Threads: all members from many threads; an answer may be called from several at once.

using FakeFeeds = std::map<std::string, Tensor, std::less<>>;
using FakeAnswer = std::function<Result<Tensor>(const FakeFeeds&)>;

struct FakeRun {
  FakeFeeds feeds;
  std::vector<std::string> fetches;
  std::vector<std::string> targets;
};

class FakeRuntime : public Runtime {
 public:
  FakeRuntime();

  void Answer(std::string_view name, FakeAnswer answer);
  void Answer(std::string_view name, Tensor value);   // The same for all feeds.
  void SetShape(std::string_view name, Shape shape);  // For InferShapes; else an unknown rank.
  void SetOpList(std::string op_list);
  void SetKernels(std::string_view op, std::string kernel_list);

  // Each of the next `runs` calls of Session::Run gives this error; also each is recorded.
  void FailRuns(int runs, Status error);
  void FailExtend(Status error);       // The next Extend.
  void FailNewSession(Status error);   // The next NewSession.
  void FailInferShapes(Status error);  // The next InferShapes.

  std::vector<FakeRun> runs() const;             // All sessions' runs, in order.
  std::vector<std::string> graph_defs() const;   // All sessions' successful Extends.
  std::vector<SessionOptions> sessions() const;  // The options of each session made.
  int open_sessions() const;

  const RuntimeInfo& info() const override { return info_; }
  std::vector<std::string> Devices() const override { return {"/device:CPU:0"}; }
  Result<std::string> OpList() const override;
  Result<std::string> KernelsFor(std::string_view op) const override;
  Result<std::vector<Shape>> InferShapes(std::string_view graph_def,
                                         std::span<const std::string> outputs) const override;
  // A session's Run: kNotFound for a fetch without an answer.
  Result<std::unique_ptr<Session>> NewSession(const SessionOptions& options) const override;

 private:
  class FakeSession;
  struct State;

  RuntimeInfo info_;
  std::shared_ptr<State> state_;
};

}  // namespace whylight
