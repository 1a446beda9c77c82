// The coalitions of a game that a method asks for, each made and scored once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "attribution/game.h"
#include "whylight/function.h"

namespace whylight {

class Coalitions;
class CoalitionScorer;

// A coalition in the making, from one baseline. Idle players are present from the beginning.
class Members {
 public:
  // Nobody who is not idle. `coalitions` outlives this.
  Members(const Coalitions& coalitions, std::size_t baseline);

  // Joins, or leaves if present. An idle player does neither.
  void Toggle(std::uint32_t player);

 private:
  friend class CoalitionScorer;

  // 128 random bits for each player; a coalition's hash is the xor over its members (Zobrist), so
  // that one that grows by a player costs one operation. Two of a million coalitions share a hash
  // with probability 1e-27.
  struct Hash {
    std::uint64_t high = 0, low = 0;
    bool operator==(const Hash&) const = default;
  };
  friend class Coalitions;

  const Coalitions* coalitions_;
  std::size_t baseline_;
  Coalition present_;
  std::size_t absent_;
  Hash hash_;
};

// What is known of one game. Stays where it is while anything is asked of it.
class Coalitions {
 public:
  explicit Coalitions(const Game& game);  // Outlives this.
  Coalitions(const Coalitions&) = delete;
  Coalitions& operator=(const Coalitions&) = delete;

  const Game& game() const { return game_; }
  // In order: those who are not idle from every baseline; those who are not idle from this one.
  const std::vector<std::uint32_t>& players() const { return players_; }
  const std::vector<std::uint32_t>& PlayersFrom(std::size_t baseline) const {
    return players_from_[game_.idle.empty() ? 0 : baseline];
  }

  // Of a slot that CoalitionScorer::Ask gave, once Flush was called.
  double score(std::uint32_t slot) const { return scores_[slot]; }
  // Rows scored so far, and those of them that are still known.
  std::size_t scored() const { return scored_; }
  std::size_t known() const { return scores_.size(); }
  // Frees the memory. Slots given so far mean nothing any more.
  void Forget();

 private:
  friend class Members;
  friend class CoalitionScorer;
  struct HashOfHash {
    std::size_t operator()(const Members::Hash& hash) const {
      return static_cast<std::size_t>(hash.low);
    }
  };

  const Game& game_;
  std::vector<std::uint32_t> players_;
  std::vector<std::vector<std::uint32_t>> players_from_;  // One for all if nobody is idle.
  std::vector<Members::Hash> of_player_, of_baseline_;
  std::unordered_map<Members::Hash, std::uint32_t, HashOfHash> slots_;
  std::vector<double> scores_;
  std::size_t scored_ = 0;
};

// Scores the coalitions of many games in calls of up to max_points rows of all games together;
// of more where `f` makes the rows.
class CoalitionScorer {
 public:
  CoalitionScorer(Function& f, std::size_t max_points) : f_(f), max_points_(max_points) {}

  // The slot of a coalition, which is scored if it was not asked for before. Errors: those of
  // Game::make with the instance in front, of `f` as it came, and of CheckScores.
  Result<std::uint32_t> Ask(Coalitions& coalitions, const Members& members);
  // Scores what is still waiting.
  Status Flush();

 private:
  struct Place {
    Coalitions* coalitions;
    std::uint32_t slot;
  };

  // Points that wait, and where their scores go.
  template <typename AnyPoint>
  struct Waiting {
    std::vector<AnyPoint> points;
    std::vector<Place> places;

    Status Keep(Result<std::vector<double>> scores);
  };

  Function& f_;
  std::size_t max_points_;
  Waiting<Point> rows_;
  Waiting<MixedPoint> mixed_;
};

}  // namespace whylight
