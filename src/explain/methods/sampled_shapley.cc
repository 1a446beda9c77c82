// Sampled Shapley of a loaded model. Players are the explained inputs (values has a number for
// each), their elements (values has their shapes), or the pieces of the text (x holds the pieces).
#include "attribution/sampled_shapley.h"

#include <utility>

#include "attribution/pieces.h"
#include "explain/baselines.h"
#include "explain/methods/method.h"
#include "explain/options.h"
#include "explain/score_function.h"

namespace whylight {
namespace {

// A game of more players than this takes more model runs than anybody waits for.
constexpr std::size_t kMaxPlayers = 4096;

Shares SharesOf(const ShapleyValues& values, Row x, Row of_x) {
  return {.instance_output = values.input_score,
          .baseline_output = values.baseline_score,
          .approximation_error = values.approximation_error,
          .x = std::move(x),
          .values = std::move(of_x)};
}

Result<AttributionResult> AttributePieces(const MethodCall& call) {
  const auto& [engine, explained, options, tasks] = call;
  const PieceKind kind = options.players == Players::kLines ? PieceKind::kLines : PieceKind::kWords;
  std::vector<Game> games;
  std::vector<std::int64_t> targets;
  std::vector<std::vector<std::string_view>> texts;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    targets.push_back(tasks[i].target);
    const Row& request = *tasks[i].request;
    const Tensor& text = request[explained.text];
    if (text.elements() != 1) {
      return InvalidArgument("'" + explained.names[0] + "' holds " +
                             std::to_string(text.elements()) + " texts; pieces need one");
    }
    texts.push_back(SplitIntoPieces(text.strings()[0], kind));
    if (texts.back().size() > kMaxPlayers) {
      return InvalidArgument("the text has " + std::to_string(texts.back().size()) +
                             " pieces, more than " + std::to_string(kMaxPlayers) +
                             "; try --pieces lines, or a shorter text");
    }
    const auto make = [&explained, &request, split = texts.back()](const Coalition& present,
                                                                   std::size_t) -> Result<Row> {
      Row row = request;
      row[explained.text].strings()[0] = JoinPieces(split, present);
      return row;
    };
    games.push_back(
        {.instance = i, .players = texts.back().size(), .baselines = 1, .make = make, .idle = {}});
  }
  RequestScoreFunction f(engine, std::move(targets));
  WHYLIGHT_ASSIGN_OR_RETURN(
      const std::vector<ShapleyValues> values,
      SampledShapley(f, games, {.paths = options.paths, .seed = options.seed}));
  AttributionResult result;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const Shape shape{static_cast<std::int64_t>(texts[i].size())};
    result.shares.push_back(SharesOf(values[i],
                                     {Tensor::Strings(shape, {texts[i].begin(), texts[i].end()})},
                                     {Tensor::Of<double>(shape, values[i].values)}));
  }
  return result;
}

Result<AttributionResult> AttributeInputs(const MethodCall& call) {
  const auto& [engine, explained, options, tasks] = call;
  const bool whole = options.players == Players::kInputs;
  std::vector<Game> games;
  std::vector<ScoreTask> scores;
  std::vector<Row> xs;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    scores.push_back({.row = tasks[i].row, .target = tasks[i].target});
    xs.push_back(ExplainedValues(*tasks[i].row, explained));
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Row> baselines,
                              BaselineRows(xs.back(), explained, options));
    std::vector<Player> players = whole ? InputPlayers(xs.back()) : ElementPlayers(xs.back());
    if (players.size() > kMaxPlayers) {
      return InvalidArgument(
          "the inputs have " + std::to_string(players.size()) + " elements, more than " +
          std::to_string(kMaxPlayers) + " players; try --players inputs" +
          (IsFloating(xs.back()[0].dtype()) ? std::string(", or --method integrated-gradients")
                                            : std::string()));
    }
    WHYLIGHT_ASSIGN_OR_RETURN(Game game, TensorGame(i, xs.back(), baselines, std::move(players)));
    games.push_back(std::move(game));
  }
  ScoreFunction f(engine, std::move(scores), explained.inputs);
  WHYLIGHT_ASSIGN_OR_RETURN(
      const std::vector<ShapleyValues> values,
      SampledShapley(f, games, {.paths = options.paths, .seed = options.seed}));
  AttributionResult result{.shares = {}, .dependence = f.dependence()};
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    Row shares;
    std::size_t next = 0;
    for (const Tensor& x : xs[i]) {
      Tensor share(DType::kFloat64, whole ? Shape{} : x.shape());
      for (double& value : share.data<double>()) value = values[i].values[next++];
      shares.push_back(std::move(share));
    }
    result.shares.push_back(SharesOf(values[i], std::move(xs[i]), std::move(shares)));
  }
  return result;
}

}  // namespace

Result<AttributionResult> ApplySampledShapley(const MethodCall& call) {
  return ExplainsPieces(call.options) ? AttributePieces(call) : AttributeInputs(call);
}

}  // namespace whylight
