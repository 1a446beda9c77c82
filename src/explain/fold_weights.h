// Weights that a batch norm was folded into and that are too large to be constants: computed once
// at load and kept as variables, like the weights they come from.
#pragma once

#include <string>
#include <vector>

#include "model/program.h"

namespace whylight {

// Resources of this prefix are the engine's own: no checkpoint has them.
inline constexpr char kOwnResources[] = "whylight/";

struct FoldedWeights {
  std::vector<std::string> assign;   // Run once, when the state is restored;
  std::vector<std::string> release;  // then these: variables that nothing reads any more.
};

// Every `*/folded_weights` node that is still computed from variables becomes a variable of its
// own. Needs static shapes. Errors: none but those of building nodes.
Result<FoldedWeights> KeepFoldedWeights(Program& program);

}  // namespace whylight
