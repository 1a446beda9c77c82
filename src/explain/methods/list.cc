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
};

}  // namespace

const MethodApplication& FindMethodApplication(std::string_view name) {
  for (const MethodApplication* application : kApplications) {
    if (application->name == name) return *application;
  }
  WHYLIGHT_CHECK(false && "a method of AllMethods() is applied somewhere");
}

}  // namespace whylight
