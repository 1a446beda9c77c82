// Instances as games: for methods whose players share the score, without a gradient.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "attribution/game.h"
#include "explain/methods/method.h"
#include "whylight/function.h"

namespace whylight {

using SolveGames =
    std::function<Result<std::vector<ShapleyValues>>(Function& f, std::span<const Game> games)>;

// The explained inputs as rows of games are mixed of them: by elements, unless all elements of an
// input are one player. Empty for a method without games, and for games of a text's pieces.
std::vector<MixedInput> MixedInputs(const Program& program, const Explained& explained,
                                    const ExplainOptions& options);

// The pieces of each task's text as players: those absent are removed. Borrows from the call.
struct PieceGames {
  std::vector<Game> games;
  std::vector<std::int64_t> targets;                  // For RequestScoreFunction.
  std::vector<std::vector<std::string_view>> pieces;  // Of each text.

  Tensor TextOf(std::size_t task) const;  // Its pieces.
};
// Errors: kInvalidArgument: a text that is not one, or of more than max_players pieces.
Result<PieceGames> PieceGamesOf(const MethodCall& call, std::size_t max_players);

// The shares that `solve` finds for the tasks' games. Players are the elements of the explained
// inputs (values has their shapes), the inputs as a whole (a number for each), the inputs of a
// group of the metadata together (a number for the first of them, nothing for the others), or the
// pieces of the text (x holds the pieces).
// Errors  kInvalidArgument: more than max_players differ from their baselines; a text that is not
//         one; else as BaselineRows and `solve`.
Result<AttributionResult> AttributeGames(const MethodCall& call, std::size_t max_players,
                                         const SolveGames& solve);

}  // namespace whylight
