#include "attribution/sampled_shapley.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <unordered_map>
#include <utility>

#include "attribution/random.h"

namespace whylight {
namespace {

constexpr std::size_t kMaxGameSteps = std::size_t{1} << 28;
constexpr std::size_t kMaxWaveSteps = std::size_t{1} << 22;  // Some 100 MB of bookkeeping.

// 128 random bits for each player; a coalition's hash is the xor over its members (Zobrist), so
// that one that grows by a player costs one operation. Two of a million coalitions share a hash
// with probability 1e-27.
struct Hash {
  std::uint64_t high = 0, low = 0;

  void operator^=(const Hash& other) {
    high ^= other.high;
    low ^= other.low;
  }
  bool operator==(const Hash&) const = default;
};
struct HashOfHash {
  std::size_t operator()(const Hash& hash) const { return static_cast<std::size_t>(hash.low); }
};

std::vector<Hash> RandomHashes(std::size_t count) {
  SplitMix64 random(0x5eed);
  std::vector<Hash> hashes(count);
  for (Hash& hash : hashes) hash = {.high = random.Next(), .low = random.Next()};
  return hashes;
}

// The coalition of the first `members` players of path `path`.
struct Prefix {
  std::size_t path = 0;
  std::size_t members = 0;
};

// The coalitions that one instance's paths pass through, each once.
class Game {
 public:
  Game(const ShapleyTask& task, const SampledShapleyOptions& options)
      : task_(task), paths_(static_cast<std::size_t>(options.paths)) {
    DrawOrders(options.seed);
    FindCoalitions();
    scores_.resize(coalitions_.size());
  }

  std::size_t coalitions() const { return coalitions_.size(); }

  Result<Point> MakePoint(std::size_t coalition) const {
    const Prefix prefix = coalitions_[coalition];
    Coalition present(task_.players, false);
    for (const std::uint32_t player : Order(prefix.path).first(prefix.members)) {
      present[player] = true;
    }
    Result<Row> row = task_.make(present, BaselineOf(prefix.path));
    if (!row.ok()) return row.status().In(InstancePlace(task_.instance));
    return Point{.instance = task_.instance, .row = *std::move(row)};
  }

  void SetScore(std::size_t coalition, double score) { scores_[coalition] = score; }

  ShapleyValues Reduce() const;

 private:
  void DrawOrders(std::uint64_t seed) {
    SplitMix64 random(seed);
    std::vector<std::uint32_t> order(task_.players);
    std::iota(order.begin(), order.end(), 0u);
    orders_.reserve(paths_ * order.size());
    for (std::size_t path = 0; path < paths_; ++path) {
      random.Shuffle(std::span(order));
      orders_.insert(orders_.end(), order.begin(), order.end());
    }
  }

  // Sets `slots_`: for each path the coalition after 0, 1, ..., all players have joined.
  void FindCoalitions() {
    const std::size_t all = task_.players;
    const std::vector<Hash> of_player = RandomHashes(all);
    const std::vector<Hash> of_baseline = RandomHashes(all + task_.baselines);
    std::unordered_map<Hash, std::uint32_t, HashOfHash> known;
    const auto slot_of = [&](const Hash& hash, Prefix prefix) {
      const auto [place, is_new] =
          known.try_emplace(hash, static_cast<std::uint32_t>(coalitions_.size()));
      if (is_new) coalitions_.push_back(prefix);
      return place->second;
    };
    Hash full{.high = 1, .low = 1};  // Whatever the baseline.
    slot_of(full, {.path = 0, .members = all});
    slots_.reserve(paths_ * (all + 1));
    for (std::size_t path = 0; path < paths_; ++path) {
      const std::size_t baseline = BaselineOf(path);
      std::size_t absent = 0;
      for (std::size_t player = 0; player < all; ++player) absent += !IsIdle(baseline, player);
      Hash hash = of_baseline[all + baseline];
      const std::span<const std::uint32_t> order = Order(path);
      for (std::size_t members = 0; members <= all; ++members) {
        if (members > 0 && !IsIdle(baseline, order[members - 1])) {
          hash ^= of_player[order[members - 1]];
          --absent;
        }
        slots_.push_back(slot_of(absent == 0 ? full : hash, {.path = path, .members = members}));
      }
    }
  }

  bool IsIdle(std::size_t baseline, std::size_t player) const {
    return !task_.idle.empty() && task_.idle[baseline][player];
  }
  std::size_t BaselineOf(std::size_t path) const { return path % task_.baselines; }
  std::span<const std::uint32_t> Order(std::size_t path) const {
    return std::span(orders_).subspan(path * task_.players, task_.players);
  }

  const ShapleyTask& task_;
  std::size_t paths_;
  std::vector<std::uint32_t> orders_;  // [path][place] -> player
  std::vector<std::uint32_t> slots_;   // [path][members] -> coalition
  std::vector<Prefix> coalitions_;
  std::vector<double> scores_;  // [coalition]; the first is F(x).
};

ShapleyValues Game::Reduce() const {
  const std::size_t all = task_.players;
  const double paths = static_cast<double>(paths_);
  ShapleyValues result;
  result.values.assign(all, 0);
  result.standard_errors.assign(all, 0);
  result.input_score = scores_[0];
  const auto for_each_marginal = [&](const auto& use) {
    for (std::size_t path = 0; path < paths_; ++path) {
      const std::span<const std::uint32_t> order = Order(path);
      const std::uint32_t* slot = &slots_[path * (all + 1)];
      for (std::size_t k = 0; k < all; ++k) {
        use(path, order[k], scores_[slot[k + 1]] - scores_[slot[k]]);
      }
    }
  };
  // Path b is the first of those that start from baseline b.
  for (std::size_t b = 0; b < std::min(task_.baselines, paths_); ++b) {
    const std::size_t starts = (paths_ - b + task_.baselines - 1) / task_.baselines;
    const double share = static_cast<double>(starts) / paths;
    result.baseline_score += share * scores_[slots_[b * (all + 1)]];
  }
  for_each_marginal([&](std::size_t, std::uint32_t player, double marginal) {
    result.values[player] += marginal / paths;
  });
  std::vector<double>& errors = result.standard_errors;
  if (paths_ > 1) {
    for_each_marginal([&](std::size_t, std::uint32_t player, double marginal) {
      const double off = marginal - result.values[player];
      errors[player] += off * off;
    });
    for (double& error : errors) error = std::sqrt(error / (paths - 1) / paths);
  } else {
    std::size_t playing = 0;
    for (std::size_t player = 0; player < all; ++player) playing += !IsIdle(0, player);
    for (std::size_t player = 0; player < all; ++player) {
      if (playing > 1 && !IsIdle(0, player)) {
        errors[player] = std::numeric_limits<double>::infinity();
      }
    }
  }
  double squares = 0;
  for (const double error : errors) squares += error * error;
  result.approximation_error =
      RelativeError(std::sqrt(squares), result.input_score - result.baseline_score);
  return result;
}

Status Check(std::span<const ShapleyTask> tasks, const SampledShapleyOptions& options) {
  if (options.paths < 1 || options.paths > kMaxPaths) {
    return InvalidArgument("paths: expected 1 to " + std::to_string(kMaxPaths) + ", got " +
                           std::to_string(options.paths));
  }
  if (options.max_points < 1) return InvalidArgument("max_points: expected at least 1, got 0");
  for (const ShapleyTask& task : tasks) {
    if (task.baselines < 1) {
      return InvalidArgument(InstancePlace(task.instance) + ": expected a baseline, got none");
    }
    WHYLIGHT_CHECK(task.make != nullptr);
    WHYLIGHT_CHECK(task.idle.empty() || task.idle.size() == task.baselines);
    for (const std::vector<bool>& idle : task.idle) WHYLIGHT_CHECK(idle.size() == task.players);
    if (task.players > kMaxGameSteps / static_cast<std::size_t>(options.paths)) {
      return ResourceExhausted(InstancePlace(task.instance) + ": " + std::to_string(task.players) +
                               " players on " + std::to_string(options.paths) +
                               " paths need more than " + std::to_string(kMaxGameSteps) +
                               " evaluations; group the features or take fewer paths");
    }
  }
  return OkStatus();
}

// Scores all coalitions of all games, max_points at a time.
Status ScoreCoalitions(Function& f, std::span<Game> games, std::size_t max_points) {
  struct Place {
    Game* game;
    std::size_t coalition;
  };
  std::vector<Point> points;
  std::vector<Place> places;
  const auto flush = [&]() -> Status {
    if (points.empty()) return OkStatus();
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<double> scores, f.Evaluate(points));
    WHYLIGHT_RETURN_IF_ERROR(CheckScores(points, scores));
    for (std::size_t i = 0; i < places.size(); ++i) {
      places[i].game->SetScore(places[i].coalition, scores[i]);
    }
    points.clear();
    places.clear();
    return OkStatus();
  };
  for (Game& game : games) {
    for (std::size_t coalition = 0; coalition < game.coalitions(); ++coalition) {
      WHYLIGHT_ASSIGN_OR_RETURN(Point point, game.MakePoint(coalition));
      points.push_back(std::move(point));
      places.push_back({.game = &game, .coalition = coalition});
      if (points.size() == max_points) WHYLIGHT_RETURN_IF_ERROR(flush());
    }
  }
  return flush();
}

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

// The players are checked.
Result<ShapleyTask> GameOf(std::size_t instance, const Row& x, std::span<const Row> baselines,
                           std::vector<Player> players) {
  if (baselines.empty()) {
    return InvalidArgument(InstancePlace(instance) + ": expected a baseline, got none");
  }
  for (const Row& baseline : baselines) {
    WHYLIGHT_RETURN_IF_ERROR(CheckSameForm(instance, x, baseline));
  }

  // Shared by the copies of `make`.
  struct Data {
    Row x;
    std::vector<Row> baselines;
    std::vector<Player> players;
  };
  const auto data = std::make_shared<const Data>(
      Data{x, std::vector<Row>(baselines.begin(), baselines.end()), std::move(players)});
  ShapleyTask task{.instance = instance,
                   .players = data->players.size(),
                   .baselines = baselines.size(),
                   .make = {},
                   .idle = {}};
  for (const Row& baseline : data->baselines) {
    std::vector<bool>& idle = task.idle.emplace_back();
    for (const Player& player : data->players) {
      bool same = true;
      ForEachElement(player, x, [&](std::size_t input, std::size_t k) {
        same = same && SameElement(x[input], baseline[input], k);
      });
      idle.push_back(same);
    }
  }
  task.make = [data](const Coalition& present, std::size_t baseline) -> Result<Row> {
    Row row = data->x;
    for (std::size_t player = 0; player < present.size(); ++player) {
      if (present[player]) continue;
      ForEachElement(data->players[player], row, [&](std::size_t input, std::size_t k) {
        CopyElement(data->baselines[baseline][input], k, row[input]);
      });
    }
    return row;
  };
  return task;
}

}  // namespace

Result<std::vector<ShapleyValues>> SampledShapley(Function& f, std::span<const ShapleyTask> tasks,
                                                  const SampledShapleyOptions& options) {
  WHYLIGHT_RETURN_IF_ERROR(Check(tasks, options));
  std::vector<ShapleyValues> results;
  results.reserve(tasks.size());
  while (results.size() < tasks.size()) {
    // As many instances at a time as the bookkeeping allows.
    std::vector<Game> games;
    std::size_t steps = 0;
    for (const ShapleyTask& task : tasks.subspan(results.size())) {
      steps += (task.players + 1) * static_cast<std::size_t>(options.paths);
      if (!games.empty() && steps > kMaxWaveSteps) break;
      games.emplace_back(task, options);
    }
    WHYLIGHT_RETURN_IF_ERROR(ScoreCoalitions(f, games, options.max_points));
    for (const Game& game : games) results.push_back(game.Reduce());
  }
  return results;
}

std::vector<Player> InputPlayers(const Row& x) {
  std::vector<Player> players;
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

Result<ShapleyTask> TensorGame(std::size_t instance, const Row& x, std::span<const Row> baselines,
                               std::vector<Player> players) {
  WHYLIGHT_RETURN_IF_ERROR(CheckPlayers(instance, x, players, Overlap::kRefused));
  return GameOf(instance, x, baselines, std::move(players));
}

Result<ShapleyTask> OverlappingGame(std::size_t instance, const Row& x,
                                    std::span<const Row> baselines, std::vector<Player> players) {
  WHYLIGHT_RETURN_IF_ERROR(CheckPlayers(instance, x, players, Overlap::kAllowed));
  return GameOf(instance, x, baselines, std::move(players));
}

}  // namespace whylight
