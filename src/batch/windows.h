// Reads instances in windows that keep the model busy and a person informed.
#pragma once

#include <vector>

#include "io/instances.h"

namespace whylight {

// Starts with a few rows and doubles while a window takes less than two seconds (eight times as
// many after less than a quarter of one), so that the first answers come at once and a long job
// still fills its runs; bounded in rows and bytes.
class WindowReader {
 public:
  explicit WindowReader(InstanceReader& reader) : reader_(reader) {}

  // The next instances, good and bad ones, in order; none at the end.
  // Errors: as InstanceReader::Next.
  Result<std::vector<Instance>> Next();

  // The last window took that long to work on.
  void Took(double seconds);

 private:
  InstanceReader& reader_;
  std::size_t rows_ = 16;
};

}  // namespace whylight
