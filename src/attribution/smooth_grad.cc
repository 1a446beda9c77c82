#include "attribution/smooth_grad.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "attribution/averager.h"
#include "attribution/random.h"

namespace whylight {
namespace {

Status CheckSigmas(const std::vector<double>& sigmas, std::size_t inputs) {
  if (sigmas.size() != inputs) {
    return InvalidArgument("sigmas: expected " + std::to_string(inputs) + ", got " +
                           std::to_string(sigmas.size()));
  }
  for (const double sigma : sigmas) {
    if (!(sigma >= 0 && std::isfinite(sigma))) {
      return InvalidArgument("sigmas: expected finite numbers of 0 or more, got " +
                             std::to_string(sigma));
    }
  }
  return OkStatus();
}

Status CheckSamples(const NoiseOptions& options) {
  if (options.samples >= 1 && options.samples <= kMaxNoisySamples) return OkStatus();
  return InvalidArgument("samples: expected 1 to " + std::to_string(kMaxNoisySamples) + ", got " +
                         std::to_string(options.samples));
}

bool IsNoisy(const std::vector<double>& sigmas) {
  return std::ranges::any_of(sigmas, [](double sigma) { return sigma > 0; });
}

// Noise of copy `sample` is added to each of `rows`, which have one form.
void AddNoise(const std::vector<double>& sigmas, std::uint64_t seed, int sample,
              std::span<Row> rows) {
  SplitMix64 seeds(seed);
  SplitMix64 random(seeds.Next() + static_cast<std::uint64_t>(sample));
  for (std::size_t i = 0; i < sigmas.size(); ++i) {
    if (sigmas[i] == 0) continue;
    for (std::size_t k = 0; k < rows[0][i].elements(); ++k) {
      const double noise = sigmas[i] * random.Normal();
      for (Row& row : rows) row[i].SetNumber(k, row[i].Number(k) + noise);
    }
  }
}

// Bytes of a noisy copy beside its row: its gradient.
constexpr std::size_t kCopyBytes = 8;

}  // namespace

Result<std::vector<SmoothAttribution>> SmoothGrad(Function& f,
                                                  std::span<const SmoothGradTask> tasks,
                                                  const NoiseOptions& options) {
  WHYLIGHT_RETURN_IF_ERROR(CheckSamples(options));
  std::vector<Point> points;
  for (const SmoothGradTask& task : tasks) {
    WHYLIGHT_RETURN_IF_ERROR(CheckFinite(task.instance, *task.x, "an input"));
    WHYLIGHT_RETURN_IF_ERROR(
        CheckSigmas(task.sigmas.empty() ? options.sigmas : task.sigmas, task.x->size()));
    points.push_back({.instance = task.instance, .row = *task.x});
  }
  if (tasks.empty()) return std::vector<SmoothAttribution>();
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<double> scores, f.Evaluate(points));
  WHYLIGHT_RETURN_IF_ERROR(CheckScores(points, scores));

  std::vector<SmoothAttribution> all(tasks.size());
  std::vector<Averager> averages;
  for (const SmoothGradTask& task : tasks) averages.emplace_back(*task.x);
  std::vector<Row> copies;
  std::vector<std::size_t> task_of_copy;
  std::size_t bytes = 0;
  const auto flush = [&]() -> Status {
    std::vector<GradientPoint> noisy;
    noisy.reserve(copies.size());
    for (std::size_t c = 0; c < copies.size(); ++c) {
      noisy.push_back({.instance = tasks[task_of_copy[c]].instance, .row = &copies[c]});
    }
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Row> gradients,
                              GradientsAt(f, noisy, "at a noisy copy"));
    for (std::size_t c = 0; c < copies.size(); ++c) averages[task_of_copy[c]].Add(gradients[c]);
    copies.clear();
    task_of_copy.clear();
    bytes = 0;
    return OkStatus();
  };
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const std::vector<double>& sigmas = tasks[t].sigmas.empty() ? options.sigmas : tasks[t].sigmas;
    const int samples = IsNoisy(sigmas) ? options.samples : 1;
    for (int s = 0; s < samples; ++s) {
      AddNoise(sigmas, options.seed, s, {&copies.emplace_back(*tasks[t].x), 1});
      task_of_copy.push_back(t);
      bytes += BytesOf(*tasks[t].x, kCopyBytes);
      if (bytes >= options.max_bytes) WHYLIGHT_RETURN_IF_ERROR(flush());
    }
  }
  if (!copies.empty()) WHYLIGHT_RETURN_IF_ERROR(flush());
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const std::vector<double>& sigmas = tasks[t].sigmas.empty() ? options.sigmas : tasks[t].sigmas;
    Attribution& a = all[t].attribution;
    a.input_score = scores[t];
    a.values = averages[t].TakeMean();
    all[t].standard_errors = IsNoisy(sigmas) ? averages[t].TakeErrors() : ZerosLike(*tasks[t].x);
    a.approximation_error = RelativeError(NormOf(all[t].standard_errors), NormOf(a.values));
  }
  return all;
}

Result<std::vector<SmoothAttribution>> WithNoise(Function& f, std::span<const IgTask> tasks,
                                                 const NoiseOptions& options,
                                                 const PathMethod& method) {
  WHYLIGHT_RETURN_IF_ERROR(CheckSamples(options));
  WHYLIGHT_RETURN_IF_ERROR(CheckIgTasks(tasks));
  for (const IgTask& task : tasks) {
    WHYLIGHT_RETURN_IF_ERROR(CheckSigmas(options.sigmas, task.x->size()));
  }
  if (tasks.empty()) return std::vector<SmoothAttribution>();
  std::vector<SmoothAttribution> all(tasks.size());
  if (!IsNoisy(options.sigmas)) {
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Attribution> attributions, method(f, tasks));
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      all[t] = {.attribution = std::move(attributions[t]),
                .standard_errors = ZerosLike(*tasks[t].x)};
    }
    return all;
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<PathEnds> ends_of, ScoreEnds(f, tasks));
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    all[t].attribution = AttributionFrom(tasks[t], ends_of[t]);
  }

  const auto samples = static_cast<std::size_t>(options.samples);
  for (std::size_t first = 0; first < tasks.size();) {
    // Of each task the copies' ends: x and the baselines with one noise.
    std::vector<std::vector<Row>> ends;
    std::size_t end = first, bytes = 0;
    do {
      const IgTask& task = tasks[end++];
      for (int s = 0; s < options.samples; ++s) {
        std::vector<Row>& of_copy = ends.emplace_back();
        of_copy.push_back(*task.x);
        for (const Row* baseline : task.baselines) of_copy.push_back(*baseline);
        AddNoise(options.sigmas, options.seed, s, of_copy);
        bytes += of_copy.size() * BytesOf(*task.x, kCopyBytes);
      }
    } while (end < tasks.size() && bytes < options.max_bytes);
    std::vector<IgTask> copies;
    for (std::size_t c = 0; c < ends.size(); ++c) {
      IgTask& copy = copies.emplace_back(IgTask{
          .instance = tasks[first + c / samples].instance, .x = &ends[c][0], .baselines = {}});
      for (std::size_t b = 1; b < ends[c].size(); ++b) copy.baselines.push_back(&ends[c][b]);
    }
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Attribution> noisy, method(f, copies));
    for (std::size_t t = first; t < end; ++t) {
      Averager average(*tasks[t].x);
      for (std::size_t s = 0; s < samples; ++s) {
        average.Add(noisy[(t - first) * samples + s].values);
      }
      all[t].attribution.values = average.TakeMean();
      all[t].standard_errors = average.TakeErrors();
    }
    first = end;
  }
  for (SmoothAttribution& smooth : all) SetGap(smooth.attribution);
  return all;
}

}  // namespace whylight
