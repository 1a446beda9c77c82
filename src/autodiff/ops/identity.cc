// Gradients of ops that hand their input on. Each comment is the rule; the code transcribes it.
#include "autodiff/ops/identity.h"

#include <cstddef>
#include <string>
#include <vector>

#include "autodiff/ops/zero.h"
#include "graph/passes/custom_gradients.h"

namespace whylight {
namespace {

// y = x0, whatever the other inputs (a message, a shape) are;  dx0 = dy
Gradients First(const GradientArgs& a) {
  Gradients dx(a.x.size());
  dx[0] = a.dy[0];
  return dx;
}

// y = (x, c), c what the model's own gradient function g captured;  dx = g(dy, c)
Gradients Custom(const GradientArgs& a, const AttachedGradient& custom) {
  Gradients dx(a.x.size());
  const std::size_t own = a.x.size() - custom.captures;
  std::vector<Output> given;
  for (std::size_t i = 0; i < own; ++i) {
    given.push_back(a.dy[i].node != nullptr ? a.dy[i] : a.b.ZerosLike(a.y[i]));
  }
  given.insert(given.end(), a.x.begin() + static_cast<std::ptrdiff_t>(own), a.x.end());
  std::vector<DType> types;
  for (const std::size_t input : custom.inputs) types.push_back(a.b.dtype(a.x[input]));
  Node* const call =
      a.b.OpNode("PartitionedCall", given,
                 {{"Tout", types}, {"f", FunctionRef{.name = custom.function, .attrs = {}}}});
  for (std::size_t k = 0; call != nullptr && k < custom.inputs.size(); ++k) {
    dx[custom.inputs[k]] = Output{call, static_cast<int>(k)};
  }
  return dx;
}

// y_i = x_i;  dx_i = dy_i, unless the model says otherwise: tf.custom_gradient is an IdentityN. One
// whose gradient function the model does not hold has the derivative of what it computes.
Gradients Each(const GradientArgs& a) {
  if (const auto custom = AttachedGradientOf(a.node())) return Custom(a, *custom);
  Gradients dx(a.x.size());
  for (std::size_t i = 0; i < dx.size(); ++i) {
    if (a.dy[i].node != nullptr) dx[i] = a.dy[i];
  }
  return dx;
}

// The model itself forbids the gradient, with a message of its own.
Gradients Prevented(const GradientArgs& a) {
  a.b.Fail(FailedPrecondition("the model forbids this gradient: \"" +
                              a.node().AttrOr<std::string>("message", "") + "\""));
  return Gradients(a.x.size());
}

constexpr GradientRule kRules[] = {
    {"CheckNumerics", First},
    {"CheckNumericsV2", First},
    {"Copy", First},
    {"CopyHost", First},
    {"DebugGradientIdentity", First},
    {"DebugGradientRefIdentity", First},
    {"DebugIdentity", First},
    {"DebugIdentityV2", First},
    {"DeepCopy", First},
    {"EnsureShape", First},
    {"Identity", First},
    {"IdentityN", Each},
    {"PlaceholderWithDefault", First},
    {"PreventGradient", Prevented},
    {"Print", First},
    {"RefIdentity", First},
    {"Snapshot", First},
    {"StopGradient", ZeroGradient, true},
    {"XlaSharding", First},
    {"_EagerConst", First},
};

}  // namespace

std::span<const GradientRule> IdentityGradientRules() { return kRules; }

}  // namespace whylight
