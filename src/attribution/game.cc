#include "attribution/game.h"

#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

namespace whylight {
namespace {

bool SameElement(const Tensor& a, const Tensor& b, std::size_t index) {
  if (a.is_string()) return a.strings()[index] == b.strings()[index];
  const std::size_t size = DTypeSize(a.dtype());
  return std::memcmp(&a.bytes()[index * size], &b.bytes()[index * size], size) == 0;
}

void CopyElement(const Tensor& from, std::size_t index, Tensor& to) {
  if (from.is_string()) {
    to.strings()[index] = from.strings()[index];
    return;
  }
  const std::size_t size = DTypeSize(from.dtype());
  std::memcpy(&to.bytes()[index * size], &from.bytes()[index * size], size);
}

// Calls use(tensor, element) for each element of a player.
template <typename Use>
void ForEachElement(const Player& player, const Row& row, const Use& use) {
  for (const Elements& part : player) {
    if (part.indices.empty()) {
      for (std::size_t k = 0; k < row[part.input].elements(); ++k) use(part.input, k);
    }
    for (const std::size_t k : part.indices) use(part.input, k);
  }
}

enum class Overlap { kRefused, kAllowed };

Status CheckPlayers(std::size_t instance, const Row& x, const std::vector<Player>& players,
                    Overlap overlap) {
  std::vector<std::vector<bool>> taken;
  taken.reserve(x.size());
  for (const Tensor& tensor : x) taken.emplace_back(tensor.elements(), false);
  for (std::size_t i = 0; i < players.size(); ++i) {
    const std::string place = InstancePlace(instance) + ".players[" + std::to_string(i) + "]: ";
    for (const Elements& part : players[i]) {
      if (part.input >= x.size()) {
        return InvalidArgument(place + "expected one of " + std::to_string(x.size()) +
                               " inputs, got input " + std::to_string(part.input));
      }
      for (const std::size_t k : part.indices) {
        if (k < x[part.input].elements()) continue;
        return InvalidArgument(place + "expected one of " +
                               std::to_string(x[part.input].elements()) + " elements of input " +
                               std::to_string(part.input) + ", got element " + std::to_string(k));
      }
    }
    if (overlap == Overlap::kAllowed) continue;
    Status status;
    ForEachElement(players[i], x, [&](std::size_t input, std::size_t k) {
      if (taken[input][k] && status.ok()) {
        status = InvalidArgument(place + "element " + std::to_string(k) + " of input " +
                                 std::to_string(input) + " is taken already");
      }
      taken[input][k] = true;
    });
    WHYLIGHT_RETURN_IF_ERROR(status);
  }
  return OkStatus();
}

Result<Game> GameOf(std::size_t instance, const Row& x, std::span<const Row> baselines,
                    std::vector<Player> players, Overlap overlap) {
  WHYLIGHT_RETURN_IF_ERROR(CheckPlayers(instance, x, players, overlap));
  if (baselines.empty()) {
    return InvalidArgument(InstancePlace(instance) + ": expected a baseline, got none");
  }
  for (const Row& baseline : baselines) {
    WHYLIGHT_RETURN_IF_ERROR(CheckSameForm(instance, x, baseline));
  }

  const auto data = std::make_shared<const MixedRows>(
      MixedRows{x, std::vector<Row>(baselines.begin(), baselines.end()), std::move(players)});
  Game game{.instance = instance,
            .players = data->players.size(),
            .baselines = baselines.size(),
            .make = {},
            .idle = {}};
  for (const Row& baseline : data->baselines) {
    std::vector<bool>& idle = game.idle.emplace_back();
    for (const Player& player : data->players) {
      bool same = true;
      ForEachElement(player, x, [&](std::size_t input, std::size_t k) {
        same = same && SameElement(x[input], baseline[input], k);
      });
      idle.push_back(same);
    }
  }
  game.make = [data](const Coalition& present, std::size_t baseline) -> Result<Row> {
    return MakeMixedRow(*data, baseline, present);
  };
  if (overlap == Overlap::kRefused) game.mixed = data;
  return game;
}

}  // namespace

void SetApproximationError(ShapleyValues& values) {
  double squares = 0;
  for (const double error : values.standard_errors) squares += error * error;
  values.approximation_error =
      RelativeError(std::sqrt(squares), values.input_score - values.baseline_score);
}

Status CheckGames(std::span<const Game> games, std::size_t max_points) {
  if (max_points < 1) return InvalidArgument("max_points: expected at least 1, got 0");
  for (const Game& game : games) {
    if (game.baselines < 1) {
      return InvalidArgument(InstancePlace(game.instance) + ": expected a baseline, got none");
    }
    WHYLIGHT_CHECK(game.make != nullptr);
    WHYLIGHT_CHECK(game.idle.empty() || game.idle.size() == game.baselines);
    for (const std::vector<bool>& idle : game.idle) WHYLIGHT_CHECK(idle.size() == game.players);
  }
  return OkStatus();
}

Row MakeMixedRow(const MixedRows& rows, std::size_t baseline, const std::vector<bool>& present) {
  Row row = rows.x;
  for (std::size_t player = 0; player < present.size(); ++player) {
    if (present[player]) continue;
    ForEachElement(rows.players[player], row, [&](std::size_t input, std::size_t k) {
      CopyElement(rows.baselines[baseline][input], k, row[input]);
    });
  }
  return row;
}

std::vector<Player> InputPlayers(const Row& x) {
  std::vector<Player> players;
  players.reserve(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) players.push_back({{.input = i, .indices = {}}});
  return players;
}

std::vector<Player> ElementPlayers(const Row& x) {
  std::vector<Player> players;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t k = 0; k < x[i].elements(); ++k) {
      players.push_back({{.input = i, .indices = {k}}});
    }
  }
  return players;
}

Result<Game> TensorGame(std::size_t instance, const Row& x, std::span<const Row> baselines,
                        std::vector<Player> players) {
  return GameOf(instance, x, baselines, std::move(players), Overlap::kRefused);
}

Result<Game> OverlappingGame(std::size_t instance, const Row& x, std::span<const Row> baselines,
                             std::vector<Player> players) {
  return GameOf(instance, x, baselines, std::move(players), Overlap::kAllowed);
}

}  // namespace whylight
