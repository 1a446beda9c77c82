// Which signature is explained, and why: the rules of saving for explanations.
//
// TF2  one distinct serving function: that one. Several: the one under the exact key xai_model.
//      xai_preprocess + xai_model: requests go to the first, its outputs feed the second.
// TF1  what the caller or metadata names; else xai_model (behind xai_preprocess if it is there);
//      else serving_default if its method is predict; else predict; else the only one.
//
// The rules that a Problem can name, and what they make of the model:
//
//   no-signature              refuse        nothing that serves requests was saved
//   unknown-signature         refuse        the one that was asked for is not there
//   several-signatures        refuse        several functions, and nothing says which
//   misspelled-key            with the one above refuse, else a warning: "xai-model" and its like
//   preprocess-without-model  refuse        xai_preprocess without xai_model
//   preprocess-mismatch       refuse        outputs of xai_preprocess are not inputs of xai_model
//   no-input                  refuse        the function takes nothing that could be explained
//   no-numeric-output         refuse        no output is a floating-point number
//   serialized-input          predict only  TF2: the only input is a string; TF1: a note
//   no-common-batch           predict only  the inputs do not share a first axis of rows
//   output-without-rows       warning       the outputs have no axis of rows, the inputs have
//   no-gradient-input         note          no input has gradients: Sampled Shapley it is
//   fixed-batch               note          the number of rows in a call is fixed
//   no-batch-axis             note          the inputs are scalars: one row a call
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "savedmodel/saved_model.h"

namespace whylight {

// One finding about a model. `rule` is stable and has an anchor in docs/troubleshooting.md.
struct Problem {
  enum class Severity { kError, kWarning, kNote };
  Severity severity = Severity::kError;
  std::string rule;     // "several-signatures"
  std::string place;    // "signature 'xai_model', input 'features'"
  std::string message;  // What was expected and what was found.
  std::string fix;      // What to do: a line of code or a command where there is one.
};

enum class Verdict {
  kExplain,      // Predictions and explanations.
  kRefuse,       // No explanation: see problems. Predictions where a signature allows them.
  kPredictOnly,  // Predictions in the column format; nothing that could be attributed to.
};

struct Choice {
  // The function that is explained, or would be if the problems did not forbid it. nullptr: none
  // could be chosen.
  const SignatureDef* signature = nullptr;
  const SignatureDef* preprocess = nullptr;  // Runs first, or nullptr.
  std::string reason;                        // "the only serving function", "key xai_model", ...
  Verdict verdict = Verdict::kExplain;
  std::vector<Problem> problems;  // An error among them refuses the explanation.

  // The signature that requests are written for: preprocess if there is one.
  const SignatureDef* request() const { return preprocess ? preprocess : signature; }
  bool refused() const;
  bool has_problem(std::string_view rule) const;
};

struct ChooseOptions {
  std::string signature;  // What the user or the metadata names; empty: by the rules.
};

// Pointers go into `graph`. The same graph gives the same choice, problems in the same order.
Choice ChooseSignature(const MetaGraph& graph, const ChooseOptions& options = {});

// The signature that `predict` runs: the named one; else serving_default; else the only one
// (TF1 without a serving_default of method predict: "predict").
// Errors: kNotFound or kInvalidArgument, listing the keys.
Result<const SignatureDef*> ChoosePredictSignature(const MetaGraph& graph, const std::string& key);

// Keys that a user can choose from: without __saved_model_init_op and training-only signatures.
std::vector<std::string> ServingKeys(const MetaGraph& graph);

// Whether two signatures are one function under two keys (Keras 3's serve and serving_default).
bool SameFunction(const MetaGraph& graph, const SignatureDef& a, const SignatureDef& b);

}  // namespace whylight
