#include "explain/noise.h"

#include <algorithm>
#include <string>
#include <utility>

#include "explain/options.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

constexpr double kNoiseSigma = 0.1;  // What services take where copies alone are given.

}  // namespace

bool HasPathNoise(const ExplainOptions& options) {
  return options.noise_sigma || !options.feature_noise_sigma.empty() || options.noisy_samples;
}

Status CheckNoise(const ExplainOptions& options, const Explained& explained) {
  for (const auto& [name, sigma] : options.feature_noise_sigma) {
    if (std::ranges::find(explained.names, name) != explained.names.end()) continue;
    return InvalidArgument("noise of '" + name + "': no explained input of that name" +
                           DidYouMean(name, explained.names) + "; explained are " +
                           Join(explained.names, ", "));
  }
  return OkStatus();
}

std::optional<NoiseOptions> PathNoise(const ExplainOptions& options, const Explained& explained) {
  if (!HasPathNoise(options)) return std::nullopt;
  NoiseOptions noise{
      .sigmas = {}, .samples = options.noisy_samples.value_or(kNoisySamples), .seed = options.seed};
  for (const std::string& name : explained.names) {
    if (options.feature_noise_sigma.empty()) {
      noise.sigmas.push_back(options.noise_sigma.value_or(kNoiseSigma));
      continue;
    }
    const auto of = std::ranges::find(options.feature_noise_sigma, name,
                                      &std::pair<std::string, double>::first);
    noise.sigmas.push_back(of != options.feature_noise_sigma.end() ? of->second : 0);
  }
  return noise;
}

std::vector<MethodSetting> DescribePathNoise(const ExplainOptions& options, int copies) {
  if (!HasPathNoise(options)) return {};
  std::vector<MethodSetting> settings;
  if (options.feature_noise_sigma.empty()) {
    const double sigma = options.noise_sigma.value_or(kNoiseSigma);
    settings.push_back({.name = "noiseSigma",
                        .json = JsonOption(sigma),
                        .text = "noise of sigma " + FormatOption(sigma)});
  } else {
    std::string text;
    for (const auto& [name, sigma] : options.feature_noise_sigma) {
      text += (text.empty() ? "noise of sigma " : ", ") + FormatOption(sigma) + " on " + name;
    }
    settings.push_back({.name = "noiseSigma", .json = "\"by feature\"", .text = std::move(text)});
  }
  settings.push_back(
      CountSetting("noisySamples", options.noisy_samples.value_or(copies), "noisy copies"));
  settings.push_back(SeedSetting(options));
  return settings;
}

}  // namespace whylight
