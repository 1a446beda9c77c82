// Gradients of recurrent layers that are one op.
#include "autodiff/ops/recurrent.h"

#include <string>
#include <vector>

#include "autodiff/ops/terms.h"

namespace whylight {
namespace {

// y = i, cs, f, o, ci, co, h: the gates, states and outputs of an LSTM over all time steps. Back
// through time by the kernel that the op keeps its intermediate values for; it takes the gradients
// of the states cs and outputs h, and those of the gates have no use outside.
Gradients BlockLstm(const GradientArgs& a) {
  for (const std::size_t gate : {0, 2, 3, 4, 5}) {
    if (IsZeros(a.dy[gate])) continue;
    a.b.Fail(Unimplemented(a.node().op + " '" + a.node().name +
                           "': no gradient is known for its gates, output " +
                           std::to_string(gate)));
  }
  std::vector<Output> inputs(a.x.begin(), a.x.end());
  inputs.insert(inputs.end(), a.y.begin(), a.y.end());
  inputs.insert(inputs.end(), {a.dy[1], a.dy[6]});
  Node* grad = a.b.OpNode("BlockLSTMGrad", inputs,
                          {{"use_peephole", a.node().AttrOr<bool>("use_peephole", false)}});
  Gradients dx(a.x.size());
  for (std::size_t i = 1; i < dx.size(); ++i) dx[i] = Output{grad, static_cast<int>(i) - 1};
  return dx;
}

constexpr GradientRule kRules[] = {{"BlockLSTM", BlockLstm}, {"BlockLSTMV2", BlockLstm}};

}  // namespace

std::span<const GradientRule> RecurrentGradientRules() { return kRules; }

}  // namespace whylight
