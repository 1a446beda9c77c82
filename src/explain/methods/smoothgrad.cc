// SmoothGrad of a loaded model: x and values of the shares have the shapes of the explained inputs.
#include <algorithm>
#include <limits>
#include <utility>

#include "attribution/smooth_grad.h"
#include "explain/methods/method.h"
#include "explain/methods/paths.h"
#include "explain/noise.h"
#include "explain/options.h"

namespace whylight {
namespace {

// The authors' 10 to 20 % of the range of the input's values, and PAIR's number of copies.
constexpr double kShareOfRange = 0.15;
constexpr int kCopies = 25;

bool IsSigmaGiven(const ExplainOptions& options) {
  return options.noise_sigma || !options.feature_noise_sigma.empty();
}

std::vector<double> SigmasOfRange(const Row& x) {
  std::vector<double> sigmas;
  for (const Tensor& input : x) {
    double least = std::numeric_limits<double>::infinity(), greatest = -least;
    for (std::size_t k = 0; k < input.elements(); ++k) {
      least = std::min(least, input.Number(k));
      greatest = std::max(greatest, input.Number(k));
    }
    sigmas.push_back(greatest > least ? kShareOfRange * (greatest - least) : 0);
  }
  return sigmas;
}

Result<AttributionResult> Apply(const MethodCall& call) {
  const ExplainOptions& options = call.options;
  NoiseOptions noise;
  if (IsSigmaGiven(options)) noise = *PathNoise(options, call.explained);
  noise.samples = options.noisy_samples.value_or(kCopies);
  noise.seed = options.seed;
  std::vector<Row> xs;
  for (const AttributionTask& task : call.tasks) {
    xs.push_back(ExplainedValues(*task.row, call.explained));
  }
  std::vector<SmoothGradTask> tasks;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    SmoothGradTask& task =
        tasks.emplace_back(SmoothGradTask{.instance = i, .x = &xs[i], .sigmas = {}});
    if (!IsSigmaGiven(options)) task.sigmas = SigmasOfRange(xs[i]);
  }
  ScoreFunction f = ScoreFunctionOf(call);
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<SmoothAttribution> smooth, SmoothGrad(f, tasks, noise));
  AttributionResult result;
  for (std::size_t i = 0; i < smooth.size(); ++i) {
    result.shares.push_back(SharesOf(std::move(smooth[i].attribution), std::move(xs[i])));
  }
  result.dependence = f.dependence();
  return result;
}

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  if (IsSigmaGiven(options)) {
    ExplainOptions counted = options;
    counted.noisy_samples = options.noisy_samples.value_or(kCopies);
    return DescribePathNoise(counted);
  }
  const std::string samples = std::to_string(options.noisy_samples.value_or(kCopies));
  const std::string seed = std::to_string(options.seed);
  return {{.name = "noiseSigma",
           .json = "\"0.15 of the range\"",
           .text = "noise of 0.15 of each input's range"},
          {.name = "noisySamples", .json = samples, .text = samples + " noisy copies"},
          {.name = "seed", .json = seed, .text = "seed " + seed}};
}

}  // namespace

constexpr MethodApplication kSmoothGradMethod = {"smoothgrad", Apply, Describe};

}  // namespace whylight
