// Finds how many rows should share a run of the model, by measuring the runs that are made anyway.
//
// Starts small and grows while the time per row still falls: four times where that is all but four
// times less, else twice; then stays at the best size seen. A size is judged by its fastest run:
// what else the machine does can only make runs slower.
// Too small wastes the fixed cost of a run, too large the caches: a MobileNetV2 is best at 8 to
// 32 rows, a small dense network above 10 000.
#pragma once

#include <map>

namespace whylight {

class ChunkSizer {
 public:
  // Sizes in [1, limit]; `fixed` > 0: always that size.
  void Start(int first, int limit, int fixed);

  int Next() const { return size_; }
  // A run of `rows` rows took `seconds`. Runs smaller than Next() teach nothing.
  void Observe(int rows, double seconds);

 private:
  int size_ = 1;
  int limit_ = 1;
  bool settled_ = false;
  int step_ = 1;  // The next size is so many times as large.
  int misses_ = 0;
  int runs_at_size_ = 0;
  double seconds_at_size_ = 0;
  double fastest_at_size_ = 0;  // Seconds a row.
  double best_seconds_per_row_ = 0;
  int best_size_ = 0;
};

}  // namespace whylight
