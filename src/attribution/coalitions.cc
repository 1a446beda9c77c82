#include "attribution/coalitions.h"

#include <utility>

#include "attribution/random.h"

namespace whylight {

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
  Result<Row> row = game.make(members.present_, members.baseline_);
  if (!row.ok()) return row.status().In(InstancePlace(game.instance));
  points_.push_back({.instance = game.instance, .row = *std::move(row)});
  places_.push_back({.coalitions = &coalitions, .slot = slot});
  if (points_.size() == max_points_) WHYLIGHT_RETURN_IF_ERROR(Flush());
  return slot;
}

Status CoalitionScorer::Flush() {
  if (points_.empty()) return OkStatus();
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<double> scores, f_.Evaluate(points_));
  WHYLIGHT_RETURN_IF_ERROR(CheckScores(points_, scores));
  for (std::size_t i = 0; i < places_.size(); ++i) {
    places_[i].coalitions->scores_[places_[i].slot] = scores[i];
  }
  points_.clear();
  places_.clear();
  return OkStatus();
}

}  // namespace whylight
