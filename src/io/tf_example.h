// tf.Example, the row of TensorFlow's TFRecord files: features by name, each a list of bytes, of
// float32 or of int64 (tensorflow/core/example/{example,feature}.proto).
//
// Threads Values; no shared state.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/flat_value.h"
#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

struct ExampleFeature {
  std::string name;
  FlatValue value;  // std::vector of std::string_view, float or int64; monostate without a list.
};

// The features of a serialized Example, in its order; its strings are views of `bytes`. As
// protobuf reads it: the last of two of one name counts, packed and single numbers mix.
// Errors  kDataLoss: not a message of that kind.
Result<std::vector<ExampleFeature>> ParseExample(std::string_view bytes);

// Puts an Example together. Features stand in the order of the calls.
class ExampleBuilder {
 public:
  void Bytes(std::string_view name, std::span<const std::string> values);
  void Floats(std::string_view name, std::span<const float> values);
  void Ints(std::string_view name, std::span<const std::int64_t> values);
  // Elements in row-major order: strings as bytes, floating dtypes as float32 (float64 is rounded),
  // integers and bool as int64 (uint64 by its bits). Needs such a dtype (WHYLIGHT_CHECK).
  void Values(std::string_view name, const Tensor& values);

  std::string Serialize() const;

 private:
  void Add(std::string_view name, std::uint32_t kind, const std::string& list);

  std::string features_;
};

}  // namespace whylight
