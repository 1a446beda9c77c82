#include "attribution/kernel_shap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include "attribution/coalitions.h"
#include "attribution/exact_shapley.h"
#include "attribution/random.h"

namespace whylight {
namespace {

constexpr double kMaxWaveCoalitions = 1 << 20;

// A pair of a coalition of at most half of the players, and its complement.
struct Pair {
  std::vector<std::uint32_t> members;  // Of the smaller one: 0, ..., players - 1.
  double weight = 0;                   // In the regression.
};

// The coalitions of sizes s and players - s.
struct Layer {
  std::size_t size = 0;
  double subsets = 0;     // Coalitions of size s.
  double coalitions = 0;  // And those of the other size.
  double weight = 0;      // Of all of them; those of all layers sum to 1.
};

std::vector<Layer> LayersOf(std::size_t players) {
  std::vector<Layer> layers;
  double binomial = 1, sum = 0;
  const auto n = static_cast<double>(players);
  for (std::size_t size = 1; 2 * size <= players; ++size) {
    const auto s = static_cast<double>(size);
    binomial *= (n - s + 1) / s;
    const double sides = 2 * size == players ? 1 : 2;
    layers.push_back({.size = size,
                      .subsets = binomial,
                      .coalitions = sides * binomial,
                      .weight = sides * (n - 1) / (s * (n - s))});
    sum += layers.back().weight;
  }
  for (Layer& layer : layers) layer.weight /= sum;
  return layers;
}

// Which coalitions of so many players are scored, and the matrix of their regression: whatever the
// scores are.
class Design {
 public:
  // samples: of coalitions, at least 2 * players.
  Design(std::size_t players, std::size_t samples, std::uint64_t seed);

  std::size_t players() const { return players_; }
  const std::vector<Pair>& pairs() const { return pairs_; }
  // pairs()[drawn()] and those behind it are random.
  std::size_t drawn() const { return drawn_; }
  bool complete() const { return complete_; }

  // C * v: the inverse under the constraint that a solution sums to 0.
  std::vector<double> Solve(std::span<const double> v) const;
  // C * (indicator of the members).
  std::vector<double> SolveMembers(const std::vector<std::uint32_t>& members) const;
  // What a difference of 1 adds to the solution: it sums to 1.
  const std::vector<double>& unit() const { return unit_; }

 private:
  void Enumerate(const Layer& layer);
  void Draw(std::span<const Layer> layers, std::size_t pairs, std::uint64_t seed);
  void Invert();

  std::size_t players_;
  std::vector<Pair> pairs_;
  std::size_t drawn_ = 0;
  bool complete_ = false;
  std::vector<double> inverse_;  // C, row by row.
  std::vector<double> unit_;
};

Design::Design(std::size_t players, std::size_t samples, std::uint64_t seed) : players_(players) {
  const std::vector<Layer> layers = LayersOf(players);
  auto left = static_cast<double>(samples);
  double weight_left = 1;
  std::size_t next = 0;
  for (; next < layers.size(); ++next) {
    const Layer& layer = layers[next];
    const double expected = left * layer.weight / weight_left;
    // The singles make the regression's matrix regular, whatever else is in it.
    if (next > 0 && expected < layer.coalitions * (1 - 1e-9)) break;
    Enumerate(layer);
    left -= layer.coalitions;
    weight_left -= layer.weight;
  }
  drawn_ = pairs_.size();
  complete_ = next == layers.size();
  if (!complete_) {
    Draw(std::span(layers).subspan(next), static_cast<std::size_t>(std::max(left, 0.0)) / 2, seed);
  }
  Invert();
}

void Design::Enumerate(const Layer& layer) {
  // Two halves of the players are two pairs of half the weight: the same, seen from either side.
  const double weight = layer.weight / layer.subsets;
  std::vector<std::uint32_t> members(layer.size);
  std::iota(members.begin(), members.end(), 0u);
  while (true) {
    pairs_.push_back({.members = members, .weight = weight});
    // The next one in lexicographic order.
    std::size_t i = layer.size;
    while (i > 0 && members[i - 1] == players_ - layer.size + i - 1) --i;
    if (i == 0) return;
    ++members[i - 1];
    for (; i < layer.size; ++i) members[i] = members[i - 1] + 1;
  }
}

void Design::Draw(std::span<const Layer> layers, std::size_t pairs, std::uint64_t seed) {
  SplitMix64 random(seed);
  double sum = 0;
  for (const Layer& layer : layers) sum += layer.weight;
  std::vector<std::uint32_t> order(players_);
  std::iota(order.begin(), order.end(), 0u);
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    double at = sum * static_cast<double>(random.Next() >> 11) * 0x1p-53;
    std::size_t layer = 0;
    while (layer + 1 < layers.size() && at >= layers[layer].weight) at -= layers[layer++].weight;
    const std::size_t size = layers[layer].size;
    for (std::size_t i = 0; i < size; ++i) {
      std::swap(order[i], order[i + random.Below(static_cast<std::uint32_t>(players_ - i))]);
    }
    std::vector<std::uint32_t> members(order.begin(),
                                       order.begin() + static_cast<std::ptrdiff_t>(size));
    std::ranges::sort(members);
    pairs_.push_back({.members = std::move(members), .weight = sum / static_cast<double>(pairs)});
  }
}

// The matrix A = sum over pairs of weight * S * S^T is at least the singles' weight times the
// identity, so that Cholesky's factors exist and condition is at most some players^2.
void Design::Invert() {
  const std::size_t n = players_;
  unit_.assign(n, pairs_.empty() ? 1 : 0);
  inverse_.assign(n * n, 0);
  if (pairs_.empty()) return;  // A player alone has all.
  std::vector<double> a(n * n, 0);
  for (const Pair& pair : pairs_) {
    for (const std::uint32_t i : pair.members) {
      for (const std::uint32_t k : pair.members) a[i * n + k] += pair.weight;
    }
  }
  // a's lower half becomes L, A = L L^T.
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k <= i; ++k) {
      double sum = a[i * n + k];
      for (std::size_t j = 0; j < k; ++j) sum -= a[i * n + j] * a[k * n + j];
      a[i * n + k] = i == k ? std::sqrt(sum) : sum / a[k * n + k];
    }
  }
  std::vector<double> column(n);
  for (std::size_t c = 0; c < n; ++c) {
    std::ranges::fill(column, 0);
    column[c] = 1;
    for (std::size_t i = c; i < n; ++i) {
      for (std::size_t j = c; j < i; ++j) column[i] -= a[i * n + j] * column[j];
      column[i] /= a[i * n + i];
    }
    for (std::size_t i = n; i-- > 0;) {
      for (std::size_t j = i + 1; j < n; ++j) column[i] -= a[j * n + i] * column[j];
      column[i] /= a[i * n + i];
    }
    for (std::size_t i = 0; i < n; ++i) {
      inverse_[i * n + c] = column[i];
      unit_[i] += column[i];
    }
  }
  // C = A^-1 - (A^-1 1)(A^-1 1)^T / (1^T A^-1 1)
  const double sum = std::accumulate(unit_.begin(), unit_.end(), 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < n; ++k) inverse_[i * n + k] -= unit_[i] * unit_[k] / sum;
  }
  for (double& value : unit_) value /= sum;
}

std::vector<double> Design::Solve(std::span<const double> v) const {
  std::vector<double> solution(players_, 0);
  for (std::size_t i = 0; i < players_; ++i) {
    for (std::size_t k = 0; k < players_; ++k) solution[i] += inverse_[i * players_ + k] * v[k];
  }
  return solution;
}

std::vector<double> Design::SolveMembers(const std::vector<std::uint32_t>& members) const {
  std::vector<double> solution(players_, 0);
  for (std::size_t i = 0; i < players_; ++i) {
    for (const std::uint32_t k : members) solution[i] += inverse_[i * players_ + k];
  }
  return solution;
}

// The values of a regression, and their variances.
struct Regression {
  std::vector<double> values, variances;
};

// `differences`: F(S) - F(complement) of each pair. In the regression the complement's residual is
// that of S with the sign turned, so a pair is one observation of sum over i in S of value_i:
//   (F(S) - F(complement) + F(x) - F(b)) / 2
Regression Regress(const Design& design, std::span<const double> differences, double total) {
  const std::size_t n = design.players();
  const std::vector<Pair>& pairs = design.pairs();
  std::vector<double> right(n, 0);
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    const double seen = (differences[p] + total) / 2;
    for (const std::uint32_t i : pairs[p].members) right[i] += pairs[p].weight * seen;
  }
  Regression result{.values = design.Solve(right), .variances = std::vector<double>(n, 0)};
  for (std::size_t i = 0; i < n; ++i) result.values[i] += design.unit()[i] * total;
  if (design.complete()) return result;
  const std::size_t drawn = pairs.size() - design.drawn();
  if (drawn < 2) {
    result.variances.assign(n, std::numeric_limits<double>::infinity());
    return result;
  }
  const auto m = static_cast<double>(drawn);
  std::vector<double> mean(n, 0);
  // Two passes, so that the variance of what hardly varies is not lost in rounding.
  for (const bool is_mean : {true, false}) {
    for (std::size_t p = design.drawn(); p < pairs.size(); ++p) {
      const Pair& pair = pairs[p];
      std::vector<double> t = design.SolveMembers(pair.members);
      double residual = (differences[p] + total) / 2, leverage = 0;
      for (const std::uint32_t i : pair.members) {
        residual -= result.values[i];
        leverage += pair.weight * t[i];
      }
      // A leverage of 1: without this pair the regression would not know a player at all. The
      // singles rule that out; the bound keeps rounding from making it infinite.
      const double factor = pair.weight * residual / std::max(1 - leverage, 1e-3);
      for (std::size_t i = 0; i < n; ++i) {
        if (is_mean) {
          mean[i] += factor * t[i] / m;
        } else {
          result.variances[i] += std::pow(factor * t[i] - mean[i], 2) * m / (m - 1);
        }
      }
    }
  }
  return result;
}

// One design serves all games of as many players.
class Designs {
 public:
  explicit Designs(const KernelShapOptions& options) : options_(options) {}

  // Coalitions for each baseline of a game with so many players.
  std::size_t SamplesFor(const Coalitions& coalitions) const {
    const std::size_t samples = options_.samples > 0 ? static_cast<std::size_t>(options_.samples)
                                                     : 2 * coalitions.players().size() + 2048;
    return samples / coalitions.game().baselines;
  }

  std::shared_ptr<const Design> Find(std::size_t players, std::size_t baseline,
                                     std::size_t samples) {
    std::shared_ptr<const Design>& design = designs_[{players, baseline, samples}];
    if (design) return design;
    // Numbers of the generator, since seeds of a generator's own steps would repeat its sequence.
    SplitMix64 seeds(options_.seed);
    std::uint64_t seed = seeds.Next();
    for (std::size_t b = 0; b < baseline; ++b) seed = seeds.Next();
    design = std::make_shared<const Design>(players, std::max(samples, 2 * players), seed);
    return design;
  }

 private:
  struct Key {
    std::size_t players, baseline, samples;
    auto operator<=>(const Key&) const = default;
  };
  const KernelShapOptions& options_;
  std::map<Key, std::shared_ptr<const Design>> designs_;
};

// The values of one game.
class Estimate {
 public:
  Estimate(const Game& game, Designs& designs) : coalitions_(game), exact_(coalitions_) {
    const std::size_t samples = designs.SamplesFor(coalitions_);
    is_exact_ = ExactCoalitions(coalitions_) <= kMaxExactCoalitions;
    for (std::size_t b = 0; b < game.baselines; ++b) {
      const auto players = static_cast<double>(coalitions_.PlayersFrom(b).size());
      is_exact_ = is_exact_ && std::exp2(players) - 2 <= static_cast<double>(samples);
    }
    if (is_exact_) return;
    for (std::size_t b = 0; b < game.baselines; ++b) {
      designs_.push_back(designs.Find(coalitions_.PlayersFrom(b).size(), b, samples));
    }
  }

  double planned_coalitions() const {
    if (is_exact_) return ExactCoalitions(coalitions_);
    double count = 0;
    for (const auto& design : designs_) {
      count += 2 * static_cast<double>(design->pairs().size() + 1);
    }
    return count;
  }

  Status Ask(CoalitionScorer& scorer);
  ShapleyValues Values() const;

 private:
  Coalitions coalitions_;
  ExactShapley exact_;
  bool is_exact_ = false;
  std::vector<std::shared_ptr<const Design>> designs_;  // Of each baseline.
  // [baseline]: nobody, all, then the two coalitions of each pair.
  std::vector<std::vector<std::uint32_t>> slots_;
};

Status Estimate::Ask(CoalitionScorer& scorer) {
  if (is_exact_) return exact_.Ask(scorer);
  for (std::size_t b = 0; b < designs_.size(); ++b) {
    const std::vector<std::uint32_t>& players = coalitions_.PlayersFrom(b);
    std::vector<std::uint32_t>& slots = slots_.emplace_back();
    Members nobody(coalitions_, b), all(coalitions_, b);
    for (const std::uint32_t player : players) all.Toggle(player);
    const auto ask = [&](Members members, std::span<const std::uint32_t> toggled) -> Status {
      for (const std::uint32_t k : toggled) members.Toggle(players[k]);
      WHYLIGHT_ASSIGN_OR_RETURN(const std::uint32_t slot, scorer.Ask(coalitions_, members));
      slots.push_back(slot);
      return OkStatus();
    };
    WHYLIGHT_RETURN_IF_ERROR(ask(nobody, {}));
    WHYLIGHT_RETURN_IF_ERROR(ask(all, {}));
    for (const Pair& pair : designs_[b]->pairs()) {
      WHYLIGHT_RETURN_IF_ERROR(ask(nobody, pair.members));
      WHYLIGHT_RETURN_IF_ERROR(ask(all, pair.members));
    }
  }
  return OkStatus();
}

ShapleyValues Estimate::Values() const {
  if (is_exact_) return exact_.Values();
  const Game& game = coalitions_.game();
  ShapleyValues result;
  result.values.assign(game.players, 0);
  result.standard_errors.assign(game.players, 0);
  result.coalitions = coalitions_.scored();
  const double share = 1 / static_cast<double>(game.baselines);
  for (std::size_t b = 0; b < game.baselines; ++b) {
    const std::vector<std::uint32_t>& slots = slots_[b];
    const double nobody = coalitions_.score(slots[0]), all = coalitions_.score(slots[1]);
    std::vector<double> differences;
    for (std::size_t i = 2; i < slots.size(); i += 2) {
      differences.push_back(coalitions_.score(slots[i]) - coalitions_.score(slots[i + 1]));
    }
    result.input_score = all;
    result.baseline_score += share * nobody;
    const Regression regression = Regress(*designs_[b], differences, all - nobody);
    const std::vector<std::uint32_t>& players = coalitions_.PlayersFrom(b);
    for (std::size_t i = 0; i < players.size(); ++i) {
      result.values[players[i]] += share * regression.values[i];
      result.standard_errors[players[i]] += share * share * regression.variances[i];
    }
  }
  for (double& error : result.standard_errors) error = std::sqrt(error);
  SetApproximationError(result);
  return result;
}

}  // namespace

Result<std::vector<ShapleyValues>> KernelShap(Function& f, std::span<const Game> games,
                                              const KernelShapOptions& options) {
  if (options.samples < 0 || options.samples > kMaxSamples) {
    return InvalidArgument("samples: expected 1 to " + std::to_string(kMaxSamples) + ", got " +
                           std::to_string(options.samples));
  }
  WHYLIGHT_RETURN_IF_ERROR(CheckGames(games, options.max_points));
  Designs designs(options);
  CoalitionScorer scorer(f, options.max_points);
  std::vector<ShapleyValues> results;
  results.reserve(games.size());
  while (results.size() < games.size()) {
    // As many instances at a time as the bookkeeping allows.
    std::vector<std::unique_ptr<Estimate>> estimates;
    double coalitions = 0;
    for (const Game& game : games.subspan(results.size())) {
      auto estimate = std::make_unique<Estimate>(game, designs);
      coalitions += estimate->planned_coalitions();
      if (!estimates.empty() && coalitions > kMaxWaveCoalitions) break;
      estimates.push_back(std::move(estimate));
    }
    for (const auto& estimate : estimates) WHYLIGHT_RETURN_IF_ERROR(estimate->Ask(scorer));
    WHYLIGHT_RETURN_IF_ERROR(scorer.Flush());
    for (const auto& estimate : estimates) results.push_back(estimate->Values());
  }
  return results;
}

}  // namespace whylight
