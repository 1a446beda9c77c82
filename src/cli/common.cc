#include "cli/common.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "io/files.h"
#include "io/remote/uri.h"
#include "util/strings.h"

namespace whylight {
namespace {

std::atomic<int> interrupted = 0;  // The signal's number.

extern "C" void OnInterrupt(int signal_number) {
  interrupted = signal_number;
  std::signal(signal_number, SIG_DFL);
}

}  // namespace

void MachineArgs::Declare(Args& args) {
  args.Group("Machine");
  args.Text("--tensorflow", runtime.directory,
            "DIR: Where TensorFlow is: a wheel's folder, a virtual environment, or the library");
  args.Text("--device", device, "DEVICE: cpu, gpu or gpu:N (default cpu)");
  args.Count("--threads", threads, "Threads (default: the cores that this process may use)");
  args.Text("--memory", memory,
            "SIZE: Most memory to take, such as 4G (default: what the cgroup allows)");
  args.Flag("-v,--verbose", runtime.verbose, "Show TensorFlow's log");
  args.Group("Options");
}

Result<SessionOptions> MachineArgs::Session() const {
  const std::string_view rest =
      std::string_view(device).substr(std::min<std::size_t>(4, device.size()));
  const bool numbered = device.starts_with("gpu:") && !rest.empty() &&
                        rest.find_first_not_of("0123456789") == std::string_view::npos;
  if (device != "cpu" && device != "gpu" && !numbered) {
    return InvalidArgument("--device: expected cpu, gpu or gpu:N, got \"" + device + "\"");
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
  // A list of one name is seldom meant, a path that was misspelled often.
  static constexpr std::array kListFiles = {".txt", ".csv", ".tsv", ".json", ".names", ".labels"};
  const bool is_file = IsRemote(text) || FileExists(text);
  const bool looks_like_file =
      text.find(',') == std::string::npos &&
      (text.find('/') != std::string::npos || std::ranges::count(kListFiles, Extension(text)) > 0);
  if (!is_file && looks_like_file) {
    return NotFound("cannot read " + Printable(text, 300) +
                    ": no such file (a list of names has commas: a,b,c)");
  }
  std::vector<std::string> names;
  if (is_file) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::string content, ReadFile(text));
    for (const std::string_view line : Split(content, '\n')) {
      if (!Trim(line).empty()) names.emplace_back(Trim(line));
    }
  } else {
    names = SplitList(text);
  }
  if (names.empty()) return InvalidArgument("\"" + Printable(text, 300) + "\" holds no names");
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
      return 128 + (interrupted != 0 ? interrupted.load() : SIGINT);
    default:
      return 2;
  }
}

bool StandardOutputHasNoReader() {
  pollfd descriptor{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return poll(&descriptor, 1, 0) == 1 && (descriptor.revents & POLLERR) != 0;
}

int FinishStandardOutput(int exit_code) {
  errno = 0;
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  const char* const reason = errno != 0 ? std::strerror(errno) : "an earlier write failed";
  // Of an earlier write no errno is left; a pipe still tells.
  const bool is_closed = errno == EPIPE || StandardOutputHasNoReader();
  return Fail(Status(is_closed ? StatusCode::kUnavailable : StatusCode::kResourceExhausted,
                     std::string("cannot write standard output: ") + reason));
}

int Fail(const Status& status) {
  constexpr int kClosedPipe = 128 + SIGPIPE;
  if (status.code() == StatusCode::kUnavailable && StandardOutputHasNoReader()) return kClosedPipe;
  std::fprintf(stderr, "whylight: %s\n", status.message().c_str());
  return ExitCode(status);
}

void CatchInterrupts() {
  // Without SA_RESTART: a read that waits for a terminal or a pipe must end as well.
  struct sigaction action = {};
  action.sa_handler = OnInterrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  CancelReadsWhen(Interrupted);
}

bool Interrupted() { return interrupted != 0; }

}  // namespace whylight
