#include "explain/baselines.h"

#include <algorithm>
#include <utility>

#include "explain/options.h"
#include "explain/sparse_rows.h"
#include "explain/warnings.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

struct GivenBaselines {
  const std::vector<Json>* values = nullptr;  // nullptr: none were given.
  std::string origin;
};

GivenBaselines BaselinesOf(const std::string& input, const ExplainOptions& options) {
  const auto given = options.baselines.find(input);
  if (given != options.baselines.end()) return {&given->second, "--baseline"};
  if (const InputMetadata* metadata = MetadataOf(options, input)) {
    const std::vector<Json>& baselines = IsExplainedEncoded(*metadata, options)
                                             ? metadata->encoded_baselines
                                             : metadata->input_baselines;
    if (!baselines.empty()) return {&baselines, options.metadata_source};
  }
  return {nullptr, "default"};
}

std::string Describe(const std::vector<Json>& baselines) {
  if (baselines.empty()) return "zeros";
  if (baselines.size() > 1) return std::to_string(baselines.size()) + " baselines";
  const Json& one = baselines[0];
  if (one.is_number() || one.is_string()) {
    return one.is_string() ? "\"" + one.string() + "\"" : "all " + FormatNumber(one.number());
  }
  if (!one.is_array()) return "given";
  std::string text;
  std::size_t shown = 0;
  for (const Json& value : one.array()) {
    if (shown == 4) return text + ", ...";
    if (!value.is_number()) return "given, " + whylight::Describe(one);
    text += (shown++ == 0 ? "" : ", ") + FormatNumber(value.number());
  }
  return text;
}

}  // namespace

Status CheckBaselines(const Explained& explained, const ExplainOptions& options) {
  for (const auto& [name, baselines] : options.baselines) {
    if (std::ranges::find(explained.names, name) != explained.names.end()) continue;
    const auto held = std::ranges::find_if(
        explained.held, [&](const std::string& text) { return text.starts_with(name + " ("); });
    if (held != explained.held.end()) {
      return FailedPrecondition("--baseline " + name + ": " + options.method +
                                " holds it at the instance's value: " + *held +
                                "; --method sampled-shapley can explain it");
    }
    return InvalidArgument("--baseline " + name + ": no explained input of that name" +
                           DidYouMean(name, explained.names) + "; explained are " +
                           Join(explained.names, ", "));
  }
  std::size_t count = 0;
  for (const std::string& name : explained.names) {
    const std::vector<Json>* baselines = BaselinesOf(name, options).values;
    if (baselines == nullptr || baselines->size() == 1) continue;
    if (count != 0 && count != baselines->size()) {
      return InvalidArgument("inputs have " + std::to_string(count) + " and " +
                             std::to_string(baselines->size()) +
                             " baselines; each needs one, or all the same number");
    }
    count = baselines->size();
  }
  return OkStatus();
}

Result<std::vector<Row>> BaselineRows(const Row& x, const Explained& explained,
                                      const ExplainOptions& options) {
  std::size_t count = 1;
  for (const std::string& name : explained.names) {
    if (const std::vector<Json>* given = BaselinesOf(name, options).values) {
      count = std::max(count, given->size());
    }
  }
  std::vector<Row> rows(count);
  for (std::size_t b = 0; b < count; ++b) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::string& name = explained.names[i];
      const std::vector<Json>* given = BaselinesOf(name, options).values;
      const InputMetadata* metadata = MetadataOf(options, name);
      const bool sparse = metadata != nullptr && IsFedAsDense(*metadata, options);
      if (given == nullptr) {
        rows[b].push_back(sparse ? EmptyLike(x[i]) : Tensor(x[i].dtype(), x[i].shape()));
        continue;
      }
      const Json& json = (*given)[given->size() == 1 ? 0 : b];
      if (sparse) {
        WHYLIGHT_ASSIGN_OR_RETURN(Tensor values,
                                  SparseBaseline(json, x[i], "baseline of '" + name + "'"));
        rows[b].push_back(std::move(values));
        continue;
      }
      WHYLIGHT_ASSIGN_OR_RETURN(Tensor baseline, BaselineFromJson(json, x[i].dtype(), x[i].shape(),
                                                                  "baseline of '" + name + "'"));
      rows[b].push_back(std::move(baseline));
    }
  }
  return rows;
}

std::vector<BaselineNote> DescribeBaselines(const Program& program, const Explained& explained,
                                            const ExplainOptions& options) {
  if (ExplainsPieces(options)) {
    return {
        {.input = explained.names[0], .text = "absent pieces are removed", .origin = "--pieces"}};
  }
  std::vector<BaselineNote> notes;
  for (const std::size_t index : explained.inputs) {
    const Port& port = program.inputs[index].port;
    GivenBaselines given = BaselinesOf(port.name, options);
    const InputMetadata* metadata = MetadataOf(options, port.name);
    const bool sparse = metadata != nullptr && IsFedAsDense(*metadata, options);
    notes.push_back({.input = port.name,
                     .text = given.values != nullptr        ? Describe(*given.values)
                             : sparse                       ? "no values"
                             : port.dtype == DType::kString ? "\"\""
                                                            : "zeros",
                     .origin = std::move(given.origin)});
  }
  return notes;
}

bool TableStartsAtZero(const Program& program, const Explained& explained,
                       const ExplainOptions& options) {
  return std::ranges::any_of(explained.inputs, [&](std::size_t index) {
    const Port& port = program.inputs[index].port;
    // Scalars and vectors are a table's; pictures and sequences have a meaningful zero more often.
    const bool table = port.shape.has_rank() && port.shape.rank() <= 2;
    return table && IsFloating(port.dtype) && BaselinesOf(port.name, options).values == nullptr;
  });
}

}  // namespace whylight
