// What is explained: the part of the model that an explanation runs, and which of its inputs share
// the score.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "explain/statistics.h"
#include "model/choose.h"
#include "model/model.h"
#include "model/program.h"
#include "whylight/explainer.h"
#include "whylight/function.h"

namespace whylight {

// The signature to explain by the rules of saving. Pieces and examples need no input of their own
// that could be explained: a serialized one is enough.
// Errors: kNotFound, kFailedPrecondition: the rule that is broken, its place and its fix.
Result<Choice> ChooseToExplain(const Model& model, const ExplainOptions& options);

// What the choice and the options settle of a plan.
ExplainPlan BeginPlan(const Choice& choice, const ExplainOptions& options);

// The program of the chosen signature, without any cut. Errors: as BuildProgram.
Result<Program> BuildWholeProgram(const Model& model, const Choice& choice,
                                  const ExplainOptions& options);

// The program of the chosen signature, cut at the features that the metadata places in the graph
// or, where the request itself cannot be explained, at the first float tensors behind it.
// Errors: as BuildProgram.
Result<Program> BuildExplainedProgram(const Model& model, const Choice& choice,
                                      const ExplainOptions& options);

// Where the paths and games of one explained input start.
struct InputBaselines {
  std::vector<Baseline> list;  // Empty: nobody chose.
  std::string origin;          // As in BaselineNote.
};

// BaselineData, as values of the explained inputs.
struct ExplainedData {
  std::string source;
  std::vector<Row> rows;
  std::vector<InputStatistics> statistics;  // Of each input.
};

// The tensor inside the model that Grad-CAM looks at.
struct ExplainedLayer {
  std::string name;                    // "top/Relu:0"
  std::string reason;                  // "--layer top"
  Shape shape = Shape::UnknownRank();  // Of a row, as far as it is known.
  bool channels_first = false;
};

struct Explained {
  std::vector<std::size_t> inputs;  // Into Program::inputs; empty if a text's pieces are explained.
  std::size_t text = 0;             // Into Program::request: that text.
  std::vector<std::string> names;   // Of `inputs`, or of the text.
  // How many ids each takes in a row, where metadata places it behind them; 0: not known.
  std::vector<std::int64_t> ids;
  std::vector<std::string> held;          // "ids (int64)": kept at the instance's value, and why.
  std::vector<InputBaselines> baselines;  // Of each; baselines.h fills them in,
  std::optional<ExplainedData> data;      // and these.
  std::optional<ExplainedLayer> layer;    // layer.h fills it in.
};

// The program's inputs that a gradient of `output` reaches, for methods that take one there; all of
// them for the others; of these the metadata's, if it names any. Or the one string of the request.
// Errors  kFailedPrecondition: no gradient reaches any input; the reasons of each.
//         kUnimplemented: ops on the way without a rule of gradients, all of them.
//         kInvalidArgument: nothing is left to explain; pieces of no text or of several.
Result<Explained> ChooseExplained(const Program& program, Output output, const Choice& choice,
                                  const ExplainOptions& options);

// Whether an instance of this shape is a picture: [H,W,1] or [H,W,3], where an unknown last axis
// may be either; another of rank 2 or 3 where the metadata calls it an image, as it could be a
// table of a series or a map of features.
bool HasPictureForm(const Shape& shape, const std::string& name, const ExplainOptions& options);

// For methods that explain pictures alone, where the program's static shapes could not tell.
// x: ExplainedValues of a row. Errors: kInvalidArgument, with the methods that can.
Status CheckPictures(const Row& x, const Explained& explained, const ExplainOptions& options);

// Of a row of all of Program::inputs the explained ones.
Row ExplainedValues(const Row& row, const Explained& explained);

}  // namespace whylight
