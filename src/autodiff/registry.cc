#include "autodiff/registry.h"

#include <algorithm>
#include <string_view>

#include "autodiff/ops/array.h"
#include "autodiff/ops/convolution.h"
#include "autodiff/ops/ctc.h"
#include "autodiff/ops/diagonal.h"
#include "autodiff/ops/gather.h"
#include "autodiff/ops/identity.h"
#include "autodiff/ops/image.h"
#include "autodiff/ops/linalg.h"
#include "autodiff/ops/math.h"
#include "autodiff/ops/nn.h"
#include "autodiff/ops/normalization.h"
#include "autodiff/ops/pooling.h"
#include "autodiff/ops/quantization.h"
#include "autodiff/ops/ragged.h"
#include "autodiff/ops/random.h"
#include "autodiff/ops/recurrent.h"
#include "autodiff/ops/reduce.h"
#include "autodiff/ops/segment.h"
#include "autodiff/ops/sparse.h"
#include "autodiff/ops/sparse_matrix.h"
#include "autodiff/ops/spectral.h"
#include "autodiff/ops/tensor_list.h"
#include "autodiff/ops/variant.h"

namespace whylight {
namespace {

std::vector<GradientRule> JoinFamilies() {
  std::vector<GradientRule> rules;
  for (const GradientFamily& family : GradientFamilies()) {
    rules.insert(rules.end(), family.rules.begin(), family.rules.end());
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

std::span<const GradientFamily> GradientFamilies() {
  static const GradientFamily families[] = {
      {"Identity and checks", IdentityGradientRules()},
      {"Math", MathGradientRules()},
      {"Reductions and sorting", ReduceGradientRules()},
      {"Segments", SegmentGradientRules()},
      {"Activations, losses, bias", NnGradientRules()},
      {"Convolution", ConvolutionGradientRules()},
      {"Pooling", PoolingGradientRules()},
      {"Normalisation", NormalizationGradientRules()},
      {"Quantisation", QuantizationGradientRules()},
      {"Shapes and arrays", ArrayGradientRules()},
      {"Gather and scatter", GatherGradientRules()},
      {"Diagonals", DiagonalGradientRules()},
      {"Images", ImageGradientRules()},
      {"Lists of tensors", TensorListGradientRules()},
      {"Fourier transforms", SpectralGradientRules()},
      {"Sparse tensors", SparseGradientRules()},
      {"Ragged tensors", RaggedGradientRules()},
      {"Sparse matrices", SparseMatrixGradientRules()},
      {"Linear algebra", LinalgGradientRules()},
      {"Recurrent layers", RecurrentGradientRules()},
      {"Connectionist temporal classification", CtcGradientRules()},
      {"Random samples", RandomGradientRules()},
      {"Variants", VariantGradientRules()},
  };
  return families;
}

const GradientRule* FindGradientRule(std::string_view op) {
  const std::vector<GradientRule>& rules = Rules();
  const auto found = std::lower_bound(
      rules.begin(), rules.end(), op,
      [](const GradientRule& rule, std::string_view name) { return rule.op < name; });
  return found != rules.end() && found->op == op ? &*found : nullptr;
}

std::vector<GradientRule> AllGradientRules() { return Rules(); }

}  // namespace whylight
