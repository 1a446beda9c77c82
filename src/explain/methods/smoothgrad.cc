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
  std::vector<Row> xs = ExplainedRows(call);
  std::vector<SmoothGradTask> tasks;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    SmoothGradTask& task =
        tasks.emplace_back(SmoothGradTask{.instance = i, .x = &xs[i], .sigmas = {}});
    if (!IsSigmaGiven(options)) task.sigmas = SigmasOfRange(xs[i]);
  }
  ScoreFunction f = ScoreFunctionOf(call);
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<SmoothAttribution> smooth, SmoothGrad(f, tasks, noise));
  return ResultOf(f, std::move(smooth), std::move(xs), noise.samples);
}

std::vector<MethodSetting> Describe(const ExplainOptions& options) {
  if (IsSigmaGiven(options)) return DescribePathNoise(options, kCopies);
  return {{.name = "noiseSigma",
           .json = "\"0.15 of the range\"",
           .text = "noise of 0.15 of each input's range"},
          CountSetting("noisySamples", options.noisy_samples.value_or(kCopies), "noisy copies"),
          SeedSetting(options)};
}

}  // namespace

constexpr MethodApplication kSmoothGradMethod = {"smoothgrad", Apply, Describe};

}  // namespace whylight
