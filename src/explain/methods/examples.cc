// Example-based explanations: what they heed. explain/examples.cc gives the answers.
#include <string>
#include <utility>

#include "explain/methods/method.h"

namespace whylight {
namespace {

// As --distance has it, and for people.
std::pair<std::string, std::string> NamesOf(Distance distance) {
  switch (distance) {
    case Distance::kSquaredL2:
      return {"squared-l2", "squared L2 distance"};
    case Distance::kL1:
      return {"l1", "L1 distance"};
    case Distance::kCosine:
      return {"cosine", "cosine distance"};
    case Distance::kDotProduct:
      return {"dot-product", "negative dot product"};
  }
  return {};
}

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  const auto [name, text] = NamesOf(options.distance);
  std::vector<MethodSetting> settings = {
      CountSetting("neighbors", options.neighbors,
                   options.neighbors == 1 ? "neighbour" : "neighbours"),
      {.name = "distance",
       .json = "\"" + name + "\"",
       .text = text + (options.normalize ? " of unit vectors" : "")},
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
