#include "explain/sparse_rows.h"

#include <algorithm>
#include <utility>

#include "explain/options.h"

namespace whylight {
namespace {

void CopyElement(const Tensor& from, std::size_t i, Tensor& to, std::size_t k) {
  if (from.is_string()) {
    to.strings()[k] = from.strings()[i];
    return;
  }
  const std::size_t size = DTypeSize(from.dtype());
  std::ranges::copy(from.bytes().subspan(i * size, size), to.bytes().subspan(k * size).begin());
}

// The first `size` values; absent where there are fewer.
Tensor Resized(const Tensor& x, std::size_t size) {
  Tensor fitted = EmptyLike(Tensor(x.dtype(), Shape{static_cast<std::int64_t>(size)}));
  for (std::size_t i = 0; i < std::min(size, x.elements()); ++i) CopyElement(x, i, fitted, i);
  return fitted;
}

std::size_t LongestBaseline(const std::string& name, const ExplainOptions& options) {
  std::size_t longest = 1;
  const auto look_at = [&](const std::vector<Json>& baselines) {
    for (const Json& one : baselines) {
      if (one.is_array()) longest = std::max(longest, one.array().size());
    }
  };
  if (const InputMetadata* input = MetadataOf(options, name)) look_at(input->input_baselines);
  const auto given = options.baselines.find(name);
  if (given != options.baselines.end()) look_at(given->second);
  return longest;
}

}  // namespace

bool IsAbsent(const Tensor& tensor, std::size_t index) {
  if (tensor.is_string()) return tensor.strings()[index].empty();
  return tensor.Number(index) == (IsInteger(tensor.dtype()) ? -1 : 0);
}

void FitSparseInputs(const Program& program, const ExplainOptions& options, Row& row) {
  if (!options.metadata) return;
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    const std::string& name = program.inputs[i].port.name;
    const InputMetadata* input = MetadataOf(options, name);
    if (input == nullptr || !IsFedAsDense(*input, options) || row[i].shape().rank() != 1) continue;
    std::size_t size = row[i].elements();
    while (size > 0 && IsAbsent(row[i], size - 1)) --size;
    size = std::max(size, LongestBaseline(name, options));
    row[i] = Resized(row[i], size);
    const auto weights = std::ranges::find(program.inputs, name + " weights",
                                           [](const ProgramInput& of) { return of.port.name; });
    if (weights == program.inputs.end() || input->weight_values_name.empty()) continue;
    Tensor& of = row[static_cast<std::size_t>(weights - program.inputs.begin())];
    of = Resized(of, size);
  }
}

Tensor EmptyLike(const Tensor& x) {
  Tensor empty(x.dtype(), x.shape());
  if (!IsInteger(x.dtype())) return empty;
  for (std::size_t i = 0; i < empty.elements(); ++i) empty.SetNumber(i, -1);
  return empty;
}

Result<Tensor> SparseBaseline(const Json& json, const Tensor& x, const std::string& place) {
  Tensor baseline = EmptyLike(x);
  if (!json.is_array()) {
    WHYLIGHT_ASSIGN_OR_RETURN(const Tensor one, BaselineFromJson(json, x.dtype(), {}, place));
    for (std::size_t i = 0; i < x.elements(); ++i) {
      if (!IsAbsent(x, i)) CopyElement(one, 0, baseline, i);
    }
    return baseline;
  }
  if (x.shape().rank() != 1) return BaselineFromJson(json, x.dtype(), x.shape(), place);
  const auto size = std::ssize(json.array());
  WHYLIGHT_ASSIGN_OR_RETURN(const Tensor list,
                            BaselineFromJson(json, x.dtype(), Shape{size}, place));
  if (list.elements() > x.elements()) {
    return InvalidArgument(place + ": " + std::to_string(size) + " values, more than the row has");
  }
  for (std::size_t i = 0; i < list.elements(); ++i) CopyElement(list, i, baseline, i);
  return baseline;
}

}  // namespace whylight
