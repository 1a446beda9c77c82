#include "explain/select.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

Status OutOfRange(std::string message) { return {StatusCode::kOutOfRange, std::move(message)}; }

std::string ListOutputs(const Program& program) {
  std::string list;
  for (const Port& port : program.outputs) {
    list += (list.empty() ? "" : ", ") + port.name + " (" + DTypeName(port.dtype) + " " +
            port.shape.ToString() + ")";
  }
  return list;
}

std::string ListIndex(const std::vector<std::int64_t>& index) {
  std::string text;
  for (const std::int64_t i : index) text += (text.empty() ? "" : ",") + std::to_string(i);
  return text;
}

Result<std::int64_t> FlatIndex(const std::vector<std::int64_t>& index, const Shape& shape) {
  if (shape.rank() == 0) {
    if (index.size() == 1 && index[0] == 0) return std::int64_t{0};
    return OutOfRange("--output-indices " + ListIndex(index) +
                      ": the output is one number an instance and has no index");
  }
  if (static_cast<int>(index.size()) != shape.rank()) {
    return OutOfRange("--output-indices " + ListIndex(index) + ": the output has shape " +
                      shape.ToString() + " an instance, so an index has " +
                      std::to_string(shape.rank()) + " numbers, separated by commas" +
                      (shape.rank() > 1 ? "; several indices by semicolons" : ""));
  }
  std::int64_t flat = 0;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const std::int64_t i = index[static_cast<std::size_t>(axis)];
    if (i < 0 || i >= shape.dim(axis)) {
      return OutOfRange("--output-indices " + ListIndex(index) + ": outside the output's shape " +
                        shape.ToString());
    }
    flat = flat * shape.dim(axis) + i;
  }
  return flat;
}

Result<std::int64_t> ClassIndex(const std::string& name, const std::vector<std::string>& labels,
                                std::int64_t classes) {
  const auto label = std::ranges::find(labels, name);
  if (label != labels.end()) {
    const std::int64_t index = label - labels.begin();
    if (index < classes) return index;
    return OutOfRange("--class " + name + ": label " + std::to_string(index) +
                      ", and the output has classes 0 to " + std::to_string(classes - 1));
  }
  std::int64_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc() || end != name.data() + name.size()) {
    if (labels.empty()) {
      return OutOfRange("--class " + name +
                        ": the classes have no names; give an index, or --labels");
    }
    return OutOfRange("--class " + name + ": no class of that name" + DidYouMean(name, labels));
  }
  if (index < 0 || index >= classes) {
    return OutOfRange("--class " + name + ": the output has classes 0 to " +
                      std::to_string(classes - 1));
  }
  return index;
}

}  // namespace

Result<ChosenOutput> ChooseOutput(const Program& program, const ExplainOptions& options) {
  std::string name = options.output_name, shown = name;
  if (options.metadata && !options.metadata->outputs.empty()) {
    for (const OutputMetadata& output : options.metadata->outputs) {
      if (!name.empty() && name != output.name && name != output.output_tensor_name) continue;
      name = output.output_tensor_name.empty() ? output.name : output.output_tensor_name;
      shown = output.name;
      break;
    }
  }
  const auto named = [&](const Port& port) {
    return port.name == name || port.tensor.name() == name;
  };
  if (!name.empty()) {
    const auto port = std::ranges::find_if(program.outputs, named);
    if (port == program.outputs.end()) {
      std::vector<std::string> names;
      for (const Port& output : program.outputs) names.push_back(output.name);
      return NotFound("no output '" + name + "'" + DidYouMean(name, names) +
                      "; the signature has " + ListOutputs(program));
    }
    if (!IsNumeric(port->dtype)) {
      return InvalidArgument("output '" + name + "' is " + DTypeName(port->dtype) +
                             ", which is no score; the signature has " + ListOutputs(program));
    }
    return ChosenOutput{static_cast<std::size_t>(port - program.outputs.begin()), shown};
  }
  std::vector<std::size_t> floats, numbers;
  for (std::size_t i = 0; i < program.outputs.size(); ++i) {
    if (IsFloating(program.outputs[i].dtype)) floats.push_back(i);
    if (IsNumeric(program.outputs[i].dtype)) numbers.push_back(i);
  }
  const std::vector<std::size_t>& candidates = floats.empty() ? numbers : floats;
  if (candidates.size() == 1) {
    return ChosenOutput{candidates[0], program.outputs[candidates[0]].name};
  }
  if (candidates.empty()) {
    return FailedPrecondition("no output holds numbers to explain; the signature has " +
                              ListOutputs(program));
  }
  return InvalidArgument("several outputs could be explained; name one with --output-name: " +
                         ListOutputs(program));
}

Result<std::vector<ChosenOutput>> ChooseOutputs(const Program& program,
                                                const ExplainOptions& options) {
  std::vector<std::string> names;
  if (ChooseOutput(program, options).ok() && !options.output_name.empty()) {
    names = {options.output_name};
  } else if (!options.output_name.empty()) {
    for (const std::string_view name : Split(options.output_name, ',')) {
      if (!Trim(name).empty()) names.emplace_back(Trim(name));
    }
  } else if (options.metadata) {
    for (const OutputMetadata& output : options.metadata->outputs) names.push_back(output.name);
  }
  if (names.empty()) names.emplace_back();
  std::vector<ChosenOutput> chosen;
  ExplainOptions one = options;
  for (std::string& name : names) {
    one.output_name = std::move(name);
    WHYLIGHT_ASSIGN_OR_RETURN(ChosenOutput output, ChooseOutput(program, one));
    if (std::ranges::find(chosen, output.index, &ChosenOutput::index) != chosen.end()) continue;
    chosen.push_back(std::move(output));
  }
  return chosen;
}

std::vector<std::int64_t> IndexOf(std::int64_t flat, const Shape& shape) {
  std::vector<std::int64_t> index(static_cast<std::size_t>(shape.rank()));
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    index[static_cast<std::size_t>(axis)] = flat % shape.dim(axis);
    flat /= shape.dim(axis);
  }
  return index;
}

std::string IndexText(std::span<const std::int64_t> index) {
  std::string text;
  for (const std::int64_t place : index) text += (text.empty() ? "" : ",") + std::to_string(place);
  return text;
}

Result<std::vector<std::int64_t>> ChooseTargets(const Tensor& output, const ExplainOptions& options,
                                                const std::vector<std::string>& labels) {
  const auto elements = static_cast<std::int64_t>(output.elements());
  if (elements == 0) return FailedPrecondition("the output is empty for this instance");
  if (!options.labels.empty() && std::ssize(options.labels) != elements) {
    return OutOfRange("--labels: " + std::to_string(options.labels.size()) + " name" +
                      (options.labels.size() == 1 ? "" : "s") + " for an output of " +
                      std::to_string(elements) + " element" + (elements == 1 ? "" : "s"));
  }
  if (!options.class_name.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::int64_t index,
                              ClassIndex(options.class_name, labels, elements));
    return std::vector<std::int64_t>{index};
  }
  std::vector<std::int64_t> targets;
  if (!options.output_indices.empty()) {
    for (const std::vector<std::int64_t>& tuple : options.output_indices) {
      std::vector<std::vector<std::int64_t>> indices = {tuple};
      if (output.shape().rank() <= 1) {  // A list of classes, not one index.
        indices.clear();
        for (const std::int64_t index : tuple) indices.push_back({index});
      }
      for (const std::vector<std::int64_t>& index : indices) {
        WHYLIGHT_ASSIGN_OR_RETURN(const std::int64_t flat, FlatIndex(index, output.shape()));
        targets.push_back(flat);
      }
    }
    return targets;
  }
  targets.resize(static_cast<std::size_t>(elements));
  std::iota(targets.begin(), targets.end(), std::int64_t{0});
  const std::int64_t count =
      options.top_k < 0 ? elements : std::min<std::int64_t>(options.top_k, elements);
  const auto score = [&](std::int64_t target) {
    const double value = output.Number(static_cast<std::size_t>(target));
    return std::isnan(value) ? -std::numeric_limits<double>::infinity() : value;
  };
  const auto higher = [&](std::int64_t a, std::int64_t b) {
    const double x = score(a), y = score(b);
    return x != y ? x > y : a < b;
  };
  std::ranges::partial_sort(targets, targets.begin() + count, higher);
  targets.resize(static_cast<std::size_t>(count));
  return targets;
}

}  // namespace whylight
