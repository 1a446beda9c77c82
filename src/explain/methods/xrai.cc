// XRAI of a loaded model: x is the picture, values are a number for each of its pixels.
#include "attribution/xrai.h"

#include <utility>

#include "explain/methods/method.h"
#include "explain/methods/paths.h"
#include "explain/noise.h"
#include "explain/options.h"

namespace whylight {
namespace {

std::vector<RegionAttribution> Described(const std::vector<RankedRegion>& ranked) {
  std::vector<RegionAttribution> regions;
  for (const RankedRegion& region : ranked) {
    const double pixels = static_cast<double>(region.pixels.width()) * region.pixels.height();
    RegionAttribution& to = regions.emplace_back();
    to.rank = static_cast<int>(regions.size());
    to.area = static_cast<double>(region.pixels.Count()) / pixels;
    to.attribution = region.attribution;
    to.is_rest = region.is_rest;
    to.width = region.pixels.width();
    for (const PixelRun& run : region.pixels.Runs()) {
      to.pixels.push_back({.first = run.first, .length = run.length});
    }
  }
  return regions;
}

Result<AttributionResult> Apply(const MethodCall& call) {
  std::vector<Row> xs = ExplainedRows(call);
  for (const Row& x : xs) {
    WHYLIGHT_RETURN_IF_ERROR(CheckPictures(x, call.explained, call.options));
  }
  WHYLIGHT_ASSIGN_OR_RETURN(PathTasks tasks, PathTasksOf(call, std::move(xs)));
  ScoreFunction f = ScoreFunctionOf(call);
  const bool fast = call.options.region_ranking == RegionRanking::kFast;
  WHYLIGHT_ASSIGN_OR_RETURN(
      std::vector<XraiAttribution> attributions,
      Xrai(f, tasks.paths,
           {.steps = StepsOf(call.options),
            .rank = {.algorithm = fast ? XraiAlgorithm::kFast : XraiAlgorithm::kFull},
            .noise = PathNoise(call.options, call.explained)}));
  AttributionResult result;
  for (std::size_t i = 0; i < attributions.size(); ++i) {
    result.shares.push_back(
        SharesOf(std::move(attributions[i].attribution), std::move(tasks.xs[i])));
    for (const std::vector<RankedRegion>& of_input : attributions[i].regions) {
      result.shares.back().regions.push_back(Described(of_input));
    }
  }
  result.dependence = f.dependence();
  return result;
}

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  const bool fast = options.region_ranking == RegionRanking::kFast;
  std::vector<MethodSetting> settings = {
      CountSetting("steps", StepsOf(options), "Gauss-Legendre points"),
      {.name = "xraiAlgorithm",
       .json = fast ? "\"fast\"" : "\"full\"",
       .text = fast ? "fast ranking" : "full ranking"}};
  for (MethodSetting& setting : DescribePathNoise(options)) settings.push_back(std::move(setting));
  return settings;
}

}  // namespace

constexpr MethodApplication kXraiMethod = {"xrai", Apply, Describe};

}  // namespace whylight
