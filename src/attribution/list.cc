#include "attribution/list.h"

namespace whylight {
namespace {

constexpr MethodParameter kIntegratedGradients[] = {
    {"steps", "50", "points on the path from the baseline to the input"},
};

constexpr MethodParameter kSampledShapley[] = {
    {"paths", "25", "random orders in which the features are switched on; or exact, or auto"},
    {"seed", "0", "of the random orders; the same seed gives the same attributions"},
    {"tolerance", "0.01", "relative standard error that --paths auto comes to"},
};

constexpr MethodParameter kKernelShap[] = {
    {"samples", "0", "coalitions of features that are scored; 0: 2 * features + 2048"},
    {"seed", "0", "of the coalitions; the same seed gives the same attributions"},
};

constexpr MethodInfo kMethods[] = {
    {"integrated-gradients", "gradients along the path from a baseline; for differentiable models",
     true, kIntegratedGradients},
    {"sampled-shapley", "mean change of the score when a feature is switched on; for any model",
     false, kSampledShapley},
    {"kernel-shap", "Shapley values by regression on who is present; for any model", false,
     kKernelShap},
};

}  // namespace

std::span<const MethodInfo> AllMethods() { return kMethods; }

const MethodInfo* FindMethod(std::string_view name) {
  for (const MethodInfo& method : kMethods) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

std::string MethodNames() {
  std::string names;
  for (const MethodInfo& method : kMethods) {
    if (!names.empty()) names += ", ";
    names += method.name;
  }
  return names;
}

}  // namespace whylight
