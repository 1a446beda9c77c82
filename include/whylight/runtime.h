// The runtime that executes graphs: pure interfaces. A graph crosses them as a serialized
// GraphDef, a value as a Tensor. The TensorFlow behind them is in src/runtime/tensorflow/.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

struct SessionOptions {
  int threads = 0;        // Intra- and inter-op threads; 0: the cores that the cgroup allows.
  bool optimize = false;  // TensorFlow's Grappler: 0.7 s once for a large graph, then 15 % a run.
  std::string device = "cpu";  // "cpu", "gpu" or "gpu:N". Memory on a card grows as needed.
};

// A value for a tensor of the graph, "node:index" or "node".
struct Feed {
  std::string name;
  const Tensor* value = nullptr;  // Borrowed until the run returns.
};

// What was loaded, for `whylight doctor` and for the answers' provenance.
struct RuntimeInfo {
  std::string name;      // "TensorFlow"
  std::string version;   // "2.21.0"
  std::string library;   // The file that was loaded.
  std::string found_by;  // "--tensorflow", "WHYLIGHT_TENSORFLOW", "the build's environment", ...
};

// One graph and its state (variables, tables).
// Threads: Extend from one thread at a time; Run from many.
class Session {
 public:
  virtual ~Session() = default;

  // Adds the nodes of a serialized GraphDef, which refers to nothing outside itself; resources
  // with equal container and shared_name are the same resource. A name that is taken is an error.
  // Errors: kInvalidArgument with TensorFlow's own message (an unknown op, a bad attribute).
  virtual Status Extend(std::string_view graph_def) = 0;

  // Runs the targets and returns one tensor for each fetch.
  // Errors: the code and message of the kernel that failed.
  virtual Result<std::vector<Tensor>> Run(std::span<const Feed> feeds,
                                          std::span<const std::string> fetches,
                                          std::span<const std::string> targets) = 0;
};

// Threads: all members from many threads.
class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual const RuntimeInfo& info() const = 0;
  virtual std::vector<std::string> Devices() const = 0;  // "/device:CPU:0", ...
  virtual Result<std::string> OpList() const = 0;        // Serialized OpList of all known ops.
  // Serialized KernelList: the devices and types that have a kernel for an op; empty for an op
  // that nobody knows. kUnimplemented from a runtime that cannot tell.
  virtual Result<std::string> KernelsFor(std::string_view op) const {
    return Unimplemented("kernels of " + std::string(op) + ": this runtime cannot list them");
  }
  // Static shapes as TensorFlow infers them for "node:index" names, in their order.
  virtual Result<std::vector<Shape>> InferShapes(std::string_view graph_def,
                                                 std::span<const std::string> outputs) const = 0;
  virtual Result<std::unique_ptr<Session>> NewSession(const SessionOptions& options) const = 0;
};

}  // namespace whylight
