#include "explain/chunk_sizer.h"

#include <algorithm>

namespace whylight {
namespace {

// A larger size must be at least this much faster a row to be worth its memory.
constexpr double kWorthwhile = 0.95;
// Timing is noisy: one size that is no faster does not end the search,
constexpr int kMisses = 2;
// and so many runs are made at a size, unless they take long.
constexpr int kRuns = 4;
constexpr double kLongSeconds = 0.02;
// Where a run costs the same whatever it holds.
constexpr int kLeap = 4;
constexpr double kAllBut = 0.6;

}  // namespace

void ChunkSizer::Start(int first, int limit, int fixed) {
  *this = ChunkSizer();
  limit_ = std::max(1, limit);
  size_ = std::clamp(fixed > 0 ? fixed : first, 1, limit_);
  best_size_ = size_;
  settled_ = fixed > 0 || size_ == limit_;
}

void ChunkSizer::Observe(int rows, double seconds) {
  if (settled_ || rows < size_ || rows <= 0) return;
  // The first run at a size also pays for allocations.
  if (++runs_at_size_ < 2) return;
  seconds_at_size_ += seconds;
  const bool is_first = runs_at_size_ == 2;
  fastest_at_size_ = is_first ? seconds / rows : std::min(fastest_at_size_, seconds / rows);
  if (runs_at_size_ <= kRuns && seconds_at_size_ < kLongSeconds) return;
  runs_at_size_ = 0;
  seconds_at_size_ = 0;
  const int size = size_;
  const bool leapt = step_ == kLeap;
  if (best_seconds_per_row_ == 0 || fastest_at_size_ < kWorthwhile * best_seconds_per_row_) {
    const bool falls = fastest_at_size_ * kLeap * kAllBut < best_seconds_per_row_;
    step_ = best_seconds_per_row_ == 0 || (leapt && falls) ? kLeap : 2;
    best_seconds_per_row_ = fastest_at_size_;
    best_size_ = size_;
    misses_ = 0;
  } else if (leapt) {  // Too far, perhaps.
    step_ = 2;
    size_ = std::max(best_size_, size / 2);
    return;
  } else {
    ++misses_;
  }
  if (misses_ >= kMisses || size >= limit_) {
    size_ = best_size_;
    settled_ = true;
    return;
  }
  size_ = std::min(limit_, step_ * size);
}

}  // namespace whylight
