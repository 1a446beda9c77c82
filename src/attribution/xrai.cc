#include "attribution/xrai.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

#include "attribution/picture.h"
#include "segment/regions.h"

namespace whylight {
namespace {

// A region and what of it is not covered yet.
struct Candidate {
  double sum = 0;
  std::int64_t pixels = 0;
  bool is_open = true;

  double Mean() const {
    return pixels > 0 ? sum / static_cast<double>(pixels)
                      : -std::numeric_limits<double>::infinity();
  }
};

class Ranking {
 public:
  Ranking(std::span<const double> attribution, int width, int height,
          const std::vector<Mask>& regions)
      : attribution_(attribution), regions_(regions), uncovered_(width, height) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) uncovered_.Add(x, y);
    }
    for (const Mask& region : regions_) candidates_.push_back(Of(region));
  }

  const std::vector<Candidate>& candidates() const { return candidates_; }
  double UncoveredShare() const {
    return static_cast<double>(uncovered_.Count()) / static_cast<double>(attribution_.size());
  }

  void Full(const RankOptions& options) {
    do {
      double best_gain = -std::numeric_limits<double>::infinity();
      std::size_t best = candidates_.size();
      for (std::size_t i = 0; i < candidates_.size(); ++i) {
        Candidate& candidate = candidates_[i];
        if (candidate.pixels < options.min_pixels) candidate.is_open = false;
        if (!candidate.is_open || candidate.Mean() <= best_gain) continue;
        best_gain = candidate.Mean();
        best = i;
      }
      if (best == candidates_.size()) return;
      Choose(best);
    } while (1 - UncoveredShare() <= options.area_threshold);
  }

  void Fast(const RankOptions& options) {
    std::vector<std::size_t> order(regions_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::vector<double> means;
    means.reserve(candidates_.size());
    for (const Candidate& candidate : candidates_) means.push_back(candidate.Mean());
    std::ranges::stable_sort(order, std::ranges::greater(),
                             [&](std::size_t i) { return means[i]; });
    for (const std::size_t i : order) {
      if (Added(regions_[i]).Count() >= options.min_pixels) Choose(i);
    }
  }

  std::vector<RankedRegion> Finish() && {
    std::ranges::stable_sort(ranked_, std::ranges::greater(), &RankedRegion::attribution);
    if (const Candidate rest = Of(uncovered_); rest.pixels > 0) {
      ranked_.push_back(
          {.pixels = std::move(uncovered_), .attribution = rest.Mean(), .is_rest = true});
    }
    return std::move(ranked_);
  }

 private:
  Candidate Of(const Mask& mask) const {
    Candidate candidate;
    mask.ForEach([&](std::size_t pixel) {
      candidate.sum += attribution_[pixel];
      ++candidate.pixels;
    });
    return candidate;
  }

  Mask Added(const Mask& region) const {
    Mask covered = region;
    covered.RemoveAll(uncovered_);
    Mask added = region;
    added.RemoveAll(covered);
    return added;
  }

  void Choose(std::size_t index) {
    candidates_[index].is_open = false;
    Mask added = Added(regions_[index]);
    // Every pixel is covered once, so this is linear in the pixels of all regions.
    for (std::size_t i = 0; i < regions_.size(); ++i) {
      Candidate& candidate = candidates_[i];
      if (!candidate.is_open) continue;
      regions_[i].ForEachCommon(added, [&](std::size_t pixel) {
        candidate.sum -= attribution_[pixel];
        --candidate.pixels;
      });
    }
    uncovered_.RemoveAll(added);
    const double mean = Of(added).Mean();
    ranked_.push_back({.pixels = std::move(added), .attribution = mean, .is_rest = false});
  }

  std::span<const double> attribution_;
  const std::vector<Mask>& regions_;
  Mask uncovered_;
  std::vector<Candidate> candidates_;
  std::vector<RankedRegion> ranked_;
};

// Of each pixel the greatest over its channels.
std::vector<double> GreatestOfChannels(const Tensor& values, const RealImage& picture) {
  const auto channels = static_cast<std::size_t>(picture.channels);
  const std::span<const double> from = values.data<double>();
  std::vector<double> greatest;
  for (std::size_t i = 0; i < from.size(); i += channels) {
    greatest.push_back(std::ranges::max(from.subspan(i, channels)));
  }
  return greatest;
}

Tensor MapOf(const std::vector<RankedRegion>& regions, const Shape& input) {
  Shape shape = input;
  if (shape.rank() == 3) shape.set_dim(2, 1);
  Tensor map(DType::kFloat64, shape);
  const std::span<double> to = map.data<double>();
  for (const RankedRegion& region : regions) {
    region.pixels.ForEach([&](std::size_t pixel) { to[pixel] = region.attribution; });
  }
  return map;
}

}  // namespace

std::vector<RankedRegion> RankRegions(std::span<const double> attribution, int width, int height,
                                      const std::vector<Mask>& regions,
                                      const RankOptions& options) {
  if (attribution.empty()) return {};
  Ranking ranking(attribution, width, height, regions);
  if (options.algorithm == XraiAlgorithm::kFast) {
    ranking.Fast(options);
  } else {
    ranking.Full(options);
  }
  return std::move(ranking).Finish();
}

Result<std::vector<XraiAttribution>> Xrai(Function& f, std::span<const IgTask> tasks,
                                          const XraiOptions& options) {
  for (const IgTask& task : tasks) {
    for (std::size_t i = 0; i < task.x->size(); ++i) {
      if (!IsPictureShape((*task.x)[i].shape())) {
        return PictureOf((*task.x)[i], task.instance, i).status();
      }
    }
  }
  const PathMethod gradients = [&](Function& of, std::span<const IgTask> paths) {
    return IntegratedGradients(of, paths, {.steps = options.steps});
  };
  std::vector<Attribution> base;
  if (options.noise) {
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<SmoothAttribution> smooth,
                              WithNoise(f, tasks, *options.noise, gradients));
    for (SmoothAttribution& one : smooth) base.push_back(std::move(one.attribution));
  } else {
    WHYLIGHT_ASSIGN_OR_RETURN(base, gradients(f, tasks));
  }
  std::vector<XraiAttribution> explained;
  std::vector<std::vector<Mask>> regions;  // Of each input of the last task.
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const Row& x = *tasks[t].x;
    const bool is_same = t > 0 && x == *tasks[t - 1].x;
    if (!is_same) regions.clear();
    XraiAttribution& to = explained.emplace_back();
    Row maps;
    for (std::size_t i = 0; i < x.size(); ++i) {
      WHYLIGHT_ASSIGN_OR_RETURN(const RealImage picture, PictureOf(x[i], tasks[t].instance, i));
      if (!is_same) regions.push_back(XraiRegions(XraiSegmentations(picture)));
      to.regions.push_back(RankRegions(GreatestOfChannels(base[t].values[i], picture),
                                       picture.width, picture.height, regions[i], options.rank));
      maps.push_back(MapOf(to.regions.back(), x[i].shape()));
    }
    to.attribution = std::move(base[t]);
    to.attribution.values = std::move(maps);
  }
  return explained;
}

std::vector<Row> BlackAndWhite(const Row& x) {
  Row black, white;
  for (const Tensor& input : x) {
    double least = std::numeric_limits<double>::infinity(), greatest = -least;
    for (std::size_t i = 0; i < input.elements(); ++i) {
      least = std::min(least, input.Number(i));
      greatest = std::max(greatest, input.Number(i));
    }
    black.push_back(Tensor::Filled(input.dtype(), input.shape(), least));
    white.push_back(Tensor::Filled(input.dtype(), input.shape(), greatest));
  }
  return {std::move(black), std::move(white)};
}

}  // namespace whylight
