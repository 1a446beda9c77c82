#include "attribution/expected_gradients.h"

#include <string>
#include <utility>

#include "attribution/averager.h"
#include "attribution/random.h"

namespace whylight {
namespace {

struct Sample {
  std::size_t row = 0;  // Of the data.
  double position = 0;
};

std::vector<Sample> Draw(std::size_t rows, const ExpectedGradientsOptions& options) {
  SplitMix64 random(options.seed);
  std::vector<Sample> samples(static_cast<std::size_t>(options.samples));
  for (Sample& sample : samples) {
    sample.row = random.Below(static_cast<std::uint32_t>(rows));
    sample.position = random.Uniform();
  }
  return samples;
}

Status Check(std::span<const ExpectedGradientsTask> tasks, std::span<const Row> data,
             const ExpectedGradientsOptions& options) {
  if (options.samples < 1 || options.samples > kMaxDrawnRows) {
    return InvalidArgument("samples: expected 1 to " + std::to_string(kMaxDrawnRows) + ", got " +
                           std::to_string(options.samples));
  }
  if (data.empty()) return InvalidArgument("data: expected rows to draw from, got none");
  for (const ExpectedGradientsTask& task : tasks) {
    WHYLIGHT_RETURN_IF_ERROR(CheckFinite(task.instance, *task.x, "an input"));
  }
  return OkStatus();
}

// gradients *= x - b
void MultiplyByChange(const Row& x, const Row& b, Row& gradients) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::span<double> values = gradients[i].data<double>();
    for (std::size_t k = 0; k < values.size(); ++k) {
      values[k] *= x[i].Number(k) - b[i].Number(k);
    }
  }
}

// Scores of the instance and of the rows that are drawn: of each row once.
Status Score(Function& f, const ExpectedGradientsTask& task, std::span<const Row> data,
             std::span<const Sample> samples, Attribution& to) {
  std::vector<std::size_t> drawn(data.size(), 0);
  for (const Sample& sample : samples) ++drawn[sample.row];
  std::vector<Point> points = {{.instance = task.instance, .row = *task.x}};
  std::vector<std::size_t> counts;
  for (std::size_t r = 0; r < data.size(); ++r) {
    if (drawn[r] == 0) continue;
    points.push_back({.instance = task.instance, .row = data[r]});
    counts.push_back(drawn[r]);
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<double> scores, f.Evaluate(points));
  WHYLIGHT_RETURN_IF_ERROR(CheckScores(points, scores));
  to.input_score = scores[0];
  for (std::size_t k = 0; k < counts.size(); ++k) {
    to.baseline_score +=
        scores[k + 1] * static_cast<double>(counts[k]) / static_cast<double>(samples.size());
  }
  return OkStatus();
}

}  // namespace

Result<std::vector<ExpectedAttribution>> ExpectedGradients(
    Function& f, std::span<const ExpectedGradientsTask> tasks, std::span<const Row> data,
    const ExpectedGradientsOptions& options) {
  WHYLIGHT_RETURN_IF_ERROR(Check(tasks, data, options));
  const std::vector<Sample> samples = Draw(data.size(), options);
  std::vector<ExpectedAttribution> all(tasks.size());
  std::vector<Averager> averages;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    for (const Sample& sample : samples) {
      WHYLIGHT_RETURN_IF_ERROR(CheckSameForm(tasks[t].instance, *tasks[t].x, data[sample.row]));
      WHYLIGHT_RETURN_IF_ERROR(CheckFinite(tasks[t].instance, data[sample.row], "a baseline"));
    }
    WHYLIGHT_RETURN_IF_ERROR(Score(f, tasks[t], data, samples, all[t].attribution));
    averages.emplace_back(*tasks[t].x);
  }

  std::vector<PathSum> sums;
  std::vector<std::size_t> task_of_sum;
  std::size_t bytes = 0;
  const auto flush = [&]() -> Status {
    if (sums.empty()) return OkStatus();
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Row> gradients, f.IntegrateGradients(sums));
    if (gradients.size() != sums.size()) {
      return Internal("expected " + std::to_string(sums.size()) + " gradients, got " +
                      std::to_string(gradients.size()));
    }
    for (std::size_t s = 0; s < sums.size(); ++s) {
      WHYLIGHT_RETURN_IF_ERROR(CheckGradients(sums[s].instance, *sums[s].x, gradients[s],
                                              "between a row of the data and the input"));
      MultiplyByChange(*sums[s].x, *sums[s].baseline, gradients[s]);
      averages[task_of_sum[s]].Add(gradients[s]);
    }
    sums.clear();
    task_of_sum.clear();
    bytes = 0;
    return OkStatus();
  };
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const Row& x = *tasks[t].x;
    std::size_t own = 0;
    for (const Sample& sample : samples) {
      const Row& baseline = data[sample.row];
      if (baseline == x) {
        ++own;
        continue;
      }
      sums.push_back({.instance = tasks[t].instance,
                      .x = &x,
                      .baseline = &baseline,
                      .positions = {sample.position},
                      .weights = {1}});
      task_of_sum.push_back(t);
      bytes += ElementsOf(x) * sizeof(double);  // Its gradient.
      if (bytes >= options.max_bytes) WHYLIGHT_RETURN_IF_ERROR(flush());
    }
    const Row zeros = ZerosLike(x);
    for (std::size_t k = 0; k < own; ++k) averages[t].Add(zeros);
  }
  WHYLIGHT_RETURN_IF_ERROR(flush());
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    Attribution& a = all[t].attribution;
    a.values = averages[t].TakeMean();
    all[t].standard_errors = averages[t].TakeErrors();
    if (samples.size() == 1 && data[samples[0].row] == *tasks[t].x) {
      all[t].standard_errors = ZerosLike(*tasks[t].x);
    }
    a.approximation_error =
        RelativeError(NormOf(all[t].standard_errors), a.input_score - a.baseline_score);
  }
  return all;
}

}  // namespace whylight
