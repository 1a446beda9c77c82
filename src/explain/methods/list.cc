#include "explain/methods/method.h"
#include "whylight/status.h"

namespace whylight {
namespace {

struct Application {
  std::string_view name;
  ApplyMethod apply;
};

// In the order of attribution/list.cc.
constexpr Application kApplications[] = {
    {"integrated-gradients", ApplyIntegratedGradients},
    {"sampled-shapley", ApplySampledShapley},
    {"xrai", ApplyXrai},
    {"blur-ig", ApplyBlurIg},
    {"guided-ig", ApplyGuidedIg},
};

}  // namespace

ApplyMethod FindMethodApplication(std::string_view name) {
  for (const Application& application : kApplications) {
    if (application.name == name) return application.apply;
  }
  WHYLIGHT_CHECK(false && "a method of AllMethods() is applied somewhere");
}

}  // namespace whylight
