// Gradients of ops that hand their input on. Each comment is the rule; the code transcribes it.
#include "autodiff/ops/identity.h"

#include <string>

#include "autodiff/ops/zero.h"

namespace whylight {
namespace {

// y = x0, whatever the other inputs (a message, a shape) are;  dx0 = dy
Gradients First(const GradientArgs& a) {
  Gradients dx(a.x.size());
  dx[0] = a.dy[0];
  return dx;
}

// y_i = x_i;  dx_i = dy_i. A Keras or user's custom gradient stands as an IdentityN with the
// attribute
// `_gradient_op_type`; its gradient function lives in a Python process that is gone, so the natural
// derivative of what was really computed is taken.
Gradients Each(const GradientArgs& a) {
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
