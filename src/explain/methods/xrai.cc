// XRAI of a loaded model: x is the picture, values are a number for each of its pixels.
#include "attribution/xrai.h"

#include <utility>

#include "explain/baselines.h"
#include "explain/methods/method.h"
#include "explain/score_function.h"

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
    for (const PixelRun& run : region.pixels.Runs()) {
      to.pixels.push_back({.first = run.first, .length = run.length});
    }
  }
  return regions;
}

}  // namespace

Result<AttributionResult> ApplyXrai(const MethodCall& call) {
  const auto& [engine, explained, options, tasks] = call;
  std::vector<ScoreTask> scores;
  std::vector<Row> xs;
  std::vector<std::vector<Row>> baselines;
  for (const AttributionTask& task : tasks) {
    scores.push_back({.row = task.row, .target = task.target});
    xs.push_back(ExplainedValues(*task.row, explained));
    WHYLIGHT_RETURN_IF_ERROR(CheckPictures(xs.back(), explained, options));
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Row> of_row, BaselineRows(xs.back(), explained, options));
    baselines.push_back(std::move(of_row));
  }
  std::vector<IgTask> paths;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    IgTask path{.instance = i, .x = &xs[i], .baselines = {}};
    for (const Row& baseline : baselines[i]) path.baselines.push_back(&baseline);
    paths.push_back(std::move(path));
  }
  const bool fast = options.region_ranking == RegionRanking::kFast;
  ScoreFunction f(engine, std::move(scores), explained.inputs);
  WHYLIGHT_ASSIGN_OR_RETURN(
      std::vector<XraiAttribution> attributions,
      Xrai(f, paths,
           {.steps = options.steps,
            .rank = {.algorithm = fast ? XraiAlgorithm::kFast : XraiAlgorithm::kFull}}));
  AttributionResult result{.shares = {}, .dependence = f.dependence()};
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    Attribution& attribution = attributions[i].attribution;
    Shares& shares = result.shares.emplace_back();
    shares.instance_output = attribution.input_score;
    shares.baseline_output = attribution.baseline_score;
    shares.approximation_error = attribution.approximation_error;
    shares.x = std::move(xs[i]);
    shares.values = std::move(attribution.values);
    for (const std::vector<RankedRegion>& of_input : attributions[i].regions) {
      shares.regions.push_back(Described(of_input));
    }
  }
  return result;
}

}  // namespace whylight
