#include "runtime/tensorflow/handles.h"

#include "runtime/tensorflow/messages.h"

namespace whylight::tf {

Status CallStatus::ToStatus() const {
  const TF_Code code = api_.GetCode(status_.get());
  if (code == 0) return OkStatus();
  const bool known = code > 0 && code <= static_cast<int>(StatusCode::kUnauthenticated);
  return Status(known ? static_cast<StatusCode>(code) : StatusCode::kUnknown,
                ReadableMessage(api_.Message(status_.get())));
}

std::string TakeBytes(const CApi& api, TF_Buffer* buffer) {
  const Handle<TF_Buffer> owner(buffer, api.DeleteBuffer);
  if (buffer == nullptr || buffer->data == nullptr) return {};
  return std::string(static_cast<const char*>(buffer->data), buffer->length);
}

}  // namespace whylight::tf
