#include "explain/coalition_graph.h"

#include <algorithm>

#include "explain/affine_prefix.h"
#include "explain/rowwise_prefix.h"
#include "explain/score_ops.h"
#include "graph/builder.h"

namespace whylight {
namespace {

constexpr char kScope[] = "whylight/path";

class CoalitionBuilder {
 public:
  CoalitionBuilder(Program& program, Output output)
      : program_(program), output_(output), b_(program.graph, kScope) {}

  Result<CoalitionGraph> Build(const std::vector<MixedInput>& mixed) {
    const Shape vector{Shape::kUnknown};
    const Output targets = Placeholder(b_, DType::kInt64, vector);
    const Output x_rows = Placeholder(b_, DType::kInt32, vector);
    const Output baseline_rows = Placeholder(b_, DType::kInt32, vector);
    const Output owner = Placeholder(b_, DType::kInt32, vector);
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    graph_.targets = targets.name();
    graph_.x_rows = x_rows.name();
    graph_.baseline_rows = baseline_rows.name();

    graph_.inputs.resize(mixed.size());
    std::vector<Output> inputs;
    for (const ProgramInput& input : program_.inputs) inputs.push_back(input.port.tensor);
    const std::vector<std::vector<Output>> prefixes =
        FindRowwisePrefixes(program_.graph, output_, inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto is_mixed = std::ranges::find(mixed, i, &MixedInput::index);
      const Output values = Values(i);
      WHYLIGHT_RETURN_IF_ERROR(b_.status());
      if (is_mixed == mixed.end()) {
        graph_.owner = owner.name();
        graph_.held.push_back({.index = i, .values = values.name()});
        AddRows(inputs[i], values, prefixes[i], owner);
        continue;
      }
      const bool by_elements = is_mixed->by_elements;
      const Output present = Placeholder(b_, DType::kBool, by_elements ? RowsOf(i) : vector);
      WHYLIGHT_RETURN_IF_ERROR(b_.status());
      graph_.inputs[static_cast<std::size_t>(is_mixed - mixed.begin())] = {
          .index = i,
          .values = values.name(),
          .present = present.name(),
          .by_elements = by_elements};
      if (by_elements) {
        AddRow(inputs[i],
               b_.Select(present, b_.Gather(values, x_rows), b_.Gather(values, baseline_rows)));
      } else {
        AddRows(inputs[i], values, prefixes[i], b_.Select(present, x_rows, baseline_rows));
      }
    }
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    const std::vector<Output> output =
        CloneBetween(program_.graph, from_, to_, {&output_, 1}, "whylight/coalitions");
    graph_.scores = b_.Cast(ScoresOf(b_, output[0], targets), DType::kFloat64).name();
    WHYLIGHT_RETURN_IF_ERROR(b_.status());
    return graph_;
  }

 private:
  Shape RowsOf(std::size_t input) const {
    const Shape& shape = program_.inputs[input].port.shape;
    return shape.has_rank() ? shape.WithoutFirst().WithFirst(Shape::kUnknown) : shape;
  }

  Output Values(std::size_t input) {
    const Output values = Placeholder(b_, program_.inputs[input].port.dtype, RowsOf(input));
    return b_.status().ok() ? WithShapeOf(values, program_.inputs[input].port.tensor) : values;
  }

  // In the copy of the graph that scores coalitions, `row` takes the place of `tensor`.
  void AddRow(Output tensor, Output row) {
    if (!b_.status().ok()) return;
    from_.push_back(tensor);
    to_.push_back(WithShapeOf(row, tensor));
  }

  // The same, of rows `pick` of what an input's own part of the graph makes of its values.
  void AddRows(Output input, Output values, const std::vector<Output>& prefix, Output pick) {
    if (!b_.status().ok()) return;
    const std::vector<Output> made =
        CloneBetween(program_.graph, {&input, 1}, {&values, 1}, prefix, "whylight/values");
    for (std::size_t i = 0; i < prefix.size(); ++i) {
      AddRow(prefix[i], b_.Gather(made[i], pick));
    }
  }

  Program& program_;
  const Output output_;
  GraphBuilder b_;
  CoalitionGraph graph_;
  std::vector<Output> from_, to_;
};

}  // namespace

Result<CoalitionGraph> AddCoalitionGraph(Program& program, Output output,
                                         const std::vector<MixedInput>& mixed) {
  return CoalitionBuilder(program, output).Build(mixed);
}

}  // namespace whylight
