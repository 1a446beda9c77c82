// Opens TensorFlow: the one header of this folder for those outside.
#pragma once

#include <memory>
#include <string>

#include "whylight/runtime.h"

namespace whylight {

struct TensorFlowOptions {
  // The library, a wheel's folder, a virtual environment, or a prefix of TensorFlow's C library.
  // Empty: WHYLIGHT_TENSORFLOW, then the usual places (runtime/tensorflow/locate.h has the order).
  std::string directory;
  bool verbose = false;  // Leaves TensorFlow's log alone; otherwise only what is fatal is printed.
};

// Finds and loads TensorFlow's shared library, 2.x, once per process: a second call gives another
// Runtime over the same library. A library that cannot be loaded is passed over for the next place.
//
// Environment  Before loading it sets, where not set already, TF_CPP_MIN_LOG_LEVEL=3 (unless
//              verbose) and TF_OVERRIDE_GLOBAL_THREADPOOL=1: without the latter the first session
//              fixes the intra-op threads of all later ones. So call it before other threads read
//              the environment. Standard error is turned away meanwhile (unless verbose).
// Errors       kUnavailable: the message has a line for each place, with what was wrong, and what
//              to install. kFailedPrecondition: `directory` names another library than the one that
//              this process has loaded.
// Threads      Safe. The library is never unloaded; runtimes and sessions may be destroyed in any
//              order.
Result<std::unique_ptr<Runtime>> OpenTensorFlow(const TensorFlowOptions& options);

}  // namespace whylight
