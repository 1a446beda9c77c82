// SessionOptions as TensorFlow's ConfigProto.
#pragma once

#include <string>

#include "whylight/runtime.h"

namespace whylight::tf {

// "cpu", "gpu" (the first card) or "gpu:N".
struct DeviceChoice {
  bool gpu = false;
  int index = 0;
  std::string name() const;  // "/device:GPU:1"
};
// Errors: kInvalidArgument for any other text.
Result<DeviceChoice> ParseDevice(const std::string& device);

// The serialized ConfigProto:
//   threads          intra- and inter-op threads of this session, not of the process; 0 is
//                    AllowedCores(), because TensorFlow looks at the machine and not at the cgroup
//   optimize false   no Grappler, and no folding, merging or inlining after it (level L0): what
//                    runs is the graph that was given
//   cpu              no card is opened at all; gpu: its memory is taken as needed
// An op without a kernel on the wanted device runs on the CPU.
//
// Errors: kInvalidArgument: threads < 0, or the device.
// Source  tensorflow/core/protobuf/{config,rewriter_config}.proto, for the field numbers.
Result<std::string> SessionConfig(const SessionOptions& options);

}  // namespace whylight::tf
