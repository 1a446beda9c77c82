#include "attribution/list.h"

#include <gtest/gtest.h>

#include <set>

#include "attribution/adaptive_gradients.h"
#include "attribution/blur_ig.h"
#include "attribution/expected_gradients.h"
#include "attribution/guided_ig.h"
#include "attribution/integrated_gradients.h"
#include "attribution/kernel_shap.h"
#include "attribution/neighbors.h"
#include "attribution/occlusion.h"
#include "attribution/sampled_shapley.h"
#include "attribution/smooth_grad.h"
#include "attribution/xrai.h"

namespace whylight {
namespace {

TEST(MethodList, NamesEachMethodOnceWithItsDoc) {
  std::set<std::string_view> names;
  for (const MethodInfo& method : AllMethods()) {
    EXPECT_TRUE(names.insert(method.name).second) << method.name;
    EXPECT_EQ(FindMethod(method.name), &method);
    EXPECT_FALSE(method.doc.empty());
    EXPECT_NE(method.doc.back(), '.');
    for (const MethodParameter& parameter : method.parameters) {
      EXPECT_FALSE(parameter.doc.empty()) << parameter.name;
    }
  }
  EXPECT_EQ(MethodNames(),
            "integrated-gradients, sampled-shapley, kernel-shap, xrai, blur-ig, guided-ig, "
            "smoothgrad, gradient-x-input, expected-gradients, occlusion, grad-cam, examples");
}

TEST(MethodList, WhatComparesWithNothingHasNoDifferenceToSumTo) {
  for (const MethodInfo& method : AllMethods()) {
    const bool compares = method.compares_with != ComparesWith::kNothing;
    EXPECT_TRUE(compares || !method.is_complete) << method.name;
  }
  EXPECT_FALSE(FindMethod("occlusion")->is_complete);
  EXPECT_FALSE(FindMethod("xrai")->is_complete);
  EXPECT_TRUE(FindMethod("kernel-shap")->is_complete);
}

TEST(MethodList, FindsNoUnknownMethod) {
  EXPECT_EQ(FindMethod("integrated_gradients"), nullptr);
  EXPECT_EQ(FindMethod(""), nullptr);
}

TEST(MethodList, ShowsTheDefaultsOfTheOptions) {
  const AdaptiveGradientsOptions adaptive;
  const SampledShapleyOptions shapley;
  EXPECT_EQ(FindMethod("sampled-shapley")->parameters[0].initial, std::to_string(shapley.paths));
  EXPECT_EQ(FindMethod("sampled-shapley")->parameters[1].initial, std::to_string(shapley.seed));
  const auto number = [](const char* method, std::size_t parameter) {
    return std::stod(std::string(FindMethod(method)->parameters[parameter].initial));
  };
  EXPECT_EQ(FindMethod("integrated-gradients")->parameters[0].initial, "auto");
  EXPECT_EQ(number("integrated-gradients", 1), adaptive.tolerance);
  EXPECT_EQ(number("integrated-gradients", 2), adaptive.max_steps);
  EXPECT_EQ(number("kernel-shap", 0), KernelShapOptions().samples);
  EXPECT_EQ(number("xrai", 0), XraiOptions().steps);
  EXPECT_EQ(FindMethod("xrai")->parameters[1].initial, "full");
  EXPECT_EQ(XraiOptions().rank.algorithm, XraiAlgorithm::kFull);
  EXPECT_EQ(number("blur-ig", 0), BlurIgOptions().steps);
  EXPECT_EQ(number("blur-ig", 1), BlurIgOptions().max_sigma);
  EXPECT_EQ(number("guided-ig", 0), GuidedIgOptions().steps);
  EXPECT_EQ(number("guided-ig", 1), GuidedIgOptions().fraction);
  EXPECT_EQ(number("guided-ig", 2), GuidedIgOptions().max_dist);
  EXPECT_EQ(number("integrated-gradients", 4), NoiseOptions().samples);
  EXPECT_EQ(number("xrai", 3), NoiseOptions().samples);
  EXPECT_EQ(number("expected-gradients", 1), ExpectedGradientsOptions().samples);
}

TEST(MethodList, ShowsTheWindowOfOcclusion) {
  const WindowOptions window;
  EXPECT_EQ(FindMethod("occlusion")->parameters[0].initial,
            std::to_string(window.height) + "," + std::to_string(window.width));
  EXPECT_EQ(FindMethod("occlusion")->parameters[1].initial, std::to_string(window.stride));
}

TEST(MethodList, ShowsTheDefaultsOfNeighbors) {
  EXPECT_EQ(FindMethod("examples")->parameters[2].initial, std::to_string(NeighborOptions().count));
  EXPECT_EQ(FindMethod("examples")->parameters[5].initial,
            std::to_string(NeighborOptions().crowding_count));
}

TEST(MethodList, SampledOnesSayWhatMakesTheErrorLess) {
  for (const MethodInfo& method : AllMethods()) {
    EXPECT_EQ(method.error == ErrorKind::kSampling, method.samples.starts_with("--"))
        << method.name;
  }
}

TEST(MethodList, KnowsTheStepsOfAMethod) {
  EXPECT_EQ(DefaultSteps(*FindMethod("integrated-gradients")), 0) << "as many as are needed";
  EXPECT_EQ(DefaultSteps(*FindMethod("xrai")), 50);
  EXPECT_EQ(DefaultSteps(*FindMethod("guided-ig")), 200);
  EXPECT_EQ(DefaultSteps(*FindMethod("sampled-shapley")), 0);
}

}  // namespace
}  // namespace whylight
