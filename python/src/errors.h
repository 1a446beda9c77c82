// Statuses as exceptions of Python.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "whylight/status.h"

namespace whylight::python {

// Thrown at this boundary alone; RegisterErrors turns it into whylight.WhylightError.
class StatusError : public std::exception {
 public:
  explicit StatusError(Status status) : status_(std::move(status)) {}
  const char* what() const noexcept override { return status_.message().c_str(); }
  const Status& status() const { return status_; }

 private:
  Status status_;
};

// The class of Python for each code is in whylight/_errors.py.
void RegisterErrors();

inline void Check(const Status& status) {
  if (!status.ok()) throw StatusError(status);
}

template <typename T>
T ValueOf(Result<T> result) {
  Check(result.status());
  return *std::move(result);
}

}  // namespace whylight::python
