// Values across the boundary: whylight::Tensor to TF_Tensor and back.
#pragma once

#include "runtime/tensorflow/handles.h"
#include "whylight/tensor.h"

namespace whylight::tf {

// Errors: kInvalidArgument: a tensor without a dtype; kUnimplemented: a resource or a variant.
Status CheckCanCross(DType dtype);

// A copy that TensorFlow owns. Not a view: an op such as AssignVariableOp keeps the very memory it
// was fed, so a view would have to outlive the session. 50 photographs of 224 x 224 take 10 ms, and
// the smallest network for them several hundred.
// Needs CheckCanCross(tensor.dtype()).
Handle<TF_Tensor> ToTensorFlow(const CApi& api, const Tensor& tensor);

// Errors: kUnimplemented: a dtype that tensor.h does not hold.
Result<Tensor> FromTensorFlow(const CApi& api, const TF_Tensor& tensor);

}  // namespace whylight::tf
