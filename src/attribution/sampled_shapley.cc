#include "attribution/sampled_shapley.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "attribution/coalitions.h"
#include "attribution/exact_shapley.h"
#include "attribution/random.h"

namespace whylight {
namespace {

constexpr std::size_t kFirstPairs = 8;  // With a tolerance.

// The sums of one player's marginals over the units of one baseline. They are taken of what is
// off from the first unit's mean: where all marginals are alike, their spread is 0 and not the
// rounding of large squares.
struct MarginalSums {
  double origin = 0;    // The first unit's mean.
  double sum = 0;       // of d_u = (sum of the unit's marginals) - m_u * origin
  double squares = 0;   // of d_u^2
  double weighted = 0;  // of m_u * d_u

  // sum over u of (m_u * (mean_u - (origin + shift)))^2
  double SquaresAround(double shift, double sizes_squared) const {
    return std::max(0.0, squares - 2 * shift * weighted + shift * shift * sizes_squared);
  }
};

// The units of one baseline.
struct BaselineSums {
  double units = 0;
  double paths = 0;          // sum of m_u
  double sizes_squared = 0;  // sum of m_u^2
  double score = 0;          // F(b)
  std::vector<MarginalSums> players;
};

// The values of one game, as far as its paths have been taken.
class Estimate {
 public:
  Estimate(const Game& game, const SampledShapleyOptions& options)
      : coalitions_(game), exact_(coalitions_), options_(options), random_(options.seed) {
    order_ = coalitions_.players();
    sums_.resize(game.baselines);
    for (BaselineSums& sums : sums_) sums.players.resize(order_.size());
    const std::size_t most = static_cast<std::size_t>(options.paths);
    PlanPaths(options.tolerance ? WholeBlocks(2 * std::max(kFirstPairs, 2 * game.baselines))
                                : most);
    if (options.exact) is_exact_ = true;
  }

  bool finished() const { return finished_; }
  double exact_coalitions() const { return ExactCoalitions(coalitions_); }
  // That the next AskNext asks for, if nothing limits it.
  double planned_steps() const {
    return is_exact_ ? exact_coalitions() : static_cast<double>(planned_ * (order_.size() + 1));
  }
  std::size_t known() const { return coalitions_.known(); }
  void Forget() { coalitions_.Forget(); }

  // Asks for the coalitions of the next units, or of all of an exact answer; of so many that they
  // take `steps`, and of one unit at least.
  Status AskNext(CoalitionScorer& scorer, std::size_t steps);
  // When they are scored: credits their marginals and decides whether that is enough.
  void AddUp();

  ShapleyValues Values() const;

 private:
  // Paths are numbered in blocks: an order drawn for each baseline, then the reverses of these.
  std::size_t Block() const { return sums_.size() * (options_.antithetic ? 2 : 1); }
  // At least so many paths that are whole pairs, as many for each baseline; no more than
  // options.paths has room for, but one pair each.
  std::size_t WholeBlocks(std::size_t paths) const {
    const std::size_t block = 2 * sums_.size();
    const auto most = static_cast<std::size_t>(options_.paths);
    const std::size_t wanted = (paths + block - 1) / block * block;
    return std::max(std::min(wanted, most / block * block), block);
  }
  std::size_t PathOf(std::size_t unit) const {
    return unit / sums_.size() * Block() + unit % sums_.size();
  }
  bool HasReverse(std::size_t unit) const {
    return options_.antithetic && PathOf(unit) + sums_.size() < planned_;
  }
  std::size_t Units() const {
    return planned_ / Block() * sums_.size() + std::min(planned_ % Block(), sums_.size());
  }
  void PlanPaths(std::size_t paths);
  double CoalitionsOfPaths(std::size_t paths) const;
  Status AskPath(CoalitionScorer& scorer, std::size_t baseline);

  Coalitions coalitions_;
  ExactShapley exact_;
  const SampledShapleyOptions& options_;
  SplitMix64 random_;
  bool is_exact_ = false;
  bool finished_ = false;
  std::size_t planned_ = 0;            // Paths.
  std::size_t next_unit_ = 0;          // To be asked for.
  std::size_t first_asked_ = 0;        // Units from this one to next_unit_ wait for AddUp.
  std::vector<std::uint32_t> order_;   // Shuffled for each unit.
  std::vector<std::uint32_t> joined_;  // The orders of the paths that wait, one after another;
  std::vector<std::uint32_t> slots_;   // and for each path its coalitions from nobody to all.
  double input_score_ = 0;
  std::vector<BaselineSums> sums_;
};

// Coalitions that so many paths pass through, were no two of them the same.
double Estimate::CoalitionsOfPaths(std::size_t paths) const {
  double count = 1;
  for (std::size_t b = 0; b < std::min(sums_.size(), paths); ++b) {
    const std::size_t players = coalitions_.PlayersFrom(b).size();
    if (players == 0) continue;
    const std::size_t of_baseline = (paths - b + sums_.size() - 1) / sums_.size();
    count += 1 + static_cast<double>(of_baseline) * static_cast<double>(players - 1);
  }
  return count;
}

void Estimate::PlanPaths(std::size_t paths) {
  planned_ = paths;
  is_exact_ = exact_coalitions() <= std::min(CoalitionsOfPaths(paths), kMaxExactCoalitions);
}

Status Estimate::AskPath(CoalitionScorer& scorer, std::size_t baseline) {
  Members members(coalitions_, baseline);
  joined_.insert(joined_.end(), order_.begin(), order_.end());
  WHYLIGHT_ASSIGN_OR_RETURN(const std::uint32_t nobody, scorer.Ask(coalitions_, members));
  slots_.push_back(nobody);
  for (const std::uint32_t player : order_) {
    members.Toggle(player);
    WHYLIGHT_ASSIGN_OR_RETURN(const std::uint32_t slot, scorer.Ask(coalitions_, members));
    slots_.push_back(slot);
  }
  return OkStatus();
}

Status Estimate::AskNext(CoalitionScorer& scorer, std::size_t steps) {
  if (is_exact_) return exact_.Ask(scorer);
  first_asked_ = next_unit_;
  const std::size_t end = Units();
  do {
    const std::size_t baseline = next_unit_ % sums_.size();
    random_.Shuffle(std::span(order_));
    WHYLIGHT_RETURN_IF_ERROR(AskPath(scorer, baseline));
    if (HasReverse(next_unit_)) {
      std::ranges::reverse(order_);
      WHYLIGHT_RETURN_IF_ERROR(AskPath(scorer, baseline));
    }
    ++next_unit_;
  } while (next_unit_ < end && slots_.size() < steps);
  return OkStatus();
}

void Estimate::AddUp() {
  if (is_exact_) {
    finished_ = true;
    return;
  }
  const std::size_t all = order_.size();
  std::vector<std::uint32_t> place_of(coalitions_.game().players);  // Among the playing ones.
  for (std::size_t i = 0; i < all; ++i) {
    place_of[coalitions_.players()[i]] = static_cast<std::uint32_t>(i);
  }
  std::vector<double> marginals(all);
  std::size_t path = 0;
  for (std::size_t unit = first_asked_; unit < next_unit_; ++unit) {
    BaselineSums& sums = sums_[unit % sums_.size()];
    const std::size_t size = HasReverse(unit) ? 2 : 1;
    std::ranges::fill(marginals, 0);
    for (const std::size_t end = path + size; path < end; ++path) {
      const std::uint32_t* slot = &slots_[path * (all + 1)];
      sums.score = coalitions_.score(slot[0]);
      input_score_ = coalitions_.score(slot[all]);
      for (std::size_t k = 0; k < all; ++k) {
        marginals[place_of[joined_[path * all + k]]] +=
            coalitions_.score(slot[k + 1]) - coalitions_.score(slot[k]);
      }
    }
    const double m = static_cast<double>(size);
    for (std::size_t i = 0; i < all; ++i) {
      MarginalSums& player = sums.players[i];
      if (sums.units == 0) player.origin = marginals[i] / m;
      const double d = marginals[i] - m * player.origin;
      player.sum += d;
      player.squares += d * d;
      player.weighted += m * d;
    }
    sums.units += 1;
    sums.paths += m;
    sums.sizes_squared += m * m;
  }
  first_asked_ = next_unit_;
  joined_.clear();
  slots_.clear();
  if (next_unit_ < Units()) return;
  finished_ = true;
  if (!options_.tolerance) return;
  const std::size_t most = WholeBlocks(static_cast<std::size_t>(options_.paths));
  const double error = Values().approximation_error;
  if (error <= *options_.tolerance || planned_ >= most) return;
  // The error falls with the root of the number of paths.
  const double times = std::min(2.0, std::pow(error / *options_.tolerance, 2));
  const auto paths = static_cast<std::size_t>(std::ceil(static_cast<double>(planned_) * times));
  PlanPaths(WholeBlocks(std::max(paths, planned_ + 1)));
  finished_ = false;
}

ShapleyValues Estimate::Values() const {
  if (is_exact_) return exact_.Values();
  const Game& game = coalitions_.game();
  ShapleyValues result;
  result.values.assign(game.players, 0);
  result.standard_errors.assign(game.players, 0);
  result.input_score = input_score_;
  result.coalitions = coalitions_.scored();
  double units = 0, paths = 0;
  bool by_baseline = true;
  for (const BaselineSums& sums : sums_) {
    units += sums.units;
    paths += sums.paths;
    by_baseline = by_baseline && sums.units != 1;
  }
  result.paths = static_cast<int>(paths);
  for (const BaselineSums& sums : sums_) {
    result.baseline_score += sums.paths / paths * sums.score;
  }
  const std::vector<std::uint32_t>& players = coalitions_.players();
  for (std::size_t i = 0; i < players.size(); ++i) {
    double& value = result.values[players[i]];
    for (const BaselineSums& sums : sums_) {
      value += (sums.paths * sums.players[i].origin + sums.players[i].sum) / paths;
    }
    double variance = 0;
    for (const BaselineSums& sums : sums_) {
      const MarginalSums& player = sums.players[i];
      if (sums.units == 0) continue;
      if (by_baseline) {
        variance += sums.units / (sums.units - 1) *
                    player.SquaresAround(player.sum / sums.paths, sums.sizes_squared);
      } else if (units > 1) {
        variance +=
            units / (units - 1) * player.SquaresAround(value - player.origin, sums.sizes_squared);
      } else if (coalitions_.PlayersFrom(0).size() > 1 &&
                 (game.idle.empty() || !game.idle[0][players[i]])) {
        variance = std::numeric_limits<double>::infinity();
      }
    }
    result.standard_errors[players[i]] = std::sqrt(variance) / paths;
  }
  SetApproximationError(result);
  return result;
}

std::string TooManyCoalitions(const Game& game, double coalitions) {
  char count[32];
  std::snprintf(count, sizeof count, "%.0f", coalitions);
  if (coalitions > 1e12) std::snprintf(count, sizeof count, "%.2g", coalitions);
  return InstancePlace(game.instance) + ": an exact answer takes " + count +
         " coalitions of the players that differ from their baseline, and at most " +
         std::to_string(static_cast<long>(kMaxExactCoalitions)) +
         " are scored; sample them (--paths auto), or let features join together (--players "
         "inputs, group_name in the metadata)";
}

Status Check(std::span<const Game> games, const SampledShapleyOptions& options) {
  if (options.paths < 1 || options.paths > kMaxPaths) {
    return InvalidArgument("paths: expected 1 to " + std::to_string(kMaxPaths) + ", got " +
                           std::to_string(options.paths));
  }
  if (options.tolerance && !(*options.tolerance > 0)) {
    return InvalidArgument("tolerance: expected more than 0, got " +
                           std::to_string(*options.tolerance));
  }
  return CheckGames(games, options.max_points);
}

}  // namespace

Result<std::vector<ShapleyValues>> SampledShapley(Function& f, std::span<const Game> games,
                                                  const SampledShapleyOptions& options) {
  WHYLIGHT_RETURN_IF_ERROR(Check(games, options));
  std::vector<ShapleyValues> results(games.size());
  CoalitionScorer scorer(f, options.max_points);
  const auto max_steps = static_cast<double>(options.max_steps);
  for (std::size_t first = 0; first < games.size();) {
    // As many instances at a time as the bookkeeping allows.
    std::vector<std::unique_ptr<Estimate>> estimates;
    double steps = 0;
    for (const Game& game : games.subspan(first)) {
      auto estimate = std::make_unique<Estimate>(game, options);
      if (options.exact && estimate->exact_coalitions() > kMaxExactCoalitions) {
        return ResourceExhausted(TooManyCoalitions(game, estimate->exact_coalitions()));
      }
      steps += estimate->planned_steps();
      if (!estimates.empty() && steps > max_steps) break;
      estimates.push_back(std::move(estimate));
    }
    for (bool any = true; any;) {
      any = false;
      for (const std::unique_ptr<Estimate>& estimate : estimates) {
        if (!estimate) continue;
        WHYLIGHT_RETURN_IF_ERROR(estimate->AskNext(scorer, options.max_steps / estimates.size()));
      }
      WHYLIGHT_RETURN_IF_ERROR(scorer.Flush());
      std::size_t known = 0;
      for (std::size_t i = 0; i < estimates.size(); ++i) {
        if (!estimates[i]) continue;
        estimates[i]->AddUp();
        if (estimates[i]->finished()) {
          results[first + i] = estimates[i]->Values();
          estimates[i] = nullptr;
          continue;
        }
        any = true;
        known += estimates[i]->known();
      }
      if (known <= options.max_steps) continue;
      for (const std::unique_ptr<Estimate>& estimate : estimates) {
        if (estimate) estimate->Forget();
      }
    }
    first += estimates.size();
  }
  return results;
}

}  // namespace whylight
