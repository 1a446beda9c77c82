// Occlusion of a loaded model. Of a picture windows are replaced, and values are a number for each
// pixel; of other inputs each element, or with --players inputs each input as a whole.
#include "attribution/occlusion.h"

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "attribution/picture.h"
#include "explain/baselines.h"
#include "explain/methods/games.h"
#include "explain/methods/method.h"
#include "explain/methods/paths.h"
#include "explain/options.h"
#include "explain/score_function.h"

namespace whylight {
namespace {

// More runs of the model for an instance than anybody waits for.
constexpr std::size_t kMaxRuns = 100000;

// The players of one input, and how their values become the input's.
struct Part {
  std::vector<Elements> players;
  bool is_picture = false;
};

bool IsPicture(const Tensor& x, const std::string& name, const ExplainOptions& options) {
  return IsNumeric(x.dtype()) && IsPictureShape(x.shape()) &&
         HasPictureForm(x.shape(), name, options);
}

Part PartOf(const Tensor& x, std::size_t input, const std::string& name,
            const ExplainOptions& options) {
  Part part;
  if (options.players == Players::kInputs) {
    part.players.push_back({.input = input, .indices = {}});
  } else if (IsPicture(x, name, options)) {
    part.is_picture = true;
    part.players = Windows(
        x.shape(), input,
        {.height = options.window_height, .width = options.window_width, .stride = options.stride});
  } else {
    for (std::size_t k = 0; k < x.elements(); ++k) {
      part.players.push_back({.input = input, .indices = {k}});
    }
  }
  return part;
}

Status CheckRuns(std::size_t players, std::size_t baselines) {
  if (players * baselines <= kMaxRuns) return OkStatus();
  return InvalidArgument("occlusion takes " + std::to_string(players * baselines) +
                         " runs of the model for an instance, more than " +
                         std::to_string(kMaxRuns) +
                         "; raise --stride, take fewer baselines, or --players inputs");
}

// Of each input the numbers that its players got, from `values` on.
Row SharesOf(const std::vector<Part>& parts, const Row& x, std::span<const double> values) {
  Row shares;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::span<const double> own = values.first(parts[i].players.size());
    values = values.subspan(own.size());
    if (parts[i].is_picture) {
      shares.push_back(SpreadWindows(parts[i].players, own, x[i].shape()));
      continue;
    }
    const bool whole = own.size() == 1 && parts[i].players[0].indices.empty();
    shares.push_back(Tensor::Of<double>(whole ? Shape{} : x[i].shape(), own));
  }
  return shares;
}

Result<AttributionResult> ApplyToPieces(const MethodCall& call) {
  WHYLIGHT_ASSIGN_OR_RETURN(const PieceGames pieces, PieceGamesOf(call, kMaxRuns));
  RequestScoreFunction f(call.engine, pieces.targets);
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<OcclusionValues> values,
                            Occlusion(f, pieces.games, {}));
  AttributionResult result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Tensor text = pieces.TextOf(i);
    result.shares.push_back({.instance_output = values[i].input_score,
                             .baseline_output = values[i].baseline_score,
                             .x = {text},
                             .values = {Tensor::Of<double>(text.shape(), values[i].values)}});
  }
  return result;
}

Result<AttributionResult> Apply(const MethodCall& call) {
  if (ExplainsPieces(call.options)) return ApplyToPieces(call);
  std::vector<Row> xs = ExplainedRows(call);
  std::vector<std::vector<Part>> parts;
  std::vector<Game> games;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const Row& x = xs[i];
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Row> baselines,
                              BaselineRows(x, call.explained, call.options));
    std::vector<Player> players;
    std::vector<Part>& of_x = parts.emplace_back();
    for (std::size_t k = 0; k < x.size(); ++k) {
      of_x.push_back(PartOf(x[k], k, call.explained.names[k], call.options));
      for (const Elements& part : of_x.back().players) players.push_back({part});
    }
    WHYLIGHT_RETURN_IF_ERROR(CheckRuns(players.size(), baselines.size()));
    WHYLIGHT_ASSIGN_OR_RETURN(Game game, OverlappingGame(i, x, baselines, std::move(players)));
    games.push_back(std::move(game));
  }
  ScoreFunction f = ScoreFunctionOf(call);
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<OcclusionValues> values, Occlusion(f, games, {}));
  AttributionResult result;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    Shares& shares = result.shares.emplace_back();
    shares.instance_output = values[i].input_score;
    shares.baseline_output = values[i].baseline_score;
    shares.values = SharesOf(parts[i], xs[i], values[i].values);
    shares.x = std::move(xs[i]);
  }
  result.dependence = f.dependence();
  return result;
}

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  if (options.players != Players::kElements) return {};
  const std::string height = std::to_string(options.window_height);
  const std::string width = std::to_string(options.window_width);
  const std::string stride = std::to_string(options.stride);
  return {{.name = "window",
           .json = "[" + height + ", " + width + "]",
           .text = "windows of " + height + " x " + width + " in pictures"},
          {.name = "stride", .json = stride, .text = "stride " + stride}};
}

}  // namespace

constexpr MethodApplication kOcclusionMethod = {"occlusion", Apply, Describe};

}  // namespace whylight
