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
  const double seconds_per_row = fastest_at_size_;
  if (best_seconds_per_row_ == 0 || seconds_per_row < kWorthwhile * best_seconds_per_row_) {
    best_seconds_per_row_ = seconds_per_row;
    best_size_ = size_;
    misses_ = 0;
  } else if (++misses_ >= kMisses) {
    size_ = best_size_;
    settled_ = true;
    return;
  }
  if (size_ >= limit_) {
    size_ = best_size_;
    settled_ = true;
    return;
  }
  size_ = std::min(limit_, 2 * size_);
  runs_at_size_ = 0;
  seconds_at_size_ = 0;
}

}  // namespace whylight
