// The gradient of the connectionist temporal classification loss.
#include "autodiff/ops/ctc.h"

#include "autodiff/ops/terms.h"

namespace whylight {
namespace {

// y0 = -log p(labels | x0) by row, [rows]; y1 = dy0/dx0, [times, rows, classes], is computed along
// with it;  dx0 = dy0 * y1
Gradients CtcLoss(const GradientArgs& a) {
  if (!IsZeros(a.dy[1])) {
    a.b.Fail(Unimplemented(a.node().op + " '" + a.node().name +
                           "': no gradient is known for its second output"));
  }
  const Output dy = a.b.ExpandDims(a.dy[0], a.b.Scalar(DType::kInt32, -1));
  return {a.b.Mul(dy, a.y[1]), std::nullopt, std::nullopt, std::nullopt};
}

constexpr GradientRule kRules[] = {{"CTCLoss", CtcLoss}, {"CTCLossV2", CtcLoss}};

}  // namespace

std::span<const GradientRule> CtcGradientRules() { return kRules; }

}  // namespace whylight
