#include "io/remote/call.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "io/files.h"

namespace whylight {
namespace {

constexpr std::chrono::milliseconds kPatience{50};  // Between looks at whether to stop.

std::atomic<int> left_alone = 0;

struct Running {
  std::mutex mutex;
  std::condition_variable ended;
  std::optional<Status> status;
  bool is_left_alone = false;
};

void Run(Running& running, std::function<Status()> call) {
  Status status = call();
  call = nullptr;  // What it owns ends before the call does.
  const std::lock_guard lock(running.mutex);
  running.status = std::move(status);
  if (running.is_left_alone) --left_alone;
  running.ended.notify_all();
}

}  // namespace

Status RunWatched(double seconds, std::function<Status()> call) {
  const auto running = std::make_shared<Running>();
  std::thread thread(
      [running, call = std::move(call)]() mutable { Run(*running, std::move(call)); });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::unique_lock lock(running->mutex);
  Status why;
  while (!running->status && why.ok()) {
    running->ended.wait_for(lock, kPatience);
    if (ReadsCancelled()) why = Status(StatusCode::kCancelled, "stopped on request");
    if (std::chrono::steady_clock::now() > deadline) {
      why = Status(StatusCode::kDeadlineExceeded, "no answer");
    }
  }
  if (running->status) {
    lock.unlock();
    thread.join();
    return *running->status;
  }
  running->is_left_alone = true;
  ++left_alone;
  lock.unlock();
  thread.detach();
  return why;
}

bool IsCallRunning() { return left_alone > 0; }

}  // namespace whylight
