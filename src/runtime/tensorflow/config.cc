#include "runtime/tensorflow/config.h"

#include <charconv>
#include <string_view>
#include <system_error>

#include "runtime/tensorflow/wire.h"
#include "util/system.h"

namespace whylight::tf {
namespace {

// Field numbers of the messages they are named after.
namespace config_proto {
constexpr int kDeviceCount = 1;
constexpr int kIntraOpParallelismThreads = 2;
constexpr int kInterOpParallelismThreads = 5;
constexpr int kGpuOptions = 6;
constexpr int kAllowSoftPlacement = 7;
constexpr int kUsePerSessionThreads = 9;
constexpr int kGraphOptions = 10;
}  // namespace config_proto
namespace map_entry {
constexpr int kKey = 1;
constexpr int kValue = 2;
}  // namespace map_entry
namespace gpu_options {
constexpr int kAllowGrowth = 4;
}  // namespace gpu_options
namespace graph_options {
constexpr int kOptimizerOptions = 3;
constexpr int kRewriteOptions = 10;
}  // namespace graph_options
namespace optimizer_options {
constexpr int kOptLevel = 3;
constexpr int kL0 = -1;
}  // namespace optimizer_options
namespace rewriter_config {
constexpr int kDisableMetaOptimizer = 19;
}  // namespace rewriter_config

}  // namespace

std::string DeviceChoice::name() const {
  return std::string("/device:") + (gpu ? "GPU:" : "CPU:") + std::to_string(index);
}

Result<DeviceChoice> ParseDevice(const std::string& device) {
  if (device == "cpu") return DeviceChoice{};
  if (device == "gpu") return DeviceChoice{.gpu = true};
  constexpr std::string_view kPrefix = "gpu:";
  if (device.starts_with(kPrefix)) {
    DeviceChoice choice{.gpu = true};
    const char* end = device.data() + device.size();
    const auto [rest, error] = std::from_chars(device.data() + kPrefix.size(), end, choice.index);
    if (error == std::errc() && rest == end && choice.index >= 0) return choice;
  }
  return InvalidArgument("device: expected cpu, gpu or gpu:N, got \"" + device + "\"");
}

Result<std::string> SessionConfig(const SessionOptions& options) {
  if (options.threads < 0) {
    return InvalidArgument("threads: expected 0 or more, got " + std::to_string(options.threads));
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const DeviceChoice device, ParseDevice(options.device));
  const int threads = options.threads == 0 ? AllowedCores() : options.threads;

  // In the order of the field numbers, as TensorFlow's own serializer has it.
  WireWriter config;
  if (!device.gpu) {
    config.Message(config_proto::kDeviceCount,
                   WireWriter().Bytes(map_entry::kKey, "GPU").Number(map_entry::kValue, 0));
  }
  config.Number(config_proto::kIntraOpParallelismThreads, threads)
      .Number(config_proto::kInterOpParallelismThreads, threads);
  if (device.gpu) {
    config.Message(config_proto::kGpuOptions, WireWriter().Number(gpu_options::kAllowGrowth, 1));
  }
  config.Number(config_proto::kAllowSoftPlacement, 1)
      .Number(config_proto::kUsePerSessionThreads, 1);
  if (!options.optimize) {
    config.Message(
        config_proto::kGraphOptions,
        WireWriter()
            .Message(graph_options::kOptimizerOptions,
                     WireWriter().Number(optimizer_options::kOptLevel, optimizer_options::kL0))
            .Message(graph_options::kRewriteOptions,
                     WireWriter().Number(rewriter_config::kDisableMetaOptimizer, 1)));
  }
  return config.bytes();
}

}  // namespace whylight::tf
