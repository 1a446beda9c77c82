// Calls into a library that cannot be interrupted: each runs on a thread of its own, and whoever
// waits for it goes on when it is asked to stop or when the call takes too long.
//
// Threads Safe.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "whylight/status.h"

namespace whylight {

// The call's own status; kCancelled when reads are cancelled (io/files.h), kDeadlineExceeded after
// `seconds`. In both cases the call goes on alone, so it must own all that it touches.
Status RunWatched(double seconds, std::function<Status()> call);

// As RunWatched, for a call that gives a value.
template <typename T>
Result<T> Watched(double seconds, std::function<Status(T&)> call) {
  const auto value = std::make_shared<T>();
  WHYLIGHT_RETURN_IF_ERROR(
      RunWatched(seconds, [value, call = std::move(call)] { return call(*value); }));
  return std::move(*value);
}

// Whether a call was left alone and has not ended. What it uses must stay: such a program ends with
// _exit.
bool IsCallRunning();

}  // namespace whylight
