// Extends a program's graph by rows that are mixed of an instance and its baselines, so that a
// coalition is fed as one flag for each player and not as a row, and what hangs on one input alone
// (hashing, look-up, embedding: rowwise_prefix.h) is evaluated once for each of its values.
//
//   row_r   = x[owner_r] where present_r, else baseline[owner_r, baseline_r]
//   score_r = output[r] flat at target_r
#pragma once

#include <string>
#include <vector>

#include "model/program.h"

namespace whylight {

// Names of tensors to feed ("f") and fetch ("g"); m rows of n instances share a run.
struct CoalitionGraph {
  std::string targets;        // f: int64 [m], flat index into one row of the output.
  std::string scores;         // g: float64 [m].
  std::string owner;          // f: int32 [m], the instance of each row; "" if nothing is held.
  std::string x_rows;         // f: int32 [m], which of the values are the instance's,
  std::string baseline_rows;  // f: int32 [m], and which the baseline's.
  struct Input {
    std::size_t index = 0;  // Into Program::inputs.
    std::string values;     // f: [v, ...] in the input's dtype: those of instances and baselines.
    std::string present;    // f: bool [m], or [m, ...] of each element by itself.
    bool by_elements = false;
  };
  std::vector<Input> inputs;  // In order of what was asked for.
  struct Held {
    std::size_t index = 0;
    std::string values;  // f: [n, ...].
  };
  std::vector<Held> held;  // All other inputs of the program.
};

// An input whose elements are the instance's or a baseline's: all of them together, or each.
struct MixedInput {
  std::size_t index = 0;  // Into Program::inputs.
  bool by_elements = false;
};

// The program has a row axis of any size (RowLayout::Kind::kBatched).
Result<CoalitionGraph> AddCoalitionGraph(Program& program, Output output,
                                         const std::vector<MixedInput>& mixed);

}  // namespace whylight
