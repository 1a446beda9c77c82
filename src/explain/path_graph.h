// Extends a program's graph by what explanations need: the score of one output element a row,
// points on straight paths, and weighted sums of gradients, so that a run returns one small
// tensor for each instance and not one gradient for each point.
//
//   z_r     = z(baseline)[owner_r] + position_r * (z(x) - z(baseline))[owner_r]
//   score_r = output[r] flat at target_r
//   slope_i = sum over r with owner_r = i of weight_r * d score_r / d z_r        (float64)
//   sum_i   = slope_i pulled back to x: (dz/dx)^T slope_i                      (float64)
//
// z are the inputs themselves, or, where that is worth while (affine_prefix.h), tensors behind them
// that are affine in them: these are evaluated at the ends of the paths alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/program.h"

namespace whylight {

// Names of tensors to feed ("f") and fetch ("g"); m points of n instances share a run.
struct PathGraph {
  std::string targets;      // f: int64 [m], flat index into one row of the output.
  std::string scores;       // g: float64 [m], of rows that are fed as the program's inputs.
  std::string owner;        // f: int32 [m], the instance of each point, 0..n-1.
  std::string owners;       // f: int32 [], n.
  std::string positions;    // f: float64 [m].
  std::string weights;      // f: float64 [m].
  std::string path_scores;  // g: float64 [m], of the points.
  struct Input {
    std::size_t index = 0;  // Into Program::inputs.
    std::string x;          // f: [n, ...] in the input's dtype.
    std::string baseline;   // f: likewise.
    std::string sum;        // g: float64 [n, ...].
    std::string gradient;   // g: float32 or float64 [m, ...], of each point; "" behind variables.
  };
  std::vector<Input> inputs;  // Empty without gradients.
  struct Variable {
    std::string gradient;   // g: float32 or float64 [m, ...], of each point.
    std::string change;     // g: float64 [n, ...], z(x) - z(baseline).
    std::string pull_from;  // f: float64 [n, ...], sums to pull back instead of slopes.
  };
  std::vector<Variable> variables;  // z where they are not the inputs.
  struct Layer {
    std::string values;    // g: float32 or float64 [rows, ...], at rows that are fed as the
    std::string gradient;  // program's inputs; g: likewise, d score_r / d values.
  };
  std::optional<Layer> layer;
};

struct PathGraphSpec {
  Output output;                       // What is explained; [rows, ...], or no row axis.
  std::vector<std::size_t> gradients;  // Program inputs to differentiate by; may be empty.
  bool hoist = true;                   // Whether z may lie behind the inputs.
  std::optional<Output> layer = {};    // A tensor on the way, whose gradient is fetched by itself.
};

// Points are computed in float32 (float64 for float64 variables) and cast to the variable's dtype.
// Errors: as AddGradients.
Result<PathGraph> AddPathGraph(Program& program, const PathGraphSpec& spec);

}  // namespace whylight
