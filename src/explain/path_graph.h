// Extends a program's graph by what explanations need: the score of one output element a row,
// points on straight paths, and weighted sums of gradients, so that a run returns one small
// tensor for each instance and not one gradient for each point.
//
//   point_r = baseline[owner_r] + position_r * (x[owner_r] - baseline[owner_r])
//   score_r = output[r] flat at target_r
//   sum_i   = sum over r with part_r = i of weight_r * d score_r / d point_r        (float64)
#pragma once

#include <string>
#include <vector>

#include "model/program.h"

namespace whylight {

// Names of tensors to feed ("f") and fetch ("g"); m points of n instances share a run.
struct PathGraph {
  std::string owner;      // f: int32 [m], the instance of each point, 0..n-1.
  std::string part;       // f: int32 [m], the sum that each point is part of, 0..s-1.
  std::string parts;      // f: int32 [], s.
  std::string positions;  // f: float64 [m].
  std::string weights;    // f: float64 [m].
  std::string targets;    // f: int64 [m], flat index into one row of the output.
  std::string scores;     // g: float64 [m].
  struct Input {
    std::size_t index = 0;  // Into Program::inputs.
    std::string x;          // f: [n, ...] in the input's dtype.
    std::string baseline;   // f: likewise.
    std::string sum;        // g: float64 [s, ...].
  };
  std::vector<Input> inputs;  // Empty without gradients.
};

struct PathGraphSpec {
  Output output;                       // What is explained; [rows, ...], or no row axis.
  std::vector<std::size_t> gradients;  // Program inputs to differentiate by; may be empty.
};

// Points are computed in float32 (float64 for float64 inputs) and cast to the input's dtype.
// Errors: as AddGradients.
Result<PathGraph> AddPathGraph(Program& program, const PathGraphSpec& spec);

}  // namespace whylight
