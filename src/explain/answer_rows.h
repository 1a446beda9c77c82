// Predictions and explanations as flat rows, for files of tables (io/row_writer.h). A row is an
// output of an instance that was explained, or an instance that was predicted:
//
//   row                       int64    The instance's number, from 0, over all files.
//   instance                  string   JSON, as in a line of JSON Lines.
//   prediction/<output>       list     Every output of the signature, in its dtype.
//   output_name               string   What was explained:
//   output_index              int64s   empty for one number an instance,
//   output_display_name       string   "" without labels.
//   instance_output           float64  F(x)
//   baseline_output           float64  F(baseline); absent for methods that compare with nothing.
//   approximation_error       float64
//   attributions/<feature>    float64s
//   attributions/<feature>/names, /pieces                strings: of its elements, of its text.
//   attributions/<feature>/standard_errors               float64s, of methods that sample.
//   warnings                  strings  Their rules.
//
// Lists are in row-major order; a value of rank 0 is a scalar, and one of rank 2 and more has its
// axes beside it in "<name>/shape" (int64s).
//
// For lines of cells (CSV) a row has scalars alone:
//
//   row                       int64    As above.
//   <member>                  The instance's members that are one number, text or bool; elements of
//                             a list that have names. "instance:<member>" if one of the others is
//                             called so, "instance" if the instance is such a value itself.
//   prediction:<output>       Of a prediction: "[i,j]" behind it for each of several elements.
//   output, index, label, score, baseline_score           Of an explanation, as above,
//   attr:<feature>            float64  the sum of a feature's values, or those of named elements,
//   approximation_error, warnings                         separated by spaces.
//
// Threads No state.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/row_writer.h"
#include "whylight/explainer.h"

namespace whylight {

struct AnsweredInstance {
  std::int64_t number = 0;
  std::string_view json;
};

std::vector<RowValue> PredictionRow(const AnsweredInstance& instance,
                                    const std::vector<NamedValue>& prediction);

// A row for each attribution, in their order.
std::vector<std::vector<RowValue>> ExplanationRows(const AnsweredInstance& instance,
                                                   const Explanation& explanation,
                                                   const std::vector<Warning>& warnings);

// `element_names`: of an instance that is a list; empty if they have none.
std::vector<RowValue> PredictionCells(const AnsweredInstance& instance,
                                      std::span<const std::string> element_names,
                                      const std::vector<NamedValue>& prediction);
std::vector<std::vector<RowValue>> ExplanationCells(const AnsweredInstance& instance,
                                                    const Explanation& explanation,
                                                    const std::vector<Warning>& warnings);

}  // namespace whylight
