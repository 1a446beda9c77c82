// Owners of the C API's objects, and its status as ours.
#pragma once

#include <memory>
#include <string>

#include "runtime/tensorflow/c_api.h"
#include "whylight/status.h"

namespace whylight::tf {

template <typename T>
using Handle = std::unique_ptr<T, void (*)(T*)>;

// The status argument of a call, reusable for the next one.
class CallStatus {
 public:
  explicit CallStatus(const CApi& api) : api_(api), status_(api.NewStatus(), api.DeleteStatus) {}

  TF_Status* get() { return status_.get(); }
  bool ok() const { return api_.GetCode(status_.get()) == 0; }
  // TensorFlow's code and its message, made readable (messages.h).
  Status ToStatus() const;

 private:
  const CApi& api_;
  Handle<TF_Status> status_;
};

// Copies the bytes out and frees the buffer.
std::string TakeBytes(const CApi& api, TF_Buffer* buffer);

}  // namespace whylight::tf
