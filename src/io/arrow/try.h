// Errors of Arrow as the messages that module.h speaks of. Private to the module.
#pragma once

#include <arrow/status.h>

#include <cstring>
#include <exception>
#include <string>
#include <utility>

namespace whylight::arrow_module {

inline char* Copy(const std::string& text) { return strdup(text.c_str()); }

// Runs `work`; a status or an exception becomes a message.
template <typename Work>
char* Try(Work&& work) {
  try {
    const arrow::Status status = std::forward<Work>(work)();
    return status.ok() ? nullptr : Copy(status.message());
  } catch (const std::exception& e) {
    return Copy(e.what());
  }
}

}  // namespace whylight::arrow_module
