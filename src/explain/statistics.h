// What rows of data say of a model's inputs, element by element: the values that baselines of a
// kind are made of.
//
// Threads No state.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "whylight/function.h"
#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

// Tensors in the form of the input.
struct InputStatistics {
  // Of a floating number its mean and its median, of an even number of rows the mean of the middle
  // two. There is no mean of ids, strings, booleans and one-hot elements: theirs is the most
  // frequent value, of equally frequent ones the least.
  Tensor mean, median;
  // The least and the greatest number; the most frequent value of strings and of one-hot elements,
  // as all 0 or all 1 is none of their values.
  Tensor min, max;
  // Elements whose mean is the most frequent value, and why: "int64", "elements 4 to 6 are
  // one-hot".
  std::vector<bool> is_category;
  std::string why_category;  // Empty: there are none.
};

// Statistics of each input of the rows.
//
// One-hot are neighbouring floating elements of scalars and vectors that are 0 or 1 in every row
// and of which in every row one is 1, two or more elements; scalar inputs may be neighbours too.
// An element that is 0 in every row begins none.
//
// Errors  kInvalidArgument, with the name of the input: no rows; shapes that differ; a number that
//         is not finite.
Result<std::vector<InputStatistics>> StatisticsOf(std::span<const Row> rows,
                                                  std::span<const std::string> names);

}  // namespace whylight
