// A method applied to a loaded model: what goes in and comes out, whatever the method.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "whylight/function.h"

namespace whylight {

// An output element of an instance. Borrowed until the call returns.
struct AttributionTask {
  const Row* request = nullptr;  // In order of Program::request.
  const Row* row = nullptr;      // The same, prepared: all of Program::inputs.
  std::int64_t target = 0;       // Flat index into one row of the explained output.
};

struct Shares {
  double instance_output = 0;
  double baseline_output = 0;
  double approximation_error = 0;  // As the method defines it.
  Row x;                           // What shares the score, in order of Explained::names.
  Row values;                      // Their shares, float64.
};

struct AttributionResult {
  std::vector<Shares> shares;  // In order of the tasks.
  std::string dependence;      // ScoreFunction::dependence().
};

}  // namespace whylight
