#include "attribution/list.h"

#include <algorithm>
#include <charconv>

namespace whylight {
namespace {

constexpr MethodParameter kPlayers = {
    "players", "elements", "who shares the score: elements of the inputs, or inputs as a whole"};

constexpr MethodParameter kIntegratedGradients[] = {
    {"steps", "auto", "points on the path from the baseline to the input; auto: as many as needed"},
    {"tolerance", "0.01", "relative error of the attributions that is good enough"},
    {"max-steps", "255", "points that are spent on it at most"},
    {"noise-sigma", "none", "standard deviation of noise at the points of the path"},
    {"noisy-samples", "3", "noisy copies, if there is noise"},
    {"seed", "0", "of the noise; the same seed gives the same attributions"},
    {"rule", "gauss-legendre", "where a given number of points lies; or midpoint"},
};

constexpr MethodParameter kSampledShapley[] = {
    {"paths", "25", "random orders in which the features are switched on; or exact, or auto"},
    {"seed", "0", "of the random orders; the same seed gives the same attributions"},
    {"tolerance", "0.01", "relative standard error that --paths auto comes to"},
    kPlayers,
};

constexpr MethodParameter kKernelShap[] = {
    {"samples", "0", "coalitions of features that are scored; 0: 2 * features + 2048"},
    {"seed", "0", "of the coalitions; the same seed gives the same attributions"},
    kPlayers,
};

constexpr MethodParameter kXrai[] = {
    {"steps", "50", "points of Integrated Gradients on the path from each baseline"},
    {"xrai-algorithm", "full", "full weighs each region by what it adds, fast sorts them once"},
    {"noise-sigma", "none", "standard deviation of noise at the points of the path"},
    {"noisy-samples", "3", "noisy copies, if there is noise"},
    {"seed", "0", "of the noise; the same seed gives the same attributions"},
};

constexpr MethodParameter kBlurIg[] = {
    {"steps", "100", "blurs on the path"},
    {"max-sigma", "50", "standard deviation of the strongest blur, in pixels"},
};

constexpr MethodParameter kGuidedIg[] = {
    {"steps", "200", "points on the path, one after another"},
    {"fraction", "0.25", "share of the elements that move at once, those of the least gradients"},
    {"max-dist", "0.02", "how far an element may be off the straight path: 0 not at all, 1 anyhow"},
};

constexpr MethodParameter kSmoothGrad[] = {
    {"noise-sigma", "0.15 of the range", "standard deviation of the noise"},
    {"noisy-samples", "25", "noisy copies of the instance"},
    {"seed", "0", "of the noise; the same seed gives the same attributions"},
};

constexpr MethodParameter kExpectedGradients[] = {
    {"baseline-data", "", "rows like those of the training, to compare with"},
    {"samples", "200", "rows that are drawn of them, with one point on each path"},
    {"seed", "0", "of the draws; the same seed gives the same attributions"},
};

constexpr MethodParameter kOcclusion[] = {
    {"window", "15,15", "height and width of the window over a picture, in pixels"},
    {"stride", "8", "from one window to the next, in pixels"},
    kPlayers,
};

constexpr MethodParameter kGradCam[] = {
    {"layer", "last with height and width", "tensor, node or scope of the graph to look at"},
};

constexpr MethodParameter kExamples[] = {
    {"examples", "", "rows to search"},
    {"layer", "embedding, or last vector", "what places rows: an output or a tensor of the graph"},
    {"neighbors", "10", "nearest rows of each instance"},
    {"distance", "squared-l2", "or l1, cosine, dot-product"},
    {"normalize", "false", "whether vectors are given the length 1 first"},
    {"crowding-count", "0", "neighbours with the same crowding tag at most; 0: any number"},
    {"id-key", "the input id, or the place", "member or column of the rows that is their id"},
    {"restrict", "", "tokens that the rows must have, and must not"},
    {"return-embeddings", "false", "the instance's vector instead of neighbours"},
};

constexpr MethodInfo kMethods[] = {
    {.name = "integrated-gradients",
     .doc = "gradients along the path from a baseline; for differentiable models",
     .parameters = kIntegratedGradients,
     .needs_gradients = true},
    {.name = "sampled-shapley",
     .doc = "mean change of the score when a feature is switched on; for any model",
     .parameters = kSampledShapley,
     .samples = "--paths",
     .error = ErrorKind::kSampling},
    {.name = "kernel-shap",
     .doc = "Shapley values by regression on who is present; for any model",
     .parameters = kKernelShap,
     .samples = "--samples",
     .error = ErrorKind::kSampling},
    {.name = "xrai",
     .doc = "Integrated Gradients given to the regions of a picture; for differentiable models",
     .parameters = kXrai,
     .needs_gradients = true,
     .needs_picture = true,
     .is_complete = false},
    {.name = "blur-ig",
     .doc = "gradients on the way to a blurred picture; for differentiable models",
     .parameters = kBlurIg,
     .compares_with = ComparesWith::kBlurred,
     .needs_gradients = true,
     .needs_picture = true},
    {.name = "guided-ig",
     .doc = "gradients along a path that avoids steep slopes; for differentiable models",
     .parameters = kGuidedIg,
     .needs_gradients = true},
    {.name = "smoothgrad",
     .doc = "mean gradient over noisy copies; for differentiable models",
     .parameters = kSmoothGrad,
     .samples = "--noisy-samples",
     .compares_with = ComparesWith::kNothing,
     .error = ErrorKind::kSampling,
     .needs_gradients = true,
     .is_complete = false},
    {.name = "gradient-x-input",
     .doc = "one gradient, times the input; for differentiable models",
     .compares_with = ComparesWith::kNothing,
     .error = ErrorKind::kNone,
     .needs_gradients = true,
     .is_complete = false},
    {.name = "expected-gradients",
     .doc = "gradients on paths from rows of data; for differentiable models",
     .parameters = kExpectedGradients,
     .samples = "--samples",
     .compares_with = ComparesWith::kData,
     .error = ErrorKind::kSampling,
     .needs_gradients = true},
    {.name = "occlusion",
     .doc = "what the score loses without a part of the instance; for any model",
     .parameters = kOcclusion,
     .error = ErrorKind::kNone,
     .is_complete = false},
    {.name = "grad-cam",
     .doc = "where in a convolution's maps the score arises; for differentiable models",
     .parameters = kGradCam,
     .compares_with = ComparesWith::kNothing,
     .error = ErrorKind::kNone,
     .needs_gradients = true,
     .needs_picture = true,
     .at_layer = true,
     .is_complete = false},
    {.name = "examples",
     .doc = "rows of data that the model sees alike; for any model with a vector inside",
     .parameters = kExamples,
     .compares_with = ComparesWith::kNothing,
     .error = ErrorKind::kNone,
     .is_complete = false,
     .gives_neighbors = true},
};

}  // namespace

std::span<const MethodInfo> AllMethods() { return kMethods; }

const MethodInfo* FindMethod(std::string_view name) {
  for (const MethodInfo& method : kMethods) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

const MethodParameter* FindParameter(const MethodInfo& method, std::string_view name) {
  const auto found = std::ranges::find(method.parameters, name, &MethodParameter::name);
  return found == method.parameters.end() ? nullptr : &*found;
}

int DefaultSteps(const MethodInfo& method) {
  const MethodParameter* parameter = FindParameter(method, "steps");
  int steps = 0;
  if (parameter != nullptr) {
    const std::string_view initial = parameter->initial;
    std::from_chars(initial.data(), initial.data() + initial.size(), steps);
  }
  return steps;
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
