#include "runtime/fake_runtime.h"

#include <utility>

namespace whylight {
namespace {

std::string FullName(std::string_view name) {
  std::string full(name);
  if (full.find(':') == std::string::npos) full += ":0";
  return full;
}

// The error that was ordered, once.
Status Take(Status& error) { return std::exchange(error, OkStatus()); }

}  // namespace

struct FakeRuntime::State {
  mutable std::mutex mutex;
  std::map<std::string, FakeAnswer, std::less<>> answers;
  std::map<std::string, Shape, std::less<>> shapes;
  std::map<std::string, std::string, std::less<>> kernels;
  std::string op_list;
  int runs_to_fail = 0;
  Status run_error, extend_error, session_error, shapes_error;
  std::vector<FakeRun> runs;
  std::vector<std::string> graph_defs;
  std::vector<SessionOptions> sessions;
  int open_sessions = 0;
};

class FakeRuntime::FakeSession : public Session {
 public:
  explicit FakeSession(std::shared_ptr<State> state) : state_(std::move(state)) {}
  ~FakeSession() override {
    const std::lock_guard lock(state_->mutex);
    --state_->open_sessions;
  }
  FakeSession(const FakeSession&) = delete;
  FakeSession& operator=(const FakeSession&) = delete;

  Status Extend(std::string_view graph_def) override {
    const std::lock_guard lock(state_->mutex);
    WHYLIGHT_RETURN_IF_ERROR(Take(state_->extend_error));
    state_->graph_defs.emplace_back(graph_def);
    return OkStatus();
  }

  Result<std::vector<Tensor>> Run(std::span<const Feed> feeds, std::span<const std::string> fetches,
                                  std::span<const std::string> targets) override {
    FakeRun run{.feeds = {}, .fetches = {}, .targets = {targets.begin(), targets.end()}};
    for (const Feed& feed : feeds) {
      if (feed.value == nullptr) return InvalidArgument("feed \"" + feed.name + "\": no value");
      if (!run.feeds.emplace(FullName(feed.name), *feed.value).second) {
        return InvalidArgument("feed \"" + feed.name + "\": fed twice");
      }
    }
    for (const std::string& name : fetches) run.fetches.push_back(FullName(name));

    std::vector<FakeAnswer> answers;
    {
      const std::lock_guard lock(state_->mutex);
      state_->runs.push_back(run);
      if (state_->runs_to_fail > 0) {
        --state_->runs_to_fail;
        return state_->run_error;
      }
      for (const std::string& name : run.fetches) {
        const auto it = state_->answers.find(name);
        if (run.feeds.contains(name)) {
          answers.emplace_back([&name](const FakeFeeds& fed) { return fed.at(name); });
        } else if (it != state_->answers.end()) {
          answers.push_back(it->second);
        } else {
          return NotFound("fetch: the fake runtime has no answer for \"" + name + '"');
        }
      }
    }
    std::vector<Tensor> results;
    for (const FakeAnswer& answer : answers) {
      WHYLIGHT_ASSIGN_OR_RETURN(Tensor value, answer(run.feeds));
      results.push_back(std::move(value));
    }
    return results;
  }

 private:
  std::shared_ptr<State> state_;
};

FakeRuntime::FakeRuntime()
    : info_{.name = "Fake", .version = "1.0", .library = "", .found_by = "a test"},
      state_(std::make_shared<State>()) {}

void FakeRuntime::Answer(std::string_view name, FakeAnswer answer) {
  const std::lock_guard lock(state_->mutex);
  state_->answers[FullName(name)] = std::move(answer);
}

void FakeRuntime::Answer(std::string_view name, Tensor value) {
  Answer(name, [value = std::move(value)](const FakeFeeds&) { return value; });
}

void FakeRuntime::SetShape(std::string_view name, Shape shape) {
  const std::lock_guard lock(state_->mutex);
  state_->shapes[FullName(name)] = std::move(shape);
}

void FakeRuntime::SetOpList(std::string op_list) {
  const std::lock_guard lock(state_->mutex);
  state_->op_list = std::move(op_list);
}

void FakeRuntime::SetKernels(std::string_view op, std::string kernel_list) {
  const std::lock_guard lock(state_->mutex);
  state_->kernels[std::string(op)] = std::move(kernel_list);
}

void FakeRuntime::FailRuns(int runs, Status error) {
  const std::lock_guard lock(state_->mutex);
  state_->runs_to_fail = runs;
  state_->run_error = std::move(error);
}

void FakeRuntime::FailExtend(Status error) {
  const std::lock_guard lock(state_->mutex);
  state_->extend_error = std::move(error);
}

void FakeRuntime::FailNewSession(Status error) {
  const std::lock_guard lock(state_->mutex);
  state_->session_error = std::move(error);
}

void FakeRuntime::FailInferShapes(Status error) {
  const std::lock_guard lock(state_->mutex);
  state_->shapes_error = std::move(error);
}

std::vector<FakeRun> FakeRuntime::runs() const {
  const std::lock_guard lock(state_->mutex);
  return state_->runs;
}

std::vector<std::string> FakeRuntime::graph_defs() const {
  const std::lock_guard lock(state_->mutex);
  return state_->graph_defs;
}

std::vector<SessionOptions> FakeRuntime::sessions() const {
  const std::lock_guard lock(state_->mutex);
  return state_->sessions;
}

int FakeRuntime::open_sessions() const {
  const std::lock_guard lock(state_->mutex);
  return state_->open_sessions;
}

Result<std::string> FakeRuntime::OpList() const {
  const std::lock_guard lock(state_->mutex);
  return state_->op_list;
}

Result<std::string> FakeRuntime::KernelsFor(std::string_view op) const {
  const std::lock_guard lock(state_->mutex);
  const auto it = state_->kernels.find(op);
  return it == state_->kernels.end() ? std::string() : it->second;
}

Result<std::vector<Shape>> FakeRuntime::InferShapes(std::string_view,
                                                    std::span<const std::string> outputs) const {
  const std::lock_guard lock(state_->mutex);
  WHYLIGHT_RETURN_IF_ERROR(Take(state_->shapes_error));
  std::vector<Shape> shapes;
  for (const std::string& name : outputs) {
    const auto it = state_->shapes.find(FullName(name));
    shapes.push_back(it == state_->shapes.end() ? Shape::UnknownRank() : it->second);
  }
  return shapes;
}

Result<std::unique_ptr<Session>> FakeRuntime::NewSession(const SessionOptions& options) const {
  const std::lock_guard lock(state_->mutex);
  WHYLIGHT_RETURN_IF_ERROR(Take(state_->session_error));
  state_->sessions.push_back(options);
  ++state_->open_sessions;
  return std::unique_ptr<Session>(std::make_unique<FakeSession>(state_));
}

}  // namespace whylight
