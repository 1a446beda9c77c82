#include "autodiff/registry.h"

#include <algorithm>
#include <string_view>

#include "autodiff/ops/array.h"
#include "autodiff/ops/convolution.h"
#include "autodiff/ops/diagonal.h"
#include "autodiff/ops/gather.h"
#include "autodiff/ops/identity.h"
#include "autodiff/ops/image.h"
#include "autodiff/ops/math.h"
#include "autodiff/ops/nn.h"
#include "autodiff/ops/normalization.h"
#include "autodiff/ops/pooling.h"
#include "autodiff/ops/quantization.h"
#include "autodiff/ops/reduce.h"
#include "autodiff/ops/segment.h"
#include "autodiff/ops/tensor_list.h"

namespace whylight {
namespace {

std::vector<GradientRule> JoinFamilies() {
  std::vector<GradientRule> rules;
  for (const std::span<const GradientRule> family : {
           IdentityGradientRules(),
           MathGradientRules(),
           ReduceGradientRules(),
           SegmentGradientRules(),
           NnGradientRules(),
           ConvolutionGradientRules(),
           PoolingGradientRules(),
           NormalizationGradientRules(),
           QuantizationGradientRules(),
           ArrayGradientRules(),
           GatherGradientRules(),
           DiagonalGradientRules(),
           ImageGradientRules(),
           TensorListGradientRules(),
       }) {
    rules.insert(rules.end(), family.begin(), family.end());
  }
  std::sort(rules.begin(), rules.end(), [](const GradientRule& a, const GradientRule& b) {
    return std::string_view(a.op) < std::string_view(b.op);
  });
  return rules;
}

const std::vector<GradientRule>& Rules() {
  static const std::vector<GradientRule> rules = JoinFamilies();
  return rules;
}

}  // namespace

const GradientRule* FindGradientRule(std::string_view op) {
  const std::vector<GradientRule>& rules = Rules();
  const auto found = std::lower_bound(
      rules.begin(), rules.end(), op,
      [](const GradientRule& rule, std::string_view name) { return rule.op < name; });
  return found != rules.end() && found->op == op ? &*found : nullptr;
}

std::vector<GradientRule> AllGradientRules() { return Rules(); }

}  // namespace whylight
