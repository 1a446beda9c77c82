// Prepares a program's graph before gradients are added and it is loaded.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "model/program.h"
#include "whylight/runtime.h"

namespace whylight {

struct CleanUpOptions {
  const Runtime* runtime = nullptr;  // Evaluates constants.
  SessionOptions session;
  std::vector<std::string> disable;      // Passes to leave out.
  std::vector<std::string> dump_passes;  // Passes to print the graph around, to `dump`.
  std::ostream* dump = nullptr;
};

// Runs the pipeline of graph/passes with small variables frozen to their checkpoint values.
Status CleanUpProgram(const Model& model, Program& program, const CleanUpOptions& options);

// Computes once what gradients, added since, compute of constants alone: a batch norm's scale, the
// factors of a mean.
Status FoldNewConstants(Program& program, const CleanUpOptions& options);

// Asks the runtime for static shapes at two numbers of rows: an axis that is the same in both is
// known, one that differs becomes a symbol (see Node::shapes), equal for equal pairs of sizes.
// `row_bytes` becomes what the tensors of the graph take for one more row.
Status InferProgramShapes(Program& program, const Runtime& runtime, std::int64_t& row_bytes);

}  // namespace whylight
