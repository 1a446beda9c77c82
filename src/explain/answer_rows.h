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
// Threads No state.
#pragma once

#include <cstdint>
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

}  // namespace whylight
