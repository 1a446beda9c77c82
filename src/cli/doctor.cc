// whylight doctor: what was found.
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "io/arrow_library.h"
#include "io/json.h"
#include "util/system.h"
#include "whylight/version.h"

namespace whylight {
namespace {

struct DoctorArgs {
  MachineArgs machine;
  bool json = false;
};

std::string Gigabytes(std::int64_t bytes) {
  if (bytes <= 0) return "unknown";
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", static_cast<double>(bytes) / 1e9);
  return text;
}

std::string GpuLine(const std::vector<std::string>& devices) {
  std::string gpus;
  for (const std::string& device : devices) {
    if (device.find("GPU") != std::string::npos) gpus += (gpus.empty() ? "" : ", ") + device;
  }
  if (!gpus.empty()) return gpus;
  return "none: this TensorFlow sees no card (the tensorflow-cpu wheel never does; "
         "pip install 'tensorflow[and-cuda]' and NVIDIA's driver are needed)";
}

int Run(const DoctorArgs& args, const OpenRuntime& open) {
  const Result<std::unique_ptr<Runtime>> runtime = open(args.machine.runtime);
  if (args.json) {
    std::string text;
    JsonWriter w(&text, {.indent = 2});
    w.BeginObject();
    w.String("whylight", kVersion);
    w.Int("cores", AllowedCores());
    w.Int("memoryBytes", AllowedMemory());
    const Result<const WhylightArrow*> arrow = LoadArrow();
    w.Key("arrow");
    arrow.ok() ? w.String((*arrow)->arrow_version) : w.Null();
    w.Key("tensorflow");
    if (runtime.ok()) {
      const RuntimeInfo& info = (*runtime)->info();
      w.BeginObject();
      w.String("version", info.version);
      w.String("library", info.library);
      w.String("foundBy", info.found_by);
      w.Strings("devices", (*runtime)->Devices());
      w.EndObject();
    } else {
      w.Null();
      w.String("problem", runtime.status().message());
    }
    w.EndObject();
    std::printf("%s\n", text.c_str());
    return runtime.ok() ? 0 : ExitCode(runtime.status());
  }
  std::printf("whylight    %s\n", kVersion);
  std::printf("cores       %d that this process may use\n", AllowedCores());
  std::printf("memory      %s, %s of it free\n", Gigabytes(AllowedMemory()).c_str(),
              Gigabytes(AvailableMemory()).c_str());
  const Result<const WhylightArrow*> arrow = LoadArrow();
  std::printf("Arrow       %s\n", arrow.ok() ? (*arrow)->arrow_version
                                             : ("not found: " + arrow.status().message()).c_str());
  if (!runtime.ok()) {
    std::printf("TensorFlow  not found\n");
    return Fail(runtime.status());
  }
  const RuntimeInfo& info = (*runtime)->info();
  std::printf("TensorFlow  %s\n", info.version.c_str());
  std::printf("  library   %s\n", info.library.c_str());
  std::printf("  found by  %s\n", info.found_by.c_str());
  std::printf("GPU         %s\n", GpuLine((*runtime)->Devices()).c_str());
  return 0;
}

}  // namespace

std::function<int()> DeclareDoctor(Args& args, const OpenRuntime& open) {
  auto options = std::make_shared<DoctorArgs>();
  args.Flag("--json", options->json, "Print JSON");
  options->machine.Declare(args);
  args.Examples(
      "  whylight doctor\n"
      "  whylight doctor --tensorflow ~/venv    # look at one TensorFlow");
  return [options, open] { return Run(*options, open); };
}

}  // namespace whylight
