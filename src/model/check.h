// Every rule of saving for explanations, judged from the files alone.
//
// Rules of this file, beside those of choose.h:
//   unreadable-model    the files cannot be read                                    load_error
//   unknown-op          an op that TensorFlow does not have (a custom op)           load_error
//   python-function     an op that calls back into the Python that made the model  load_error
//   missing-variables   no checkpoint, or not all of its files                      load_error
//   missing-variable    a variable that the checkpoint does not have                load_error
//   variable-mismatch   another dtype or shape in the checkpoint                    load_error
//   missing-asset       a file of assets/ that is not there                         load_error
//   no-gradient-rule    an op on the path without a gradient: Sampled Shapley       note
//   cut-gradient        an input whose gradient ends at a cast or a lookup          note
//   unused-input        an input that the output does not depend on                 note
//   custom-gradient     a custom gradient that the model does not hold              warning
//   tf1-saved-model-save  written by tf.saved_model.save of TensorFlow 1.x          note
#pragma once

#include <string>
#include <vector>

#include "model/choose.h"
#include "model/model.h"
#include "model/program.h"

namespace whylight {

struct CheckOptions {
  std::vector<std::string> tags;
  std::string signature;
};

struct CheckReport {
  // Numbers of exit codes: explain 0; refuse and predict_only 3; load_error 2.
  enum class Verdict { kExplain, kRefuse, kPredictOnly, kLoadError };
  Verdict verdict = Verdict::kExplain;
  std::string signature;   // Explained; empty if none.
  std::string preprocess;  // Runs first; empty if none.
  std::string reason;      // Why that signature.
  // Of "integrated-gradients" and "sampled-shapley" those that can explain it, which stand for all
  // methods with and without gradients.
  std::vector<std::string> methods;
  bool takes_pictures = false;  // An input that gradients reach is [rows,height,width,1 or 3].
  std::vector<Problem> problems;
};

std::string_view VerdictName(CheckReport::Verdict verdict);  // "predict_only"

// Opens and judges; a model that cannot be read is a report, not an error.
CheckReport CheckPath(const std::string& path, const CheckOptions& options = {});
CheckReport CheckModel(const Model& model, const CheckOptions& options = {});

// Which inputs can be explained by gradients, and why the others cannot.
struct GradientReport {
  struct Input {
    std::string name;
    bool differentiable = false;
    bool unused = false;  // The output does not depend on it at all: its share is zero.
    std::string why_not;  // "int64", "its values end at Cast 'embedding/Cast'", ...
  };
  std::vector<Input> inputs;         // In order of Program::inputs.
  std::vector<std::string> missing;  // "While 'rnn/while'": ops on the path without a rule.
};
Result<GradientReport> AnalyseGradients(const Program& program, Output output);

}  // namespace whylight
