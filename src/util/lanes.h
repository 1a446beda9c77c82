// A few pieces of work at once, their results in order.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "whylight/status.h"

namespace whylight {

// Works on the pieces that `next` makes (nullopt: no more), at most `lanes` at once; the calling
// thread is one of the lanes.
//
//   next  called by one thread at a time; a piece is made when a lane is free for it, so what is
//         learnt from earlier pieces can shape later ones. One that takes long holds the lanes up
//         when 2 * `lanes` pieces behind it are made: results that wait do not fill memory.
//   run   called by several threads at once.
//   take  called by one thread at a time (never beside `next`), for each result in the order of the
//         pieces: sums of floats come out the same whichever piece was done first.
//
// Errors: of the earliest piece that failed. No piece is begun after an error; those that run are
// awaited, their results dropped.
template <typename Piece, typename Part>
Status RunInLanes(int lanes, const std::function<std::optional<Piece>()>& next,
                  const std::function<Result<Part>(const Piece&)>& run,
                  const std::function<void(const Piece&, Part)>& take) {
  std::mutex mutex;
  std::condition_variable room;
  std::size_t made = 0, taken = 0, failed_at = 0;
  bool at_end = false;
  Status failed;
  std::map<std::size_t, std::pair<Piece, Part>> waiting;  // For an earlier piece.
  const auto lane = [&] {
    std::unique_lock lock(mutex);
    while (true) {
      room.wait(lock, [&] {
        return at_end || !failed.ok() || made - taken <= 2 * static_cast<std::size_t>(lanes);
      });
      if (at_end || !failed.ok()) return;
      std::optional<Piece> piece = next();
      if (!piece) {
        at_end = true;
        room.notify_all();
        return;
      }
      const std::size_t number = made++;
      lock.unlock();
      Result<Part> part = run(*piece);
      lock.lock();
      if (!part.ok()) {
        if (failed.ok() || number < failed_at) {
          failed = part.status();
          failed_at = number;
        }
        room.notify_all();
        return;
      }
      waiting.emplace(number, std::pair(*std::move(piece), *std::move(part)));
      for (auto it = waiting.find(taken); it != waiting.end() && failed.ok();
           it = waiting.find(taken)) {
        take(it->second.first, std::move(it->second.second));
        waiting.erase(it);
        ++taken;
      }
      room.notify_all();
    }
  };
  {
    std::vector<std::jthread> others;
    for (int i = 1; i < lanes; ++i) others.emplace_back(lane);
    lane();
  }
  return failed;
}

}  // namespace whylight
