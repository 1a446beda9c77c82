#include "util/system.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

namespace whylight {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

// Empty when the file cannot be read.
std::string ReadAll(const fs::path& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The number at the front of the text; nothing for "max" and the like.
std::optional<std::int64_t> LeadingNumber(std::string_view text) {
  std::int64_t number = 0;
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return kNoLimit;
  if (error != std::errc()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> NumberIn(const fs::path& path) { return LeadingNumber(ReadAll(path)); }

// What follows `key` at the start of a line; nothing if there is no such line.
std::optional<std::string> LineAfter(const std::string& text, std::string_view key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(key)) return line.substr(key.size());
  }
  return std::nullopt;
}

// "VmRSS:     1234 kB" -> 1234 * 1024.
std::int64_t Kilobytes(const fs::path& path, std::string_view key) {
  const std::optional<std::string> line = LineAfter(ReadAll(path), key);
  if (!line.has_value()) return 0;
  const std::int64_t number = LeadingNumber(*line).value_or(0);
  return number > 0 && number < kNoLimit / 1024 ? number * 1024 : 0;
}

// The folders of the group that governs `controller` and of all groups around it, innermost first.
// A container often sees its own group as the root of the mount, whatever the path says.
struct Groups {
  bool v2 = false;
  std::vector<fs::path> folders;
};

void AddFolders(const fs::path& mount, const std::string& group, std::vector<fs::path>& folders) {
  fs::path inner = fs::path(group).relative_path().lexically_normal();
  for (; !inner.empty() && inner != "."; inner = inner.parent_path()) {
    if (*inner.begin() == "..") break;  // Outside of what this container may see.
    folders.push_back(mount / inner);
  }
  folders.push_back(mount);
}

// A line of /proc/self/cgroup is "number:controllers:path"; v2 has no controllers.
std::vector<Groups> GroupsOf(std::string_view controller, const fs::path& root) {
  std::vector<Groups> all;
  std::istringstream lines(ReadAll(root / "proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    Groups groups{.v2 = controllers.empty()};
    const fs::path mounts = root / "sys/fs/cgroup";
    if (groups.v2) {
      AddFolders(mounts, path, groups.folders);
      AddFolders(mounts / "unified", path, groups.folders);  // Where v1 is mounted beside it.
    } else {
      std::istringstream names(controllers);
      bool governs = false;
      for (std::string name; std::getline(names, name, ',');) governs |= name == controller;
      if (!governs) continue;
      AddFolders(mounts / controller, path, groups.folders);
      AddFolders(mounts / controllers, path, groups.folders);
    }
    all.push_back(std::move(groups));
  }
  return all;
}

// Cores in "0-3,8"; nothing if the list is malformed.
std::optional<std::int64_t> CountCores(const std::string& list) {
  std::int64_t count = 0;
  std::istringstream ranges(list);
  for (std::string range; std::getline(ranges, range, ',');) {
    const std::optional<std::int64_t> first = LeadingNumber(range);
    const std::size_t dash = range.find('-');
    const std::optional<std::int64_t> last =
        dash == std::string::npos ? first : LeadingNumber(std::string_view(range).substr(dash + 1));
    if (!first.has_value() || !last.has_value() || *first < 0 || *last < *first ||
        *last > std::numeric_limits<int>::max()) {
      return std::nullopt;
    }
    count += *last - *first + 1;
  }
  return count;
}

// Cores that the quota of one group pays for, rounded up.
std::int64_t QuotaCores(const fs::path& group, bool v2) {
  std::optional<std::int64_t> quota, period;
  if (v2) {  // "200000 100000" or "max 100000"
    const std::string text = ReadAll(group / "cpu.max");
    quota = LeadingNumber(text);
    period = LeadingNumber(std::string_view(text).substr(std::min(text.find(' '), text.size())));
  } else {
    quota = NumberIn(group / "cpu.cfs_quota_us");  // -1: none
    period = NumberIn(group / "cpu.cfs_period_us");
  }
  if (quota.value_or(0) <= 0 || period.value_or(0) <= 0) return kNoLimit;
  return (*quota - 1) / *period + 1;
}

struct MemoryFiles {
  const char* limit;
  const char* used;
  const char* file_cache;  // A key of memory.stat; this cache is given up before memory runs out.
};
constexpr MemoryFiles kV1 = {"memory.limit_in_bytes", "memory.usage_in_bytes",
                             "total_inactive_file "};
constexpr MemoryFiles kV2 = {"memory.max", "memory.current", "inactive_file "};

std::int64_t MemoryLimit(const fs::path& group, bool v2) {
  const std::int64_t limit = NumberIn(group / (v2 ? kV2 : kV1).limit).value_or(kNoLimit);
  return limit < 0 ? kNoLimit : limit;
}

std::int64_t MemoryLeft(const fs::path& group, bool v2) {
  const std::int64_t limit = MemoryLimit(group, v2);
  if (limit == kNoLimit) return kNoLimit;
  const MemoryFiles& files = v2 ? kV2 : kV1;
  const std::int64_t used =
      std::clamp<std::int64_t>(NumberIn(group / files.used).value_or(0), 0, limit);
  const std::optional<std::string> cache =
      LineAfter(ReadAll(group / "memory.stat"), files.file_cache);
  const std::int64_t reclaimable = cache.has_value() ? LeadingNumber(*cache).value_or(0) : 0;
  return limit - used + std::clamp<std::int64_t>(reclaimable, 0, used);
}

template <typename Limit>
std::int64_t LeastOf(std::string_view controller, const fs::path& root, Limit limit) {
  std::int64_t least = kNoLimit;
  for (const Groups& groups : GroupsOf(controller, root)) {
    for (const fs::path& folder : groups.folders) least = std::min(least, limit(folder, groups.v2));
  }
  return least;
}

std::int64_t LeastMemory(std::int64_t machine, std::int64_t group) {
  if (machine > 0) return std::min(machine, group);
  return group == kNoLimit ? 0 : group;
}

}  // namespace

int AllowedCores(const fs::path& root) {
  const std::optional<std::string> list =
      LineAfter(ReadAll(root / "proc/self/status"), "Cpus_allowed_list:");
  std::int64_t cores = list.has_value() ? CountCores(*list).value_or(0) : 0;
  if (cores <= 0) cores = std::thread::hardware_concurrency();
  cores = std::min(cores, LeastOf("cpu", root, QuotaCores));
  return static_cast<int>(std::clamp<std::int64_t>(cores, 1, std::numeric_limits<int>::max()));
}

std::int64_t AllowedMemory(const fs::path& root) {
  return LeastMemory(Kilobytes(root / "proc/meminfo", "MemTotal:"),
                     LeastOf("memory", root, MemoryLimit));
}

std::int64_t AvailableMemory(const fs::path& root) {
  return LeastMemory(Kilobytes(root / "proc/meminfo", "MemAvailable:"),
                     LeastOf("memory", root, MemoryLeft));
}

std::int64_t ResidentMemory(const fs::path& root) {
  return Kilobytes(root / "proc/self/status", "VmRSS:");
}

std::int64_t PeakResidentMemory(const fs::path& root) {
  return Kilobytes(root / "proc/self/status", "VmHWM:");
}

}  // namespace whylight
