// Where a signature can be split into preprocessing and a model that gradients go through.
#pragma once

#include <string>
#include <vector>

#include "rewrite/signature_graph.h"

namespace whylight {

struct SplitPoint {
  std::string name;    // What the input of xai_model would be called.
  std::string tensor;  // As FindTensor takes it.
  std::string op;      // That computes it; empty: an input of the signature, passed on as it is.
  DType dtype = DType::kInvalid;
  Shape shape = Shape::UnknownRank();
  std::vector<std::string> behind;   // Inputs of the signature that it comes from.
  std::vector<std::string> outputs;  // Floating-point outputs from which gradients reach it.

  bool is_input() const { return op.empty(); }
};

struct SplitProposal {
  // Together they cut the floating-point outputs off. Empty: every input is a number that gradients
  // reach the outputs from (nothing to split), or no floating-point tensor lies behind the others.
  std::vector<SplitPoint> points;
  bool needed = false;  // An input has no gradient.

  // For --xai-preprocess-until.
  std::vector<std::string> arguments() const;  // "NAME=TENSOR"
};

// The first floating-point tensors behind decoding, parsing, lookup or embedding from which
// gradients reach an output.
Result<SplitProposal> FindSplit(const SignatureGraph& graph);

// The floating-point tensors nearest to outputs that are none (labels, classes): what an ArgMax, a
// TopKV2 or a comparison reads. All are called "scores".
std::vector<SplitPoint> FindScores(const SignatureGraph& graph);

}  // namespace whylight
