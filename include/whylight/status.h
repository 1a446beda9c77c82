// Status and Result<T>: how every function here reports failure. Nothing throws across a folder.
//
// Codes   The numbers are those of gRPC and of TF_Code, so crossing either boundary is a cast.
// Message Names the place, what was expected and what was found, in the user's words:
//         `instances[2].age: expected a number, got "old"`. Never a secret, never a tensor dump.
// Threads Values; no shared state.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace whylight {

enum class StatusCode : int {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,  // The caller's input is wrong: a file, a request, an option.
  kDeadlineExceeded = 4,
  kNotFound = 5,  // A file, a key, a signature is not there.
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,   // Memory or disk would not suffice; the message gives the figure.
  kFailedPrecondition = 9,  // The model or the state does not allow it.
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,  // A model we cannot explain: op and node are named.
  kInternal = 13,       // A defect of ours.
  kUnavailable = 14,    // TensorFlow was not found or cannot be loaded.
  kDataLoss = 15,       // A file is truncated or damaged.
  kUnauthenticated = 16,
};

// "INVALID_ARGUMENT" and so on.
std::string_view StatusCodeName(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;  // OK.
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same code with `place` and ": " in front of the message; OK stays OK.
  Status In(std::string_view place) const;

  bool operator==(const Status&) const = default;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

inline Status OkStatus() { return {}; }
Status InvalidArgument(std::string message);
Status NotFound(std::string message);
Status FailedPrecondition(std::string message);
Status Unimplemented(std::string message);
Status Internal(std::string message);
Status DataLoss(std::string message);
Status ResourceExhausted(std::string message);
Status Unavailable(std::string message);

// A value or the reason why there is none. `*r` and `r->` need ok().
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT: implicit on purpose
  Result(Status status) : status_(std::move(status)) {  // NOLINT: implicit on purpose
    if (status_.ok()) status_ = Status(StatusCode::kInternal, "a Result was made of an OK status");
  }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return *std::move(value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

namespace internal {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);
}  // namespace internal

}  // namespace whylight

#define WHYLIGHT_CONCAT_INNER_(a, b) a##b
#define WHYLIGHT_CONCAT_(a, b) WHYLIGHT_CONCAT_INNER_(a, b)

// Returns the status from the enclosing function unless it is OK.
#define WHYLIGHT_RETURN_IF_ERROR(expression)                                          \
  do {                                                                                \
    if (::whylight::Status whylight_status_ = (expression); !whylight_status_.ok()) { \
      return whylight_status_;                                                        \
    }                                                                                 \
  } while (false)

// WHYLIGHT_ASSIGN_OR_RETURN(const Tensor t, Read(path)); the first argument holds no bare comma.
#define WHYLIGHT_ASSIGN_OR_RETURN(target, expression) \
  WHYLIGHT_ASSIGN_OR_RETURN_IMPL_(WHYLIGHT_CONCAT_(whylight_result_, __LINE__), target, expression)
#define WHYLIGHT_ASSIGN_OR_RETURN_IMPL_(result, target, expression) \
  auto result = (expression);                                       \
  if (!result.ok()) return result.status();                         \
  target = *std::move(result)

// Aborts on a bug of ours; no input, file or request may reach one.
#define WHYLIGHT_CHECK(condition)                                                        \
  do {                                                                                   \
    if (!(condition)) ::whylight::internal::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)
