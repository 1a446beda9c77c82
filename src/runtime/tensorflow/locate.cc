#include "runtime/tensorflow/locate.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <tuple>

extern char** environ;

namespace whylight::tf {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibraries[] = {"libtensorflow_cc.so.2", "libtensorflow.so.2"};
constexpr const char* kVariables[] = {"WHYLIGHT_TENSORFLOW", "VIRTUAL_ENV", "CONDA_PREFIX", "PATH",
                                      "HOME"};

bool Exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

bool IsDirectory(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

std::optional<fs::path> LibraryIn(const fs::path& folder) {
  for (const char* name : kLibraries) {
    if (Exists(folder / name)) return folder / name;
  }
  return std::nullopt;
}

// 11 for "python3.11", 0 for "python3"; nothing for other names.
std::optional<int> PythonMinor(const std::string& name) {
  constexpr std::string_view kPython = "python3";
  if (!name.starts_with(kPython)) return std::nullopt;
  if (name.size() == kPython.size()) return 0;
  int minor = 0;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + kPython.size() + 1, end, minor);
  if (name[kPython.size()] != '.' || error != std::errc() || rest != end) return std::nullopt;
  return minor;
}

// The folders of Python's packages below a prefix, the newest Python first.
std::vector<fs::path> PackageFolders(const fs::path& prefix) {
  std::vector<std::tuple<int, fs::path>> pythons;
  for (const char* lib : {"lib", "lib64"}) {
    std::error_code error;
    for (fs::directory_iterator it(prefix / lib, error), end; !error && it != end;
         it.increment(error)) {
      const std::optional<int> minor = PythonMinor(it->path().filename().string());
      if (minor.has_value()) pythons.emplace_back(-*minor, it->path());
    }
  }
  std::ranges::sort(pythons);
  std::vector<fs::path> folders;
  for (const auto& [minor, python] : pythons) {
    folders.push_back(python / "site-packages");
    folders.push_back(python / "dist-packages");
  }
  return folders;
}

const std::string& Variable(const Surroundings& around, std::string_view name) {
  static const std::string kNone;
  const auto it = around.environment.find(name);
  return it == around.environment.end() ? kNone : it->second;
}

std::optional<fs::path> PythonOnPath(const Surroundings& around) {
  std::string_view rest = Variable(around, "PATH");
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const fs::path folder = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    // A relative entry would let the working directory choose the program.
    if (!folder.is_absolute()) continue;
    const fs::path python = folder / "python3";
    if (!IsDirectory(python) && access(python.c_str(), X_OK) == 0) return python;
  }
  return std::nullopt;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// What the program prints, or nothing if it fails or takes too long.
std::optional<std::string> OutputOf(const std::vector<std::string>& command, int timeout_ms) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  Descriptor read_end(ends[0]), write_end(ends[1]);

  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failed =
      posix_spawn(&child, command[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return std::nullopt;
  write_end.Close();

  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  std::string output;
  bool finished = false;
  while (!finished) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting{.fd = read_end.get(), .events = POLLIN, .revents = 0};
    const int ready = left > 0 ? poll(&waiting, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    std::array<char, 4096> buffer;
    const ssize_t size = read(read_end.get(), buffer.data(), buffer.size());
    if (size > 0) output.append(buffer.data(), static_cast<std::size_t>(size));
    finished = size <= 0;
  }
  // Its output may have ended before the program did: nothing is waited for beyond the deadline.
  if (!finished) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!finished || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return output;
}

}  // namespace

Surroundings Surroundings::OfThisProcess() {
  Surroundings around;
  for (const char* name : kVariables) {
    if (const char* value = std::getenv(name); value != nullptr) around.environment[name] = value;
  }
  std::error_code error;
  around.executable = fs::read_symlink("/proc/self/exe", error);
#ifdef WHYLIGHT_BUILD_VENV
  around.build_venv = WHYLIGHT_BUILD_VENV;
#endif
  return around;
}

Place LookInto(const std::string& found_by, const fs::path& path) {
  Place place{.found_by = found_by, .path = path, .library = {}, .problem = {}};
  if (!Exists(path)) {
    place.problem = "no such file or folder";
    return place;
  }
  if (!IsDirectory(path)) {
    place.library = path;
    return place;
  }
  std::vector<fs::path> folders = {path, path / "lib", path / "lib64", path / "tensorflow"};
  for (const fs::path& packages : PackageFolders(path)) folders.push_back(packages / "tensorflow");
  for (const fs::path& folder : folders) {
    if (const std::optional<fs::path> library = LibraryIn(folder); library.has_value()) {
      place.library = *library;
      return place;
    }
  }
  place.problem = "holds no libtensorflow_cc.so.2 and no libtensorflow.so.2";
  return place;
}

std::vector<Place> PlacesToLook(const std::string& given, const Surroundings& around) {
  if (!given.empty()) return {LookInto("--tensorflow", given)};
  if (const std::string& named = Variable(around, "WHYLIGHT_TENSORFLOW"); !named.empty()) {
    return {LookInto("WHYLIGHT_TENSORFLOW", named)};
  }
  std::vector<Place> places;
  const auto look = [&](const char* found_by, const fs::path& path) {
    const bool seen = std::ranges::any_of(places, [&](const Place& p) { return p.path == path; });
    if (!path.empty() && !seen) places.push_back(LookInto(found_by, path));
  };
  look("the build's environment", around.build_venv);
  if (!around.executable.empty()) {
    look("the build's environment",
         around.executable.parent_path().parent_path().parent_path() / ".venv");
  }
  look("VIRTUAL_ENV", Variable(around, "VIRTUAL_ENV"));
  look("CONDA_PREFIX", Variable(around, "CONDA_PREFIX"));
  if (const std::optional<fs::path> python = PythonOnPath(around); python.has_value()) {
    look("python3 on PATH", python->parent_path().parent_path());
    // The link of a virtual environment leads to the Python it was made from.
    std::error_code error;
    const fs::path real = fs::canonical(*python, error);
    if (!error) look("python3 on PATH", real.parent_path().parent_path());
  }
  if (const std::string& home = Variable(around, "HOME"); !home.empty()) {
    look("the user's packages", fs::path(home) / ".local");
  }
  for (const fs::path& prefix : around.prefixes) look("the system's libraries", prefix);
  return places;
}

Place AskPython(const Surroundings& around) {
  const std::string kAsked = "asking python3";
  const std::optional<fs::path> python = PythonOnPath(around);
  if (!python.has_value()) {
    return {.found_by = kAsked, .path = "python3", .library = {}, .problem = "not on PATH"};
  }
  // find_spec reads the import path and runs nothing of the package.
  constexpr const char* kScript =
      "import sys; sys.path = [p for p in sys.path if p not in ('', '.')]\n"
      "import importlib.util\n"
      "spec = importlib.util.find_spec('tensorflow')\n"
      "print(spec.submodule_search_locations[0] if spec else '', end='')\n";
  const std::optional<std::string> folder =
      OutputOf({python->string(), "-c", kScript}, around.python_timeout_ms);
  if (!folder.has_value() || folder->empty()) {
    return {.found_by = kAsked,
            .path = *python,
            .library = {},
            .problem = folder.has_value() ? "it has no package tensorflow" : "it did not answer"};
  }
  return LookInto(kAsked, *folder);
}

}  // namespace whylight::tf
