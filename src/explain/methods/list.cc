#include <utility>

#include "explain/methods/method.h"
#include "whylight/status.h"

namespace whylight {
namespace {

// In the order of attribution/list.cc.
constexpr const MethodApplication* kApplications[] = {
    &kIntegratedGradientsMethod,
    &kSampledShapleyMethod,
    &kKernelShapMethod,
    &kXraiMethod,
    &kBlurIgMethod,
    &kGuidedIgMethod,
    &kSmoothGradMethod,
    &kGradientXInputMethod,
    &kExpectedGradientsMethod,
    &kOcclusionMethod,
    &kGradCamMethod,
    &kExamplesMethod,
};

}  // namespace

MethodSetting CountSetting(std::string name, std::int64_t count, const std::string& of) {
  const std::string number = std::to_string(count);
  return {.name = std::move(name), .json = number, .text = number + " " + of};
}

MethodSetting SeedSetting(const ExplainOptions& options) {
  const std::string seed = std::to_string(options.seed);
  return {.name = "seed", .json = seed, .text = "seed " + seed};
}

const MethodApplication& FindMethodApplication(std::string_view name) {
  for (const MethodApplication* application : kApplications) {
    if (application->name == name) return *application;
  }
  WHYLIGHT_CHECK(false && "a method of AllMethods() is applied somewhere");
}

}  // namespace whylight
