#include "attribution/coalitions.h"

#include <utility>

#include "attribution/random.h"

namespace whylight {
namespace {

// Mixed points hold a flag for each player where rows hold all values.
constexpr std::size_t kMaxMixedPoints = 1 << 15;

}  // namespace

Members::Members(const Coalitions& coalitions, std::size_t baseline)
    : coalitions_(&coalitions),
      baseline_(baseline),
      present_(coalitions.game().players, false),
      absent_(coalitions.PlayersFrom(baseline).size()),
      hash_(coalitions.of_baseline_[baseline]) {
  if (!coalitions.game().idle.empty()) present_ = coalitions.game().idle[baseline];
}

void Members::Toggle(std::uint32_t player) {
  const Game& game = coalitions_->game();
  if (!game.idle.empty() && game.idle[baseline_][player]) return;
  present_[player] = !present_[player];
  present_[player] ? --absent_ : ++absent_;
  const Hash& of_player = coalitions_->of_player_[player];
  hash_.high ^= of_player.high;
  hash_.low ^= of_player.low;
}

Coalitions::Coalitions(const Game& game) : game_(game) {
  std::vector<bool> plays(game.players, game.idle.empty());
  for (const std::vector<bool>& idle : game.idle) {
    std::vector<std::uint32_t>& from = players_from_.emplace_back();
    for (std::size_t player = 0; player < game.players; ++player) {
      if (idle[player]) continue;
      from.push_back(static_cast<std::uint32_t>(player));
      plays[player] = true;
    }
  }
  for (std::size_t player = 0; player < game.players; ++player) {
    if (plays[player]) players_.push_back(static_cast<std::uint32_t>(player));
  }
  if (game.idle.empty()) players_from_ = {players_};
  SplitMix64 random(0x5eed);
  const auto draw = [&](std::size_t count, std::vector<Members::Hash>& to) {
    to.resize(count);
    for (Members::Hash& hash : to) hash = {.high = random.Next(), .low = random.Next()};
  };
  draw(game.players, of_player_);
  draw(game.baselines, of_baseline_);
}

void Coalitions::Forget() {
  slots_ = {};
  scores_ = {};
}

Result<std::uint32_t> CoalitionScorer::Ask(Coalitions& coalitions, const Members& members) {
  // The instance itself, whatever the baseline.
  constexpr Members::Hash kAll{.high = 1, .low = 1};
  const auto [place, is_new] =
      coalitions.slots_.try_emplace(members.absent_ == 0 ? kAll : members.hash_,
                                    static_cast<std::uint32_t>(coalitions.scores_.size()));
  const std::uint32_t slot = place->second;
  if (!is_new) return slot;
  coalitions.scores_.push_back(0);
  ++coalitions.scored_;
  const Game& game = coalitions.game();
  const Place waits{.coalitions = &coalitions, .slot = slot};
  if (game.mixed != nullptr && f_.mixes()) {
    mixed_.points.push_back({.instance = game.instance,
                             .rows = game.mixed.get(),
                             .baseline = members.baseline_,
                             .present = members.present_});
    mixed_.places.push_back(waits);
    if (mixed_.points.size() == kMaxMixedPoints) WHYLIGHT_RETURN_IF_ERROR(Flush());
    return slot;
  }
  Result<Row> row = game.make(members.present_, members.baseline_);
  if (!row.ok()) return row.status().In(InstancePlace(game.instance));
  rows_.points.push_back({.instance = game.instance, .row = *std::move(row)});
  rows_.places.push_back(waits);
  if (rows_.points.size() == max_points_) WHYLIGHT_RETURN_IF_ERROR(Flush());
  return slot;
}

template <typename AnyPoint>
Status CoalitionScorer::Waiting<AnyPoint>::Keep(Result<std::vector<double>> scores) {
  WHYLIGHT_RETURN_IF_ERROR(scores.status());
  WHYLIGHT_RETURN_IF_ERROR(CheckScores(std::span<const AnyPoint>(points), *scores));
  for (std::size_t i = 0; i < places.size(); ++i) {
    places[i].coalitions->scores_[places[i].slot] = (*scores)[i];
  }
  points.clear();
  places.clear();
  return OkStatus();
}

Status CoalitionScorer::Flush() {
  if (!rows_.points.empty()) WHYLIGHT_RETURN_IF_ERROR(rows_.Keep(f_.Evaluate(rows_.points)));
  if (mixed_.points.empty()) return OkStatus();
  return mixed_.Keep(f_.EvaluateMixed(mixed_.points));
}

}  // namespace whylight
