// Long work beside Python: the interpreter goes on, Ctrl-C stops the work, progress is told.
#pragma once

#include <nanobind/nanobind.h>

#include <atomic>
#include <cstddef>
#include <functional>

namespace whylight::python {

// What the work and its watcher tell each other.
struct Watch {
  std::atomic<bool> cancelled = false;
  std::atomic<std::size_t> done = 0;    // Rows.
  std::atomic<std::size_t> failed = 0;  // Rows.
};

// Sets `watch` to its start, then runs `work`, which touches nothing of Python, in a thread of its
// own, and releases the interpreter meanwhile. Every 50 ms the calling thread looks for signals
// and, if `progress` is not None and rows were finished, calls progress(done, failed). What either
// raises sets `watch.cancelled`, is held until the work has ended, and is thrown then.
void RunWatched(Watch& watch, nanobind::handle progress, const std::function<void()>& work);

}  // namespace whylight::python
