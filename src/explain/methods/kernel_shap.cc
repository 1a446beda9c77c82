// KernelSHAP of a loaded model.
#include "attribution/kernel_shap.h"

#include "explain/methods/games.h"
#include "explain/methods/method.h"

namespace whylight {
namespace {

// Beyond this the regression, which grows with the cube of the players, takes minutes.
constexpr std::size_t kMaxPlayers = 1024;

Result<AttributionResult> Apply(const MethodCall& call) {
  const KernelShapOptions kernel{.samples = call.options.samples, .seed = call.options.seed};
  return AttributeGames(call, kMaxPlayers, [&](Function& f, std::span<const Game> games) {
    return KernelShap(f, games, kernel);
  });
}

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  const MethodSetting by_players{
      .name = "samples", .json = "\"auto\"", .text = "2 * players + 2048 samples"};
  return {options.samples == 0 ? by_players : CountSetting("samples", options.samples, "samples"),
          SeedSetting(options)};
}

}  // namespace

constexpr MethodApplication kKernelShapMethod = {"kernel-shap", Apply, Describe, /*mixes=*/true};

}  // namespace whylight
