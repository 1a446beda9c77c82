#include "attribution/list.h"

#include <gtest/gtest.h>

#include <set>

#include "attribution/integrated_gradients.h"
#include "attribution/kernel_shap.h"
#include "attribution/sampled_shapley.h"

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
  EXPECT_EQ(MethodNames(), "integrated-gradients, sampled-shapley, kernel-shap");
}

TEST(MethodList, FindsNoUnknownMethod) {
  EXPECT_EQ(FindMethod("integrated_gradients"), nullptr);
  EXPECT_EQ(FindMethod(""), nullptr);
}

TEST(MethodList, ShowsTheDefaultsOfTheOptions) {
  const IntegratedGradientsOptions ig;
  const SampledShapleyOptions shapley;
  const KernelShapOptions kernel;
  EXPECT_EQ(FindMethod("integrated-gradients")->parameters[0].initial, std::to_string(ig.steps));
  EXPECT_EQ(FindMethod("sampled-shapley")->parameters[0].initial, std::to_string(shapley.paths));
  EXPECT_EQ(FindMethod("sampled-shapley")->parameters[1].initial, std::to_string(shapley.seed));
  EXPECT_EQ(FindMethod("kernel-shap")->parameters[0].initial, std::to_string(kernel.samples));
}

}  // namespace
}  // namespace whylight
