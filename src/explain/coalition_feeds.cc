#include "explain/coalition_feeds.h"

#include <algorithm>
#include <utility>

#include "tensor/rows.h"

namespace whylight {
namespace {

// For each input whether it has the instance's values in each row: one flag, or one an element.
std::vector<Tensor> FlagsOf(const CoalitionGraph& graph, std::span<const MixedPoint> points) {
  const auto count = static_cast<std::int64_t>(points.size());
  std::vector<Tensor> flags;
  std::vector<std::size_t> sizes;  // Of a row.
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const Tensor& like = points[0].rows->x[i];
    const bool by_elements = graph.inputs[i].by_elements;
    flags.emplace_back(DType::kBool, by_elements ? like.shape().WithFirst(count) : Shape{count});
    sizes.push_back(by_elements ? like.elements() : 1);
    std::ranges::fill(flags.back().data<bool>(), true);
  }
  for (std::size_t r = 0; r < points.size(); ++r) {
    const std::vector<Player>& players = points[r].rows->players;
    for (std::size_t player = 0; player < players.size(); ++player) {
      if (points[r].present[player]) continue;
      for (const Elements& part : players[player]) {
        const std::size_t size = sizes[part.input];
        const std::span<bool> row = flags[part.input].data<bool>().subspan(r * size, size);
        if (part.indices.empty() || !graph.inputs[part.input].by_elements) {
          std::ranges::fill(row, false);
          continue;
        }
        for (const std::size_t k : part.indices) row[k] = false;
      }
    }
  }
  return flags;
}

}  // namespace

Result<std::vector<NamedValue>> CoalitionFeeds(const CoalitionGraph& graph,
                                               std::span<const MixedOwner> owners,
                                               std::span<const std::int32_t> owner,
                                               std::span<const MixedPoint> points) {
  std::vector<std::int32_t> first_of;  // Of each owner: where its values begin.
  std::int32_t values = 0;
  for (const MixedOwner& one : owners) {
    first_of.push_back(values);
    values += 1 + static_cast<std::int32_t>(one.rows->baselines.size());
  }
  std::vector<std::int32_t> x_rows, baseline_rows;
  std::vector<std::int64_t> targets;
  for (std::size_t r = 0; r < points.size(); ++r) {
    const auto of = static_cast<std::size_t>(owner[r]);
    x_rows.push_back(first_of[of]);
    baseline_rows.push_back(first_of[of] + 1 + static_cast<std::int32_t>(points[r].baseline));
    targets.push_back(owners[of].target);
  }
  std::vector<NamedValue> fed;
  const Shape m{static_cast<std::int64_t>(points.size())};
  fed.push_back({graph.targets, Tensor::Of<std::int64_t>(m, targets)});
  fed.push_back({graph.x_rows, Tensor::Of<std::int32_t>(m, x_rows)});
  fed.push_back({graph.baseline_rows, Tensor::Of<std::int32_t>(m, baseline_rows)});
  if (!graph.held.empty()) {
    fed.push_back({graph.owner, Tensor::Of<std::int32_t>(m, owner)});
  }
  for (const CoalitionGraph::Held& held : graph.held) {
    std::vector<const Tensor*> of_owners;
    for (const MixedOwner& one : owners) of_owners.push_back(one.row[held.index]);
    WHYLIGHT_ASSIGN_OR_RETURN(Tensor stacked, StackRows(of_owners));
    fed.push_back({held.values, std::move(stacked)});
  }
  std::vector<Tensor> flags = FlagsOf(graph, points);
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const CoalitionGraph::Input& input = graph.inputs[i];
    std::vector<const Tensor*> of_owners;
    for (const MixedOwner& one : owners) {
      of_owners.push_back(&one.rows->x[i]);
      for (const Row& baseline : one.rows->baselines) of_owners.push_back(&baseline[i]);
    }
    WHYLIGHT_ASSIGN_OR_RETURN(Tensor stacked, StackRows(of_owners));
    fed.push_back({input.values, std::move(stacked)});
    fed.push_back({input.present, std::move(flags[i])});
  }
  return fed;
}

}  // namespace whylight
