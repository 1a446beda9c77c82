// Sampled Shapley of a loaded model.
#include "attribution/sampled_shapley.h"

#include "explain/methods/games.h"
#include "explain/methods/method.h"
#include "explain/options.h"

namespace whylight {
namespace {

// A game of more players than this takes more model runs than anybody waits for.
constexpr std::size_t kMaxPlayers = 4096;

Result<AttributionResult> Apply(const MethodCall& call) {
  const ExplainOptions& options = call.options;
  SampledShapleyOptions shapley{
      .paths = options.paths, .exact = options.path_rule == PathRule::kExact, .seed = options.seed};
  if (options.path_rule == PathRule::kTolerance) {
    shapley.paths = kMaxPaths;
    shapley.tolerance = options.tolerance;
  }
  return AttributeGames(call, kMaxPlayers, [&](Function& f, std::span<const Game> games) {
    return SampledShapley(f, games, shapley);
  });
}

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  if (options.path_rule == PathRule::kExact) {
    return {{.name = "paths", .json = "\"exact\"", .text = "all coalitions"}};
  }
  if (options.path_rule == PathRule::kTolerance) {
    const std::string tolerance = FormatOption(options.tolerance);
    return {{.name = "paths", .json = "\"auto\"", .text = "paths as needed"},
            {.name = "tolerance", .json = tolerance, .text = "tolerance " + tolerance},
            SeedSetting(options)};
  }
  return {CountSetting("paths", options.paths, "paths"), SeedSetting(options)};
}

}  // namespace

constexpr MethodApplication kSampledShapleyMethod = {"sampled-shapley", Apply, Describe,
                                                     /*mixes=*/true};

}  // namespace whylight
