// TensorFlow's error messages for a reader who has the model, not TensorFlow's source.
#pragma once

#include <string>
#include <string_view>

namespace whylight::tf {

// One line, without what only repeats or points into TensorFlow:
//   "Incompatible shapes: [2] vs. [3]\n\t [[{{node add}}]]"  ->
//   "Incompatible shapes: [2] vs. [3] (node add)"
// Of several root errors the first is kept. Dropped: Python stacks ("Detected at node ..."), counts
// of derived errors, advice about TensorFlow's own options, the name of the machine. Nested calls
// give
// "(node add in StatefulPartitionedCall)". At most 2000 bytes, cut between characters.
std::string ReadableMessage(std::string_view message);

}  // namespace whylight::tf
