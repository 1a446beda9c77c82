#include "runtime/tensorflow/tensors.h"

#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace whylight::tf {
namespace {

// The elements of a fed string tensor: TensorFlow frees the memory of a tensor, never the strings
// in it, so they are freed here when its last user lets go, which may be a variable.
class StringBlock {
 public:
  StringBlock(const CApi& api, std::span<const std::string> values)
      : api_(api), strings_(values.size()) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      api_.StringInit(&strings_[i]);
      api_.StringCopy(&strings_[i], values[i].data(), values[i].size());
    }
  }
  ~StringBlock() {
    for (TF_TString& string : strings_) api_.StringDealloc(&string);
  }
  StringBlock(const StringBlock&) = delete;
  StringBlock& operator=(const StringBlock&) = delete;

  TF_TString* data() { return strings_.data(); }
  std::size_t bytes() const { return strings_.size() * sizeof(TF_TString); }

  static void Free(void*, std::size_t, void* block) { delete static_cast<StringBlock*>(block); }

 private:
  const CApi& api_;
  std::vector<TF_TString> strings_;
};

}  // namespace

Status CheckCanCross(DType dtype) {
  if (dtype == DType::kInvalid) return InvalidArgument("a tensor without a dtype");
  if (dtype != DType::kString && DTypeSize(dtype) == 0) {
    return Unimplemented("a value of type " + DTypeName(dtype) + " cannot be fed or fetched");
  }
  return OkStatus();
}

Handle<TF_Tensor> ToTensorFlow(const CApi& api, const Tensor& tensor) {
  const auto dtype = static_cast<TF_DataType>(tensor.dtype());
  const std::int64_t* dims = tensor.shape().dims().data();
  const int rank = tensor.shape().rank();
  if (tensor.is_string()) {
    auto block = std::make_unique<StringBlock>(api, tensor.strings());
    TF_TString* data = block->data();
    const std::size_t bytes = block->bytes();
    return {api.NewTensor(dtype, dims, rank, data, bytes, StringBlock::Free, block.release()),
            api.DeleteTensor};
  }
  const std::span<const std::byte> bytes = tensor.bytes();
  Handle<TF_Tensor> copy(api.AllocateTensor(dtype, dims, rank, bytes.size()), api.DeleteTensor);
  WHYLIGHT_CHECK(copy != nullptr);
  if (!bytes.empty()) std::memcpy(api.TensorData(copy.get()), bytes.data(), bytes.size());
  return copy;
}

Result<Tensor> FromTensorFlow(const CApi& api, const TF_Tensor& tensor) {
  const auto dtype = static_cast<DType>(api.TensorType(&tensor));
  WHYLIGHT_RETURN_IF_ERROR(CheckCanCross(dtype));
  std::vector<std::int64_t> dims(static_cast<std::size_t>(api.NumDims(&tensor)));
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    dims[axis] = api.Dim(&tensor, static_cast<int>(axis));
  }
  Tensor copy(dtype, Shape(std::move(dims)));
  const std::size_t size = copy.is_string() ? sizeof(TF_TString) : DTypeSize(dtype);
  if (api.TensorByteSize(&tensor) != copy.elements() * size) {
    return Internal("TensorFlow gave " + std::to_string(api.TensorByteSize(&tensor)) +
                    " bytes for " + DTypeName(dtype) + copy.shape().ToString());
  }
  if (copy.elements() == 0) return copy;
  if (copy.is_string()) {
    const auto* from = static_cast<const TF_TString*>(api.TensorData(&tensor));
    for (std::string& to : copy.strings()) {
      to.assign(api.StringGetDataPointer(from), api.StringGetSize(from));
      ++from;
    }
  } else {
    std::memcpy(copy.bytes().data(), api.TensorData(&tensor), copy.bytes().size());
  }
  return copy;
}

}  // namespace whylight::tf
