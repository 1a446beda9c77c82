// The `whylight signature` command that mends what `check` says of a model.
#pragma once

#include <string>

#include "model/check.h"
#include "rewrite/signatures.h"
#include "rewrite/split_points.h"

namespace whylight {

// "whylight signature 'my model' -o 'my model_xai' --xai-model score"; `path` as the user gave it.
std::string SignatureCommand(const std::string& path, const SignatureChanges& changes);

// Splits the signature `key` so, in the place of any xai_model and xai_preprocess.
SignatureChanges ChangesFor(const Model& model, const std::string& key, const SplitProposal& split);

// Puts the command in front of the fix of each problem that other signatures mend: of the model so
// changed the rules of choose.h say that it can be explained. Rules: several-signatures,
// misspelled-key, preprocess-without-model, preprocess-mismatch, no-numeric-output,
// serialized-input, no-gradient-input, cut-gradient.
void AddSignatureCommands(const Model& model, const std::string& path, CheckReport& report);

}  // namespace whylight
