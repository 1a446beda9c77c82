// Answers read back from their file: a line that ExplanationLine wrote, or one of a service's batch
// explanation ({"instance": ..., "prediction": ..., "explanation": {"attributions": [...]}}). An
// explanation may be in the legacy dialect too:
//   {"attributions_by_label": [{"attributions": {...}, "baseline_score": 0.2, "example_score": 0.9,
//     "label_index": 1, "label_name": "rich", "approx_error": 0.001, "output_name": "risk"}]}
// or have the message's own snake_case names, as Explanation.to_dict of Python's client writes them.
//
// Threads No state.
#pragma once

#include <string>
#include <string_view>

#include "whylight/explainer.h"
#include "whylight/json.h"
#include "whylight/status.h"

namespace whylight {

struct AnsweredRow {
  Json instance;
  Json key;  // Of a service's batch file with a keyField: in the instance's place.
  Json prediction;
  Json run;                    // Of "whylight": what is said of all rows alike. An object.
  std::string method() const;  // Of `run`; empty where it does not say.
  // Of features the name, values, regions and standard errors. `input` is what the instance holds
  // under the feature's name, or the pieces of its text. Where names of elements took the feature's
  // own place, each is a feature of one number; they get the elements of a vector of the instance
  // that is no feature itself and has as many. So does a feature that is a matrix with a row for
  // each element, an embedding. Other features have no input.
  Explanation explanation;
};

// Errors  kInvalidArgument, with the place in the line: no JSON, no answer of an explanation, lists
//         of different lengths where a tensor has to be, a row that failed.
Result<AnsweredRow> ReadExplanation(std::string_view line);
Result<AnsweredRow> AnsweredRowOf(Json json);  // Of the line's value.

// Numbers, truth values or strings in nested lists: float64, bool or strings; an object {"b64": ""}
// is a string. nullopt for what is none (mixed, ragged, null, another object).
std::optional<Tensor> TensorOfJson(const Json& json);

}  // namespace whylight
