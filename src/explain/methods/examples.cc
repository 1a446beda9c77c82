// Example-based explanations: what they heed. explain/examples.cc gives the answers.
#include <algorithm>
#include <string>

#include "attribution/neighbors.h"
#include "explain/methods/method.h"

namespace whylight {
namespace {

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  const DistanceName& distance =
      *std::ranges::find(kDistanceNames, options.distance, &DistanceName::distance);
  std::vector<MethodSetting> settings = {
      CountSetting("neighbors", options.neighbors,
                   options.neighbors == 1 ? "neighbour" : "neighbours"),
      {.name = "distance",
       .json = "\"" + std::string(distance.name) + "\"",
       .text = distance.text + std::string(options.normalize ? " of unit vectors" : "")},
      {.name = "normalize", .json = options.normalize ? "true" : "false", .text = ""}};
  if (options.crowding_count > 0) {
    settings.push_back(CountSetting("crowdingCount", options.crowding_count, "with the same tag"));
  }
  if (!options.restrictions.empty()) {
    settings.push_back(
        CountSetting("restrictions", std::ssize(options.restrictions), "restrictions"));
  }
  return settings;
}

}  // namespace

constexpr MethodApplication kExamplesMethod = {"examples", nullptr, Describe};

}  // namespace whylight
