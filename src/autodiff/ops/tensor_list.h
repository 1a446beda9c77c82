// Gradients of lists of tensors: TensorListFromTensor, TensorListGetItem, ...
#pragma once

#include <span>

#include "autodiff/registry.h"

namespace whylight {

std::span<const GradientRule> TensorListGradientRules();

}  // namespace whylight
