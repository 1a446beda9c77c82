// Which signatures a model is to have: from the options of `whylight signature` to an edit of its
// files. Nothing is written here.
#pragma once

#include <string>
#include <vector>

#include "model/model.h"
#include "savedmodel/edit.h"

namespace whylight {

// A tensor is written [NAME=]TENSOR: TENSOR as FindTensor takes it, NAME the key of the input or
// output that it becomes (by default an input's own name, or the last part of the tensor's).
struct SignatureChanges {
  std::vector<std::string> drop;    // KEY: goes.
  std::vector<std::string> rename;  // KEY=NEW, or KEY:NAME=NEW for an input or output NAME of KEY.
  std::string xai_model;            // KEY: xai_model means the same signature.

  // Any of these: xai_model becomes what `signature` (by default what `predict` runs) computes from
  // `model_inputs` (by default its own inputs) for `model_outputs` (by default its floating-point
  // outputs). With `preprocess_until` xai_preprocess becomes what it computes until these tensors,
  // and xai_model takes them.
  std::string signature;
  std::vector<std::string> model_inputs;
  std::vector<std::string> model_outputs;
  std::vector<std::string> preprocess_until;
};

struct SignaturePlan {
  MetaGraphEdit edit;
  // Signatures that are new, and what they compute from: "serving_default".
  std::vector<SignatureDef> added;
};

// Keys mean the model as it is: what is dropped or renamed can still be the source of what is
// added. Errors  kInvalidArgument: nothing to do; an option that cannot be read; a tensor that
// cannot be
//           explained; a cut that does not hold (CheckCut); a key that is taken; no signature left.
//         kNotFound: a signature, input, output or tensor that is not there, with near names.
//         As OpenSignatureGraph.
Result<SignaturePlan> PlanSignatures(const Model& model, const SignatureChanges& changes);

}  // namespace whylight
