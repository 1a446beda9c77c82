#include "explain/methods/games.h"

#include <string>
#include <utility>

#include "attribution/pieces.h"
#include "explain/baselines.h"
#include "explain/groups.h"
#include "explain/methods/paths.h"
#include "explain/options.h"
#include "explain/score_function.h"

namespace whylight {
namespace {

Shares SharesOf(const ShapleyValues& values, Row x, Row of_x, Row errors) {
  return {.instance_output = values.input_score,
          .baseline_output = values.baseline_score,
          .approximation_error = values.approximation_error,
          .x = std::move(x),
          .values = std::move(of_x),
          .standard_errors = std::move(errors),
          .sampling = Sampling{.exact = values.exact,
                               .paths = values.paths,
                               .coalitions = static_cast<std::int64_t>(values.coalitions)}};
}

// Players that change something from some baseline.
std::size_t Playing(const Game& game) {
  std::size_t playing = 0;
  for (std::size_t player = 0; player < game.players; ++player) {
    bool plays = game.idle.empty();
    for (const std::vector<bool>& idle : game.idle) plays = plays || !idle[player];
    playing += plays;
  }
  return playing;
}

Result<AttributionResult> AttributePieces(const MethodCall& call, std::size_t max_players,
                                          const SolveGames& solve) {
  WHYLIGHT_ASSIGN_OR_RETURN(const PieceGames pieces, PieceGamesOf(call, max_players));
  RequestScoreFunction f(call.engine, pieces.targets);
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<ShapleyValues> values, solve(f, pieces.games));
  AttributionResult result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Tensor text = pieces.TextOf(i);
    result.shares.push_back(
        SharesOf(values[i], {text}, {Tensor::Of<double>(text.shape(), values[i].values)},
                 {Tensor::Of<double>(text.shape(), values[i].standard_errors)}));
  }
  return result;
}

std::vector<Player> PlayersOf(const Row& x, const Explained& explained,
                              const ExplainOptions& options) {
  std::vector<Player> players;
  for (const Feature& feature : FeaturesOf(explained.names, options)) {
    if (feature.is_group || options.players == Players::kInputs) {
      Player& player = players.emplace_back();
      for (const std::size_t input : feature.inputs) {
        player.push_back({.input = input, .indices = {}});
      }
      continue;
    }
    const std::size_t input = feature.inputs[0];
    for (std::size_t k = 0; k < x[input].elements(); ++k) {
      players.push_back({{.input = input, .indices = {k}}});
    }
  }
  return players;
}

// Of each input the shares of its players, in order of `players`.
Row InputShares(const Row& x, const std::vector<Player>& players,
                const std::vector<double>& of_players) {
  std::vector<std::vector<double>> shares(x.size());
  std::vector<bool> is_whole(x.size(), false);
  for (std::size_t i = 0; i < players.size(); ++i) {
    const Elements& first = players[i][0];
    shares[first.input].push_back(of_players[i]);
    is_whole[first.input] = first.indices.empty();
  }
  Row row;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool member = shares[i].empty() && x[i].elements() > 0;  // Of a group, not the first.
    const Shape shape = member ? Shape{0} : is_whole[i] ? Shape{} : x[i].shape();
    row.push_back(Tensor::Of<double>(shape, shares[i]));
  }
  return row;
}

Result<AttributionResult> AttributeInputs(const MethodCall& call, std::size_t max_players,
                                          const SolveGames& solve) {
  const Explained& explained = call.explained;
  const ExplainOptions& options = call.options;
  std::vector<Game> games;
  std::vector<Row> xs = ExplainedRows(call);
  std::vector<std::vector<Player>> players;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Row> baselines,
                              BaselineRows(xs[i], explained, options));
    players.push_back(PlayersOf(xs[i], explained, options));
    WHYLIGHT_ASSIGN_OR_RETURN(Game game, TensorGame(i, xs[i], baselines, players.back()));
    if (const std::size_t playing = Playing(game); playing > max_players) {
      return InvalidArgument("the inputs have " + std::to_string(playing) +
                             " elements that differ from the baseline, more than " +
                             std::to_string(max_players) + " players; try --players inputs" +
                             (IsFloating(xs[i][0].dtype())
                                  ? std::string(", or --method integrated-gradients")
                                  : std::string()));
    }
    games.push_back(std::move(game));
  }
  ScoreFunction f = ScoreFunctionOf(call);
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<ShapleyValues> values, solve(f, games));
  AttributionResult result{.shares = {}, .dependence = f.dependence()};
  for (std::size_t i = 0; i < xs.size(); ++i) {
    Row shares = InputShares(xs[i], players[i], values[i].values);
    Row errors = InputShares(xs[i], players[i], values[i].standard_errors);
    result.shares.push_back(
        SharesOf(values[i], std::move(xs[i]), std::move(shares), std::move(errors)));
  }
  return result;
}

}  // namespace

std::vector<MixedInput> MixedInputs(const Program& program, const Explained& explained,
                                    const ExplainOptions& options) {
  if (!FindMethodApplication(options.method).mixes || ExplainsPieces(options)) return {};
  std::vector<MixedInput> mixed;
  for (const std::size_t index : explained.inputs) {
    const Shape& shape = program.inputs[index].port.shape;
    const bool has_rank = shape.has_rank() && shape.rank() > 0;
    const Shape row = has_rank ? shape.WithoutFirst() : shape;
    const bool is_one = row.IsKnown() && row.elements() == 1;
    mixed.push_back(
        {.index = index, .by_elements = options.players == Players::kElements && !is_one});
  }
  for (const Feature& feature : FeaturesOf(explained.names, options)) {
    if (!feature.is_group) continue;
    for (const std::size_t input : feature.inputs) mixed[input].by_elements = false;
  }
  return mixed;
}

Tensor PieceGames::TextOf(std::size_t task) const {
  const std::vector<std::string_view>& text = pieces[task];
  return Tensor::Strings(Shape{static_cast<std::int64_t>(text.size())}, {text.begin(), text.end()});
}

Result<PieceGames> PieceGamesOf(const MethodCall& call, std::size_t max_players) {
  const auto& [engine, explained, options, tasks] = call;
  const PieceKind kind = options.players == Players::kLines ? PieceKind::kLines : PieceKind::kWords;
  PieceGames all;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    all.targets.push_back(tasks[i].target);
    const Row& request = *tasks[i].request;
    const Tensor& text = request[explained.text];
    if (text.elements() != 1) {
      return InvalidArgument("'" + explained.names[0] + "' holds " +
                             std::to_string(text.elements()) + " texts; pieces need one");
    }
    all.pieces.push_back(SplitIntoPieces(text.strings()[0], kind));
    if (all.pieces.back().size() > max_players) {
      return InvalidArgument("the text has " + std::to_string(all.pieces.back().size()) +
                             " pieces, more than " + std::to_string(max_players) +
                             "; try --pieces lines, or a shorter text");
    }
    const auto make = [&explained, &request, split = all.pieces.back()](
                          const Coalition& present, std::size_t) -> Result<Row> {
      Row row = request;
      row[explained.text].strings()[0] = JoinPieces(split, present);
      return row;
    };
    all.games.push_back({.instance = i,
                         .players = all.pieces.back().size(),
                         .baselines = 1,
                         .make = make,
                         .idle = {}});
  }
  return all;
}

Result<AttributionResult> AttributeGames(const MethodCall& call, std::size_t max_players,
                                         const SolveGames& solve) {
  return ExplainsPieces(call.options) ? AttributePieces(call, max_players, solve)
                                      : AttributeInputs(call, max_players, solve);
}

}  // namespace whylight
