// Graph text in, graph text out.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "graph/passes/pass.h"

namespace whylight {

// Names of what the context holds.
struct Keep {
  std::vector<std::string> outputs = {"y"};
  std::vector<std::string> inputs = {"x"};  // Those that the graph does not have are left out.
  std::vector<std::string> targets = {};
};

struct PassResult {
  std::string text;                  // Of the graph afterwards.
  std::vector<std::string> outputs;  // "node:index"
  bool changed = false;
};

// Runs one pass on the graph that `text` describes. The test fails if the text cannot be read, the
// verifier refuses the graph before or after, or the pass does not tell truly whether it changed
// the graph. Errors: the pass's own.
Result<PassResult> RunPass(Pass& pass, std::string_view text, const Keep& keep);

// The text as GraphToText writes it, so that rows need not say what follows from the inputs.
std::string Normal(std::string_view text);

// A row of a table: `after` empty says that nothing may change.
struct PassCase {
  const char* name;
  std::string_view before;
  std::string_view after = "";
  Keep keep = {};
  std::vector<std::string> outputs = {};  // Afterwards; empty: as before.
  bool settles = true;                    // Whether the pass finds nothing to do in its own result.
};
void PrintTo(const PassCase& c, std::ostream* os);

// Runs the row, and the pass once more on its own result.
void ExpectCase(Pass& pass, const PassCase& c);

}  // namespace whylight
