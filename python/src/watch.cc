#include "python/src/watch.h"

#include <chrono>
#include <future>
#include <optional>

namespace nb = nanobind;

namespace whylight::python {
namespace {

constexpr auto kLook = std::chrono::milliseconds(50);

class Watcher {
 public:
  Watcher(Watch& watch, nb::handle progress) : watch_(watch), progress_(progress) {}

  // Throws nb::python_error.
  void Look() {
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
    const std::size_t done = watch_.done, failed = watch_.failed;
    if (progress_.is_none() || done + failed == told_) return;
    told_ = done + failed;
    progress_(done, failed);
  }

 private:
  Watch& watch_;
  nb::handle progress_;
  std::size_t told_ = 0;
};

}  // namespace

void RunWatched(Watch& watch, nb::handle progress, const std::function<void()>& work) {
  watch.cancelled = false;
  watch.done = watch.failed = 0;
  Watcher watcher(watch, progress);
  std::optional<nb::python_error> raised;
  std::future<void> end = std::async(std::launch::async, work);
  const auto ended = [&] {
    const nb::gil_scoped_release release;
    return end.wait_for(kLook) == std::future_status::ready;
  };
  for (bool is_last = false; !is_last;) {
    is_last = ended();
    if (raised) continue;
    try {
      watcher.Look();
    } catch (nb::python_error& error) {
      raised.emplace(std::move(error));
      watch.cancelled = true;
    }
  }
  end.get();
  if (raised) throw nb::python_error(std::move(*raised));
}

}  // namespace whylight::python
