#include "cli/common.h"

#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "io/files.h"
#include "util/strings.h"

namespace whylight {
namespace {

std::atomic<bool> interrupted = false;

extern "C" void OnInterrupt(int signal_number) {
  interrupted = true;
  std::signal(signal_number, SIG_DFL);
}

}  // namespace

void MachineArgs::Declare(Args& args) {
  args.Group("Machine");
  args.Text("--tensorflow", runtime.directory,
            "Where TensorFlow is: a wheel's folder, a virtual environment, or the library");
  args.Text("--device", device, "cpu, gpu or gpu:N (default cpu)");
  args.Integer("--threads", threads, "Threads (default: the cores that this process may use)");
  args.Text("--memory", memory,
            "Most memory to take, such as 4G (default: what the cgroup allows)");
  args.Flag("-v,--verbose", runtime.verbose, "Show TensorFlow's log");
  args.Group("Options");
}

Result<SessionOptions> MachineArgs::Session() const {
  const std::string_view rest =
      std::string_view(device).substr(std::min<std::size_t>(4, device.size()));
  const bool numbered = device.starts_with("gpu:") && !rest.empty() &&
                        rest.find_first_not_of("0123456789") == std::string_view::npos;
  if (device != "cpu" && device != "gpu" && !numbered) {
    return InvalidArgument("--device " + device + ": expected cpu, gpu or gpu:N");
  }
  if (threads < 0) {
    return InvalidArgument("--threads " + std::to_string(threads) + ": expected 1 or more");
  }
  return SessionOptions{.threads = threads, .device = device};
}

Result<std::int64_t> MachineArgs::MemoryLimit() const {
  if (memory.empty()) return std::int64_t{0};
  Result<std::int64_t> bytes = ParseBytes(memory);
  if (!bytes.ok()) return bytes.status().In("--memory");
  return bytes;
}

Result<std::int64_t> ParseBytes(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  std::string unit = AsciiLower(Trim(end));
  if (unit.ends_with("ib")) {
    unit.resize(unit.size() - 2);
  } else if (unit.ends_with("b")) {
    unit.pop_back();
  }
  const std::string_view kUnits = "kmgt";
  const std::size_t power = unit.empty() ? 0 : kUnits.find(unit) + 1;
  if (end == text.c_str() || !(number > 0) || unit.size() > 1 || (!unit.empty() && power == 0) ||
      !std::isfinite(number)) {
    return InvalidArgument("expected a size such as 4G or 512M, got \"" + text + "\"");
  }
  const double bytes = std::ldexp(number, static_cast<int>(10 * power));
  if (bytes > 9e18) return InvalidArgument("\"" + text + "\" is more than any machine has");
  return static_cast<std::int64_t>(bytes);
}

std::vector<std::string> SplitList(const std::string& text) {
  std::vector<std::string> names;
  for (const std::string_view piece : Split(text, ',')) {
    if (!Trim(piece).empty()) names.emplace_back(Trim(piece));
  }
  return names;
}

Result<std::vector<std::string>> NamesFrom(const std::string& text) {
  if (!FileExists(text)) return SplitList(text);
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string content, ReadFile(text));
  std::vector<std::string> names;
  for (const std::string_view line : Split(content, '\n')) {
    if (!Trim(line).empty()) names.emplace_back(Trim(line));
  }
  return names;
}

int ExitCode(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return 0;
    case StatusCode::kFailedPrecondition:
    case StatusCode::kUnimplemented:
      return 3;
    case StatusCode::kInternal:
      return 70;
    case StatusCode::kCancelled:
      return 130;
    default:
      return 2;
  }
}

int Fail(const Status& status) {
  std::fprintf(stderr, "whylight: %s\n", status.message().c_str());
  return ExitCode(status);
}

void CatchInterrupts() {
  std::signal(SIGINT, OnInterrupt);
  std::signal(SIGTERM, OnInterrupt);
}

bool Interrupted() { return interrupted; }

}  // namespace whylight
