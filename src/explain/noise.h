// The noise that ExplainOptions ask for, as the methods take it.
#pragma once

#include <optional>
#include <vector>

#include "attribution/smooth_grad.h"
#include "explain/explained.h"
#include "explain/methods/method.h"

namespace whylight {

// Errors: kInvalidArgument: noise of a feature that is not explained, with those that are.
Status CheckNoise(const ExplainOptions& options, const Explained& explained);

// Noisy copies where options give a sigma alone: what services take.
inline constexpr int kNoisySamples = 3;

// Whether options ask for noise.
bool HasPathNoise(const ExplainOptions& options);
// Of paths; nullopt: none was asked for.
std::optional<NoiseOptions> PathNoise(const ExplainOptions& options, const Explained& explained);
// The settings that PathNoise heeds, with `copies` where none are given.
std::vector<MethodSetting> DescribePathNoise(const ExplainOptions& options,
                                             int copies = kNoisySamples);

}  // namespace whylight
